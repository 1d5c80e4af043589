import { fromAscii } from '@gridcard/bytes'
import {
  clientSaps,
  type DeviceStore,
  managementSlot,
  memoryDeviceStore,
  meterLogicalNames,
  profileCapacity,
} from '@gridcard/devices'
import {
  cosem,
  DlmsClient,
  type DlmsError,
  dateTimeOf,
  emitDateTime,
  logicalNameText,
  type SelectiveAccess,
} from '@gridcard/dlms'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  dayMs,
  freshKeys,
  headendTitle,
  installedAtMs,
  MeterBench,
  nowMs,
  quarterMs,
  softwareModule,
  transportTo,
} from './support/meter-bench.ts'
import {
  atMsOf,
  disconnectMethod,
  intervalsOf,
  loadProfile,
  readLog,
  readNumber,
  reconnectMethod,
  rowsOf,
} from './support/reading.ts'

const name = meterLogicalNames
let bench: MeterBench
beforeEach(() => {
  bench = new MeterBench()
})
afterEach(() => bench.close())

const code = (wanted: string) => expect.objectContaining({ code: wanted })

describe('a meter cannot be built', () => {
  test('over a damaged state, and leaves it as it is', () => {
    const bytes = fromAscii('gridcard-meter-state 1 00000000\n{}\n')
    const store = memoryDeviceStore(bytes)
    expect(() => bench.meter({ store })).toThrow(code('DEVICES_STATE_DAMAGED'))
    expect(store.load()).toEqual(bytes)
  })

  test('over the state of another meter', async () => {
    const other = new MeterBench(bench.store)
    const meter = other.meter({ identity: { ...other.identity, serial: 'GC99999999' } })
    await meter.start()
    await meter.stop()
    expect(() => bench.meter()).toThrow(code('DEVICES_STATE_FOREIGN'))
  })

  test.each([
    ['a head-end title of 7 bytes', { clientSystemTitle: new Uint8Array(7) }],
    ['an installation before 1970', { installedAtMs: -1 }],
    ['an installation between milliseconds', { installedAtMs: 0.5 }],
    ['a serial of another maker', { identity: { ...new MeterBench().identity, serial: 'XY00000001' } }],
  ])('with %s', (_, change) => {
    expect(() => bench.meter(change)).toThrow(code('DEVICES_BAD_OPTION'))
  })
})

describe('a meter does not start', () => {
  test('at a place that is taken, and is off and unchanged then', async () => {
    const taken = async () => {
      throw new Error('taken')
    }
    const meter = bench.meter({ listen: taken })
    await expect(meter.start()).rejects.toThrow('taken')
    expect(meter.state()).toMatchObject({ isRunning: false, address: undefined })
    expect(bench.store.load()).toBeUndefined()
  })

  test('when its state cannot be saved', async () => {
    const meter = bench.meter({ store: fullDisk() })
    await expect(meter.start()).rejects.toThrow('disk full')
    expect(meter.state().isRunning).toBe(false)
  })
})

describe('the public client', () => {
  test.each([
    ['the load profile', loadProfile],
    ['energy', { classId: 3, logicalName: name.importEnergy, attributeIndex: 2 }],
    ['the serial', { classId: 1, logicalName: name.serial, attributeIndex: 2 }],
    ['the switch', { classId: 70, logicalName: name.disconnectControl, attributeIndex: 3 }],
    ['the fraud log', { classId: 7, logicalName: '0.0.99.98.1.255', attributeIndex: 2 }],
    ['the card', { classId: 1, logicalName: '0.128.96.0.0.255', attributeIndex: 2 }],
    ['the management association', { classId: 15, logicalName: name.managementAssociation, attributeIndex: 2 }],
    ['a secret', { classId: 15, logicalName: name.publicAssociation, attributeIndex: 7 }],
  ])('may not read %s', async (_, attribute) => {
    const client = await bench.publicClient(await bench.started())
    await expect(client.get(attribute)).rejects.toThrow(code('DLMS_ACCESS_REFUSED'))
  })

  test('may not switch', async () => {
    const meter = await bench.started()
    const client = await bench.publicClient(meter)
    await expect(client.action(disconnectMethod, cosem.integer(0))).rejects.toThrow(code('DLMS_ACTION_REFUSED'))
    expect(meter.state().switchState).toBe('connected')
  })

  test('may read name, clock and counter, and sees just that in the object list', async () => {
    const client = await bench.publicClient(await bench.started())
    expect(await client.get({ classId: 1, logicalName: name.logicalDeviceName, attributeIndex: 2 })).toEqual(
      cosem.octetString(fromAscii(bench.identity.logicalDeviceName)),
    )
    expect(atMsOf(await client.get({ classId: 8, logicalName: name.clock, attributeIndex: 2 }))).toBe(nowMs)
    expect(await readNumber(client, 1, name.invocationCounter)).toBe(0)
    expect(await objectList(client)).toEqual(
      [
        name.clock,
        name.currentAssociation,
        name.publicAssociation,
        name.sapAssignment,
        name.logicalDeviceName,
        name.invocationCounter,
      ].toSorted(),
    )
  })
})

