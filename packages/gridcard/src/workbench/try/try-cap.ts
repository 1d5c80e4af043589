import { GridcardError, toHex } from '@gridcard/bytes'
import { type CapFile, parseCapFile } from '@gridcard/cap'
import { Card, type CardLog, type CardProfile } from '@gridcard/card'
import type { CryptoProvider } from '@gridcard/crypto'
import { type GivenCap, librariesFor } from './cap-library.ts'
import { packageNameOf } from './package-names.ts'

/**
 * What became of one CAP file. `crashed` is a fault of ours: the card threw what it may not throw.
 * `loaded` is a library, or a package without applets.
 */
export type TryResult = 'installed' | 'loaded' | 'refused' | 'crashed'

export interface TryOutcome {
  readonly file: string
  readonly result: TryResult
  readonly package?: { readonly aid: string; readonly name?: string; readonly version: string }
  /** Files that were loaded before. */
  readonly libraries: readonly string[]
  /** Instance AIDs in hex, installed before anything was refused. */
  readonly applets: readonly string[]
  /** Non-volatile memory that package and applets take together. */
  readonly usedBytes?: number
  readonly refusal?: Refusal
}

export interface Refusal {
  readonly at: 'parse' | 'library' | 'load' | 'install'
  readonly code?: string
  readonly reason: string
  /** What it is about: package, import, class, offset, status word, as the card names them. */
  readonly place?: Readonly<Record<string, unknown>>
  /** The library or applet that was refused. */
  readonly subject?: string
}

export interface TryOptions {
  readonly profile: CardProfile
  readonly crypto: CryptoProvider
  /** Byte codes for one installation; a bad applet may loop. */
  readonly instructionBudget: number
  /** Parameters by class AID in hex. */
  readonly parameters: ReadonlyMap<string, Uint8Array>
}

/** @returns the file as a package, or why it is none */
export function parseGiven(path: string, bytes: Uint8Array): GivenCap | TryOutcome {
  try {
    return { path, cap: parseCapFile(bytes) }
  } catch (error) {
    return { file: path, libraries: [], applets: [], ...failure('parse', error) }
  }
}

/** Loads one package on a fresh card, with what it needs of the libraries, and installs all its applets. */
export function tryCap({ path, cap }: GivenCap, given: readonly GivenCap[], o: TryOptions): TryOutcome {
  const libraries = librariesFor(cap, given)
  const applets: string[] = []
  const events: string[] = []
  const start = { file: path, package: describePackage(cap), libraries: libraries.map((one) => one.path) }
  const end = (ended: Pick<TryOutcome, 'result' | 'refusal' | 'usedBytes'>): TryOutcome => ({
    ...start,
    applets,
    ...ended,
  })
  let card: Card
  try {
    card = freshCard(o, ({ event, detail }) => {
      // An aborted transaction is the card's own way to undo an installation; the reason says the rest.
      if (event === 'uncaught-exception') events.push(detail)
    })
  } catch (error) {
    return end(failure('load', error))
  }
  for (const library of libraries) {
    const refused = attempt('library', () => card.loadPackage(library.cap), library.path)
    if (refused) return end(refused)
  }
  const before = card.report().memory.nvUsedBytes
  const refusedLoad = attempt('load', () => card.loadPackage(cap))
  if (refusedLoad) return end(refusedLoad)
  const packageAid = cap.header.package.aid
  for (const { aid } of cap.applet?.applets ?? []) {
    const parameters = o.parameters.get(toHex(aid))
    const install = () => {
      applets.push(toHex(card.installApplet({ packageAid, appletAid: aid, ...(parameters && { parameters }) })))
    }
    const refusedInstall = attempt('install', install, toHex(aid), events)
    if (refusedInstall) return end(refusedInstall)
  }
  return end({
    result: applets.length > 0 ? 'installed' : 'loaded',
    usedBytes: card.report().memory.nvUsedBytes - before,
  })
}

function freshCard(o: TryOptions, log: CardLog): Card {
  const { profile, crypto, instructionBudget } = o
  const card = Card.create({ profile, crypto, instructionBudget, log })
  card.powerOn()
  return card
}

type Ended = Pick<TryOutcome, 'result' | 'refusal'>

function attempt(at: Refusal['at'], act: () => void, subject?: string, events: string[] = []): Ended | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return failure(at, error, subject, events)
  }
}

function failure(at: Refusal['at'], error: unknown, subject?: string, events: readonly string[] = []): Ended {
  const about = subject === undefined ? {} : { subject }
  if (!(error instanceof GridcardError)) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { result: 'crashed', refusal: { at, reason, ...about } }
  }
  const { code, place } = error
  const reason = [withNames(error.message), ...events].join('; ')
  return { result: 'refused', refusal: { at, code, reason, place, ...about } }
}

/** Package AIDs in a message get their names: `A0000000620101 (javacard.framework)`. */
function withNames(message: string): string {
  return message.replace(/\b[0-9A-F]{10,32}\b/g, (aid) => {
    const name = aid.length % 2 === 0 ? packageNameOf(aid) : undefined
    return name === undefined ? aid : `${aid} (${name})`
  })
}

function describePackage(cap: CapFile): NonNullable<TryOutcome['package']> {
  const { aid, version } = cap.header.package
  const name = cap.packagePath?.replaceAll('/', '.')
  return { aid: toHex(aid), version: `${version.major}.${version.minor}`, ...(name !== undefined && { name }) }
}
