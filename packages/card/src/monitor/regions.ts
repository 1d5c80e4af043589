import type { Machine, PackageInstance } from '../vm/machine.ts'
import { HANDLE_ENTRY_BYTES, HEADER, JOURNAL_OFFSET } from '../vm/memory/layout.ts'
import { type CardObject, objectsOn } from './objects.ts'

/** A part of the image, `start <= address < end`. */
export interface MemoryRegion {
  readonly start: number
  readonly end: number
  readonly what:
    | { readonly kind: 'header' }
    /** The two roots, written at each commit in turns. */
    | { readonly kind: 'roots' }
    | { readonly kind: 'commit buffer' }
    | { readonly kind: 'handle table' }
    | { readonly kind: 'static fields'; readonly package: PackageInstance }
    | { readonly kind: 'object'; readonly object: CardObject }
    | { readonly kind: 'free' }
}

/** The whole image, cut into what stands there, by address. */
export function memoryRegions(machine: Machine): MemoryRegion[] {
  const { memory, packageList } = machine
  const statics = new Map(packageList.map((one) => [one.staticsAddress, one]))
  const { heapStart, nvSizeBytes } = memory
  const regions: MemoryRegion[] = [
    { start: 0, end: HEADER.sizeBytes, what: { kind: 'header' } },
    { start: HEADER.sizeBytes, end: JOURNAL_OFFSET, what: { kind: 'roots' } },
    { start: JOURNAL_OFFSET, end: heapStart, what: { kind: 'commit buffer' } },
  ]
  const persistent = [...objectsOn(machine)].filter(({ address, sizeBytes }) => address < nvSizeBytes && sizeBytes > 0)
  for (const object of persistent.sort((a, b) => a.address - b.address)) {
    const holder = object.kind === 'block' && object.block === 'staticFields' ? statics.get(object.address) : undefined
    const end = object.address + object.sizeBytes
    regions.push({
      start: object.address,
      end,
      what: holder === undefined ? { kind: 'object', object } : { kind: 'static fields', package: holder },
    })
  }
  const tableStart = nvSizeBytes - memory.root.handleCount * HANDLE_ENTRY_BYTES
  const whole: MemoryRegion[] = []
  let at = 0
  for (const region of [...regions, { start: tableStart, end: nvSizeBytes, what: { kind: 'handle table' } as const }]) {
    if (region.start > at) whole.push({ start: at, end: region.start, what: { kind: 'free' } })
    whole.push(region)
    at = region.end
  }
  return whole
}
