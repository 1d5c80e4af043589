import { concatBytes } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import type { Machine } from '../vm/machine.ts'
import type { CardMemory } from '../vm/memory/card-memory.ts'
import { BLOCK_TYPE } from '../vm/memory/handle-entry.ts'
import { blocksOf, parseAppletRecord, parsePackageRecord } from './applet-registry.ts'

/**
 * What GlobalPlatform keeps of an application, a load file, a security domain or the card, as a block of the image:
 *
 * ```
 * 0   kind
 * 1   owner of the application or domain, slot of the load file or of the one that is upgraded; 0 for the card
 * 2   length of the objects, u16 little-endian
 * 4   fields, 12 bytes that each kind lays out
 * 16  objects, BER-TLV
 * ```
 */
const RECORD = { kind: 0, subject: 1, objectsLength: 2, fields: 4, objects: 16 } as const
export const FIELD_BYTES = RECORD.objects - RECORD.fields

export const CONTENT_KIND = { application: 1, loadFile: 2, securityDomain: 3, card: 4, upgrade: 5 } as const

export interface ContentRecord {
  readonly kind: number
  readonly subject: number
  /** `FIELD_BYTES` */
  readonly fields: Uint8Array
  readonly objects: Uint8Array
}

export interface StoredContentRecord extends ContentRecord {
  readonly handle: number
}

function emitContentRecord({ kind, subject, fields, objects }: ContentRecord): Uint8Array {
  return concatBytes(Uint8Array.of(kind, subject, objects.length & 0xff, objects.length >> 8), fields, objects)
}

export function readContentRecord(memory: CardMemory, handle: number): StoredContentRecord {
  const at = memory.addressOf(handle)
  const { u8 } = memory
  const length = u8[at + RECORD.objectsLength]! | (u8[at + RECORD.objectsLength + 1]! << 8)
  return {
    handle,
    kind: u8[at + RECORD.kind]!,
    subject: u8[at + RECORD.subject]!,
    fields: u8.slice(at + RECORD.fields, at + RECORD.objects),
    objects: u8.slice(at + RECORD.objects, at + RECORD.objects + length),
  }
}

export function findContentRecord(memory: CardMemory, kind: number, subject: number): StoredContentRecord | undefined {
  for (const handle of blocksOf(memory, BLOCK_TYPE.globalPlatform)) {
    const at = memory.addressOf(handle)
    if (memory.u8[at + RECORD.kind] === kind && memory.u8[at + RECORD.subject] === subject) {
      return readContentRecord(memory, handle)
    }
  }
  return undefined
}

/** Joins the transaction that runs. @throws CardError `CARD_MEMORY_FULL`, `CARD_HANDLES_FULL` */
export function newContentRecord(memory: CardMemory, record: ContentRecord): void {
  memory.newBlock(BLOCK_TYPE.globalPlatform, emitContentRecord(record))
}

/**
 * Puts a record in the place of another: the bytes that differ if they are few, else a new block.
 * @returns true if the old block is left to be collected
 * @throws CardError `CARD_MEMORY_FULL`, `CARD_HANDLES_FULL`, with nothing written
 */
export function replaceContentRecord(memory: CardMemory, old: StoredContentRecord, changed: ContentRecord): boolean {
  const [before, after] = [emitContentRecord(old), emitContentRecord(changed)]
  if (before.length === after.length) {
    let start = 0
    while (start < after.length && before[start] === after[start]) start++
    if (start === after.length) return false
    let end = after.length
    while (before[end - 1] === after[end - 1]) end--
    if (memory.putBytes(memory.addressOf(old.handle) + start, after.subarray(start, end))) return false
  }
  const isOwn = !memory.inTransaction
  if (isOwn) memory.begin()
  try {
    newContentRecord(memory, changed)
    memory.root.isCollecting = true
    if (!memory.releaseHandle(old.handle)) throw new CardError('CARD_MEMORY_FULL', 'the commit buffer is full')
    if (isOwn) memory.commit()
  } catch (error) {
    if (isOwn && memory.inTransaction) memory.abort()
    throw error
  }
  return true
}

/** Ends a record, in a step of its own; what it referred to is left to be collected. */
export function deleteContentRecord(memory: CardMemory, { handle }: StoredContentRecord): void {
  memory.begin()
  memory.root.isCollecting = true
  memory.releaseHandle(handle)
  memory.commit()
}

/** One byte of the fields, whatever transaction runs. */
export function writeContentField(
  memory: CardMemory,
  { handle }: StoredContentRecord,
  field: number,
  value: number,
): void {
  const at = memory.addressOf(handle) + RECORD.fields + field
  memory.fillNonAtomic(at, 1, value)
}

/** Handles of the records whose subject is on the card. */
export function liveContentRecords(machine: Machine): number[] {
  const { memory } = machine
  const records = blocksOf(memory, BLOCK_TYPE.globalPlatform)
  if (records.length === 0) return []
  const slots = new Set(blocksOf(memory, BLOCK_TYPE.packageRecord).map((one) => parsePackageRecord(memory, one).slot))
  const owners = new Set<number>()
  for (const handle of blocksOf(memory, BLOCK_TYPE.appletRecord)) {
    const { owner, packageSlot } = parseAppletRecord(memory, handle)
    if (slots.has(packageSlot)) owners.add(owner)
  }
  return records.filter((handle) => {
    const { kind, subject } = readContentRecord(memory, handle)
    if (kind === CONTENT_KIND.card) return true
    const isOfLoadFile = kind === CONTENT_KIND.loadFile || kind === CONTENT_KIND.upgrade
    return isOfLoadFile ? slots.has(subject) : owners.has(subject)
  })
}
