import { cosem } from '../../cosem/cosem-data.ts'
import { isAccessRefusal } from '../../interface-classes/cosem-object.ts'
import { type ClassBehaviour, type MeterContext, refused, success } from '../meter-context.ts'
import type { MeterObject } from '../meter-object.ts'
import { elementOf, intOf, listOf, nameOf, octetsOf, sameOctets, timeOf, timeValue } from '../values.ts'

/** Accounts, credits, charges and tokens. @source Blue Book ed. 14 §4.6 */

const ACCOUNT_NEW = 1
const ACCOUNT_ACTIVE = 2
const ACCOUNT_CLOSED = 3

/** Values of credit_status. */
const CREDIT = { enabled: 0, selectable: 1, selected: 2, inUse: 3, exhausted: 4 } as const

/** Most and least of a double-long: what is beyond stays there. */
const within = (amount: number) => Math.max(-0x8000_0000, Math.min(0x7fff_ffff, amount))

export const account: ClassBehaviour = {
  methods: {
    activate_account: (object, _parameter, meter) => {
      if (statusOf(object) !== ACCOUNT_NEW) return refused()
      enterAccount(object, ACCOUNT_ACTIVE)
      object.keep('account_activation_time', timeValue(meter.nowMs()))
      return success
    },
    close_account: (object, _parameter, meter) => {
      if (statusOf(object) !== ACCOUNT_ACTIVE) return refused()
      enterAccount(object, ACCOUNT_CLOSED)
      object.keep('account_closure_time', timeValue(meter.nowMs()))
      return success
    },
    reset_account: (object) => {
      if (statusOf(object) !== ACCOUNT_CLOSED) return refused()
      for (const name of ['available_credit', 'amount_to_clear', 'aggregated_debt'])
        object.keep(name, cosem.doubleLong(0))
      enterAccount(object, ACCOUNT_NEW)
      return success
    },
  },
  tick: (object, meter) => {
    const credits = referenced(object, meter, 'credit_reference_list', 112)
    const charges = referenced(object, meter, 'charge_reference_list', 113)
    const amounts = credits.map((one) => intOf(one.kept('current_credit_amount')))
    const positive = amounts.filter((amount) => amount > 0).reduce((sum, amount) => sum + amount, 0)
    const negative = amounts.filter((amount) => amount < 0).reduce((sum, amount) => sum + amount, 0)
    const debt = charges.reduce((sum, one) => sum + Math.max(0, intOf(one.kept('total_amount_remaining'))), 0)
    object.keep('available_credit', cosem.doubleLong(within(positive)))
    object.keep('amount_to_clear', cosem.doubleLong(within(negative)))
    object.keep('aggregated_debt', cosem.doubleLong(within(debt)))
    const inUse = credits.findIndex((one) => intOf(one.kept('credit_status')) === CREDIT.inUse)
    object.keep('current_credit_in_use', cosem.unsigned(Math.max(0, inUse)))
  },
}

const statusOf = (object: MeterObject) => intOf(elementOf(object.kept('account_mode_and_status'), 1))

function enterAccount(object: MeterObject, status: number): void {
  const mode = elementOf(object.kept('account_mode_and_status'), 0)
  object.keep('account_mode_and_status', cosem.structure(mode, cosem.enumeration(status)))
}

function referenced(object: MeterObject, meter: MeterContext, list: string, classId: number): MeterObject[] {
  return listOf(object.kept(list)).flatMap((name) => meter.find(classId, nameOf(name)) ?? [])
}

export const credit: ClassBehaviour = {
  methods: {
    update_amount: (object, parameter) => {
      setCredit(object, intOf(object.kept('current_credit_amount')) + intOf(parameter))
      return success
    },
    set_amount_to_value: (object, parameter) => {
      setCredit(object, intOf(parameter))
      return success
    },
    invoke_credit: (object) => {
      const status = intOf(object.kept('credit_status'))
      if (status !== CREDIT.selectable && status !== CREDIT.selected) return refused()
      object.keep('credit_status', cosem.enumeration(CREDIT.inUse))
      return success
    },
  },
}

function setCredit(object: MeterObject, amount: number): void {
  object.keep('current_credit_amount', cosem.doubleLong(within(amount)))
  const status = intOf(object.kept('credit_status'))
  const isExhausted = amount <= intOf(object.kept('limit'))
  if (isExhausted && status === CREDIT.inUse) object.keep('credit_status', cosem.enumeration(CREDIT.exhausted))
  if (!isExhausted && status === CREDIT.exhausted) object.keep('credit_status', cosem.enumeration(CREDIT.enabled))
}

