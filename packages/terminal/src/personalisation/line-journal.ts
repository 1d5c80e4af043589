import { TerminalError } from '../errors.ts'

/** What happened on the line, in order; a line of JSON each. No secret is in it. */
export type JournalEntry =
  | { readonly event: 'begun'; readonly serial: string; readonly title: string }
  | { readonly event: 'issued'; readonly serial: string; readonly certificates: readonly string[] }
  | { readonly event: 'done'; readonly serial: string; readonly owner: string; readonly prints: readonly string[] }
  | { readonly event: 'transfer-begun' | 'transferred'; readonly serial: string; readonly owner: string }

export interface CardRecord {
  readonly serial: string
  readonly title: string
  /** Owner, once it is done. */
  owner: string | undefined
  /** A transfer that has begun and not ended. */
  nextOwner: string | undefined
  /** Serial numbers of certificates in use, and of those that an interrupted attempt left behind. */
  certificates: readonly string[]
  revoked: readonly string[]
}

/** What the journal adds up to. Pure: the same entries give the same line. */
export class LineState {
  readonly cards = new Map<string, CardRecord>()
  readonly #titles = new Set<string>()
  readonly #prints = new Set<string>()

  /** @throws TerminalError `TERMINAL_LINE_DUPLICATE`, `TERMINAL_LINE_DAMAGED` */
  take(entry: JournalEntry): void {
    if (entry.event === 'begun') {
      this.#begin(entry)
      return
    }
    const card = this.cards.get(entry.serial)
    if (card === undefined) throw damaged(`${entry.serial} is ${entry.event}, but was never begun`)
    switch (entry.event) {
      case 'issued':
        card.revoked = [...card.revoked, ...card.certificates.filter((one) => !entry.certificates.includes(one))]
        card.certificates = entry.certificates
        return
      case 'done':
        if (card.owner !== undefined) throw duplicate(`${entry.serial} is done already`)
        this.requireFreshPrints(entry.prints)
        for (const print of entry.prints) this.#prints.add(print)
        card.owner = entry.owner
        return
      case 'transfer-begun':
        card.nextOwner = entry.owner
        return
      case 'transferred':
        card.owner = entry.owner
        card.nextOwner = undefined
    }
  }

  /** An identity is given once; one that was interrupted is begun again with the same. */
  #begin({ serial, title }: JournalEntry & { event: 'begun' }): void {
    const known = this.cards.get(serial)
    if (known?.owner !== undefined) throw duplicate(`${serial} is done already`)
    if (known === undefined && this.#titles.has(title)) throw duplicate(`the title of ${serial} is another card's`)
    if (known !== undefined && known.title !== title) throw damaged(`${serial} has two titles`)
    if (known !== undefined) return
    this.#titles.add(title)
    const nothing = { owner: undefined, nextOwner: undefined, certificates: [], revoked: [] }
    this.cards.set(serial, { serial, title, ...nothing })
  }

  /** Fingerprints of keys: no key is ever given to two cards. */
  requireFreshPrints(prints: readonly string[]): void {
    if (prints.some((print) => this.#prints.has(print)) || new Set(prints).size !== prints.length) {
      throw duplicate('a key came a second time: the source of randomness is broken')
    }
  }

  get done(): readonly CardRecord[] {
    return [...this.cards.values()].filter(({ owner }) => owner !== undefined)
  }

  get interrupted(): readonly CardRecord[] {
    return [...this.cards.values()].filter(({ owner }) => owner === undefined)
  }

  get revoked(): readonly string[] {
    return [...this.cards.values()].flatMap(({ revoked, certificates, owner }) =>
      owner === undefined ? [...revoked, ...certificates] : revoked,
    )
  }
}

/**
 * The entries of a journal. What stands behind the last end of line was being written when the power went: it is no entry,
 * and `wholeChars` says where it begins.
 * @throws TerminalError `TERMINAL_LINE_DAMAGED`
 */
export function parseJournal(text: string): { readonly entries: readonly JournalEntry[]; readonly wholeChars: number } {
  const wholeChars = text.lastIndexOf('\n') + 1
  const lines = text.slice(0, wholeChars).split('\n').slice(0, -1)
  const entries = lines.map((line, i) => {
    try {
      return JSON.parse(line) as JournalEntry // checked by LineState.take
    } catch {
      throw damaged(`line ${i + 1} of the journal is no entry`)
    }
  })
  return { entries, wholeChars }
}

export const emitEntry = (entry: JournalEntry): string => `${JSON.stringify(entry)}\n`

const damaged = (message: string) => new TerminalError('TERMINAL_LINE_DAMAGED', message)
const duplicate = (message: string) => new TerminalError('TERMINAL_LINE_DUPLICATE', message)
