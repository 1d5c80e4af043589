import { type CosemData, cosem } from '../../cosem/cosem-data.ts'
import { isAccessRefusal } from '../../interface-classes/cosem-object.ts'
import { type ClassBehaviour, refused, success } from '../meter-context.ts'
import type { MeterObject } from '../meter-object.ts'
import { elementOf, intOf, listOf, nameOf, octetsOf, sameOctets, timeValue, zeroOf } from '../values.ts'

const zero = (object: MeterObject, ...names: readonly string[]) => {
  for (const name of names) object.keep(name, zeroOf(object.kept(name)))
}

export const register: ClassBehaviour = {
  methods: {
    reset: (object) => {
      zero(object, 'value')
      return success
    },
  },
}

/** @source Blue Book ed. 14 §4.3.3 */
export const extendedRegister: ClassBehaviour = {
  methods: {
    reset: (object, _parameter, meter) => {
      zero(object, 'value')
      object.keep('capture_time', timeValue(meter.nowMs()))
      return success
    },
  },
}

/** @source Blue Book ed. 14 §4.3.4 */
export const demandRegister: ClassBehaviour = {
  methods: {
    reset: (object, _parameter, meter) => {
      zero(object, 'current_average_value', 'last_average_value')
      object.keep('start_time_current', timeValue(meter.nowMs()))
      return success
    },
    next_period: async (object, _parameter, meter) => {
      const current = await object.read('current_average_value')
      if (!isAccessRefusal(current)) object.keep('last_average_value', current)
      zero(object, 'current_average_value')
      const now = timeValue(meter.nowMs())
      object.keep('capture_time', now)
      object.keep('start_time_current', now)
      return success
    },
  },
}

/** @source Blue Book ed. 14 §4.3.5 */
export const registerActivation: ClassBehaviour = {
  methods: {
    add_register: (object, parameter) => {
      object.keep('register_assignment', cosem.array([...listOf(object.kept('register_assignment')), parameter]))
      return success
    },
    add_mask: (object, parameter) => {
      const others = masks(object).filter((one) => !sameOctets(elementOf(one, 0), elementOf(parameter, 0)))
      const registers = listOf(object.kept('register_assignment')).length
      if (listOf(elementOf(parameter, 1)).some((index) => intOf(index) < 1 || intOf(index) > registers))
        return refused()
      object.keep('mask_list', cosem.array([...others, parameter]))
      return success
    },
    delete_mask: (object, parameter) => {
      if (sameOctets(parameter, object.kept('active_mask'))) return refused()
      const left = masks(object).filter((one) => !sameOctets(elementOf(one, 0), parameter))
      if (left.length === masks(object).length) return refused('object-undefined')
      object.keep('mask_list', cosem.array(left))
      return success
    },
  },
  judgeWrite: (object, attribute, value) => {
    if (attribute !== 'active_mask') return undefined
    const isKnown = masks(object).some((one) => sameOctets(elementOf(one, 0), value))
    return isKnown ? undefined : { refused: 'other-reason' }
  },
}

const masks = (object: MeterObject) => listOf(object.kept('mask_list'))

/** The cells are one attribute of objects that differ in value group E. @source Blue Book ed. 14 §4.3.8 */
export const registerTable: ClassBehaviour = {
  methods: {
    reset: (object) => {
      object.keep('table_cell_values', cosem.array(listOf(object.kept('table_cell_values')).map(zeroOf)))
      return success
    },
    capture: async (object, _parameter, meter) => {
      const definition = object.kept('table_cell_definition')
      const name = nameOf(elementOf(definition, 1)).split('.')
      if (name.length !== 6) return refused()
      const cells: CosemData[] = []
      for (const group of listOf(elementOf(definition, 2))) {
        name[4] = String(intOf(group))
        const cell = await meter.read({
          classId: intOf(elementOf(definition, 0)),
          logicalName: name.join('.'),
          attributeIndex: intOf(elementOf(definition, 3)),
        })
        if (isAccessRefusal(cell)) return refused('object-undefined')
        cells.push(cell)
      }
      object.keep('table_cell_values', cosem.array(cells))
      return success
    },
  },
}

/** Control modes 0 to 6: what a remote reconnection leads to. @source Blue Book ed. 14 §4.5.8, table of transitions */
const RECONNECTS_AT_ONCE = new Set([2, 4])
const DISCONNECTED = 0
const CONNECTED = 1
const READY = 2

export const disconnectControl: ClassBehaviour = {
  methods: {
    remote_disconnect: (object) => {
      if (intOf(object.kept('control_mode')) === 0) return refused('read-write-denied')
      object.keep('control_state', cosem.enumeration(DISCONNECTED))
      object.keep('output_state', cosem.boolean(false))
      return success
    },
    remote_reconnect: (object) => {
      const mode = intOf(object.kept('control_mode'))
      if (mode === 0 || intOf(object.kept('control_state')) !== DISCONNECTED) return refused('read-write-denied')
      const isAtOnce = RECONNECTS_AT_ONCE.has(mode)
      object.keep('control_state', cosem.enumeration(isAtOnce ? CONNECTED : READY))
      object.keep('output_state', cosem.boolean(isAtOnce))
      return success
    },
  },
}

/** @source Blue Book ed. 14 §4.5.11 */
export const functionControl: ClassBehaviour = {
  methods: {
    set_function_status: (object, parameter) => {
      const status = listOf(object.kept('activation_status'))
      const changes = listOf(parameter)
      const isKnown = (change: CosemData) => status.some((one) => sameOctets(elementOf(one, 0), elementOf(change, 0)))
      if (!changes.every(isKnown)) return refused('object-undefined')
      const changed = status.map(
        (one) => changes.find((change) => sameOctets(elementOf(one, 0), elementOf(change, 0))) ?? one,
      )
      object.keep('activation_status', cosem.array(changed))
      return success
    },
    add_function: (object, parameter) => {
      const name = elementOf(parameter, 0)
      if (functionNamed(object, name) !== undefined) return refused('object-class-inconsistent')
      object.keep('function_list', cosem.array([...listOf(object.kept('function_list')), parameter]))
      const status = [...listOf(object.kept('activation_status')), cosem.structure(name, cosem.boolean(false))]
      object.keep('activation_status', cosem.array(status))
      return success
    },
    remove_function: (object, parameter) => {
      const name = elementOf(parameter, 0)
      if (functionNamed(object, name) === undefined) return refused('object-undefined')
      for (const attribute of ['function_list', 'activation_status']) {
        const left = listOf(object.kept(attribute)).filter((one) => !sameOctets(elementOf(one, 0), name))
        object.keep(attribute, cosem.array(left))
      }
      return success
    },
  },
}

const functionNamed = (object: MeterObject, name: CosemData): CosemData | undefined =>
  octetsOf(name).length === 0
    ? undefined
    : listOf(object.kept('function_list')).find((one) => sameOctets(elementOf(one, 0), name))
