import type { AttributeRef, SelectiveAccess } from '../apdu/references.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { buildObject } from './build-object.ts'
import type { AccessRefusal, ActionOutcome, Caller, CosemObject } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'
import { captureObjectData, profileSelectionOf } from './profile-selection.ts'

/** One column of a profile: an attribute, or with `dataIndex` above 0 one element of it. */
export interface CaptureObject extends AttributeRef {
  readonly dataIndex: number
}

/** One value for each column, in their order. */
export type ProfileEntry = readonly CosemData[]

type Awaitable<T> = T | Promise<T>

/** Where the entries come from, asked only for what a request needs. Oldest entry first, number 1. */
export interface ProfileBuffer {
  entriesInUse(): Awaitable<number>
  /** Entries number `first` to `last`, both included; 1 <= first <= last <= entries in use. */
  byEntry(first: number, last: number): Awaitable<readonly ProfileEntry[]>
  /** Entries with `fromMs <= clock <= toMs`, oldest first. Either end may be infinite. */
  byTime(fromMs: number, toMs: number): Awaitable<readonly ProfileEntry[]>
}

/** A buffer over entries that are in memory anyway, such as an event log. `entries` gives them oldest first. */
export function listProfileBuffer(
  entries: () => readonly { readonly atMs: number; readonly values: ProfileEntry }[],
): ProfileBuffer {
  return {
    entriesInUse: () => entries().length,
    byEntry: (first, last) =>
      entries()
        .slice(first - 1, last)
        .map(({ values }) => values),
    byTime: (fromMs, toMs) =>
      entries()
        .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
        .map(({ values }) => values),
  }
}

// First in, first out: the entry number is the age. A sort object belongs to the other methods only.
const SORT_METHOD_FIFO = 1
const noSortObject = captureObjectData({ classId: 0, logicalName: '0.0.0.0.0.0', attributeIndex: 0, dataIndex: 0 })

/**
 * Class 7: a table of captured values. Rows can be asked for by a range of the clock column (class 8, attribute 2,
 * selector 1) or by entry number (selector 2), columns with either.
 * @source Blue Book ed. 14 §4.3.6
 */
export function profileGenericObject(parts: {
  readonly logicalName: string
  readonly captureObjects: readonly CaptureObject[]
  /** 0 for entries captured on events. */
  readonly capturePeriodSeconds: number
  /** How many entries the buffer can hold. */
  readonly profileEntries: number
  readonly buffer: ProfileBuffer
  readonly reset?: (caller: Caller) => ActionOutcome | Promise<ActionOutcome>
  readonly capture?: (caller: Caller) => ActionOutcome | Promise<ActionOutcome>
}): CosemObject {
  const { reset, capture } = parts
  return buildObject({
    interfaceClass: interfaceClasses.profileGeneric,
    logicalName: parts.logicalName,
    attributes: {
      2: { read: (_caller, selection) => readBuffer(parts.buffer, parts.captureObjects, selection), isSelective: true },
      3: { read: () => cosem.array(parts.captureObjects.map(captureObjectData)) },
      4: { read: () => cosem.doubleLongUnsigned(parts.capturePeriodSeconds) },
      5: { read: () => cosem.enumeration(SORT_METHOD_FIFO) },
      6: { read: () => noSortObject },
      7: { read: async () => cosem.doubleLongUnsigned(await parts.buffer.entriesInUse()) },
      8: { read: () => cosem.doubleLongUnsigned(parts.profileEntries) },
    },
    methods: {
      1: reset && ((_parameter, caller) => reset(caller)),
      2: capture && ((_parameter, caller) => capture(caller)),
    },
  })
}

async function readBuffer(
  buffer: ProfileBuffer,
  captureObjects: readonly CaptureObject[],
  access: SelectiveAccess | undefined,
): Promise<CosemData | AccessRefusal> {
  const entriesInUse = await buffer.entriesInUse()
  if (access === undefined) {
    const all = entriesInUse === 0 ? [] : await buffer.byEntry(1, entriesInUse)
    return cosem.array(all.map((values) => cosem.structure(...values)))
  }
  const selection = profileSelectionOf(access, captureObjects)
  if (selection === undefined) return { refused: 'scope-of-access-violated' }
  let rows: readonly ProfileEntry[] = []
  if (selection.kind === 'range') {
    if (selection.fromMs <= selection.toMs) rows = await buffer.byTime(selection.fromMs, selection.toMs)
  } else {
    const last = Math.min(selection.last, entriesInUse)
    if (selection.first <= last) rows = await buffer.byEntry(selection.first, last)
  }
  return cosem.array(rows.map((values) => cosem.structure(...selection.columns.map((column) => values[column]!))))
}
