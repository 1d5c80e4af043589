import { describe, expect, it } from 'vitest'
import {
  type CosemData,
  cosem,
  countFailedAttempt,
  type DefinedMeter,
  dateTimeOf,
  defineMeter,
  emitDateTime,
  imageTransferStatus,
  logicalNameBytes,
  type MeterEvent,
  type MeterPorts,
  type ObjectDescription,
} from '../../src/index.ts'

const { longUnsigned, unsigned, integer, array, structure, doubleLong, doubleLongUnsigned, enumeration, bitString } =
  cosem
const START = Date.UTC(2026, 5, 1, 12, 0, 0) // a Monday
const name = (text: string) => cosem.octetString(logicalNameBytes(text))
const text = (value: string) => cosem.octetString(new TextEncoder().encode(value))
const at = (ms: number) => cosem.octetString(emitDateTime(dateTimeOf(ms)))
const none = integer(0)
const octets = (...values: number[]) => cosem.octetString(Uint8Array.from(values))
const script = (table: string, selector: number) => structure(name(table), longUnsigned(selector))
const attribute = (classId: number, logicalName: string, index: number) =>
  structure(longUnsigned(classId), name(logicalName), integer(index))

function bench(objects: readonly ObjectDescription[], ports: Partial<MeterPorts> = {}) {
  const clock = { ms: START }
  const events: MeterEvent[] = []
  const meter = defineMeter({
    ports: { nowMs: () => clock.ms, onEvent: (event) => events.push(event), ...ports },
    objects,
  })
  const get = (logicalName: string, attribute: string) => meter.find(logicalName)!.kept(attribute)
  const call = async (classId: number, logicalName: string, index: number, parameter: CosemData = none) =>
    (await meter.invoke(classId, logicalName, index, parameter)).result
  return { meter, clock, events, get, call }
}

/** A table whose script n writes n into a Data object. */
const NOTE = '0.0.96.50.0.255'
const TABLE = '0.0.10.0.100.255'
const writeNote = (n: number) => structure(enumeration(1), longUnsigned(1), name(NOTE), integer(2), unsigned(n))
const noting: readonly ObjectDescription[] = [
  { class: 'Data', logicalName: NOTE, attributes: { value: unsigned(0) } },
  {
    class: 'Script table',
    logicalName: TABLE,
    attributes: { scripts: array([1, 2, 3, 4].map((n) => structure(longUnsigned(n), array([writeNote(n)])))) },
  },
]

