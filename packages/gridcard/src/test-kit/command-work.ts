import { type Machine, type MemoryRegion, memoryRegions } from '@gridcard/card/monitor'
import type { CardSymbols } from '../symbols/card-symbols.ts'
import type { StoreWrite } from '../workbench/cutting-store.ts'
import { ObjectNames } from './object-names.ts'

/** What one command cost. */
export interface CommandWork {
  /** Instructions that ran. */
  readonly byteCodes: number
  /** To non-volatile memory, the card's own bookkeeping included. */
  readonly writes: number
  readonly bytesWritten: number
  /** By what was written to, most writes first. */
  readonly places: readonly WrittenPlace[]
  /** Memory taken for good, handle entries included; negative when objects were deleted. */
  readonly persistentBytes: number
  readonly transientBytes: number
}

export interface WrittenPlace {
  /** `Purse.balance`, `byte[32] Purse.log`, `commit buffer` */
  readonly name: string
  /** An applet's object or static field; false for the card's own bookkeeping. */
  readonly isApplets: boolean
  readonly writes: number
  readonly bytes: number
}

/** Memory that is taken, at one moment. */
export interface MemoryMark {
  readonly persistent: number
  readonly transient: number
}

export function markMemory({ memory }: Machine): MemoryMark {
  return { persistent: memory.nvSizeBytes - memory.freePersistentBytes, transient: -memory.freeTransientBytes }
}

/** Names the writes of a command, by the objects that stand there when it has ended. */
export function nameWrites(machine: Machine, symbols: CardSymbols, writes: readonly StoreWrite[]): WrittenPlace[] {
  if (writes.length === 0) return []
  const regions = memoryRegions(machine)
  const names = new ObjectNames(machine, symbols)
  const places = new Map<string, { name: string; isApplets: boolean; writes: number; bytes: number }>()
  for (const { offsetBytes, lengthBytes } of writes) {
    const region = regionAt(regions, offsetBytes)
    const name = names.placeName(region, offsetBytes, lengthBytes)
    const place = places.get(name) ?? { name, isApplets: isAppletMemory(region), writes: 0, bytes: 0 }
    place.writes++
    place.bytes += lengthBytes
    places.set(name, place)
  }
  return [...places.values()].sort((a, b) => b.writes - a.writes || b.bytes - a.bytes || (a.name < b.name ? -1 : 1))
}

export function isAppletMemory({ what }: MemoryRegion): boolean {
  return what.kind === 'static fields' || (what.kind === 'object' && what.object.kind !== 'block')
}

/** Regions are in order and cover the whole image. */
export function regionAt(regions: readonly MemoryRegion[], address: number): MemoryRegion {
  let low = 0
  let high = regions.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (regions[middle]!.start <= address) low = middle
    else high = middle - 1
  }
  return regions[low]!
}