describe('the head-end', () => {
  test('with other keys is refused; the fraud log says so, and the genuine one still comes in', async () => {
    const meter = await bench.started()
    const stranger = softwareModule(headendTitle, bench.identity.systemTitle, freshKeys())
    await expect(bench.managementClient(meter, stranger)).rejects.toThrow()
    const client = await bench.managementClient(meter)
    expect(await readLog(client, 'fraud')).toEqual([{ atMs: nowMs, code: 49 }])
    expect(bench.eventsOf('security')[0]).toMatchObject({ event: { kind: 'decryption-failed', clientSap: 1 } })
  })

  test('with a title the meter does not know is refused', async () => {
    const meter = await bench.started()
    const title = headendTitle.map((byte) => byte ^ 1)
    const stranger = softwareModule(title, bench.identity.systemTitle, bench.keys)
    await expect(bench.managementClient(meter, stranger)).rejects.toThrow()
    expect(bench.eventsOf('security')[0]).toMatchObject({ event: { reason: 'unknown-peer' } })
  })

  test('that repeats its counters is refused as a replay', async () => {
    const meter = await bench.started()
    await bench.managementClient(meter)
    const forgetful = softwareModule(headendTitle, bench.identity.systemTitle, bench.keys)
    await expect(bench.managementClient(meter, forgetful)).rejects.toThrow()
    const client = await bench.managementClient(meter)
    expect(await readLog(client, 'fraud')).toEqual([{ atMs: nowMs, code: 50 }])
  })

  test('on a client address that the meter does not know is refused and logged', async () => {
    const meter = await bench.started()
    const transport = await transportTo(meter, 7)
    const client = new DlmsClient({ transport, mechanism: 'none' })
    await expect(client.associate()).rejects.toThrow()
    expect(await readLog(await bench.managementClient(meter), 'fraud')).toEqual([{ atMs: nowMs, code: 46 }])
  })

  test('may not set the clock, reset a register or clear a log', async () => {
    const client = await bench.managementClient(await bench.started())
    const clock = { classId: 8, logicalName: name.clock, attributeIndex: 2 }
    const time = cosem.octetString(emitDateTime(dateTimeOf(nowMs)))
    await expect(client.set(clock, time)).rejects.toThrow(code('DLMS_ACCESS_REFUSED'))
    const resetRegister = { classId: 3, logicalName: name.importEnergy, methodIndex: 1 }
    await expect(client.action(resetRegister, cosem.integer(0))).rejects.toThrow(code('DLMS_ACTION_REFUSED'))
    const clearLog = { classId: 7, logicalName: '0.0.99.98.1.255', methodIndex: 1 }
    await expect(client.action(clearLog, cosem.integer(0))).rejects.toThrow(code('DLMS_ACTION_REFUSED'))
  })

  test('sees every object with its class version', async () => {
    const client = await bench.managementClient(await bench.started())
    const list = rowsOf(await client.get({ classId: 15, logicalName: name.currentAssociation, attributeIndex: 2 }))
    const shown = list.map(([classId, version, logicalName]) => {
      if (logicalName?.type !== 'octet-string') throw new Error('no logical name')
      return `${'value' in classId! && classId.value}v${'value' in version! && version.value} ${logicalNameText(logicalName.value)}`
    })
    expect(shown.toSorted()).toMatchInlineSnapshot(`
      [
        "15v1 0.0.40.0.0.255",
        "15v1 0.0.40.0.1.255",
        "15v1 0.0.40.0.2.255",
        "17v0 0.0.41.0.0.255",
        "1v0 0.0.42.0.0.255",
        "1v0 0.0.43.1.2.255",
        "1v0 0.0.96.1.0.255",
        "1v0 0.0.96.10.1.255",
        "1v0 0.0.96.11.0.255",
        "1v0 0.0.96.11.1.255",
        "1v0 0.0.96.11.2.255",
        "1v0 0.128.96.0.0.255",
        "3v0 1.0.1.7.0.255",
        "3v0 1.0.1.8.0.255",
        "3v0 1.0.2.7.0.255",
        "3v0 1.0.2.8.0.255",
        "3v0 1.0.32.7.0.255",
        "64v1 0.0.43.0.2.255",
        "70v0 0.0.96.3.10.255",
        "7v1 0.0.99.98.0.255",
        "7v1 0.0.99.98.1.255",
        "7v1 0.0.99.98.2.255",
        "7v1 1.0.99.1.0.255",
        "8v0 0.0.1.0.0.255",
      ]
    `)
  })

  test('reads registers, power and voltage with their units', async () => {
    const meter = await bench.started()
    const client = await bench.managementClient(meter)
    const truth = meter.truth.registers()
    expect(truth.importWh).toBeGreaterThan(100_000)
    expect(await readNumber(client, 3, name.importEnergy)).toBe(truth.importWh)
    expect(await readNumber(client, 3, name.exportEnergy)).toBe(truth.exportWh)
    expect(await readNumber(client, 3, name.importPower)).toBe(meter.household.powerAt(nowMs / 1000).importW)
    expect(await readNumber(client, 3, name.voltage)).toBeGreaterThan(2100)
    const scalerUnit = (logicalName: string) => client.get({ classId: 3, logicalName, attributeIndex: 3 })
    expect(await scalerUnit(name.importEnergy)).toEqual(cosem.structure(cosem.integer(0), cosem.enumeration(30)))
    expect(await scalerUnit(name.importPower)).toEqual(cosem.structure(cosem.integer(0), cosem.enumeration(27)))
    expect(await scalerUnit(name.voltage)).toEqual(cosem.structure(cosem.integer(-1), cosem.enumeration(35)))
  })

  test('has no card to read in a meter without one', async () => {
    const client = await bench.managementClient(await bench.started())
    const card = { classId: 1, logicalName: '0.128.96.0.0.255', attributeIndex: 2 }
    await expect(client.get(card)).rejects.toThrow(code('DLMS_ACCESS_REFUSED'))
  })

  test('finds the counter that the meter takes next in the public object', async () => {
    const meter = await bench.started()
    const client = await bench.managementClient(meter)
    await readNumber(client, 3, name.importEnergy)
    const counters = await bench.headend.counters(managementSlot)
    const shown = await readNumber(await bench.publicClient(meter), 1, name.invocationCounter)
    expect(counters).toMatchObject({ send: shown })
  })
})