describe('registers', () => {
  it('reset gives a zero of the same type; next_period moves the average', async () => {
    const { get, call, clock } = bench([
      { class: 'Register', logicalName: '1.0.1.8.0.255', attributes: { value: cosem.long64Unsigned(5n) } },
      { class: 'Extended register', logicalName: '1.0.1.6.0.255', attributes: { value: doubleLong(-3) } },
      {
        class: 'Demand register',
        logicalName: '1.0.1.4.0.255',
        attributes: { current_average_value: longUnsigned(7) },
      },
    ])
    expect(await call(3, '1.0.1.8.0.255', 1)).toBe('success')
    expect(get('1.0.1.8.0.255', 'value')).toEqual(cosem.long64Unsigned(0n))
    clock.ms += 1000
    await call(4, '1.0.1.6.0.255', 1)
    expect(get('1.0.1.6.0.255', 'value')).toEqual(doubleLong(0))
    expect(get('1.0.1.6.0.255', 'capture_time')).toEqual(at(START + 1000))
    await call(5, '1.0.1.4.0.255', 2)
    expect(get('1.0.1.4.0.255', 'last_average_value')).toEqual(longUnsigned(7))
    expect(get('1.0.1.4.0.255', 'current_average_value')).toEqual(longUnsigned(0))
    await call(5, '1.0.1.4.0.255', 1)
    expect(get('1.0.1.4.0.255', 'last_average_value')).toEqual(longUnsigned(0))
  })

  it('register activation: masks name registers that are there, and only a known mask becomes active', async () => {
    const ra = '0.0.14.0.1.255'
    const { meter, call, get } = bench([{ class: 'Register activation', logicalName: ra, writable: ['active_mask'] }])
    const mask = (...index: number[]) => structure(text('day'), array(index.map(unsigned)))
    expect(await call(6, ra, 2, mask(1))).toBe('other-reason')
    expect(await call(6, ra, 1, structure(longUnsigned(3), name('1.0.1.8.1.255')))).toBe('success')
    expect(await call(6, ra, 2, mask(1))).toBe('success')
    const active = { classId: 6, logicalName: ra, attributeIndex: 4 }
    expect(await meter.write(active, text('night'))).toEqual({ refused: 'other-reason' })
    expect(await meter.write(active, text('day'))).toBeUndefined()
    expect(await call(6, ra, 3, text('day'))).toBe('other-reason')
    expect(await call(6, ra, 3, text('night'))).toBe('object-undefined')
    expect(get(ra, 'active_mask')).toEqual(text('day'))
  })

  it('register table captures one attribute of objects that differ in group E', async () => {
    const table = '1.0.1.8.127.255'
    const cell = (e: number) => ({
      class: 'Register',
      logicalName: `1.0.1.8.${e}.255`,
      attributes: { value: unsigned(10 * e) },
    })
    const definition = structure(longUnsigned(3), name(table), array([unsigned(1), unsigned(2)]), integer(2))
    const attributes = { table_cell_definition: definition }
    const { call, get } = bench([cell(1), cell(2), { class: 'Register table', logicalName: table, attributes }])
    expect(await call(61, table, 2)).toBe('success')
    expect(get(table, 'table_cell_values')).toEqual(array([unsigned(10), unsigned(20)]))
    expect(await call(61, table, 1)).toBe('success')
    expect(get(table, 'table_cell_values')).toEqual(array([unsigned(0), unsigned(0)]))
  })

  it('disconnect control: what reconnection leads to is the mode’s', async () => {
    for (const [mode, state] of [
      [0, undefined],
      [1, 2],
      [2, 1],
      [3, 2],
      [4, 1],
      [5, 2],
      [6, 2],
    ] as const) {
      const dc = '0.0.96.3.10.255'
      const attributes = {
        output_state: cosem.boolean(true),
        control_state: enumeration(1),
        control_mode: enumeration(mode),
      }
      const { call, get } = bench([{ class: 'Disconnect control', logicalName: dc, attributes }])
      expect(await call(70, dc, 2)).toBe('read-write-denied')
      expect(await call(70, dc, 1)).toBe(mode === 0 ? 'read-write-denied' : 'success')
      if (state === undefined) continue
      expect(get(dc, 'output_state')).toEqual(cosem.boolean(false))
      expect(await call(70, dc, 2)).toBe('success')
      expect(get(dc, 'control_state')).toEqual(enumeration(state))
      expect(get(dc, 'output_state')).toEqual(cosem.boolean(state === 1))
    }
  })
})

