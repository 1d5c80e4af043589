import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CapturedProfile,
  type CaptureObject,
  type CosemData,
  captureObjectData,
  cosem,
  DlmsClient,
  dateTimeOf,
  defineMeter,
  emitDateTime,
  type ProfileEntry,
  type ProfileLayout,
  profileGenericObject,
  restoredProfile,
  restoredRows,
  type SelectiveAccess,
  type SortMethod,
  selectColumnRange,
  selectEntries,
  selectRange,
  sortMethods,
} from '../src/index.ts'
import { ProfileCompressor } from '../src/interface-classes/profile-compression.ts'
import { inProcessTransport } from './in-process.ts'
import { managementAssociation, sampleDevice } from './sample-device.ts'

// Class 7: entries in the order of a sort method, rows that leave out what follows from the one before, and profiles of a
// described meter.

const START = Date.UTC(2026, 5, 1, 12, 0, 0)
const time = (ms: number, options = {}) => cosem.octetString(emitDateTime(dateTimeOf(ms, options)))
const clock: CaptureObject = { classId: 8, logicalName: '0.0.1.0.0.255', attributeIndex: 2, dataIndex: 0 }
const power: CaptureObject = { classId: 3, logicalName: '1.0.1.7.0.255', attributeIndex: 2, dataIndex: 0 }
const status: CaptureObject = { classId: 1, logicalName: '0.0.96.10.1.255', attributeIndex: 2, dataIndex: 0 }
const captureObjects = [clock, power]
const open = { ...managementAssociation, mechanism: 'none', ciphered: false } as const

const longs = (...values: number[]) => values.map((value) => cosem.doubleLong(value))
/** The last column. */
const powersIn = (rows: CosemData) =>
  rows.type === 'array' ? rows.value.map((row) => (row.type === 'structure' ? row.value.at(-1) : row)) : rows

