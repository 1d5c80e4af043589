import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { ArrayElements } from '../src/cosem/array-elements.ts'
import {
  type CaptureObject,
  type CosemData,
  cosem,
  DlmsClient,
  DlmsError,
  emitData,
  type ProfileBuffer,
  type ProfileEntry,
  profileGenericObject,
  selectClasses,
  selectColumnRange,
  selectEntries,
  selectObjects,
  selectRange,
} from '../src/index.ts'
import { valueOrDlmsError } from './hostile.ts'
import { managementAssociation, sampleDevice } from './sample-device.ts'

// Profiles larger than memory, ranges by any column, lists of objects: server and client in one process.

const clock: CaptureObject = { classId: 8, logicalName: '0.0.1.0.0.255', attributeIndex: 2, dataIndex: 0 }
const energyColumn: CaptureObject = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2, dataIndex: 0 }
const nameColumn: CaptureObject = { classId: 1, logicalName: '0.0.96.1.0.255', attributeIndex: 2, dataIndex: 0 }
const profile = { classId: 7, logicalName: '1.0.98.1.0.255', attributeIndex: 2 }
const open = { ...managementAssociation, mechanism: 'none', ciphered: false } as const

const rowOf = (number: number): ProfileEntry => [
  cosem.doubleLongUnsigned(number),
  cosem.doubleLongUnsigned(number * 10),
  cosem.octetString(Uint8Array.of(number & 3)),
]

/** A million by night. */
const manyRows = Number(process.env['GRIDCARD_FUZZ'] ?? 0) >= 1_000_000 ? 1_000_000 : 100_000

/** What is still held, when the collector has done its work. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

interface Source {
  /** Rows made so far, and whether the last reading was left early. */
  made: number
  left: number
}

function* made(first: number, last: number, source: Source, failsAt = Number.POSITIVE_INFINITY) {
  try {
    for (let number = first; number <= last; number++) {
      source.made++
      if (number === failsAt) throw new Error('flash')
      yield rowOf(number)
    }
  } finally {
    source.left++
  }
}

async function bench(
  count: number,
  options: {
    failsAt?: number
    tellsOneMore?: boolean
    byColumn?: ProfileBuffer['byColumn']
    maxPduBytes?: number
    maxResponseBytes?: number
  } = {},
) {
  const source: Source = { made: 0, left: 0 }
  const rows = (first: number, last: number) => ({
    count: last - first + 1 + (options.tellsOneMore === true ? 1 : 0),
    rows: made(first, last, source, options.failsAt),
  })
  const object = profileGenericObject({
    logicalName: profile.logicalName,
    captureObjects: [clock, energyColumn, nameColumn],
    capturePeriodSeconds: 60,
    profileEntries: count,
    buffer: {
      entriesInUse: () => count,
      byEntry: rows,
      byTime: (fromMs, toMs) => rows(Math.max(1, fromMs / 60_000), Math.min(count, toMs / 60_000)),
      ...(options.byColumn && { byColumn: options.byColumn }),
    },
  })
  const { maxPduBytes = 1024, maxResponseBytes = 4 * 1024 * 1024 } = options
  const device = sampleDevice({ associations: [open], maxPduBytes, maxResponseBytes }, [object])
  const connection = device.server.connection()
  // Not the transport of the other tests: that one keeps what it has carried.
  const transport = {
    send: async (apdu: Uint8Array) => (await connection.handle({ sourceWPort: 1, destinationWPort: 1, apdu }))[0]!,
  }
  const client = new DlmsClient({ transport, mechanism: 'none' })
  await client.associate()
  return { ...device, client, source }
}

const numbersOf = (data: CosemData): number[] => {
  if (data.type !== 'array') throw new Error(data.type)
  return data.value.map((row) => (row as unknown as { value: { value: number }[] }).value[0]!.value)
}