describe('scripts, schedules, calendars', () => {
  it('a script writes and invokes in order, ends at a refusal, and does not call itself', async () => {
    const own = '0.0.10.0.0.255'
    const invoke = structure(enumeration(2), longUnsigned(9), name(own), integer(1), longUnsigned(1))
    const scripts = array([
      structure(longUnsigned(1), array([writeNote(7), invoke])),
      structure(
        longUnsigned(2),
        array([writeNote(8), structure(enumeration(9), longUnsigned(1), name(NOTE), integer(2), none)]),
      ),
    ])
    const { call, get } = bench([...noting, { class: 'Script table', logicalName: own, attributes: { scripts } }])
    expect(await call(9, own, 1, longUnsigned(9))).toBe('object-undefined')
    expect(await call(9, own, 1, longUnsigned(1))).toBe('temporary-failure')
    expect(get(NOTE, 'value')).toEqual(unsigned(7))
    expect(await call(9, own, 1, longUnsigned(2))).toBe('other-reason')
    expect(get(NOTE, 'value')).toEqual(unsigned(8))
  })

  it('a single action schedule runs in the second it names, also when the tick is late, and once', async () => {
    const schedule = '0.0.15.0.1.255'
    const time = structure(octets(12, 0, 5, 0), octets(0xff, 0xff, 0xff, 0xff, 0xff))
    const attributes = { executed_script: script(TABLE, 3), execution_time: array([time]) }
    const { meter, clock, get, events } = bench([
      ...noting,
      { class: 'Single action schedule', logicalName: schedule, attributes },
    ])
    await meter.tick()
    clock.ms += 4000
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(0))
    clock.ms += 3000
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(3))
    await meter.tick()
    expect(events.filter(({ kind }) => kind === 'script-executed')).toHaveLength(1)
  })

  it('a calendar follows day, week and season, special days first, and changes at its time', async () => {
    const days = (first: number) =>
      array([
        structure(
          unsigned(1),
          array([
            structure(octets(0, 0, 0, 0), name(TABLE), longUnsigned(first)),
            structure(octets(13, 0, 0, 0), name(TABLE), longUnsigned(2)),
          ]),
        ),
        structure(unsigned(2), array([structure(octets(0, 0, 0, 0), name(TABLE), longUnsigned(4))])),
      ])
    const week = array([structure(text('w'), ...[1, 1, 1, 1, 1, 2, 2].map(unsigned))])
    const season = array([structure(text('s'), octets(0xff, 0xff, 1, 1, 0xff, 0, 0, 0, 0, 0x80, 0, 0), text('w'))])
    const calendar = '0.0.13.0.0.255'
    const attributes = {
      season_profile_active: season,
      week_profile_table_active: week,
      day_profile_table_active: days(1),
      season_profile_passive: season,
      week_profile_table_passive: week,
      day_profile_table_passive: days(3),
      activate_passive_calendar_time: at(START + 86_400_000),
    }
    const { meter, clock, get, call } = bench([
      ...noting,
      { class: 'Activity calendar', logicalName: calendar, attributes },
      { class: 'Special days table', logicalName: '0.0.11.0.0.255' },
    ])
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(1))
    clock.ms = START + 3_600_000
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(2))
    clock.ms = START + 86_400_000
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(3))
    clock.ms = START + 5 * 86_400_000
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(4))
    const holiday = structure(longUnsigned(1), octets(0xff, 0xff, 6, 9, 0xff), unsigned(2))
    expect(await call(11, '0.0.11.0.0.255', 1, holiday)).toBe('success')
    clock.ms = START + 7 * 86_400_000
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(3))
    clock.ms = START + 8 * 86_400_000
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(4))
    expect(await call(11, '0.0.11.0.0.255', 2, longUnsigned(1))).toBe('success')
    expect(await call(11, '0.0.11.0.0.255', 2, longUnsigned(1))).toBe('object-undefined')
  })

  it('an array manager reads and edits arrays elsewhere', async () => {
    const manager = '0.0.18.0.0.255'
    const target = '0.0.11.0.0.255'
    const entry = (n: number) => structure(longUnsigned(n), octets(0xff, 0xff, 1, n, 0xff), unsigned(n))
    const list = array([structure(unsigned(1), attribute(11, target, 2))])
    const { meter, call, get } = bench([
      { class: 'Special days table', logicalName: target, attributes: { entries: array([entry(1), entry(2)]) } },
      { class: 'Array manager', logicalName: manager, attributes: { array_object_list: list } },
    ])
    const edit = (n: number, value: CosemData) => structure(unsigned(1), structure(longUnsigned(n), value))
    const range = (from: number, to: number) => structure(unsigned(1), structure(longUnsigned(from), longUnsigned(to)))
    expect(await meter.invoke(123, manager, 1, unsigned(1))).toEqual({ result: 'success', data: longUnsigned(2) })
    expect(await call(123, manager, 1, unsigned(2))).toBe('object-undefined')
    expect(await meter.invoke(123, manager, 2, range(2, 2))).toEqual({ result: 'success', data: array([entry(2)]) })
    expect(await call(123, manager, 3, edit(1, entry(5)))).toBe('success')
    expect(get(target, 'entries')).toEqual(array([entry(1), entry(5), entry(2)]))
    expect(await call(123, manager, 4, edit(9, entry(6)))).toBe('scope-of-access-violated')
    expect(await call(123, manager, 4, edit(1, unsigned(6)))).toBe('type-unmatched')
    expect(await call(123, manager, 4, edit(1, entry(6)))).toBe('success')
    expect(await call(123, manager, 5, range(2, 3))).toBe('success')
    expect(get(target, 'entries')).toEqual(array([entry(6)]))
  })
})