describe('the order of a buffer', () => {
  const kept = (sortMethod: SortMethod, values: readonly CosemData[], profileEntries = 4) => {
    const profile = new CapturedProfile({ captureObjects, sortMethod, sortObject: power, profileEntries })
    for (const [i, value] of values.entries()) profile.capture([time(START + i * 1000), value])
    return profile.entries.map(([, value]) => (value !== undefined && 'value' in value ? value.value : 'none'))
  }
  test('needs a sort object that is captured, where values decide', () => {
    const refused = expect.objectContaining({ code: 'DLMS_CONFIGURATION' })
    const parts = { captureObjects, profileEntries: 4, sortMethod: 'largest' } as const
    expect(() => new CapturedProfile(parts)).toThrow(refused)
    expect(() => new CapturedProfile({ ...parts, sortObject: { ...power, attributeIndex: 3 } })).toThrow(refused)
    const object = { ...parts, logicalName: '1.0.98.1.0.255', capturePeriodSeconds: 0 }
    const buffer = new CapturedProfile({ captureObjects, profileEntries: 4 })
    expect(() => profileGenericObject({ ...object, buffer })).toThrow(refused)
  })

  test.each<[SortMethod, number[]]>([
    ['fifo', [7, -2, 3, -7]],
    ['lifo', [-7, 3, -2, 7]],
    ['largest', [9, 7, 7, 5]],
    ['smallest', [-7, -2, 3, 5]],
    ['nearest-to-zero', [-2, 3, 5, 7]],
    ['farthest-from-zero', [9, 7, 7, -7]],
  ])('%s', (method, expected) => {
    expect(kept(method, longs(5, 9, 7, 7, -2, 3, -7))).toEqual(expected)
  })

  test('full, it loses the least interesting entry, which may be the new one', () => {
    expect(kept('largest', longs(5, 4, 3), 2)).toEqual([5, 4])
    expect(kept('smallest', longs(5, 4, 3), 2)).toEqual([3, 4])
    expect(kept('lifo', longs(5, 4, 3), 2)).toEqual([3, 4])
    expect(kept('fifo', longs(5, 4, 3), 2)).toEqual([4, 3])
  })

  test('among equals keeps the earlier before the later, and what is no number behind all', () => {
    const values = [cosem.nullData, ...longs(1), cosem.long64Unsigned(2n ** 63n), ...longs(2)]
    expect(kept('largest', values)).toEqual([2n ** 63n, 2, 1, 'none'])
    expect(kept('nearest-to-zero', [cosem.nullData, cosem.long64(-3n), ...longs(2)])).toEqual([2, -3n, 'none'])
    const profile = new CapturedProfile({ captureObjects, sortMethod: 'largest', sortObject: power, profileEntries: 4 })
    for (const second of [1, 2, 3]) profile.capture([time(START + second * 1000), cosem.doubleLong(5)])
    expect(profile.entries.map(([at]) => at)).toEqual([1, 2, 3].map((second) => time(START + second * 1000)))
  })

  test('property: a sorted buffer holds the best of all that was captured', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 30 }), (numbers) => {
        const by = (method: SortMethod) => kept(method, longs(...numbers), 5)
        expect(by('largest')).toEqual(numbers.toSorted((a, b) => b - a).slice(0, 5))
        expect(by('smallest')).toEqual(numbers.toSorted((a, b) => a - b).slice(0, 5))
        const distances = (method: SortMethod) => by(method).map((value) => Math.abs(Number(value)))
        const sorted = numbers.map(Math.abs).toSorted((a, b) => a - b)
        expect(distances('nearest-to-zero')).toEqual(sorted.slice(0, 5))
        expect(distances('farthest-from-zero')).toEqual(sorted.toReversed().slice(0, 5))
      }),
      { numRuns: 50 },
    )
  })

  test('a client sees the order, the sort object, and selects by entry, time and value', async () => {
    const buffer = new CapturedProfile({ captureObjects, sortMethod: 'largest', sortObject: power, profileEntries: 3 })
    for (const [i, value] of [5, 9, 7, 8].entries()) buffer.capture([time(START + i * 1000), cosem.doubleLong(value)])
    const logicalName = '1.0.98.1.0.255'
    const profile = profileGenericObject({
      logicalName,
      captureObjects,
      capturePeriodSeconds: 0,
      profileEntries: 3,
      buffer,
      sortMethod: 'largest',
      sortObject: power,
    })
    const { server } = sampleDevice({ associations: [open] }, [profile])
    const client = new DlmsClient({ transport: inProcessTransport(server, open), mechanism: 'none' })
    await client.associate()
    const attribute = (attributeIndex: number) => ({ classId: 7, logicalName, attributeIndex })
    expect(await client.get(attribute(5))).toEqual(cosem.enumeration(sortMethods.largest))
    expect(await client.get(attribute(6))).toEqual(captureObjectData(power))
    const powers = async (selection?: SelectiveAccess) => powersIn(await client.get(attribute(2), selection))
    const [seven, eight, nine] = longs(7, 8, 9)
    expect(await powers()).toEqual([nine, eight, seven])
    expect(await powers(selectEntries({ first: 2, last: 2 }))).toEqual([eight])
    expect(await powers(selectRange({ fromMs: START + 2000, toMs: START + 9000 }))).toEqual([eight, seven])
    const range = { column: power, from: seven!, to: eight! }
    expect(await powers(selectColumnRange(range))).toEqual([eight, seven])
    buffer.reset()
    expect(await powers()).toEqual([])
  })
})

