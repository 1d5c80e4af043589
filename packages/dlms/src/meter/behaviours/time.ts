import { type CosemData, cosem } from '../../cosem/cosem-data.ts'
import { isAccessRefusal } from '../../interface-classes/cosem-object.ts'
import { type ClassBehaviour, type MeterContext, refused, success } from '../meter-context.ts'
import type { MeterObject } from '../meter-object.ts'
import {
  elementOf,
  fieldsOf,
  intOf,
  listOf,
  matchesDate,
  matchesTime,
  nameOf,
  octetsOf,
  sameOctets,
  timeOf,
} from '../values.ts'

const SERVICE_WRITE = 1
const SERVICE_INVOKE = 2

/** A script writes attributes and invokes methods, in order, and ends at the first that is refused. @source Blue Book ed. 14 §4.5.2 */
export const scriptTable: ClassBehaviour = {
  methods: {
    execute: async (object, parameter, meter) => {
      const selector = intOf(parameter)
      const script = listOf(object.kept('scripts')).find((one) => intOf(elementOf(one, 0)) === selector)
      if (script === undefined) return refused('object-undefined')
      if (object.notes.get('isRunning') === true) return refused('temporary-failure')
      object.notes.set('isRunning', true)
      try {
        for (const action of listOf(elementOf(script, 1))) {
          const result = await act(meter, action)
          if (result.result !== 'success') return result
        }
      } finally {
        object.notes.delete('isRunning')
      }
      meter.onEvent?.({ kind: 'script-executed', object: object.logicalName, detail: String(selector) })
      return success
    },
  },
}

async function act(meter: MeterContext, action: CosemData) {
  const [service, classId, name, index, parameter] = listOf(action)
  const logicalName = nameOf(name)
  const target = { classId: intOf(classId), logicalName, attributeIndex: intOf(index) }
  switch (intOf(service)) {
    case SERVICE_WRITE: {
      const refusal = await meter.write(target, parameter!)
      return refusal === undefined ? success : refused('read-write-denied')
    }
    case SERVICE_INVOKE:
      return meter.invoke(target.classId, logicalName, target.attributeIndex, parameter!)
    default:
      return refused()
  }
}

/** @source Blue Book ed. 14 §4.5.4 */
export const specialDays: ClassBehaviour = {
  methods: {
    insert: (object, parameter) => {
      const others = listOf(object.kept('entries')).filter(
        (one) => intOf(elementOf(one, 0)) !== intOf(elementOf(parameter, 0)),
      )
      const entries = [...others, parameter].sort((a, b) => intOf(elementOf(a, 0)) - intOf(elementOf(b, 0)))
      object.keep('entries', cosem.array(entries))
      return success
    },
    delete: (object, parameter) => {
      const entries = listOf(object.kept('entries'))
      const left = entries.filter((one) => intOf(elementOf(one, 0)) !== intOf(parameter))
      if (left.length === entries.length) return refused('object-undefined')
      object.keep('entries', cosem.array(left))
      return success
    },
  },
}

const CALENDAR_PARTS = ['calendar_name', 'season_profile', 'week_profile_table', 'day_profile_table']

/** @source Blue Book ed. 14 §4.5.5 */
export const activityCalendar: ClassBehaviour = {
  methods: {
    activate_passive_calendar: (object, _parameter, meter) => {
      activatePassive(object, meter)
      return success
    },
  },
  tick: async (object, meter) => {
    const now = meter.nowMs()
    const activateAt = timeOf(object.kept('activate_passive_calendar_time'))
    if (activateAt !== undefined && activateAt <= now && object.notes.get('activatedAt') !== activateAt) {
      object.notes.set('activatedAt', activateAt)
      activatePassive(object, meter)
    }
    const entry = scheduleEntry(object, meter, now)
    if (entry === undefined) return
    const key = `${new Date(now).toISOString().slice(0, 10)} ${octetsOf(elementOf(entry, 0)).join(':')}`
    if (object.notes.get('ran') === key) return
    object.notes.set('ran', key)
    await meter.execute(nameOf(elementOf(entry, 1)), intOf(elementOf(entry, 2)))
  },
}

function activatePassive(object: MeterObject, meter: MeterContext): void {
  for (const part of CALENDAR_PARTS) {
    const passive = object.kept(`${part}_passive`)
    if (passive !== undefined) object.keep(`${part}_active`, passive)
  }
  meter.onEvent?.({ kind: 'calendar-activated', object: object.logicalName, detail: '' })
}

/** The entry of the day's schedule that holds now: the latest that has begun. */
function scheduleEntry(object: MeterObject, meter: MeterContext, now: number): CosemData | undefined {
  const fields = fieldsOf(now)
  const dayId = dayIdOf(object, meter, fields)
  const days = listOf(object.kept('day_profile_table_active'))
  const day = days.find((one) => intOf(elementOf(one, 0)) === dayId)
  const secondOf = (time: Uint8Array) => (time[0] ?? 0) * 3600 + (time[1] ?? 0) * 60 + (time[2] ?? 0)
  const second = fields.hour * 3600 + fields.minute * 60 + fields.second
  return listOf(elementOf(day, 1))
    .filter((entry) => secondOf(octetsOf(elementOf(entry, 0))) <= second)
    .sort((a, b) => secondOf(octetsOf(elementOf(a, 0))) - secondOf(octetsOf(elementOf(b, 0))))
    .at(-1)
}

