import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Card, type CardProfile } from '@gridcard/card'
import type { CryptoProvider } from '@gridcard/crypto'
import type { MeterIdentity } from '@gridcard/devices'
import { type CardLink, inProcessLink } from '@gridcard/terminal'
import { LauncherError } from '../errors.ts'
import { findProcessUsing } from '../image-in-use.ts'
import { FileNvStore } from './file-nv-store.ts'
import { type MadeMeterCard, type MeterCardMaker, makeMeterCard, meterCardProfile } from './meter-card.ts'
import { meterSecurityCardProfile } from './meter-security-profile.ts'

export interface CardDrawerOptions {
  readonly directory: string
  readonly crypto: CryptoProvider
}

/** Which applet has a meter's keys: `metering` judges commands, `meter-security` is of streets from before. */
export type MeterCardKind = 'metering' | 'meter-security'

const kinds: readonly (readonly [MeterCardKind, CardProfile])[] = [
  ['metering', meterCardProfile],
  ['meter-security', meterSecurityCardProfile],
]

/** The street's cards, a file each. */
export class CardDrawer {
  readonly #options: CardDrawerOptions
  readonly #stores: FileNvStore[] = []

  /** @throws LauncherError `GRIDCARD_CARD_IN_USE` when another process has one of the cards, in a reader for instance */
  constructor(options: CardDrawerOptions) {
    this.#options = options
    const pid = findProcessUsing(options.directory)
    if (pid !== undefined) {
      throw new LauncherError(
        'GRIDCARD_CARD_IN_USE',
        `a card in ${options.directory} is in use by process ${pid}; two users of one card would use its counters twice`,
        { pid },
      )
    }
  }

  has(serial: string): boolean {
    return existsSync(this.#path(serial))
  }

  /**
   * Makes a new card for a meter. A card that is there already is replaced. Its file gets its name before `keep` stores the
   * keys on the other side: when a start is cut off in between, a card without known keys is left, and the next start makes it
   * again.
   */
  async issue(
    maker: Omit<MeterCardMaker, 'crypto'>,
    identity: MeterIdentity,
    keep: (made: MadeMeterCard) => Promise<void>,
  ): Promise<void> {
    const made = await makeMeterCard({ ...maker, crypto: this.#options.crypto }, identity)
    const path = this.#path(identity.serial)
    const passing = `${path}.new`
    rmSync(passing, { force: true })
    const store = new FileNvStore(passing)
    store.write(0, made.image)
    store.close()
    renameSync(passing, path)
    await keep(made)
  }

  /**
   * Puts a meter's card into a reader.
   * @throws LauncherError `GRIDCARD_CARD_DAMAGED`
   */
  take(serial: string): { readonly link: CardLink; readonly kind: MeterCardKind } {
    const path = this.#path(serial)
    const store = new FileNvStore(path)
    const { crypto } = this.#options
    let failure: Error | undefined
    for (const [kind, profile] of kinds) {
      try {
        const card = Card.open({ profile, crypto, store })
        this.#stores.push(store)
        return { link: inProcessLink(card), kind }
      } catch (error) {
        failure ??= error as Error
        if ((error as { code?: string }).code !== 'CARD_IMAGE_OTHER_PROFILE') break
      }
    }
    store.close()
    const message = `the card image ${path} cannot be used: ${failure?.message}`
    throw new LauncherError('GRIDCARD_CARD_DAMAGED', message, { serial }, { cause: failure })
  }

  close(): void {
    for (const store of this.#stores.splice(0)) store.close()
  }

  #path(serial: string): string {
    return join(this.#options.directory, `${serial}.img`)
  }
}