describe('the load profile', () => {
  test('gives nothing for a range that is empty, reversed or in the future', async () => {
    const client = await bench.managementClient(await bench.started())
    for (const [fromMs, toMs] of [
      [nowMs + 10, nowMs + dayMs],
      [nowMs, nowMs - dayMs],
      [installedAtMs - dayMs, installedAtMs - 1],
    ] as const) {
      expect(rowsOf(await client.get(loadProfile, range(fromMs, toMs)))).toEqual([])
    }
  })

  test('of 30 days, read whole over block transfer, equals the truth of the meter', async () => {
    const meter = await bench.started()
    const client = await bench.managementClient(meter)
    const intervals = intervalsOf(await client.get(loadProfile))
    expect(intervals).toEqual(meter.truth.intervals(installedAtMs, nowMs))
    expect(intervals).toHaveLength(31 * 96 + 38)
  })

  test('of a simulated day, captured while the clock runs, equals the truth, none missing, none twice', async () => {
    const meter = await bench.started({ scheduler: bench.clock })
    const client = await bench.managementClient(meter)
    const startMs = nowMs - (nowMs % quarterMs)
    const stored = []
    let readToMs = startMs
    // uneven steps, some over several captures; read from the last known row on, as a head-end does
    for (const minutes of [7, 23, 61, 15, 240, 1, 480, 14, 359, 240]) {
      bench.clock.moveBy(minutes * 60_000)
      const intervals = intervalsOf(await client.get(loadProfile, range(readToMs, bench.clock.nowMs())))
      stored.push(...intervals)
      readToMs = intervals.at(-1)?.endMs ?? readToMs
    }
    expect(stored).toEqual(meter.truth.intervals(startMs, startMs + dayMs))
    expect(stored).toHaveLength(96)
    const captured = bench.events.flatMap((event) => (event.kind === 'captured' ? [event] : []))
    expect(captured[0]!.firstMs).toBe(startMs + quarterMs)
    captured.slice(1).forEach((event, i) => {
      expect(event.firstMs).toBe(captured[i]!.lastMs + quarterMs)
    })
    expect(captured.at(-1)!.lastMs).toBe(startMs + dayMs)
  })

  test('by entry number starts with the oldest', async () => {
    const client = await bench.managementClient(await bench.started())
    const rows = rowsOf(await client.get(loadProfile, entries(1, 3)))
    expect(rows.map(([clock]) => atMsOf(clock))).toEqual([0, 1, 2].map((i) => installedAtMs + i * quarterMs))
    expect(await readNumber(client, 7, name.loadProfile, 4)).toBe(900)
  })

  test('forgets the oldest entries when it is full', async () => {
    bench.clock.moveTo(installedAtMs + 100 * dayMs)
    const client = await bench.managementClient(await bench.started())
    expect(await readNumber(client, 7, name.loadProfile, 7)).toBe(profileCapacity)
    expect(await readNumber(client, 7, name.loadProfile, 8)).toBe(profileCapacity)
    const rows = rowsOf(await client.get(loadProfile, entries(1, 1)))
    expect(atMsOf(rows[0]![0])).toBe(installedAtMs + 60 * dayMs)
  })
})

