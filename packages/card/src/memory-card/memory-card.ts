import { concatBytes } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import type { NvStore } from '../vm/memory/nv-store.ts'
import { ChipMemory } from './chip-memory.ts'
import { type ChipType, factoryCells, requireChipType } from './chip-types.ts'
import { triesLeft } from './coded-chip.ts'
import { emitHeader, IMAGE_HEADER_BYTES, requireHeader } from './image.ts'
import { SynchronousReader } from './reader.ts'

/** The state of a memory card, as somebody who holds the image sees it. The code is not in it. */
export interface MemoryCardReport {
  readonly chip: string
  readonly title: string
  readonly sizeBytes: number
  /** How many bytes of a code; undefined if the chip has none. */
  readonly codeBytes: number | undefined
  readonly triesLeft: number | undefined
  readonly isLocked: boolean
  /** Ranges of addresses protected for good, first and last. */
  readonly protectedRanges: readonly (readonly [number, number])[]
}

/**
 * A storage card in a PC/SC reader: the shape of `Card`, so that whatever takes a card takes this one too. What it
 * holds lives in an image behind the same write port, and dies with the same power cut.
 */
export class MemoryCard {
  readonly chip: ChipType
  readonly #memory: ChipMemory
  readonly #reader: SynchronousReader
  #isPowered = false

  private constructor(chip: ChipType, cells: Uint8Array, store: NvStore | undefined) {
    this.chip = chip
    this.#memory = new ChipMemory(cells, store, IMAGE_HEADER_BYTES)
    this.#reader = new SynchronousReader(chip, this.#memory)
  }

  /**
   * A card as it leaves the factory. Its cells reach the store before the header: until that is whole there is no card.
   * @param o.chip a name of `chipTypes`
   * @param o.code secret code of a chip that has one; default all FF
   * @throws MemoryCardError
   */
  static create(o: { readonly chip: string; readonly code?: Uint8Array; readonly store?: NvStore }): MemoryCard {
    const chip = requireChipType(o.chip)
    const cells = factoryCells(chip, o.code)
    o.store?.write(IMAGE_HEADER_BYTES, cells)
    o.store?.write(0, emitHeader(chip))
    return new MemoryCard(chip, cells, o.store)
  }

  /**
   * The card of an image. `image` is copied; a card opened from one keeps its memory to itself.
   * @throws CardError `CARD_IMAGE_MISSING`, `CARD_IMAGE_CORRUPT`, `CARD_IMAGE_VERSION`
   */
  static open(o: { readonly store: NvStore } | { readonly image: Uint8Array }): MemoryCard {
    const store = 'store' in o ? o.store : undefined
    const image = 'store' in o ? o.store.read() : o.image
    if (image === undefined) throw new CardError('CARD_IMAGE_MISSING', 'the store holds no image')
    const chip = requireHeader(image)
    return new MemoryCard(chip, image.slice(IMAGE_HEADER_BYTES), store)
  }

  /** @returns the ATR that the reader composes from the card's answer to reset */
  powerOn(): Uint8Array {
    this.#requireAlive()
    this.#isPowered = true
    return this.#reader.powerOn()
  }

  /** A verified code is forgotten. */
  powerOff(): void {
    this.#isPowered = false
  }

  /**
   * One pseudo-APDU of class FF, one response. Everything refused is a status word.
   * @throws CardError `CARD_NOT_POWERED`; what the store threw if it refused a write, and ever after `CARD_POWER_CUT`
   */
  transmit(command: Uint8Array): Uint8Array {
    this.#requireAlive()
    if (!this.#isPowered) throw new CardError('CARD_NOT_POWERED', 'the card has no power')
    return this.#reader.transmit(command)
  }

  /** A copy of all non-volatile memory, the secret code included: everything `MemoryCard.open` needs. */
  image(): Uint8Array {
    return concatBytes(emitHeader(this.chip), this.#memory.bytes)
  }

  report(): MemoryCardReport {
    const { chip } = this
    const { name, title, sizeBytes } = chip
    const base = { chip: name, title, sizeBytes }
    if (chip.family === 'at24c') {
      return { ...base, codeBytes: undefined, triesLeft: undefined, isLocked: false, protectedRanges: [] }
    }
    const tries = triesLeft(this.#memory.bytes[chip.cells.errorCounter]! & chip.fullCounter)
    return {
      ...base,
      codeBytes: chip.codeBytes,
      triesLeft: tries,
      isLocked: tries === 0,
      protectedRanges: this.#protectedRanges(chip.cells.protection, chip.protectableBytes),
    }
  }

  #protectedRanges(cell: number, count: number): [number, number][] {
    const ranges: [number, number][] = []
    for (let at = 0; at < count; at++) {
      if (this.#memory.bytes[cell + (at >> 3)]! & (1 << (at & 7))) continue
      const last = ranges.at(-1)
      if (last !== undefined && last[1] === at - 1) last[1] = at
      else ranges.push([at, at])
    }
    return ranges
  }

  #requireAlive(): void {
    if (this.#memory.isDead) throw new CardError('CARD_POWER_CUT', 'the card lost power: open its store again')
  }
}