describe('a profile that comes in a stream', () => {
  test('ends with other-reason when a row fails, or there are not as many as were told, and is in the log', async () => {
    for (const options of [{ failsAt: 300 }, { tellsOneMore: true }, { failsAt: 2 }]) {
      const { client, events, source } = await bench(500, options)
      await expect(client.get(profile)).rejects.toMatchObject({ place: { result: 'other-reason' } })
      expect(events.at(-1)).toMatchObject({ kind: 'object-failed' })
      expect(source.left).toBe(1)
      expect(client.isAssociated).toBe(true)
    }
  })

  test('that is longer than allowed in one piece is refused where it has to be one piece', async () => {
    const { client } = await bench(5000, { maxResponseBytes: 20_000 })
    const [first] = await client.getWithList([{ attribute: profile }, { attribute: profile }])
    expect(first).toEqual({ ok: false, result: 'other-reason' })
  })

  test('is not read further than the client has asked', async () => {
    const { client, source } = await bench(100_000)
    const elements = client.getElements(profile)
    await elements.next()
    await elements.return()
    expect(source).toEqual({ made: expect.any(Number), left: 0 })
    expect(source.made).toBeLessThan(200)
    // Another request ends it.
    await client.get({ ...profile, attributeIndex: 7 })
    expect(source.left).toBe(1)
  })

  test('refuses elements of what is no array, and of what may not be read', async () => {
    const { client } = await bench(3)
    const elementsOf = (attributeIndex: number, logicalName = profile.logicalName) =>
      client.getElements({ ...profile, logicalName, attributeIndex }).next()
    await expect(elementsOf(7)).rejects.toMatchObject({ code: 'DLMS_UNEXPECTED_RESPONSE' })
    await expect(elementsOf(2, '0.0.0.0.0.0')).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED' })
    // The client is free again.
    expect(await client.get({ ...profile, attributeIndex: 7 })).toEqual(cosem.doubleLongUnsigned(3))
  })

  test('is the same value whichever way it is read', async () => {
    const { client } = await bench(500)
    const whole = await client.get(profile)
    const elements: CosemData[] = []
    for await (const row of client.getElements(profile)) elements.push(row)
    expect(cosem.array(elements)).toEqual(whole)
    expect(await client.getWithList([{ attribute: profile }])).toEqual([{ ok: true, data: whole }])
    expect(numbersOf(await client.get(profile, selectEntries({ first: 3, last: 5 })))).toEqual([3, 4, 5])
    expect(numbersOf(await client.get(profile, selectRange({ fromMs: 60_000, toMs: 120_000 })))).toEqual([1, 2])
  })

  test(`of ${manyRows} rows is served and read in little memory`, { timeout: 300_000 }, async () => {
    const { client } = await bench(manyRows, { maxPduBytes: 0xffff })
    const before = liveBytes()
    let most = 0
    let count = 0
    let sum = 0
    for await (const row of client.getElements(profile)) {
      if (row.type === 'structure' && row.value[0]?.type === 'double-long-unsigned') sum += row.value[0].value
      if (++count % (manyRows / 5) === 0) most = Math.max(most, liveBytes() - before)
    }
    expect({ count, sum }).toEqual({ count: manyRows, sum: (manyRows * (manyRows + 1)) / 2 })
    // Some blocks of 64 kB and their rows; all rows would be a few hundred octets each.
    expect(most).toBeLessThan(8 * 1024 * 1024)
  })
})