describe('what watches a value', () => {
  const POWER = '1.0.1.7.0.255'
  const power = {
    class: 'Register',
    logicalName: POWER,
    attributes: { value: doubleLongUnsigned(100) },
    writable: ['value'],
  }
  const set = (meter: DefinedMeter, watts: number) =>
    meter.write({ classId: 3, logicalName: POWER, attributeIndex: 2 }, doubleLongUnsigned(watts))

  it('a register monitor acts when a threshold is crossed, up and down', async () => {
    const attributes = {
      thresholds: array([doubleLongUnsigned(500)]),
      monitored_value: attribute(3, POWER, 2),
      actions: array([structure(script(TABLE, 1), script(TABLE, 2))]),
    }
    const { meter, get } = bench([
      ...noting,
      power,
      { class: 'Register monitor', logicalName: '0.0.16.1.0.255', attributes },
    ])
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(0))
    await set(meter, 501)
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(1))
    await set(meter, 500)
    await meter.tick()
    expect(get(NOTE, 'value')).toEqual(unsigned(2))
  })

  it('a limiter waits before it acts, and follows an emergency profile of its group', async () => {
    const limiter = '0.0.17.0.0.255'
    const attributes = {
      monitored_value: attribute(3, POWER, 2),
      threshold_normal: doubleLongUnsigned(1000),
      threshold_emergency: doubleLongUnsigned(50),
      min_over_threshold_duration: doubleLongUnsigned(10),
      min_under_threshold_duration: doubleLongUnsigned(5),
      emergency_profile: structure(longUnsigned(4), at(START + 100_000), doubleLongUnsigned(60)),
      emergency_profile_group_id_list: array([longUnsigned(4)]),
      actions: structure(script(TABLE, 1), script(TABLE, 2)),
    }
    const { meter, clock, get } = bench([...noting, power, { class: 'Limiter', logicalName: limiter, attributes }])
    const tickAt = async (seconds: number) => {
      clock.ms = START + seconds * 1000
      await meter.tick()
      return get(NOTE, 'value')
    }
    expect(await tickAt(0)).toEqual(unsigned(0))
    expect(await tickAt(6)).toEqual(unsigned(0))
    await set(meter, 1001)
    expect(await tickAt(10)).toEqual(unsigned(0))
    expect(await tickAt(19)).toEqual(unsigned(0))
    expect(await tickAt(20)).toEqual(unsigned(1))
    await set(meter, 100)
    expect(await tickAt(21)).toEqual(unsigned(1))
    expect(await tickAt(26)).toEqual(unsigned(2))
    expect(await tickAt(100)).toEqual(unsigned(2))
    expect(get(limiter, 'emergency_profile_active')).toEqual(cosem.boolean(true))
    expect(get(limiter, 'threshold_active')).toEqual(doubleLongUnsigned(50))
    expect(await tickAt(110)).toEqual(unsigned(1))
    expect(await tickAt(160)).toEqual(unsigned(1))
    expect(get(limiter, 'emergency_profile_active')).toEqual(cosem.boolean(false))
    expect(await tickAt(166)).toEqual(unsigned(2))
  })

  it('an arbitrator weighs the last requests of all actors', async () => {
    const arbitrator = '0.0.96.3.20.255'
    const bits = (octet: number) => bitString(Uint8Array.of(octet), 2)
    const weights = (...list: number[]) => array(list.map(longUnsigned))
    const attributes = {
      actions: array([script(TABLE, 1), script(TABLE, 2)]),
      permissions_table: array([bits(0xc0), bits(0x40)]),
      weightings_table: array([weights(1, 1), weights(0, 5)]),
    }
    const { call, get } = bench([...noting, { class: 'Arbitrator', logicalName: arbitrator, attributes }])
    const request = (actor: number, octet: number) => call(68, arbitrator, 1, structure(unsigned(actor), bits(octet)))
    expect(await request(2, 0x80)).toBe('scope-of-access-violated')
    expect(await request(1, 0x80)).toBe('read-write-denied')
    expect(await request(0, 0x80)).toBe('success')
    expect(get(arbitrator, 'last_outcome')).toEqual(unsigned(1))
    expect(await request(1, 0x40)).toBe('success')
    expect(get(arbitrator, 'last_outcome')).toEqual(unsigned(2))
    expect(get(NOTE, 'value')).toEqual(unsigned(2))
    expect(await call(68, arbitrator, 2)).toBe('success')
    expect(get(arbitrator, 'last_outcome')).toEqual(unsigned(0))
  })

  it('functions are switched, added and removed by name', async () => {
    const control = '0.0.44.1.0.255'
    const { call, get } = bench([{ class: 'Function control', logicalName: control }])
    const spec = structure(text('limit'), array([structure(longUnsigned(71), name('0.0.17.0.0.255'))]))
    const on = array([structure(text('limit'), cosem.boolean(true))])
    expect(await call(122, control, 1, on)).toBe('object-undefined')
    expect(await call(122, control, 2, spec)).toBe('success')
    expect(await call(122, control, 2, spec)).toBe('object-class-inconsistent')
    expect(await call(122, control, 1, on)).toBe('success')
    expect(get(control, 'activation_status')).toEqual(on)
    expect(await call(122, control, 3, spec)).toBe('success')
    expect(await call(122, control, 3, spec)).toBe('object-undefined')
  })
})

