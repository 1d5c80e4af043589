import type { CardMemory } from '../vm/memory/card-memory.ts'
import { CONTENT_KIND, type ContentRecord, FIELD_BYTES, readContentRecord } from './content-record.ts'

/**
 * How far the upgrade of a load file is, as a content record of the image; its subject is the slot of the load file.
 *
 * ```
 * fields   0  state
 *          1  version that is replaced, major and minor
 *          3  handle of the block with the new load file, u16; 0 before it is there
 *          5  its length in bytes, u24
 * objects  for each instance that saved something: owner, handle of its element (u16)
 * ```
 */
export interface UpgradeRecord {
  readonly slot: number
  readonly state: number
  readonly previous: { readonly major: number; readonly minor: number }
  readonly loadFile: number
  readonly loadFileBytes: number
  readonly saved: readonly SavedInstance[]
}

export interface SavedInstance {
  readonly owner: number
  /** Handle of the root element. */
  readonly element: number
}

const SAVED_BYTES = 3

export function emitUpgradeRecord(record: UpgradeRecord): ContentRecord {
  const { slot, state, previous, loadFile, loadFileBytes, saved } = record
  const fields = new Uint8Array(FIELD_BYTES)
  fields.set([state, previous.major, previous.minor, loadFile >> 8, loadFile & 0xff])
  fields.set([loadFileBytes >> 16, (loadFileBytes >> 8) & 0xff, loadFileBytes & 0xff], 5)
  const objects = Uint8Array.from(saved.flatMap(({ owner, element }) => [owner, element >> 8, element & 0xff]))
  return { kind: CONTENT_KIND.upgrade, subject: slot, fields, objects }
}

export function parseUpgradeRecord({ subject, fields: f, objects }: ContentRecord): UpgradeRecord {
  const saved: SavedInstance[] = []
  for (let at = 0; at + SAVED_BYTES <= objects.length; at += SAVED_BYTES) {
    saved.push({ owner: objects[at]!, element: (objects[at + 1]! << 8) | objects[at + 2]! })
  }
  return {
    slot: subject,
    state: f[0]!,
    previous: { major: f[1]!, minor: f[2]! },
    loadFile: (f[3]! << 8) | f[4]!,
    loadFileBytes: (f[5]! << 16) | (f[6]! << 8) | f[7]!,
    saved,
  }
}

/** What a record of the image refers to, if it is one of these. */
export function forEachUpgradeReference(memory: CardMemory, handle: number, visit: (referred: number) => void): void {
  const record = readContentRecord(memory, handle)
  if (record.kind !== CONTENT_KIND.upgrade) return
  const { loadFile, saved } = parseUpgradeRecord(record)
  visit(loadFile)
  for (const { element } of saved) visit(element)
}