describe('the switch', () => {
  test('stays as it is when its new state cannot be saved', async () => {
    const store = memoryDeviceStore()
    let isFull = false
    const meter = await bench.started({
      store: {
        load: store.load,
        save: (bytes) => {
          if (isFull) throw new Error('disk full')
          store.save(bytes)
        },
      },
    })
    const client = await bench.managementClient(meter)
    isFull = true
    await expect(client.action(disconnectMethod, cosem.integer(0))).rejects.toThrow(code('DLMS_ACTION_REFUSED'))
    expect(meter.state().switchState).toBe('connected')
    expect(await readNumber(client, 3, name.importPower)).toBeGreaterThan(0)
    expect(await readLog(client, 'disconnector')).toEqual([])
    expect(bench.eventsOf('not-saved')).toHaveLength(1)
  })

  test('cuts at the second, keeps what was used before in the running interval, and is logged once', async () => {
    const meter = await bench.started()
    const client = await bench.managementClient(meter)
    const startMs = nowMs - (nowMs % quarterMs) + quarterMs
    const cutMs = startMs + 400_000
    bench.clock.moveTo(cutMs)
    const atCut = meter.truth.registers()
    await client.action(disconnectMethod, cosem.integer(0))
    await client.action(disconnectMethod, cosem.integer(0))
    expect(await readNumber(client, 70, name.disconnectControl, 3)).toBe(0)
    expect(await client.get({ classId: 70, logicalName: name.disconnectControl, attributeIndex: 2 })).toEqual(
      cosem.boolean(false),
    )
    expect(await readNumber(client, 3, name.importPower)).toBe(0)

    bench.clock.moveTo(startMs + 4 * quarterMs)
    expect(meter.truth.registers()).toEqual(atCut)
    await client.action(reconnectMethod, cosem.integer(0))
    bench.clock.moveTo(startMs + 6 * quarterMs)
    const intervals = intervalsOf(await client.get(loadProfile, range(startMs, bench.clock.nowMs())))
    const used = meter.household.energyBetween(startMs / 1000, cutMs / 1000).importWs / 3600
    expect(Math.abs(intervals[0]!.importWh - used)).toBeLessThanOrEqual(1)
    expect(intervals.slice(1, 4).map(({ importWh, status }) => [importWh, status])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    expect(intervals[4]!.importWh).toBeGreaterThan(0)
    expect(intervals).toEqual(meter.truth.intervals(startMs, bench.clock.nowMs()))
    expect(await readLog(client, 'disconnector')).toEqual([
      { atMs: cutMs, code: 60 },
      { atMs: startMs + 4 * quarterMs, code: 61 },
    ])
    expect(bench.eventsOf('disconnected')).toHaveLength(1)
  })

  test('is in the store before it is answered: a meter killed right after comes back disconnected', async () => {
    const meter = await bench.started()
    const client = await bench.managementClient(meter)
    await client.action(disconnectMethod, cosem.integer(0))
    const atKill = memoryDeviceStore(bench.store.load())
    bench.clock.moveBy(3 * quarterMs)
    const survivor = await bench.started({
      store: atKill,
      listen: (await import('@gridcard/devices/node')).tcpListener(),
    })
    expect(survivor.state().switchState).toBe('disconnected')
    expect(survivor.truth.registers()).toEqual(meter.truth.registers())
  })
})

describe('power', () => {
  test('that comes back finds the meter as it was; the outage uses nothing and is in the log', async () => {
    const meter = await bench.started()
    const { port } = meter.address!
    bench.clock.moveTo(nowMs + 100_000)
    const before = meter.truth.registers()
    await meter.stop()
    expect(meter.state()).toMatchObject({ isRunning: false, address: undefined })
    bench.clock.moveBy(5 * 3_600_000)
    await meter.start()
    expect(meter.address?.port).toBe(port)
    expect(meter.truth.registers()).toEqual(before)
    const client = await bench.managementClient(meter)
    expect(await readLog(client, 'standard')).toEqual([
      { atMs: installedAtMs, code: 2 },
      { atMs: nowMs + 100_000, code: 1 },
      { atMs: nowMs + 100_000 + 5 * 3_600_000, code: 2 },
    ])
    bench.clock.moveBy(quarterMs)
    expect(meter.truth.registers().importWh).toBeGreaterThan(before.importWh)
    expect(intervalsOf(await client.get(loadProfile))).toEqual(meter.truth.intervals(0, bench.clock.nowMs()))
  })

  test('that was never cut, only left by its process: the home went on, and the log has nothing to tell', async () => {
    const meter = await bench.started()
    bench.clock.moveBy(quarterMs)
    const before = meter.truth.registers()
    await meter.leave()
    expect(meter.state()).toMatchObject({ isRunning: false, address: undefined })
    bench.clock.moveBy(dayMs)
    await meter.start()
    expect(meter.truth.registers().importWh).toBeGreaterThan(before.importWh)
    const client = await bench.managementClient(meter)
    expect(await readLog(client, 'standard')).toEqual([{ atMs: installedAtMs, code: 2 }])
    expect(intervalsOf(await client.get(loadProfile))).toEqual(meter.truth.intervals(0, bench.clock.nowMs()))
  })

  test('cut without warning: the home went on, and a second meter over the same store reads the same', async () => {
    const meter = await bench.started()
    const state = bench.store.load()
    bench.clock.moveBy(dayMs)
    const again = bench.meter({ store: memoryDeviceStore(state) })
    expect(again.truth.registers()).toEqual(meter.truth.registers())
    expect(again.truth.intervals(0, bench.clock.nowMs())).toEqual(meter.truth.intervals(0, bench.clock.nowMs()))
  })

  test('and a clock that went back: time stands, marked doubtful, until the clock caught up', async () => {
    const meter = await bench.started()
    bench.clock.moveTo(nowMs + dayMs)
    await meter.stop()
    const before = meter.truth.registers()
    bench.clock.moveTo(nowMs)
    await meter.start()
    const client = await bench.publicClient(meter)
    const clock = { classId: 8, logicalName: name.clock, attributeIndex: 2 }
    expect(atMsOf(await client.get(clock))).toBe(nowMs + dayMs)
    expect(await readNumber(client, 8, name.clock, 4)).toBe(0x02)
    expect(meter.truth.registers()).toEqual(before)
    bench.clock.moveTo(nowMs + 2 * dayMs)
    expect(atMsOf(await client.get(clock))).toBe(nowMs + 2 * dayMs)
    expect(await readNumber(client, 8, name.clock, 4)).toBe(0)
  })
})

describe('without a usable card', () => {
  test('the public part is there, the management part is refused, and the log says why', async () => {
    const meter = await bench.started({ link: undefined })
    expect(meter.state().card).toEqual({ ready: false, reason: 'no card in the slot' })
    expect(bench.eventsOf('card-unavailable')).toHaveLength(1)
    const client = await bench.publicClient(meter)
    expect(atMsOf(await client.get({ classId: 8, logicalName: name.clock, attributeIndex: 2 }))).toBe(nowMs)
    const counter = { classId: 1, logicalName: name.invocationCounter, attributeIndex: 2 }
    await expect(client.get(counter)).rejects.toThrow(code('DLMS_ACCESS_REFUSED'))
    await expect(bench.managementClient(meter)).rejects.toThrow()
    await meter.stop()

    const repaired = await bench.started()
    const codes = (await readLog(await bench.managementClient(repaired), 'fraud')).map((event) => event.code)
    expect(codes[0]).toBe(230)
  })
})

test('hostile bytes on the port end nothing but their own connection', async () => {
  const meter = await bench.started()
  const { createConnection } = await import('node:net')
  for (const bytes of [
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0, 1, 0, 16, 0, 1, 0xff, 0xff, 0x60),
    Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 3, 0xc8, 0x01, 0x30),
    new Uint8Array(3000).fill(0x60),
  ]) {
    await new Promise<void>((resolve) => {
      const socket = createConnection(meter.address!, () => socket.end(bytes))
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      socket.resume()
    })
  }
  const client = await bench.managementClient(meter)
  expect(await readNumber(client, 3, name.importEnergy)).toBe(meter.truth.registers().importWh)
})