describe('image transfer', () => {
  const IMAGE = '0.0.44.0.0.255'
  const enabled = {
    class: 'Image transfer',
    logicalName: IMAGE,
    attributes: { image_transfer_enabled: cosem.boolean(true) },
  }
  const image = Uint8Array.from({ length: 250 }, (_, i) => i)
  const port = (o: { verify?: boolean; activate?: boolean } = {}) => ({
    largestBytes: 1000,
    blockBytes: 100,
    accepts: (identifier: Uint8Array) => identifier[0] === 1,
    verify: (_id: Uint8Array, bytes: Uint8Array) => (o.verify ?? true) && bytes.every((octet, i) => octet === image[i]),
    activate: () => o.activate ?? true,
  })
  const initiate = (size: number, id = 1) => structure(octets(id), doubleLongUnsigned(size))
  const block = (n: number, bytes = image.slice(100 * n, 100 * n + 100)) =>
    structure(doubleLongUnsigned(n), cosem.octetString(bytes))

  it('is refused when it is off, for a foreign image, a size of nothing, and out of order', async () => {
    const off = bench([{ class: 'Image transfer', logicalName: IMAGE }], { image: port() })
    expect(await off.call(18, IMAGE, 1, initiate(250))).toBe('temporary-failure')
    const { call } = bench([enabled], { image: port() })
    expect(await call(18, IMAGE, 2, block(0))).toBe('temporary-failure')
    expect(await call(18, IMAGE, 3)).toBe('other-reason')
    expect(await call(18, IMAGE, 4)).toBe('other-reason')
    expect(await call(18, IMAGE, 1, initiate(0))).toBe('scope-of-access-violated')
    expect(await call(18, IMAGE, 1, initiate(1001))).toBe('scope-of-access-violated')
    expect(await call(18, IMAGE, 1, initiate(250, 2))).toBe('read-write-denied')
  })

  it('blocks in any order, the missing one shown, then verified and activated', async () => {
    const { call, get } = bench([enabled], { image: port() })
    const status = () => get(IMAGE, 'image_transfer_status')
    expect(await call(18, IMAGE, 1, initiate(250))).toBe('success')
    expect(status()).toEqual(enumeration(imageTransferStatus.initiated))
    expect(await call(18, IMAGE, 2, block(2))).toBe('success')
    expect(await call(18, IMAGE, 2, block(0))).toBe('success')
    expect(await call(18, IMAGE, 2, block(3, new Uint8Array(100)))).toBe('scope-of-access-violated')
    expect(await call(18, IMAGE, 2, block(1, new Uint8Array(99)))).toBe('scope-of-access-violated')
    expect(get(IMAGE, 'image_first_not_transferred_block_number')).toEqual(doubleLongUnsigned(1))
    expect(get(IMAGE, 'image_transferred_blocks_status')).toEqual(bitString(Uint8Array.of(0xa0), 3))
    expect(await call(18, IMAGE, 3)).toBe('other-reason')
    expect(await call(18, IMAGE, 2, block(1))).toBe('success')
    expect(await call(18, IMAGE, 4)).toBe('other-reason')
    expect(await call(18, IMAGE, 3)).toBe('success')
    expect(await call(18, IMAGE, 4)).toBe('success')
    expect(status()).toEqual(enumeration(imageTransferStatus.activationSuccessful))
    expect(await call(18, IMAGE, 4)).toBe('other-reason')
  })

  it('a damaged image fails verification, one that does not start fails activation', async () => {
    const damaged = bench([enabled], { image: port() })
    await damaged.call(18, IMAGE, 1, initiate(100))
    await damaged.call(18, IMAGE, 2, block(0, new Uint8Array(100)))
    expect(await damaged.call(18, IMAGE, 3)).toBe('other-reason')
    expect(damaged.get(IMAGE, 'image_transfer_status')).toEqual(enumeration(imageTransferStatus.verificationFailed))
    const dead = bench([enabled], { image: port({ activate: false }) })
    await dead.call(18, IMAGE, 1, initiate(100))
    await dead.call(18, IMAGE, 2, block(0))
    await dead.call(18, IMAGE, 3)
    expect(await dead.call(18, IMAGE, 4)).toBe('other-reason')
    expect(dead.get(IMAGE, 'image_transfer_status')).toEqual(enumeration(imageTransferStatus.activationFailed))
  })
})

