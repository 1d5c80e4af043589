import { type CosemData, cosem } from '../../cosem/cosem-data.ts'
import { isAccessRefusal } from '../../interface-classes/cosem-object.ts'
import { type ClassBehaviour, type MeterContext, refused, success } from '../meter-context.ts'
import type { MeterObject } from '../meter-object.ts'
import { elementOf, intOf, listOf, nameOf, octetsOf, sameOctets } from '../values.ts'

/** Reads what the list names and hands it to whoever sends. @source Blue Book ed. 14 §4.4.8 */
export const pushSetup: ClassBehaviour = {
  methods: {
    push: async (object, _parameter, meter) => {
      if (meter.push === undefined) return refused('temporary-failure')
      const values: CosemData[] = []
      for (const entry of listOf(object.kept('push_object_list'))) {
        const attributeIndex = intOf(elementOf(entry, 2))
        const value = await meter.read({
          classId: intOf(elementOf(entry, 0)),
          logicalName: nameOf(elementOf(entry, 1)),
          attributeIndex,
        })
        if (isAccessRefusal(value)) return refused('object-undefined')
        const dataIndex = intOf(elementOf(entry, 3))
        values.push(dataIndex === 0 ? value : elementOf(value, dataIndex - 1))
      }
      if (await meter.push(object, values)) return success
      meter.onEvent?.({ kind: 'push-failed', object: object.logicalName, detail: '' })
      return refused('temporary-failure')
    },
  },
}

const MOST_ADDRESSES = 255

/** @source Blue Book ed. 14 §4.9.2 */
export const ipv4Setup: ClassBehaviour = {
  methods: {
    add_mc_IP_address: (object, parameter) =>
      add(object, 'multicast_IP_address', parameter, (a, b) => intOf(a) === intOf(b)),
    delete_mc_IP_address: (object, parameter) =>
      remove(object, 'multicast_IP_address', parameter, (a, b) => intOf(a) === intOf(b)),
    get_nbof_mc_IP_addresses: (object) => ({
      result: 'success',
      data: cosem.longUnsigned(listOf(object.kept('multicast_IP_address')).length),
    }),
  },
}

const IPV6_LISTS: readonly string[] = ['unicast_IPv6_addresses', 'multicast_IPv6_addresses', 'gateway_IPv6_addresses']

/** @source Blue Book ed. 14 §4.9.3 */
export const ipv6Setup: ClassBehaviour = {
  methods: {
    add_IPv6_address: (object, parameter) => {
      const list = IPV6_LISTS[intOf(elementOf(parameter, 0))]
      return list === undefined ? refused('type-unmatched') : add(object, list, elementOf(parameter, 1), sameOctets)
    },
    remove_IPv6_address: (object, parameter) => {
      const list = IPV6_LISTS[intOf(elementOf(parameter, 0))]
      return list === undefined ? refused('type-unmatched') : remove(object, list, elementOf(parameter, 1), sameOctets)
    },
  },
}

type Same = (a: CosemData, b: CosemData) => boolean

function add(object: MeterObject, list: string, address: CosemData, same: Same) {
  const addresses = listOf(object.kept(list))
  if (addresses.some((one) => same(one, address))) return success
  if (addresses.length === MOST_ADDRESSES) return refused()
  object.keep(list, cosem.array([...addresses, address]))
  return success
}

function remove(object: MeterObject, list: string, address: CosemData, same: Same) {
  const addresses = listOf(object.kept(list))
  const left = addresses.filter((one) => !same(one, address))
  if (left.length === addresses.length) return refused('object-undefined')
  object.keep(list, cosem.array(left))
  return success
}

const onBus = (method: string) => (object: MeterObject, parameter: CosemData, meter: MeterContext) =>
  meter.mbus === undefined ? refused('temporary-failure') : meter.mbus(object, method, parameter)

/** What happens on the bus is the device's; key status and addresses follow from its answer. @source Blue Book ed. 14 §4.8.3 */
export const mbusClient: ClassBehaviour = {
  methods: {
    slave_install: async (object, parameter, meter) => {
      const outcome = await onBus('slave_install')(object, parameter, meter)
      if (outcome.result === 'success') object.keep('primary_address', parameter)
      return outcome
    },
    slave_deinstall: async (object, parameter, meter) => {
      const outcome = await onBus('slave_deinstall')(object, parameter, meter)
      if (outcome.result === 'success') {
        object.keep('primary_address', cosem.unsigned(0))
        object.keep('encryption_key_status', cosem.enumeration(0))
      }
      return outcome
    },
    capture: onBus('capture'),
    reset_alarm: async (object, parameter, meter) => {
      const outcome = await onBus('reset_alarm')(object, parameter, meter)
      if (outcome.result === 'success') object.keep('alarm', cosem.unsigned(0))
      return outcome
    },
    synchronize_clock: onBus('synchronize_clock'),
    data_send: onBus('data_send'),
    set_encryption_key: async (object, parameter, meter) => {
      const outcome = await onBus('set_encryption_key')(object, parameter, meter)
      if (outcome.result === 'success')
        object.keep('encryption_key_status', cosem.enumeration(octetsOf(parameter).length === 0 ? 0 : 1))
      return outcome
    },
    transfer_key: async (object, parameter, meter) => {
      const outcome = await onBus('transfer_key')(object, parameter, meter)
      if (outcome.result === 'success') object.keep('encryption_key_status', cosem.enumeration(2))
      return outcome
    },
  },
}

const PROTECTION = { unlocked: 0, temporarilyLocked: 1, locked: 2 } as const
const MODE = { locked: 0, lockedOnFailure: 1, unlocked: 2 } as const

/**
 * Lockout of a port after failed attempts: the time grows by the steepness factor with each one, up to the longest.
 * @source Blue Book ed. 14 §4.4.11
 */
export const communicationPortProtection: ClassBehaviour = {
  methods: {
    reset: (object) => {
      object.keep('failed_attempts', cosem.doubleLongUnsigned(0))
      object.notes.delete('lockedUntil')
      enterProtection(object)
      return success
    },
  },
  tick: (object, meter) => {
    const until = object.notes.get('lockedUntil') as number | undefined
    if (until !== undefined && until <= meter.nowMs()) object.notes.delete('lockedUntil')
    enterProtection(object)
  },
}

/** For the device: somebody failed to get in over the port of this object. */
export function countFailedAttempt(object: MeterObject, nowMs: number): void {
  const count = (name: string) => {
    const next = Math.min(0xffff_ffff, intOf(object.kept(name)) + 1)
    object.keep(name, cosem.doubleLongUnsigned(next))
    return next
  }
  count('cumulative_failed_attempts')
  const beyond = count('failed_attempts') - intOf(object.kept('allowed_failed_attempts'))
  if (intOf(object.kept('protection_mode')) === MODE.lockedOnFailure && beyond > 0) {
    const factor = Math.max(1, intOf(object.kept('steepness_factor'))) ** (beyond - 1)
    const seconds = Math.min(
      intOf(object.kept('initial_lockout_time')) * factor,
      intOf(object.kept('max_lockout_time')),
    )
    object.notes.set('lockedUntil', nowMs + seconds * 1000)
  }
  enterProtection(object)
}

function enterProtection(object: MeterObject): void {
  const mode = intOf(object.kept('protection_mode'))
  const isWaiting = object.notes.get('lockedUntil') !== undefined
  const status =
    mode === MODE.locked ? PROTECTION.locked : isWaiting ? PROTECTION.temporarilyLocked : PROTECTION.unlocked
  object.keep('protection_status', cosem.enumeration(status))
}
