import { fromHex, toHex } from '@gridcard/bytes'
import type { CryptoProvider, StaticKeys } from '@gridcard/crypto'
import type { CardLink } from '../src/card-link.ts'
import { emitCommand, parseCommand } from '../src/command-apdu.ts'

/** What a card and its client once said to each other: one thing a line, named by its first word. */
export interface Recording {
  readonly title: string
  readonly keys: StaticKeys
  /** What the client's generator gave. */
  readonly random: Uint8Array
  /** Commands before they were protected, where the recording has them. */
  readonly plain: readonly Uint8Array[]
  readonly exchanges: readonly { readonly command: string; readonly response: string }[]
}

export function parseRecording(text: string): Recording {
  const lines = text.split('\n').map((line) => line.trim())
  const after = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  const key = (name: string) => fromHex(after(`key ${name}`)[0]!)
  const responses = after('<')
  return {
    title: after('#')[0]!,
    keys: { enc: key('enc'), mac: key('mac'), dek: key('dek') },
    random: fromHex(after('random')[0]!),
    plain: after('plain').map(fromHex),
    exchanges: after('>').map((command, index) => ({ command, response: responses[index]! })),
  }
}

/** Le is not protected, and clients differ in whether they send it. */
function withoutLe(command: Uint8Array): string {
  const { ne: _, ...others } = parseCommand(command)
  return toHex(emitCommand(others))
}

/** A card that knows its part by heart, and nothing else. */
export function recordedCard({ exchanges }: Pick<Recording, 'exchanges'>): CardLink & { readonly remaining: number } {
  const queue = [...exchanges]
  return {
    get remaining() {
      return queue.length
    },
    powerOn: async () => Uint8Array.of(0x3b, 0x00),
    async transmit(command) {
      const next = queue.shift()
      if (next === undefined || withoutLe(command) !== withoutLe(fromHex(next.command))) {
        throw new Error(`${toHex(command)} is sent, not ${next?.command ?? 'nothing'}`)
      }
      return fromHex(next.response)
    },
    powerOff: async () => {},
  }
}

/** `crypto`, but for its first random bytes. */
export function withRandom(crypto: CryptoProvider, random: Uint8Array): CryptoProvider {
  return { ...crypto, randomBytes: (length) => (length === random.length ? random : crypto.randomBytes(length)) }
}