describe('payment', () => {
  const [ACCOUNT, CREDIT, CHARGE] = ['0.0.19.0.0.255', '0.0.19.10.0.255', '0.0.19.20.0.255']
  const prices = (price: number) =>
    structure(
      structure(integer(0), integer(0)),
      attribute(3, '1.0.1.8.0.255', 2),
      array([structure(octets(1), cosem.long(price))]),
    )
  const objects: readonly ObjectDescription[] = [
    { class: 'Register', logicalName: '1.0.1.8.0.255', attributes: { value: doubleLongUnsigned(1000) } },
    {
      class: 'Account',
      logicalName: ACCOUNT,
      attributes: {
        account_mode_and_status: structure(enumeration(2), enumeration(1)),
        credit_reference_list: array([name(CREDIT)]),
        charge_reference_list: array([name(CHARGE)]),
      },
    },
    {
      class: 'Credit',
      logicalName: CREDIT,
      attributes: { current_credit_amount: doubleLong(100), credit_status: enumeration(1) },
    },
    {
      class: 'Charge',
      logicalName: CHARGE,
      attributes: { unit_charge_active: prices(3), unit_charge_passive: prices(3), period: doubleLongUnsigned(60) },
    },
  ]

  it('an account is new, active, closed, and new again', async () => {
    const { call } = bench(objects)
    expect(await call(111, ACCOUNT, 2)).toBe('other-reason')
    expect(await call(111, ACCOUNT, 1)).toBe('success')
    expect(await call(111, ACCOUNT, 1)).toBe('other-reason')
    expect(await call(111, ACCOUNT, 3)).toBe('other-reason')
    expect(await call(111, ACCOUNT, 2)).toBe('success')
    expect(await call(111, ACCOUNT, 3)).toBe('success')
    expect(await call(111, ACCOUNT, 1)).toBe('success')
  })

  it('what is consumed comes off the credit, and an empty one is exhausted', async () => {
    const { meter, clock, call, get } = bench(objects)
    expect(await call(112, CREDIT, 3)).toBe('success')
    await meter.tick()
    expect(await call(113, CHARGE, 3)).toBe('success')
    expect(get(CREDIT, 'current_credit_amount')).toEqual(doubleLong(100))
    await meter.write({ classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }, doubleLongUnsigned(1030))
    clock.ms += 60_000
    await meter.tick()
    expect(get(CREDIT, 'current_credit_amount')).toEqual(doubleLong(10))
    expect(get(CHARGE, 'last_collection_amount')).toEqual(doubleLong(90))
    await meter.tick()
    expect(get(ACCOUNT, 'available_credit')).toEqual(doubleLong(10))
    await call(112, CREDIT, 1, doubleLong(-10))
    expect(get(CREDIT, 'credit_status')).toEqual(enumeration(4))
    await call(112, CREDIT, 2, doubleLong(50))
    expect(get(CREDIT, 'credit_status')).toEqual(enumeration(0))
    const change = array([structure(octets(1), cosem.long(9))])
    expect(await call(113, CHARGE, 1, array([structure(octets(2), cosem.long(9))]))).toBe('object-undefined')
    expect(await call(113, CHARGE, 1, change)).toBe('success')
    expect(await call(113, CHARGE, 2)).toBe('success')
    expect(get(CHARGE, 'unit_charge_active')).toEqual(prices(9))
    await call(113, CHARGE, 5, doubleLong(40))
    await call(113, CHARGE, 4, doubleLong(2))
    expect(get(CHARGE, 'total_amount_remaining')).toEqual(doubleLong(42))
  })

  it('a token is judged by the port, and its status shown', async () => {
    const gateway = '0.0.19.40.0.255'
    const judged = bench([{ class: 'Token gateway', logicalName: gateway }], {
      token: (token) => ({ accepted: token[0] === 1, statusCode: token[0] === 1 ? 0 : 7 }),
    })
    expect(await judged.call(115, gateway, 1, octets(2))).toBe('other-reason')
    expect(judged.get(gateway, 'token_status')).toEqual(structure(enumeration(7), bitString(new Uint8Array(0), 0)))
    expect(await judged.call(115, gateway, 1, octets(1))).toBe('success')
    const alone = bench([{ class: 'Token gateway', logicalName: gateway }])
    expect(await alone.call(115, gateway, 1, octets(1))).toBe('temporary-failure')
  })
})

