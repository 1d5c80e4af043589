import { fromHex } from '@gridcard/bytes'
import { MemoryCardError } from './errors.ts'
import { SLE4428_CELLS, SLE4428_FULL_COUNTER } from './sle4428.ts'
import { SLE4442_CELLS, SLE4442_FULL_COUNTER } from './sle4442.ts'

interface ChipTypeBase {
  readonly name: string
  /** As the product is written. */
  readonly title: string
  /** Stands in the image; never reused. */
  readonly number: number
  /** Main memory. */
  readonly sizeBytes: number
  /** All non-volatile cells. */
  readonly cellsBytes: number
  /** What SELECT_CARD_TYPE of an ACS reader calls it. */
  readonly acsCardType: number
}

/** A chip with protect bits, a code and an error counter. */
export interface CodedChipType extends ChipTypeBase {
  readonly family: 'sle4442' | 'sle4428'
  readonly codeBytes: number
  /** How many bytes, from address 0, can be protected. */
  readonly protectableBytes: number
  readonly fullCounter: number
  /** Where cells stand, in the chip's non-volatile cells. */
  readonly cells: { readonly protection: number; readonly errorCounter: number; readonly code: number }
  /** First bytes: the answer to reset, then chip manufacturer and type. */
  readonly factoryBytes: Uint8Array
  /** Ranges protected before the card is sold, first and last. */
  readonly factoryProtected: readonly (readonly [number, number])[]
}

export interface PlainChipType extends ChipTypeBase {
  readonly family: 'at24c'
  readonly pageBytes: number
}

export type ChipType = CodedChipType | PlainChipType

/** Bytes 0 to 31 as the captured SLE 4442 has them; an SLE 4428 differs in the first two. */
const factoryBytes = (header: string) => fromHex(`${header}FFFF8115 FFFFFFFFFFFFFFFFFFFFFFFFFF D27600000400 FFFFFFFFFF`)

const at24c = (kbit: number, number: number, pageBytes: number): PlainChipType => ({
  name: `at24c${String(kbit).padStart(2, '0')}`,
  title: `AT24C${String(kbit).padStart(2, '0')}`,
  number,
  family: 'at24c',
  sizeBytes: kbit * 128,
  cellsBytes: kbit * 128,
  pageBytes,
  acsCardType: kbit <= 16 ? 1 : 2,
})

export const chipTypes: readonly ChipType[] = [
  {
    name: 'sle4442',
    title: 'SLE 4442',
    number: 1,
    family: 'sle4442',
    sizeBytes: 256,
    cellsBytes: SLE4442_CELLS.sizeBytes,
    acsCardType: 6,
    codeBytes: 3,
    protectableBytes: 32,
    fullCounter: SLE4442_FULL_COUNTER,
    cells: SLE4442_CELLS,
    factoryBytes: factoryBytes('A2131091'),
    factoryProtected: [
      [0, 3],
      [21, 26],
    ],
  },
  {
    name: 'sle4428',
    title: 'SLE 4428',
    number: 2,
    family: 'sle4428',
    sizeBytes: 1024,
    cellsBytes: SLE4428_CELLS.sizeBytes,
    acsCardType: 5,
    codeBytes: 2,
    protectableBytes: 1024,
    fullCounter: SLE4428_FULL_COUNTER,
    cells: SLE4428_CELLS,
    factoryBytes: factoryBytes('92231091'),
    factoryProtected: [
      [0, 7],
      [21, 26],
    ],
  },
  at24c(1, 16, 8),
  at24c(2, 17, 8),
  at24c(4, 18, 16),
  at24c(8, 19, 16),
  at24c(16, 20, 16),
  at24c(32, 21, 32),
  at24c(64, 22, 32),
  at24c(128, 23, 64),
  at24c(256, 24, 64),
  at24c(512, 25, 128),
  at24c(1024, 26, 256),
]

/** @throws MemoryCardError `CARD_MEMORY_CHIP_UNKNOWN` */
export function requireChipType(name: string): ChipType {
  const type = chipTypes.find((one) => one.name === name.toLowerCase())
  if (type === undefined) {
    const known = chipTypes.map((one) => one.name).join(', ')
    throw new MemoryCardError('CARD_MEMORY_CHIP_UNKNOWN', `no chip "${name}"; there are ${known}`, { chip: name })
  }
  return type
}

/**
 * The cells of a card as it leaves the factory: erased but for the manufacturer's bytes.
 * @param code secret code; default all FF, as blank cards are sold
 * @throws MemoryCardError `CARD_MEMORY_BAD_CODE`
 */
export function factoryCells(type: ChipType, code: Uint8Array | undefined): Uint8Array {
  const cells = new Uint8Array(type.cellsBytes).fill(0xff)
  if (type.family === 'at24c') {
    if (code !== undefined) throw new MemoryCardError('CARD_MEMORY_BAD_CODE', `an ${type.title} has no code`)
    return cells
  }
  if (code !== undefined && code.length !== type.codeBytes) {
    throw new MemoryCardError('CARD_MEMORY_BAD_CODE', `the code of an ${type.title} has ${type.codeBytes} bytes`)
  }
  cells.set(type.factoryBytes)
  cells[type.cells.errorCounter] = type.fullCounter
  if (code) cells.set(code, type.cells.code)
  for (const [first, last] of type.factoryProtected) {
    for (let at = first; at <= last; at++) cells[type.cells.protection + (at >> 3)]! &= ~(1 << (at & 7))
  }
  return cells
}
