import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Card } from '@gridcard/card'
import type { CryptoProvider } from '@gridcard/crypto'
import { meterHardware } from '@gridcard/devices'
import {
  type CardLink,
  IntegrityClient,
  inProcessLink,
  integrityAppletAid,
  integrityInstallData,
  integrityPackageAid,
  isCardRefusal,
  meterSecurityAppletAid,
  meterSecurityPackageAid,
  parseSignedImage,
} from '@gridcard/terminal'
import { LauncherError } from '../errors.ts'
import { findProcessUsing } from '../image-in-use.ts'
import { meterCardProfile } from './card-profile.ts'
import { FileNvStore } from './file-nv-store.ts'
import { type CardIdentity, type MeterKeys, makeMeterKeys, personaliseCard } from './personalise.ts'

export interface CardDrawerOptions {
  readonly directory: string
  readonly crypto: CryptoProvider
  /** The MeterSecurity CAP file. */
  readonly cap: Uint8Array
  /** With it cards also judge the software of their meters. */
  readonly software?: CardSoftware
}

export interface CardSoftware {
  /** The Integrity CAP file. */
  readonly cap: Uint8Array
  /** Points of whoever makes software and of whoever authorises it. */
  readonly manufacturerKey: Uint8Array
  readonly responsibleKey: Uint8Array
  /** What meters leave the factory with. */
  readonly first: Uint8Array
}

export interface IssuedTo extends CardIdentity {
  readonly serial: string
}

/** The Integrity applet, made for its meter. @returns point of the key with which it signs quotes */
async function addIntegrity(card: Card, { systemTitle }: CardIdentity, software: CardSoftware): Promise<Uint8Array> {
  const { header } = parseSignedImage(software.first)
  card.powerOff() // nothing is installed beside an applet that is selected
  card.loadPackage(software.cap)
  const parameters = integrityInstallData({ clearPersonalisation: true })
  card.installApplet({ packageAid: integrityPackageAid, appletAid: integrityAppletAid, parameters })
  card.powerOn()
  const client = new IntegrityClient(inProcessLink(card))
  await client.select()
  const { manufacturerKey, responsibleKey } = software
  const { type } = header
  await client.personalise({
    systemTitle,
    type,
    hardware: meterHardware,
    manufacturerKey,
    responsibleKey,
    releases: [header],
  })
  const key = await client.publicKey('attestation')
  if (isCardRefusal(key)) throw new LauncherError('GRIDCARD_CARD_DAMAGED', 'the card made no key for quotes')
  return key
}

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
   * Makes a new card for a meter: package loaded, applet installed, identity and fresh keys put on, personalisation ended.
   * A card that is there already is replaced. Its file gets its name before `keep` stores the keys on the other side: when
   * a start is cut off in between, a card without known keys is left, and the next start makes it again.
   */
  async issue(
    identity: IssuedTo,
    peerSystemTitle: Uint8Array,
    keep: (keys: MeterKeys, attestationKey: Uint8Array | undefined) => Promise<void>,
  ): Promise<void> {
    const { crypto, cap, software } = this.#options
    const path = this.#path(identity.serial)
    const passing = `${path}.new`
    rmSync(passing, { force: true })
    const store = new FileNvStore(passing)
    const card = Card.create({ profile: meterCardProfile, crypto, store })
    card.powerOn()
    card.loadPackage(cap)
    card.installApplet({ packageAid: meterSecurityPackageAid, appletAid: meterSecurityAppletAid })
    const keys = makeMeterKeys(crypto)
    try {
      await personaliseCard(inProcessLink(card), identity, peerSystemTitle, keys, crypto)
      const attestationKey = software && (await addIntegrity(card, identity, software))
      card.powerOff()
      store.close()
      renameSync(passing, path)
      await keep(keys, attestationKey)
    } finally {
      keys.encryptionKey.fill(0)
      keys.authenticationKey.fill(0)
    }
  }

  /**
   * Puts a meter's card into a reader.
   * @throws LauncherError `GRIDCARD_CARD_DAMAGED`
   */
  take(serial: string): CardLink {
    const store = new FileNvStore(this.#path(serial))
    let card: Card
    try {
      card = Card.open({ profile: meterCardProfile, crypto: this.#options.crypto, store })
    } catch (error) {
      throw new LauncherError(
        'GRIDCARD_CARD_DAMAGED',
        `the card image ${this.#path(serial)} cannot be used: ${(error as Error).message}`,
        { serial },
        { cause: error },
      )
    }
    this.#stores.push(store)
    return inProcessLink(card)
  }

  close(): void {
    for (const store of this.#stores.splice(0)) store.close()
  }

  #path(serial: string): string {
    return join(this.#options.directory, `${serial}.img`)
  }
}