describe('communication', () => {
  it('push reads its list and hands it over; what cannot be read or sent is refused', async () => {
    const setup = '0.0.25.9.0.255'
    const entry = (ln: string, data = 0) => structure(longUnsigned(1), name(ln), integer(2), longUnsigned(data))
    const objects = (list: CosemData): ObjectDescription[] => [
      { class: 'Data', logicalName: NOTE, attributes: { value: structure(unsigned(5), unsigned(6)) } },
      { class: 'Push setup', logicalName: setup, attributes: { push_object_list: list } },
    ]
    const sent: (readonly CosemData[])[] = []
    const push = (_setup: unknown, values: readonly CosemData[]) => sent.push(values) < 2
    const { call, events } = bench(objects(array([entry(NOTE), entry(NOTE, 2)])), { push })
    expect(await call(40, setup, 1)).toBe('success')
    expect(sent[0]).toEqual([structure(unsigned(5), unsigned(6)), unsigned(6)])
    expect(await call(40, setup, 1)).toBe('temporary-failure')
    expect(events.at(-1)?.kind).toBe('push-failed')
    expect(await bench(objects(array([entry('0.0.96.9.9.255')])), { push }).call(40, setup, 1)).toBe('object-undefined')
    expect(await bench(objects(array([]))).call(40, setup, 1)).toBe('temporary-failure')
  })

  it('IP addresses are added once and removed', async () => {
    const v4 = '0.0.25.1.0.255'
    const v6 = '0.0.25.7.0.255'
    const { meter, call, get } = bench([
      { class: 'IPv4 setup', logicalName: v4 },
      { class: 'IPv6 setup', logicalName: v6 },
    ])
    const address = doubleLongUnsigned(0xe0000001)
    expect(await call(42, v4, 1, address)).toBe('success')
    expect(await call(42, v4, 1, address)).toBe('success')
    expect(await meter.invoke(42, v4, 3, none)).toEqual({ result: 'success', data: longUnsigned(1) })
    expect(await call(42, v4, 2, address)).toBe('success')
    expect(await call(42, v4, 2, address)).toBe('object-undefined')
    const six = (type: number) => structure(enumeration(type), cosem.octetString(new Uint8Array(16).fill(1)))
    expect(await call(48, v6, 1, six(3))).toBe('type-unmatched')
    expect(await call(48, v6, 1, six(1))).toBe('success')
    expect(get(v6, 'multicast_IPv6_addresses')).toEqual(array([cosem.octetString(new Uint8Array(16).fill(1))]))
    expect(await call(48, v6, 2, six(1))).toBe('success')
    expect(await call(48, v6, 2, six(1))).toBe('object-undefined')
  })

  it('an M-Bus client asks its bus, and without one says so', async () => {
    const client = '0.1.24.1.0.255'
    const asked: string[] = []
    const mbus = (_client: unknown, method: string) => {
      asked.push(method)
      return { result: method === 'capture' ? ('hardware-fault' as const) : ('success' as const) }
    }
    const { call, get } = bench([{ class: 'M-Bus client', logicalName: client }], { mbus })
    expect(await call(72, client, 1, unsigned(5))).toBe('success')
    expect(get(client, 'primary_address')).toEqual(unsigned(5))
    expect(await call(72, client, 3)).toBe('hardware-fault')
    expect(await call(72, client, 7, octets(1, 2))).toBe('success')
    expect(get(client, 'encryption_key_status')).toEqual(enumeration(1))
    expect(await call(72, client, 8, octets(1, 2))).toBe('success')
    expect(await call(72, client, 4)).toBe('success')
    expect(await call(72, client, 2)).toBe('success')
    expect(get(client, 'encryption_key_status')).toEqual(enumeration(0))
    expect(asked).toEqual([
      'slave_install',
      'capture',
      'set_encryption_key',
      'transfer_key',
      'reset_alarm',
      'slave_deinstall',
    ])
    expect(await bench([{ class: 'M-Bus client', logicalName: client }]).call(72, client, 3)).toBe('temporary-failure')
  })

  it('a port is locked for longer with each failure, until its time or a reset', async () => {
    const protection = '0.0.44.2.0.255'
    const attributes = {
      protection_mode: enumeration(1),
      allowed_failed_attempts: longUnsigned(1),
      initial_lockout_time: doubleLongUnsigned(10),
      steepness_factor: unsigned(2),
      max_lockout_time: doubleLongUnsigned(30),
    }
    const { meter, clock, get, call } = bench([
      { class: 'Communication port protection', logicalName: protection, attributes },
    ])
    const object = meter.find(protection)!
    const fail = () => countFailedAttempt(object, clock.ms)
    fail()
    expect(get(protection, 'protection_status')).toEqual(enumeration(0))
    fail()
    expect(get(protection, 'protection_status')).toEqual(enumeration(1))
    clock.ms += 10_000
    await meter.tick()
    expect(get(protection, 'protection_status')).toEqual(enumeration(0))
    fail()
    clock.ms += 19_000
    await meter.tick()
    expect(get(protection, 'protection_status')).toEqual(enumeration(1))
    for (let i = 0; i < 3; i++) fail()
    clock.ms += 29_000
    await meter.tick()
    expect(get(protection, 'protection_status')).toEqual(enumeration(1))
    expect(await call(124, protection, 1)).toBe('success')
    expect(get(protection, 'protection_status')).toEqual(enumeration(0))
    expect(get(protection, 'cumulative_failed_attempts')).toEqual(doubleLongUnsigned(6))
  })
})
