import { type CosemData, cosem } from '../../cosem/cosem-data.ts'
import { numberOf } from '../../cosem/unit.ts'
import { isAccessRefusal } from '../../interface-classes/cosem-object.ts'
import { type ClassBehaviour, type MeterContext, refused, success } from '../meter-context.ts'
import type { MeterObject } from '../meter-object.ts'
import { bitOf, elementOf, intOf, isTrue, listOf, nameOf, timeOf } from '../values.ts'

/** Classes that watch a value and act when it crosses a line. */

async function monitored(object: MeterObject, meter: MeterContext): Promise<number | undefined> {
  const definition = object.kept('monitored_value')
  const logicalName = nameOf(elementOf(definition, 1))
  if (logicalName === '') return undefined
  const classId = intOf(elementOf(definition, 0))
  const value = await meter.read({ classId, logicalName, attributeIndex: intOf(elementOf(definition, 2)) })
  return isAccessRefusal(value) ? undefined : numberOf(value)
}

async function runScript(meter: MeterContext, reference: CosemData): Promise<void> {
  const table = nameOf(elementOf(reference, 0))
  if (table !== '' && table !== '0.0.0.0.0.0') await meter.execute(table, intOf(elementOf(reference, 1)))
}

/** Up when the value rises above a threshold, down when it falls back to it or below. @source Blue Book ed. 14 §4.5.6 */
export const registerMonitor: ClassBehaviour = {
  tick: async (object, meter) => {
    const value = await monitored(object, meter)
    if (value === undefined) return
    const before = object.notes.get('above') as readonly boolean[] | undefined
    const above = listOf(object.kept('thresholds')).map((threshold) => value > intOf(threshold))
    object.notes.set('above', above)
    if (before === undefined) return
    for (const [i, isAbove] of above.entries()) {
      if (isAbove === (before[i] ?? isAbove)) continue
      meter.onEvent?.({ kind: 'threshold-crossed', object: object.logicalName, detail: isAbove ? 'up' : 'down' })
      await runScript(meter, elementOf(elementOf(object.kept('actions'), i), isAbove ? 0 : 1))
    }
  },
}

/** @source Blue Book ed. 14 §4.5.9 */
export const limiter: ClassBehaviour = {
  tick: async (object, meter) => {
    const now = meter.nowMs()
    followEmergencyProfile(object, meter, now)
    const value = await monitored(object, meter)
    if (value === undefined) return
    const isOver = value > intOf(object.kept('threshold_active'))
    if (object.notes.get('isOver') !== isOver) {
      object.notes.set('isOver', isOver)
      object.notes.set('sinceMs', now)
      object.notes.set('acted', object.notes.get('settled') === isOver)
    }
    const wait = object.kept(isOver ? 'min_over_threshold_duration' : 'min_under_threshold_duration')
    if (object.notes.get('acted') === true || now - (object.notes.get('sinceMs') as number) < intOf(wait) * 1000) return
    object.notes.set('acted', true)
    // A meter that starts below its limit has nothing to undo.
    const isFirst = object.notes.get('settled') === undefined
    object.notes.set('settled', isOver)
    if (isFirst && !isOver) return
    meter.onEvent?.({ kind: 'threshold-crossed', object: object.logicalName, detail: isOver ? 'over' : 'under' })
    await runScript(meter, elementOf(object.kept('actions'), isOver ? 0 : 1))
  },
}

/** The emergency threshold holds from its activation time for its duration, if its group is one of ours. */
function followEmergencyProfile(object: MeterObject, meter: MeterContext, now: number): void {
  const profile = object.kept('emergency_profile')
  const from = timeOf(elementOf(profile, 1))
  const untilMs = from === undefined ? 0 : from + intOf(elementOf(profile, 2)) * 1000
  const id = intOf(elementOf(profile, 0))
  const isOurs = listOf(object.kept('emergency_profile_group_id_list')).some((group) => intOf(group) === id)
  const isActive = from !== undefined && isOurs && now >= from && now < untilMs
  if (isActive !== isTrue(object.kept('emergency_profile_active'))) {
    object.keep('emergency_profile_active', cosem.boolean(isActive))
    meter.onEvent?.({ kind: 'emergency', object: object.logicalName, detail: isActive ? 'begins' : 'ends' })
  }
  const threshold = object.kept(isActive ? 'threshold_emergency' : 'threshold_normal')
  if (threshold !== undefined) object.keep('threshold_active', threshold)
}

/**
 * Each actor has a last request; an action's weight is the sum of the weights of the actors whose last request names it;
 * the heaviest one happens. Actions that an actor has no permission for do not count.
 * @source Blue Book ed. 14 §4.5.12
 */
export const arbitrator: ClassBehaviour = {
  methods: {
    request_action: async (object, parameter, meter) => {
      const actor = intOf(elementOf(parameter, 0))
      const actions = listOf(object.kept('actions'))
      const permissions = listOf(object.kept('permissions_table'))[actor]
      const requested = elementOf(parameter, 1)
      if (permissions === undefined) return refused('scope-of-access-violated')
      if (actions.some((_, i) => bitOf(requested, i) && !bitOf(permissions, i))) return refused('read-write-denied')
      const none = cosem.bitString(new Uint8Array(Math.ceil(actions.length / 8)), actions.length)
      const known = listOf(object.kept('most_recent_requests_table'))
      const requests = listOf(object.kept('permissions_table')).map((_, i) =>
        i === actor ? requested : (known[i] ?? none),
      )
      object.keep('most_recent_requests_table', cosem.array(requests))
      const weights = listOf(object.kept('weightings_table'))
      const totals = actions.map((_, action) =>
        requests.reduce((sum, one, i) => sum + (bitOf(one, action) ? intOf(elementOf(weights[i], action)) : 0), 0),
      )
      const heaviest = totals.indexOf(Math.max(0, ...totals))
      if (heaviest < 0 || totals[heaviest] === 0) return success
      object.keep('last_outcome', cosem.unsigned(heaviest + 1))
      await runScript(meter, actions[heaviest]!)
      return success
    },
    reset: (object) => {
      object.keep('most_recent_requests_table', cosem.array([]))
      object.keep('last_outcome', cosem.unsigned(0))
      return success
    },
  },
}