export const charge: ClassBehaviour = {
  methods: {
    update_unit_charge: (object, parameter) => {
      const passive = object.kept('unit_charge_passive')
      const table = listOf(elementOf(passive, 2))
      const changes = listOf(parameter)
      const isKnown = changes.every((one) => table.some((row) => sameOctets(elementOf(row, 0), elementOf(one, 0))))
      if (!isKnown) return refused('object-undefined')
      const updated = table.map((row) => changes.find((one) => sameOctets(elementOf(row, 0), elementOf(one, 0))) ?? row)
      object.keep(
        'unit_charge_passive',
        cosem.structure(elementOf(passive, 0), elementOf(passive, 1), cosem.array(updated)),
      )
      return success
    },
    activate_passive_unit_charge: (object) => {
      const passive = object.kept('unit_charge_passive')
      if (passive !== undefined) object.keep('unit_charge_active', passive)
      return success
    },
    collect: async (object, _parameter, meter) => {
      await collect(object, meter)
      return success
    },
    update_total_amount_remaining: (object, parameter) => {
      const total = intOf(object.kept('total_amount_remaining')) + intOf(parameter)
      object.keep('total_amount_remaining', cosem.doubleLong(within(total)))
      return success
    },
    set_total_amount_remaining: (object, parameter) => {
      object.keep('total_amount_remaining', parameter)
      return success
    },
  },
  tick: async (object, meter) => {
    const now = meter.nowMs()
    const activateAt = timeOf(object.kept('unit_charge_activation_time'))
    if (activateAt !== undefined && activateAt <= now && object.notes.get('activatedAt') !== activateAt) {
      object.notes.set('activatedAt', activateAt)
      const passive = object.kept('unit_charge_passive')
      if (passive !== undefined) object.keep('unit_charge_active', passive)
    }
    const period = intOf(object.kept('period'))
    const since = (object.notes.get('collectedAt') as number | undefined) ?? now
    object.notes.set('collectedAt', since)
    if (period > 0 && now - since >= period * 1000) {
      object.notes.set('collectedAt', since + period * 1000)
      await collect(object, meter)
    }
  },
}

/**
 * One collection: the first price of the table, times the consumption since the last one where the charge names a
 * commodity, comes off the credits of the account that has this charge, most important one first.
 */
async function collect(object: MeterObject, meter: MeterContext): Promise<void> {
  const active = object.kept('unit_charge_active')
  const price = intOf(elementOf(elementOf(elementOf(active, 2), 0), 1))
  const scale = elementOf(active, 0)
  const units = await consumedUnits(object, meter)
  const exponent = intOf(elementOf(scale, 0)) + intOf(elementOf(scale, 1))
  const amount = within(Math.round(price * units * (units === 1 ? 1 : 10 ** exponent)))
  object.keep('last_collection_time', timeValue(meter.nowMs()))
  object.keep('last_collection_amount', cosem.doubleLong(amount))
  object.keep('total_amount_paid', cosem.doubleLong(within(intOf(object.kept('total_amount_paid')) + amount)))
  const remaining = intOf(object.kept('total_amount_remaining'))
  if (remaining > 0) object.keep('total_amount_remaining', cosem.doubleLong(Math.max(0, remaining - amount)))
  const paying = creditsFor(object, meter)
  const first = paying.find((one) => intOf(one.kept('current_credit_amount')) > 0) ?? paying[0]
  if (first !== undefined) setCredit(first, intOf(first.kept('current_credit_amount')) - amount)
}

async function consumedUnits(object: MeterObject, meter: MeterContext): Promise<number> {
  const reference = elementOf(object.kept('unit_charge_active'), 1)
  const logicalName = nameOf(elementOf(reference, 1))
  if (logicalName === '' || logicalName === '0.0.0.0.0.0') return 1
  const ref = { classId: intOf(elementOf(reference, 0)), logicalName, attributeIndex: intOf(elementOf(reference, 2)) }
  const value = await meter.read(ref)
  if (isAccessRefusal(value)) return 0
  const now = intOf(value)
  const before = (object.notes.get('commodity') as number | undefined) ?? now
  object.notes.set('commodity', now)
  return now - before
}

function creditsFor(object: MeterObject, meter: MeterContext): MeterObject[] {
  const owner = meter.find(111, '0.0.19.0.0.255')
  if (owner === undefined) return []
  const isOurs = listOf(owner.kept('charge_reference_list')).some((name) => nameOf(name) === object.logicalName)
  if (!isOurs) return []
  const credits = referenced(owner, meter, 'credit_reference_list', 112)
  return credits.sort((a, b) => intOf(a.kept('priority')) - intOf(b.kept('priority')))
}

export const tokenGateway: ClassBehaviour = {
  methods: {
    enter: async (object, parameter, meter) => {
      if (meter.token === undefined) return refused('temporary-failure')
      const token = octetsOf(parameter)
      const { accepted, statusCode } = await meter.token(token)
      object.keep('token', parameter)
      object.keep('token_time', timeValue(meter.nowMs()))
      object.keep('token_delivery_method', cosem.enumeration(0)) // via remote communications
      object.keep('token_status', cosem.structure(cosem.enumeration(statusCode), cosem.bitString(new Uint8Array(0), 0)))
      return accepted ? success : refused()
    },
  },
}