describe('a range by any column', () => {
  test.each<[string, CaptureObject, CosemData, CosemData]>([
    ['a column that is not captured', { ...energyColumn, dataIndex: 1 }, cosem.nullData, cosem.nullData],
    ['an end that has no order', energyColumn, cosem.array([]), cosem.nullData],
    ['ends of two kinds', energyColumn, cosem.unsigned(1), cosem.octetString(new Uint8Array(1))],
  ])('is refused for %s', async (_name, column, from, to) => {
    const { client } = await bench(50)
    const reading = client.get(profile, selectColumnRange({ column, from, to }))
    await expect(reading).rejects.toMatchObject({ place: { result: 'scope-of-access-violated' } })
  })

  test('gives the rows inside, both ends included, of any numeric type, and the columns that are wanted', async () => {
    const { client } = await bench(50)
    const range = (from: CosemData, to: CosemData, columns: readonly CaptureObject[] = []) =>
      client.get(profile, selectColumnRange({ column: energyColumn, from, to, columns }))
    expect(numbersOf(await range(cosem.long64Unsigned(95n), cosem.doubleLong(130)))).toEqual([10, 11, 12, 13])
    expect(numbersOf(await range(cosem.unsigned(200), cosem.unsigned(100)))).toEqual([])
    expect(numbersOf(await range(cosem.nullData, cosem.unsigned(20)))).toEqual([1, 2])
    expect(numbersOf(await range(cosem.longUnsigned(490), cosem.nullData, [energyColumn]))).toEqual([490, 500])
    const named = selectColumnRange({
      column: nameColumn,
      from: cosem.octetString(Uint8Array.of(3)),
      to: cosem.octetString(Uint8Array.of(3)),
    })
    expect(numbersOf(await client.get(profile, named))).toHaveLength(12)
  })

  test('asks an ordered source, where there is one, for no more than that', async () => {
    const asked: unknown[] = []
    const { client, source } = await bench(100_000, {
      byColumn: (column, { from, to }) => {
        asked.push(column, from, to)
        return [rowOf(7)]
      },
    })
    const selection = selectColumnRange({ column: energyColumn, from: cosem.unsigned(70), to: cosem.unsigned(79) })
    expect(numbersOf(await client.get(profile, selection))).toEqual([7])
    expect(asked).toEqual([1, cosem.unsigned(70), cosem.unsigned(79)])
    expect(source.made).toBe(0)
  })
})

describe('an object list', () => {
  const list = { classId: 15, logicalName: '0.0.40.0.0.255', attributeIndex: 2 }
  const namesIn = (data: CosemData) =>
    data.type === 'array' ? data.value.map((one) => (one as unknown as { value: CosemData[] }).value[0]) : []

  test.each([
    ['no list', { selector: 2, parameters: cosem.nullData }],
    ['a list of another type', { selector: 2, parameters: cosem.array([cosem.unsigned(3)]) }],
    [
      'a name of five octets',
      { selector: 4, parameters: cosem.structure(cosem.longUnsigned(1), cosem.octetString(new Uint8Array(5))) },
    ],
    ['an unknown selector', { selector: 5, parameters: cosem.nullData }],
  ])('refuses %s', async (_name, selection) => {
    const { client } = await bench(1)
    await expect(client.get(list, selection)).rejects.toMatchObject({ place: { result: 'scope-of-access-violated' } })
  })

  test('gives the objects of some classes, or those that are named', async () => {
    const { client } = await bench(1)
    expect(namesIn(await client.get(list, selectClasses([3, 8])))).toEqual([
      cosem.longUnsigned(8),
      cosem.longUnsigned(3),
    ])
    const named = selectObjects([
      { classId: 3, logicalName: '1.0.1.8.0.255' },
      { classId: 3, logicalName: '0.0.1.0.0.255' },
    ])
    expect(namesIn(await client.get(list, named))).toEqual([cosem.longUnsigned(3)])
    expect(namesIn(await client.get(list, { selector: 1, parameters: cosem.nullData })).length).toBeGreaterThan(5)
  })
})

describe('elements of an array in pieces', () => {
  const encoded = emitData(
    cosem.array([cosem.structure(...rowOf(1)), cosem.unsigned(2), cosem.octetString(new Uint8Array(40))]),
  )

  test('are the same wherever it is cut, and cut short or longer it is malformed', () => {
    for (let cut = 0; cut <= encoded.length; cut++) {
      const elements = new ArrayElements(1000)
      const got = [...elements.push(encoded.slice(0, cut))!, ...elements.push(encoded.slice(cut))!]
      elements.end()
      expect(got).toHaveLength(3)
      if (cut === encoded.length) continue
      const short = new ArrayElements(1000)
      short.push(encoded.slice(0, cut))
      expect(valueOrDlmsError(() => short.end())).toBeInstanceOf(DlmsError)
    }
    expect(() => new ArrayElements(1000).push(Uint8Array.of(...encoded, 0))).toThrow('left over')
    expect(() => new ArrayElements(10).push(encoded.slice(0, -1))).toThrow('longer than allowed')
  })
})