describe('rows without what follows from the one before', () => {
  const layout: ProfileLayout = { columns: [clock, status, power], capturePeriodSeconds: 900 }
  const compressed = (rows: readonly ProfileEntry[]): CosemData => {
    const compressor = new ProfileCompressor(layout)
    return cosem.array(rows.map((row) => cosem.structure(...compressor.row(row))))
  }
  const row = (atMs: number, state: number, value: number, options = {}): ProfileEntry => [
    time(atMs, options),
    cosem.unsigned(state),
    cosem.doubleLongUnsigned(value),
  ]
  const quarter = 900_000
  const none = cosem.nullData

  test('the same value, and a time one period later, go as null-data', () => {
    const rows = [row(START, 0, 5), row(START + quarter, 0, 7), row(START + 2 * quarter, 1, 7)]
    expect(compressed(rows)).toEqual(
      cosem.array([
        cosem.structure(...rows[0]!),
        cosem.structure(none, none, rows[1]![2]!),
        cosem.structure(none, rows[2]![1]!, none),
      ]),
    )
  })

  test('a gap, another deviation and another status go in full; open fields stay open', () => {
    const summer = { deviationMinutes: -120, status: 0x80 }
    const rows = [
      row(START, 0, 5),
      row(START + 2 * quarter, 0, 5),
      row(START + 3 * quarter, 0, 5, summer),
      row(START + 4 * quarter, 0, 5, summer),
    ]
    const sent = compressed(rows)
    const times = sent.type === 'array' ? sent.value.map((one) => (one.type === 'structure' ? one.value[0] : one)) : []
    expect(times).toEqual([rows[0]![0], rows[1]![0], rows[2]![0], none])
    const withoutSeconds = (atMs: number): ProfileEntry => {
      const octets = emitDateTime({
        ...dateTimeOf(atMs),
        dayOfWeek: undefined,
        second: undefined,
        hundredths: undefined,
      })
      return [cosem.octetString(octets), cosem.unsigned(0), cosem.doubleLongUnsigned(1)]
    }
    const open = [withoutSeconds(START), withoutSeconds(START + quarter)]
    expect(restoredProfile(compressed(open), layout)).toEqual(cosem.array(open.map((one) => cosem.structure(...one))))
  })

  test("property: whatever was captured is restored, null-data behind a value as don't-care", () => {
    const entry = fc.tuple(
      fc.integer({ min: 0, max: 3 }).map((periods) => periods * quarter),
      fc.integer({ min: 0, max: 2 }),
      fc.constantFrom(cosem.doubleLongUnsigned(1), cosem.doubleLongUnsigned(2), cosem.nullData),
    )
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        let atMs = START
        const rows = entries.map(([delayMs, state, value]): ProfileEntry => {
          atMs += delayMs
          return [time(atMs), cosem.unsigned(state), value]
        })
        const restored = restoredProfile(compressed(rows), layout)
        const seen = restored.type === 'array' ? restored.value : []
        let wasNull = true
        const expected = rows.map(([at, state, value]) => {
          wasNull &&= value!.type === 'null-data'
          return cosem.structure(at!, state!, value!.type === 'null-data' && !wasNull ? { type: 'dont-care' } : value!)
        })
        expect(seen).toEqual(expected)
      }),
      { numRuns: 100 },
    )
  })

  test('what is no table stays as it is', async () => {
    expect(restoredProfile(cosem.unsigned(1), layout)).toEqual(cosem.unsigned(1))
    expect(restoredProfile(cosem.array([cosem.unsigned(1), none]), layout)).toEqual(
      cosem.array([cosem.unsigned(1), none]),
    )
    const onEvents = { ...layout, capturePeriodSeconds: 0 }
    const rows = [cosem.structure(time(START), none), cosem.structure(none, none)]
    const seen: CosemData[] = []
    for await (const one of restoredRows(rows, onEvents)) seen.push(one)
    expect(seen[1]).toEqual(cosem.structure(time(START), none))
  })

  test('a server sends a month in a quarter of the octets, and the client has the whole of it', async () => {
    const columns = [clock, status, power]
    const buffer = new CapturedProfile({ captureObjects: columns, profileEntries: 3000 })
    for (let i = 0; i < 2976; i++) buffer.capture(row(START + i * quarter, 0, 100 + Math.floor(i / 4)))
    const logicalName = '1.0.99.2.0.255'
    const profile = (compression?: 'null-data') =>
      profileGenericObject({
        logicalName,
        captureObjects: columns,
        capturePeriodSeconds: 900,
        profileEntries: 3000,
        buffer,
        ...(compression && { compression }),
      })
    const read = async (object: ReturnType<typeof profile>) => {
      const { server } = sampleDevice({ associations: [open] }, [object])
      const transport = inProcessTransport(server, open)
      const client = new DlmsClient({ transport, mechanism: 'none' })
      await client.associate()
      const rows: CosemData[] = []
      const elements = client.getElements({ classId: 7, logicalName, attributeIndex: 2 })
      for await (const one of restoredRows(elements, layout)) rows.push(one)
      const second = selectEntries({ first: 2, last: 3, firstColumn: 3 })
      const part = await client.get({ classId: 7, logicalName, attributeIndex: 2 }, second)
      return { rows, part, octets: transport.exchanges.reduce((sum, { response }) => sum + response.length, 0) }
    }
    const [plain, short] = [await read(profile()), await read(profile('null-data'))]
    expect(short.rows).toEqual(plain.rows)
    expect(short.rows).toHaveLength(2976)
    expect(short.octets).toBeLessThan(plain.octets / 3)
    // The first row of an answer is whole, whichever it is.
    expect(short.part).toEqual(cosem.array([cosem.structure(cosem.doubleLongUnsigned(100)), cosem.structure(none)]))
  })
})

