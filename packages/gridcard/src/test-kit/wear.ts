import { type Machine, memoryRegions } from '@gridcard/card/monitor'
import type { CardSymbols } from '../symbols/card-symbols.ts'
import type { StoreWrite } from '../workbench/cutting-store.ts'
import { isAppletMemory, regionAt } from './command-work.ts'
import { ObjectNames } from './object-names.ts'

/** How often memory was written since the card was made: what wears EEPROM and flash out. */
export interface WearReport {
  readonly writes: number
  readonly bytesWritten: number
  /** Bytes written most often, most first. */
  readonly hottest: readonly HotByte[]
}

export interface HotByte {
  readonly address: number
  /** `Purse.balance`, `byte[32] Purse.log [3]`, `commit point` */
  readonly name: string
  readonly isApplets: boolean
  readonly writes: number
}

/** Counts the writes to each byte of a card. */
export class WearCounter {
  readonly #counts: Uint32Array
  #writes = 0
  #bytes = 0

  constructor(nvSizeBytes: number) {
    this.#counts = new Uint32Array(nvSizeBytes)
  }

  count({ offsetBytes, lengthBytes }: StoreWrite): void {
    this.#writes++
    this.#bytes += lengthBytes
    for (let at = offsetBytes; at < offsetBytes + lengthBytes; at++) this.#counts[at]!++
  }

  /** Names are those of what stands there now. */
  report(machine: Machine, symbols: CardSymbols, { most = 20 }: { readonly most?: number } = {}): WearReport {
    const regions = memoryRegions(machine)
    const names = new ObjectNames(machine, symbols)
    const byPlace = new Map<string, HotByte>()
    for (const [address, writes] of this.#counts.entries()) {
      if (writes === 0) continue
      const region = regionAt(regions, address)
      const isApplets = isAppletMemory(region)
      const name = isApplets ? names.byteName(region, address) : names.placeName(region, address, 1)
      if ((byPlace.get(name)?.writes ?? 0) < writes) byPlace.set(name, { address, name, isApplets, writes })
    }
    const hottest = [...byPlace.values()].sort((a, b) => b.writes - a.writes || a.address - b.address)
    return { writes: this.#writes, bytesWritten: this.#bytes, hottest: hottest.slice(0, most) }
  }
}

/** As a table for people. */
export function wearText({ writes, bytesWritten, hottest }: WearReport): string {
  const width = Math.max(10, ...hottest.map(({ name }) => name.length))
  const lines = hottest.map(
    ({ name, writes: count, isApplets }) =>
      `  ${name.padEnd(width)}  ${String(count).padStart(8)}${isApplets ? '' : '  the card itself'}`,
  )
  return [`${writes} writes, ${bytesWritten} bytes; most often written:`, ...lines, ''].join('\n')
}
