import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { GridcardError, toHex } from '@gridcard/bytes'
import { parseCapFile } from '@gridcard/cap'
import { Card, type CardProfile, type CardProfileName, cardProfile, cardProfileNames, MemoryCard } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { type CardLink, inProcessLink } from '@gridcard/terminal'
import { LauncherError } from '../errors.ts'
import { findProcessUsing } from '../image-in-use.ts'
import { FileNvStore } from '../start/file-nv-store.ts'
import { meterSecurityCardProfile } from '../start/meter-security-profile.ts'
import { developerCardProfile } from './developer-profile.ts'

/** A card to put into a reader. */
export interface OpenCard {
  readonly link: CardLink
  /** What it is, for people. */
  readonly title: string
  readonly atr: Uint8Array
  /** AIDs of its applets, in hex. */
  readonly applets: readonly string[]
  close(): void
}

/** Whatever an image may be of, each refusing what is not its own. */
const imageKinds: readonly ((store: FileNvStore, name: string) => OpenCard)[] = [
  (store, name) => javaCardOf(meterSecurityCardProfile, store, name),
  (store, name) => javaCardOf(developerCardProfile, store, name),
  ...cardProfileNames.map((profile) => (store: FileNvStore, name: string) => {
    return javaCardOf(cardProfile(profile), store, name)
  }),
  (store, name) => {
    const card = MemoryCard.open({ store })
    const atr = card.powerOn()
    card.powerOff()
    return { link: inProcessLink(card), title: `${name}, a memory card`, atr, applets: [], close: () => store.close() }
  },
]

function javaCardOf(profile: CardProfile, store: FileNvStore, name: string): OpenCard {
  return describe(Card.open({ profile, crypto: nodeCrypto, store }), name, () => store.close())
}

/**
 * The card of an image file. What it writes goes to the file.
 * @throws LauncherError `GRIDCARD_BAD_OPTION`, `GRIDCARD_CARD_DAMAGED`, `GRIDCARD_CARD_IN_USE`
 */
export function openCardImage(path: string): OpenCard {
  if (!existsSync(path)) throw new LauncherError('GRIDCARD_BAD_OPTION', `there is no card image ${path}`)
  const user = findProcessUsing(path)
  if (user !== undefined) {
    throw new LauncherError(
      'GRIDCARD_CARD_IN_USE',
      `the card image ${path} is in use by process ${user}; stop that first, a card is in one reader at a time`,
    )
  }
  const store = new FileNvStore(path)
  let failure: unknown
  for (const open of imageKinds) {
    try {
      return open(store, basename(path))
    } catch (error) {
      if (!(error instanceof GridcardError)) throw error
      // The one that names the profile says more than those that know nothing of the file.
      if (failure === undefined || error.code === 'CARD_IMAGE_OTHER_PROFILE') failure = error
    }
  }
  store.close()
  const reason = (failure as GridcardError).message
  throw new LauncherError(
    'GRIDCARD_CARD_DAMAGED',
    `the card image ${path} cannot be used: ${reason}`,
    {},
    { cause: failure },
  )
}

/** Of the card's own domains: nothing that somebody installed. */
const SECURITY_DOMAIN_PACKAGE = 'A0000001515350'

/**
 * A fresh card in memory, each CAP file loaded and all its applets installed under their own AIDs.
 * @throws LauncherError `GRIDCARD_BAD_OPTION`, naming the file that cannot be loaded
 */
export function makeFreshCard(profile: CardProfileName, capFiles: readonly string[]): OpenCard {
  const card = Card.create({ profile: cardProfile(profile), crypto: nodeCrypto })
  card.powerOn()
  for (const path of capFiles) {
    try {
      const cap = parseCapFile(new Uint8Array(readFileSync(path)))
      card.loadPackage(cap)
      const packageAid = cap.header.package.aid
      for (const { aid } of cap.applet?.applets ?? []) card.installApplet({ packageAid, appletAid: aid })
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error // a bug of ours
      const reason = code === 'ENOENT' ? 'no such file' : message
      throw new LauncherError('GRIDCARD_BAD_OPTION', `--applet ${path}: ${reason}`, {}, { cause: error })
    }
  }
  card.powerOff()
  const title =
    capFiles.length === 0 ? `blank ${profile} card` : `${profile} card with ${capFiles.map(nameOf).join(', ')}`
  return describe(card, title, () => {})
}

const nameOf = (path: string) => basename(path, '.cap')

function describe(card: Card, title: string, close: () => void): OpenCard {
  const { atr } = card.profile
  const { applets } = card.report()
  const installed = applets.filter(({ packageAid }) => packageAid !== SECURITY_DOMAIN_PACKAGE).map(({ aid }) => aid)
  return { link: inProcessLink(card), title, atr, applets: installed, close }
}

/** `3B 8A ...` as PC/SC programs print it. */
export function atrText(atr: Uint8Array): string {
  return toHex(atr).match(/../g)?.join(' ') ?? ''
}
