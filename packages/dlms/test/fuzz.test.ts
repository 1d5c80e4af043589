import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@gridcard/bytes'
import { expect, test } from 'vitest'
import { ArrayElements } from '../src/cosem/array-elements.ts'
import {
  apduOfXml,
  apduView,
  apduXml,
  DlmsError,
  emitApdu,
  HdlcSplitter,
  parseApdu,
  parseData,
  parseHdlcFrame,
  traceApdu,
  WrapperSplitter,
} from '../src/index.ts'
import { managementAssociation, sampleDevice } from './sample-device.ts'

// Frames at random, and what reference frames become when they are cut, flipped and spliced: a value or a DlmsError, and
// no more of it than its octets can tell. GRIDCARD_FUZZ=1000000 by night.

const count = Number(process.env['GRIDCARD_FUZZ'] ?? 10_000)
/** Values that one octet can stand for at most: an element of a compact array may be some structures deep. */
const MOST_PER_OCTET = 40

interface Vector {
  readonly inputs: Readonly<Record<string, unknown>>
}
const { vectors } = JSON.parse(readFileSync(new URL('./data/dlms-vectors.json', import.meta.url), 'utf8')) as {
  vectors: readonly Vector[]
}
const known = vectors
  .flatMap(({ inputs }) => Object.values(inputs))
  .filter((value): value is string => typeof value === 'string' && /^([0-9A-F]{2}){2,}$/.test(value))
  .map((hex) => fromHex(hex))

/** xorshift32. */
function chance(seed: number) {
  let state = seed
  return (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function frame(random: (below: number) => number): Uint8Array {
  if (random(4) === 0) return Uint8Array.from({ length: random(80) }, () => random(256))
  const bytes = known[random(known.length)]!.slice(0, 300)
  const other = known[random(known.length)]!
  switch (random(4)) {
    case 0:
      return bytes.slice(0, random(bytes.length))
    case 1:
      return Uint8Array.of(...bytes.slice(0, random(bytes.length)), ...other.slice(random(other.length)).slice(0, 200))
    default:
      for (let i = random(4); i >= 0; i--) bytes[random(bytes.length)] = random(256)
      return bytes
  }
}

/** Everything in a value; it stops where there is more than any frame here may hold. */
function partsIn(value: unknown, most: number): number {
  let parts = 0
  const waiting: unknown[] = [value]
  while (waiting.length > 0 && parts <= most) {
    const next = waiting.pop()
    parts++
    if (typeof next === 'object' && next !== null && !(next instanceof Uint8Array)) waiting.push(...Object.values(next))
  }
  return parts
}

const readers: readonly ((bytes: Uint8Array) => unknown)[] = [
  (bytes) => {
    const apdu = parseApdu(bytes)
    // What can be read can be written, and reads the same.
    expect(parseApdu(emitApdu(apdu))).toEqual(apdu)
    return apdu
  },
  (bytes) => parseData(bytes),
  // As XML the same octets, or none at all.
  (bytes) => {
    const source = apduXml(bytes)
    expect(apduOfXml(source)).toEqual(bytes)
    return source
  },
  (bytes) => new ArrayElements(1000).push(bytes),
  (bytes) => parseHdlcFrame(bytes),
  (bytes) => new WrapperSplitter(2000).push(bytes),
]

test(`${count} random frames are read, or refused with a DlmsError, and never make more than they hold`, {
  timeout: 3_600_000,
}, async () => {
  const random = chance(0x2545f491)
  const open = { ...managementAssociation, mechanism: 'none', ciphered: false } as const
  const { server } = sampleDevice({ associations: [open] })
  let connection = server.connection()
  const splitter = new HdlcSplitter()
  for (let i = 0; i < count; i++) {
    const bytes = frame(random)
    const most = MOST_PER_OCTET * (bytes.length + 10)
    try {
      for (const read of readers) {
        try {
          if (partsIn(read(bytes), most) > most) throw new Error('a value out of nothing')
        } catch (error) {
          if (!(error instanceof DlmsError)) throw error
        }
      }
      apduView(bytes)
      traceApdu(bytes)
      splitter.push(bytes)
      // In association as well as out of it: an AARQ is among the frames.
      const answers = await connection.handle({ sourceWPort: 1, destinationWPort: 1, apdu: bytes })
      if (answers.length > 63) throw new Error('more answers than a window')
    } catch (cause) {
      throw new Error(`frame ${i}: ${toHex(bytes)}`, { cause })
    }
    if (i % 1000 === 0) connection = server.connection()
  }
})