describe('a profile of a described meter', () => {
  const logicalName = '1.0.99.3.0.255'
  const meterWith = (attributes: Record<string, CosemData> = {}) => {
    const now = { ms: START, power: 5 }
    const meter = defineMeter({
      ports: { nowMs: () => now.ms },
      objects: [
        { class: 'Clock', logicalName: '0.0.1.0.0.255', attributes: { time: () => time(now.ms) } },
        {
          class: 'Register',
          logicalName: '1.0.1.7.0.255',
          attributes: { value: () => cosem.doubleLong(now.power) },
        },
        {
          class: 'Profile generic',
          logicalName,
          attributes: {
            capture_objects: cosem.array(captureObjects.map(captureObjectData)),
            capture_period: cosem.doubleLongUnsigned(60),
            profile_entries: cosem.doubleLongUnsigned(3),
            ...attributes,
          },
          writable: ['capture_period', 'sort_method', 'profile_entries', 'buffer'],
        },
      ],
    })
    const { server } = sampleDevice({ associations: [{ ...open, access: () => true }] }, [meter.objects[2]!])
    const client = new DlmsClient({ transport: inProcessTransport(server, open), mechanism: 'none' })
    const attribute = (attributeIndex: number) => ({ classId: 7, logicalName, attributeIndex })
    return { meter, now, client, attribute }
  }
  test('captures when a period begins, and gives rows and columns by selection', async () => {
    const { meter, now, client, attribute } = meterWith()
    await client.associate()
    for (let i = 0; i < 5; i++) {
      await meter.tick()
      now.ms += 60_000
      now.power++
    }
    expect(powersIn(await client.get(attribute(2)))).toEqual(longs(7, 8, 9))
    expect(await client.get(attribute(7))).toEqual(cosem.doubleLongUnsigned(3))
    expect(powersIn(await client.get(attribute(2), selectEntries({ first: 2, last: 2, firstColumn: 2 })))).toEqual(
      longs(8),
    )
    const range = selectRange({ fromMs: START + 120_000, toMs: START + 180_000 })
    expect(powersIn(await client.get(attribute(2), range))).toEqual(longs(7, 8))
    const wrong = selectRange({ fromMs: START, toMs: START, clockLogicalName: '0.0.1.0.9.255' })
    await expect(client.get(attribute(2), wrong)).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED' })
    await client.action({ ...attribute(1), methodIndex: 1 }, cosem.integer(0))
    expect(powersIn(await client.get(attribute(2)))).toEqual([])
  })

  test('captures when told, in its order; what would change the meaning of its entries clears them', async () => {
    const { now, client, attribute } = meterWith({
      sort_method: cosem.enumeration(sortMethods.largest),
      sort_object: captureObjectData(power),
    })
    await client.associate()
    const capture = () => client.action({ ...attribute(1), methodIndex: 2 }, cosem.integer(0))
    for (const value of [5, 9, 7, 8]) {
      now.power = value
      await capture()
    }
    expect(powersIn(await client.get(attribute(2)))).toEqual(longs(9, 8, 7))
    await expect(client.set(attribute(5), cosem.enumeration(9))).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED' })
    await expect(client.set(attribute(8), cosem.doubleLongUnsigned(0))).rejects.toMatchObject({
      code: 'DLMS_ACCESS_REFUSED',
    })
    await expect(client.set(attribute(2), cosem.array([]))).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED' })
    expect(powersIn(await client.get(attribute(2)))).toEqual(longs(9, 8, 7))
    await client.set(attribute(5), cosem.enumeration(sortMethods.smallest))
    expect(powersIn(await client.get(attribute(2)))).toEqual([])
  })

  test('captures nothing where a sort object is missing, or a value cannot be read', async () => {
    for (const attributes of [
      { sort_method: cosem.enumeration(sortMethods.largest) },
      { capture_objects: cosem.array([captureObjectData({ ...power, logicalName: '1.0.9.9.9.255' })]) },
      { capture_objects: cosem.array([captureObjectData({ ...power, dataIndex: 1 })]) },
    ]) {
      const { client, attribute } = meterWith(attributes)
      await client.associate()
      await expect(client.action({ ...attribute(1), methodIndex: 2 }, cosem.integer(0))).rejects.toMatchObject({
        code: 'DLMS_ACTION_REFUSED',
      })
    }
  })
})