/** Special days come first, then the week of the season that began last. */
function dayIdOf(object: MeterObject, meter: MeterContext, fields: ReturnType<typeof fieldsOf>): number | undefined {
  const special = meter.find(11, '0.0.11.0.0.255')
  const day = listOf(special?.kept('entries')).find((one) => matchesDate(octetsOf(elementOf(one, 1)), fields))
  if (day !== undefined) return intOf(elementOf(day, 2))
  const seasons = listOf(object.kept('season_profile_active'))
  const startOf = (season: CosemData) => {
    const octets = octetsOf(elementOf(season, 1))
    return (octets[2] ?? 0) * 100 + (octets[3] ?? 0) // month and day; a year is seldom given
  }
  const today = fields.month * 100 + fields.day
  const begun = seasons.filter((season) => startOf(season) <= today).sort((a, b) => startOf(a) - startOf(b))
  const season = begun.at(-1) ?? [...seasons].sort((a, b) => startOf(a) - startOf(b)).at(-1)
  const week = listOf(object.kept('week_profile_table_active')).find((one) =>
    sameOctets(elementOf(one, 0), elementOf(season, 2)),
  )
  return week === undefined ? undefined : intOf(elementOf(week, fields.weekday))
}

/** Runs its script once in each second that one of its times names. @source Blue Book ed. 14 §4.5.7 */
export const singleActionSchedule: ClassBehaviour = {
  tick: async (object, meter) => {
    const now = meter.nowMs()
    const last = (object.notes.get('lookedAt') as number | undefined) ?? now - 1000
    object.notes.set('lookedAt', now)
    const script = object.kept('executed_script')
    // A tick may come late: every second since the last one is looked at, an hour at most.
    for (let at = Math.max(last + 1000, now - 3_600_000); at <= now; at += 1000) {
      const fields = fieldsOf(at)
      const isNow = listOf(object.kept('execution_time')).some(
        (one) => matchesTime(octetsOf(elementOf(one, 0)), fields) && matchesDate(octetsOf(elementOf(one, 1)), fields),
      )
      if (isNow) await meter.execute(nameOf(elementOf(script, 0)), intOf(elementOf(script, 1)))
    }
  },
}

/** Entries of arrays that are attributes elsewhere. @source Blue Book ed. 14 §4.3.11 */
export const arrayManager: ClassBehaviour = {
  methods: {
    retrieve_number_of_entries: async (object, parameter, meter) => {
      const target = await targetOf(object, meter, parameter)
      return target === undefined
        ? refused('object-undefined')
        : { result: 'success', data: cosem.longUnsigned(target.entries.length) }
    },
    retrieve_entries: async (object, parameter, meter) => {
      const target = await targetOf(object, meter, elementOf(parameter, 0))
      if (target === undefined) return refused('object-undefined')
      const { from, to } = rangeOf(elementOf(parameter, 1), target.entries.length)
      return { result: 'success', data: cosem.array(target.entries.slice(from, to)) }
    },
    insert_entry: (object, parameter, meter) =>
      change(object, meter, parameter, (entries, number, entry) => entries.splice(number, 0, entry)),
    update_entry: (object, parameter, meter) =>
      change(object, meter, parameter, (entries, number, entry) => {
        if (number < 1 || number > entries.length) return false
        entries[number - 1] = entry
        return true
      }),
    remove_entries: async (object, parameter, meter) => {
      const target = await targetOf(object, meter, elementOf(parameter, 0))
      if (target === undefined) return refused('object-undefined')
      const { from, to } = rangeOf(elementOf(parameter, 1), target.entries.length)
      const entries = [...target.entries]
      entries.splice(from, to - from)
      return target.store(entries)
    },
  },
}

const rangeOf = (descriptor: CosemData, length: number) => {
  const to = intOf(elementOf(descriptor, 1))
  return { from: Math.max(0, intOf(elementOf(descriptor, 0)) - 1), to: to === 0 ? length : Math.min(length, to) }
}

async function targetOf(object: MeterObject, meter: MeterContext, id: CosemData) {
  const entry = listOf(object.kept('array_object_list')).find((one) => intOf(elementOf(one, 0)) === intOf(id))
  const definition = elementOf(entry, 1)
  const ref = {
    classId: intOf(elementOf(definition, 0)),
    logicalName: nameOf(elementOf(definition, 1)),
    attributeIndex: intOf(elementOf(definition, 2)),
  }
  if (entry === undefined || ref.logicalName === '') return undefined
  const value = await meter.read(ref)
  if (isAccessRefusal(value) || value.type !== 'array') return undefined
  return {
    entries: value.value,
    store: async (entries: readonly CosemData[]) => {
      const refusal = await meter.write(ref, cosem.array(entries))
      return refusal === undefined ? success : refused('type-unmatched')
    },
  }
}

async function change(
  object: MeterObject,
  meter: MeterContext,
  parameter: CosemData,
  edit: (entries: CosemData[], number: number, entry: CosemData) => unknown,
) {
  const target = await targetOf(object, meter, elementOf(parameter, 0))
  if (target === undefined) return refused('object-undefined')
  const descriptor = elementOf(parameter, 1)
  const entries = [...target.entries]
  const isDone = edit(entries, intOf(elementOf(descriptor, 0)), elementOf(descriptor, 1))
  return isDone === false ? refused('scope-of-access-violated') : target.store(entries)
}
