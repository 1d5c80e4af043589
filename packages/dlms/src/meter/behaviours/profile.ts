import { type CosemData, cosem } from '../../cosem/cosem-data.ts'
import { isAccessRefusal } from '../../interface-classes/cosem-object.ts'
import { type CaptureObject, type ProfileEntry, readBuffer } from '../../interface-classes/profile-generic.ts'
import { captureObjectOf, isSameColumn } from '../../interface-classes/profile-selection.ts'
import {
  CapturedProfile,
  findSortMethod,
  isByColumn,
  type ProfileOrder,
  sortMethods,
  withEntry,
} from '../../interface-classes/profile-sorting.ts'
import { type ClassBehaviour, type MeterContext, refused, success } from '../meter-context.ts'
import type { MeterObject } from '../meter-object.ts'
import { intOf, listOf } from '../values.ts'

/**
 * Captures when it is told to and when a capture period begins, keeps its entries in the order of the sort method, and
 * gives rows and columns by range and by entry. A buffer that comes from elsewhere is captured elsewhere.
 * @source Blue Book ed. 14 §4.3.6
 */
export const profileGeneric: ClassBehaviour = {
  initial: { sort_method: cosem.enumeration(sortMethods.fifo) },
  methods: {
    reset: (object) => {
      clear(object)
      return success
    },
    capture: async (object, _parameter, meter) => ((await capture(object, meter)) ? success : refused()),
  },
  judgeWrite: (_object, attribute, value) => {
    const isUnknown = attribute === 'sort_method' && findSortMethod(intOf(value)) === undefined
    if (isUnknown || (attribute === 'profile_entries' && intOf(value) < 1)) return { refused: 'other-reason' }
    return attribute === 'buffer' || attribute === 'entries_in_use' ? { refused: 'read-write-denied' } : undefined
  },
  // Entries of another shape, or in another order, would mean nothing any more.
  written: clear,
  selective: {
    buffer: (object, value, selection) => {
      const captureObjects = captureObjectsOf(object)
      const profile = { captureObjects, profileEntries: Number.POSITIVE_INFINITY, entries: entriesOf(value) }
      const capturePeriodSeconds = intOf(object.kept('capture_period'))
      return readBuffer(new CapturedProfile(profile), { captureObjects, capturePeriodSeconds }, selection)
    },
  },
  tick: async (object, meter) => {
    const periodMs = intOf(object.kept('capture_period')) * 1000
    if (periodMs === 0) return
    const period = Math.floor(meter.nowMs() / periodMs)
    const before = object.notes.get('period')
    object.notes.set('period', period)
    // A meter that was off for some periods has nothing to say of them.
    if (before !== undefined && before !== period) await capture(object, meter)
  },
}

function clear(object: MeterObject): void {
  object.keep('buffer', cosem.array([]))
  object.keep('entries_in_use', cosem.doubleLongUnsigned(0))
}

/** @returns false when a captured attribute cannot be read, the order makes no sense, or the buffer is not ours */
async function capture(object: MeterObject, meter: MeterContext): Promise<boolean> {
  const order = orderOf(object)
  const buffer = object.kept('buffer')
  if (order === undefined || buffer === undefined) return false
  const values: CosemData[] = []
  for (const { dataIndex, ...attribute } of captureObjectsOf(object)) {
    const value = await meter.read(attribute)
    if (isAccessRefusal(value)) return false
    const part = dataIndex === 0 ? value : listOf(value)[dataIndex - 1]
    if (part === undefined) return false
    values.push(part)
  }
  const entries = withEntry(entriesOf(buffer), values, order)
  object.keep('buffer', cosem.array(entries.map((entry) => cosem.structure(...entry))))
  object.keep('entries_in_use', cosem.doubleLongUnsigned(entries.length))
  return true
}

function orderOf(object: MeterObject): ProfileOrder | undefined {
  const sortMethod = findSortMethod(intOf(object.kept('sort_method')))
  const profileEntries = intOf(object.kept('profile_entries'))
  if (sortMethod === undefined || profileEntries < 1) return undefined
  if (!isByColumn(sortMethod)) return { sortMethod, sortColumn: undefined, profileEntries }
  const sortObject = captureObjectOf(object.kept('sort_object'))
  const sortColumn = captureObjectsOf(object).findIndex(
    (column) => sortObject !== undefined && isSameColumn(column, sortObject),
  )
  return sortColumn < 0 ? undefined : { sortMethod, sortColumn, profileEntries }
}

const captureObjectsOf = (object: MeterObject): readonly CaptureObject[] =>
  listOf(object.kept('capture_objects'))
    .map(captureObjectOf)
    .filter((column) => column !== undefined)

const entriesOf = (buffer: CosemData): readonly ProfileEntry[] => listOf(buffer).map(listOf)