test('a frame recorded from the head-end and sent again on a new connection switches nothing', async () => {
  const meter = await bench.started()
  const frames: Uint8Array[] = []
  const transport = await transportTo(meter, clientSaps.management)
  const recording = {
    send(apdu: Uint8Array) {
      frames.push(apdu.slice())
      return transport.send(apdu)
    },
  }
  const client = new DlmsClient({
    transport: recording,
    mechanism: 'hls-gmac',
    security: bench.headend,
    slot: managementSlot,
    serverSystemTitle: bench.identity.systemTitle,
  })
  await client.associate()
  await client.action(disconnectMethod, cosem.integer(0))
  await client.action(reconnectMethod, cosem.integer(0))
  const attacker = await transportTo(meter, clientSaps.management)
  for (const frame of frames) await attacker.send(frame).catch((error: DlmsError) => error)
  expect(meter.state().switchState).toBe('connected')
  expect(bench.eventsOf('disconnected')).toHaveLength(1)
})

function fullDisk(): DeviceStore {
  return {
    load: () => undefined,
    save: () => {
      throw new Error('disk full')
    },
  }
}

function range(fromMs: number, toMs: number): SelectiveAccess {
  const time = (atMs: number) => cosem.octetString(emitDateTime(dateTimeOf(atMs)))
  const column = cosem.structure(
    cosem.longUnsigned(8),
    cosem.octetString(Uint8Array.of(0, 0, 1, 0, 0, 255)),
    cosem.integer(2),
    cosem.longUnsigned(0),
  )
  return { selector: 1, parameters: cosem.structure(column, time(fromMs), time(toMs), cosem.array([])) }
}

function entries(first: number, last: number): SelectiveAccess {
  const parameters = cosem.structure(
    cosem.doubleLongUnsigned(first),
    cosem.doubleLongUnsigned(last),
    cosem.longUnsigned(1),
    cosem.longUnsigned(0),
  )
  return { selector: 2, parameters }
}

async function objectList(client: DlmsClient): Promise<string[]> {
  const list = await client.get({ classId: 15, logicalName: name.currentAssociation, attributeIndex: 2 })
  return rowsOf(list)
    .map(([, , logicalName]) => (logicalName?.type === 'octet-string' ? logicalNameText(logicalName.value) : ''))
    .toSorted()
}
