import { describe, expect, test } from 'vitest'
import { profileColumns } from '../../test/sample-device.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { dateTimeOf, emitDateTime } from '../cosem/date-time.ts'
import { logicalNameBytes } from '../cosem/obis-code.ts'
import type { AssociationConfig } from '../server/server-options.ts'
import { associationLnObject } from './association-ln.ts'
import { clockObject } from './clock.ts'
import { type Caller, type CosemObject, isAccessRefusal } from './cosem-object.ts'
import { dataObject } from './data.ts'
import { disconnectControlObject } from './disconnect-control.ts'
import { interfaceClasses } from './interface-class-table.ts'
import { listProfileBuffer, profileGenericObject } from './profile-generic.ts'
import { profileSelectionOf, selectEntries, selectRange } from './profile-selection.ts'
import { registerObject } from './register.ts'
import { sapAssignmentObject } from './sap-assignment.ts'
import { securitySetupObject } from './security-setup.ts'

const management: AssociationConfig = {
  name: 'management',
  clientSap: 1,
  serverSap: 1,
  mechanism: 'hls-gmac',
  ciphered: true,
  slot: 0,
  access: () => true,
}
const publicOnly: AssociationConfig = {
  name: 'public',
  clientSap: 16,
  serverSap: 1,
  mechanism: 'none',
  ciphered: false,
  access: (object, _index, kind) => kind === 'read' && object.classId === 1,
}
const callerOf = (association: AssociationConfig): Caller => ({
  association,
  clientSap: association.clientSap,
  serverSap: association.serverSap,
  clientSystemTitle: undefined,
  conformance: 0x00181d,
  clientMaxPduBytes: 512,
  serverMaxPduBytes: 1024,
  protection: 0,
  demandOfAnswer: () => {},
  afterAnswer: () => {},
  isAssociated: (config) => config === association,
})
const caller = callerOf(management)

async function read(object: CosemObject, index: number, by = caller): Promise<CosemData> {
  const answer = await object.read(index, undefined, by)
  if (isAccessRefusal(answer)) throw new Error(answer.refused)
  if ('elements' in answer) throw new Error('a stream')
  return answer
}

const title = new Uint8Array(8)
const everyObject: readonly (readonly [keyof typeof interfaceClasses, CosemObject])[] = [
  ['data', dataObject({ logicalName: '0.0.42.0.0.255', value: () => cosem.nullData })],
  ['register', registerObject({ logicalName: '1.0.1.8.0.255', value: () => cosem.unsigned(1), scaler: 0, unit: 30 })],
  ['clock', clockObject({ nowMs: () => 0 })],
  [
    'profileGeneric',
    profileGenericObject({
      logicalName: '1.0.99.1.0.255',
      captureObjects: profileColumns,
      capturePeriodSeconds: 900,
      profileEntries: 10,
      buffer: listProfileBuffer(() => []),
    }),
  ],
  ['associationLn', associationLnObject({ logicalName: '0.0.40.0.0.255', objects: () => [] })],
  ['sapAssignment', sapAssignmentObject({ devices: () => [{ sap: 1, name: 'GRC0000000000001' }] })],
  [
    'securitySetup',
    securitySetupObject({ logicalName: '0.0.43.0.2.255', clientSystemTitle: title, serverSystemTitle: title }),
  ],
  [
    'disconnectControl',
    disconnectControlObject({ outputState: () => true, controlState: () => 'connected', controlMode: () => 4 }),
  ],
]

describe.each(everyObject)('%s', (name, object) => {
  const { classId, version, attributes, methods } = interfaceClasses[name]

  test('has the class, the version and as many attributes and methods as the Blue Book gives it', () => {
    expect(object).toMatchObject({
      classId,
      version,
      attributeCount: attributes.length,
      methodCount: methods.length,
    })
  })

  test('gives its logical name, and every attribute it says it supports; refuses the rest', async () => {
    expect(await read(object, 1)).toEqual(cosem.octetString(logicalNameBytes(object.logicalName)))
    for (let index = 1; index <= attributes.length; index++) {
      const answer = await object.read(index, undefined, caller)
      expect(isAccessRefusal(answer)).toBe(!object.supports?.('read', index))
      const selected = await object.read(index, { selector: 9, parameters: cosem.nullData }, caller)
      expect(isAccessRefusal(selected)).toBe(true)
    }
  })

  test('refuses to be written and called where it does not support it', async () => {
    for (let index = 1; index <= attributes.length; index++) {
      expect(object.supports?.('write', index)).toBe(false)
      expect(await object.write?.(index, cosem.nullData, caller)).toEqual({ refused: 'read-write-denied' })
    }
    for (let index = 1; index <= methods.length; index++) {
      if (object.supports?.('invoke', index)) continue
      expect(await object.invoke?.(index, undefined, caller)).toEqual({ result: 'read-write-denied' })
    }
  })
})

test('a logical name that is none is refused when the object is made', () => {
  expect(() => dataObject({ logicalName: '0.0.42.0.0', value: () => cosem.nullData })).toThrow(
    expect.objectContaining({ code: 'DLMS_NOT_REPRESENTABLE' }),
  )
})

describe('clock', () => {
  const at = Date.UTC(2026, 2, 1, 12)
  const settable = () => {
    const set: number[] = []
    const object = clockObject({
      nowMs: () => at,
      deviationMinutes: -60,
      status: () => 0x02,
      setTime: (atMs) => {
        set.push(atMs)
        return undefined
      },
    })
    return { object, set }
  }
  const octets = (ms: number, deviationMinutes = 0) =>
    cosem.octetString(emitDateTime(dateTimeOf(ms, { deviationMinutes })))

  test.each<[string, CosemData, string]>([
    ['a number', cosem.unsigned(1), 'type-unmatched'],
    ['eleven octets', cosem.octetString(new Uint8Array(11)), 'type-unmatched'],
    ['a time that is not specified', cosem.octetString(new Uint8Array(12).fill(0xff)), 'other-reason'],
  ])('refuses to be set to %s', async (_name, value, refused) => {
    const { object, set } = settable()
    expect(await object.write?.(2, value, caller)).toEqual({ refused })
    expect(set).toEqual([])
  })

  test.each<[string, CosemData | undefined, string]>([
    ['nothing', undefined, 'type-unmatched'],
    ['seconds of another type', cosem.integer(5), 'type-unmatched'],
    ['more than a quarter of an hour', cosem.long(901), 'other-reason'],
  ])('refuses to shift by %s', async (_name, parameter, result) => {
    const { object, set } = settable()
    expect(await object.invoke?.(6, parameter, caller)).toEqual({ result })
    expect(set).toEqual([])
  })

  test('tells local time, deviation and status', async () => {
    const { object } = settable()
    expect(await read(object, 2)).toEqual(
      cosem.octetString(emitDateTime(dateTimeOf(at, { deviationMinutes: -60, status: 2 }))),
    )
    expect(await read(object, 3)).toEqual(cosem.long(-60))
    expect(await read(object, 4)).toEqual(cosem.unsigned(2))
  })

  test('is set by date-time, whatever its deviation, and shifts by seconds', async () => {
    const { object, set } = settable()
    expect(await object.write?.(2, octets(at + 5000, -120), caller)).toBeUndefined()
    expect(await object.invoke?.(6, cosem.long(-30), caller)).toEqual({ result: 'success' })
    expect(set).toEqual([at + 5000, at - 30_000])
  })
})

describe('association', () => {
  const objects: CosemObject[] = []
  const own = associationLnObject({ logicalName: '0.0.40.0.0.255', objects: () => objects })
  const other = associationLnObject({
    logicalName: '0.0.40.0.1.255',
    association: publicOnly,
    objects: () => objects,
    securitySetup: (association) => (association.ciphered ? '0.0.43.0.2.255' : undefined),
  })
  objects.push(
    own,
    other,
    dataObject({ logicalName: '0.0.42.0.0.255', value: () => cosem.nullData, write: () => undefined }),
    disconnectControlObject({
      outputState: () => true,
      controlState: () => 'connected',
      controlMode: () => 4,
      remoteDisconnect: () => ({ result: 'success' }),
    }),
  )

  const children = (data: CosemData | undefined): readonly CosemData[] =>
    data?.type === 'array' || data?.type === 'structure' ? data.value : []
  const modeOf = (data: CosemData | undefined) => (data?.type === 'enum' ? data.value : undefined)
  const rightsOf = (list: CosemData, logicalName: string) => {
    if (list.type !== 'array') throw new Error(list.type)
    const name = cosem.octetString(logicalNameBytes(logicalName))
    const entry = list.value.find(
      (item) => item.type === 'structure' && JSON.stringify(item.value[2]) === JSON.stringify(name),
    )
    if (entry?.type !== 'structure') return undefined
    return children(entry.value[3]).map((rights) => children(rights).map((item) => modeOf(children(item)[1])))
  }

  test('the secret is never readable', async () => {
    expect(await own.read(7, undefined, caller)).toEqual({ refused: 'read-write-denied' })
  })

  test('lists what its client may see, with modes that say authenticated where everything is ciphered', async () => {
    const list = await read(own, 2)
    expect(rightsOf(list, '0.0.42.0.0.255')).toEqual([[4, 6], []])
    expect(rightsOf(list, '0.0.96.3.10.255')).toEqual([
      [4, 4, 4, 4],
      [2, 0],
    ])
    expect(rightsOf(list, '0.0.40.0.0.255')?.[0]).toEqual([4, 4, 4, 4, 4, 4, 0, 4, 4])
  })

  test('lists for another client what that one may see', async () => {
    const list = await read(other, 2)
    expect(rightsOf(list, '0.0.42.0.0.255')).toEqual([[1, 1], []])
    expect(rightsOf(list, '0.0.96.3.10.255')).toBeUndefined()
    expect(await read(own, 2, callerOf(publicOnly))).toEqual(list)
  })

  test('tells partners, context, mechanism, status and security setup', async () => {
    expect(await read(own, 3)).toEqual(cosem.structure(cosem.integer(1), cosem.longUnsigned(1)))
    expect(await read(own, 4)).toEqual(cosem.octetString(Uint8Array.of(0x60, 0x85, 0x74, 5, 8, 1, 3)))
    expect(await read(own, 6)).toEqual(cosem.octetString(Uint8Array.of(0x60, 0x85, 0x74, 5, 8, 2, 5)))
    expect(await read(own, 8)).toEqual(cosem.enumeration(2))
    expect(await read(other, 8)).toEqual(cosem.enumeration(0))
    expect(await read(other, 9)).toEqual(cosem.octetString(new Uint8Array(6)))
    expect(await read(own, 5)).toEqual(
      cosem.structure(
        cosem.bitString(Uint8Array.of(0x00, 0x18, 0x1d)),
        cosem.longUnsigned(1024),
        cosem.longUnsigned(512),
        cosem.unsigned(6),
        cosem.integer(0),
        cosem.octetString(new Uint8Array(0)),
      ),
    )
  })
})

describe('profile', () => {
  const log = Array.from({ length: 5 }, (_unused, i) => ({ atMs: i * 1000, values: [cosem.unsigned(i)] }))
  const buffer = listProfileBuffer(() => log)

  test('a list is a buffer: entries from 1, both ends included', async () => {
    const numbers = (entries: readonly (readonly CosemData[])[]) =>
      entries.map(([value]) => (value as { value: number }).value)
    expect(await buffer.entriesInUse()).toBe(5)
    expect(numbers(await buffer.byEntry(1, 2))).toEqual([0, 1])
    expect(numbers(await buffer.byTime(1000, 3000))).toEqual([1, 2, 3])
    expect(numbers(await buffer.byTime(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY))).toHaveLength(5)
  })

  const all = [0, 1, 2, 3]
  test.each<[string, CosemData]>([
    ['no structure', cosem.nullData],
    ['a structure of three', cosem.structure(cosem.nullData, cosem.nullData, cosem.nullData)],
    ['numbers of other types', cosem.structure(...Array.from({ length: 4 }, () => cosem.unsigned(1)))],
  ])('a selection with %s is none', (_name, parameters) => {
    expect(profileSelectionOf({ selector: 1, parameters }, profileColumns)).toBeUndefined()
    expect(profileSelectionOf({ selector: 2, parameters }, profileColumns)).toBeUndefined()
  })

  test.each([
    { first: 0 },
    { first: 1, firstColumn: 0 },
    { first: 1, lastColumn: 5 },
    { first: 1, firstColumn: 3, lastColumn: 2 },
  ])('entries %j are none', (range) => {
    expect(profileSelectionOf(selectEntries(range), profileColumns)).toBeUndefined()
  })

  test('an open end is open, by null-data or a date that is not specified', () => {
    const { parameters } = selectRange({ fromMs: 0, toMs: 1000 })
    if (parameters.type !== 'structure') throw new Error(parameters.type)
    const open = [cosem.nullData, cosem.octetString(new Uint8Array(12).fill(0xff))]
    for (const end of open) {
      const value = [parameters.value[0]!, end, end, parameters.value[3]!]
      expect(profileSelectionOf({ selector: 1, parameters: cosem.structure(...value) }, profileColumns)).toEqual({
        kind: 'range',
        fromMs: Number.NEGATIVE_INFINITY,
        toMs: Number.POSITIVE_INFINITY,
        columns: all,
      })
    }
  })

  test('more columns than there are, or one that is not there, is no selection', () => {
    const stray = { classId: 3, logicalName: '1.0.9.8.0.255', attributeIndex: 2, dataIndex: 0 }
    expect(profileSelectionOf(selectRange({ fromMs: 0, toMs: 1, columns: [stray] }), profileColumns)).toBeUndefined()
    const many = [...profileColumns, profileColumns[0]!]
    expect(profileSelectionOf(selectRange({ fromMs: 0, toMs: 1, columns: many }), profileColumns)).toBeUndefined()
  })
})

test('the security setup answers every method with other-reason, and tells titles, policy and suite', async () => {
  const setup = securitySetupObject({
    logicalName: '0.0.43.0.2.255',
    clientSystemTitle: Uint8Array.of(1),
    serverSystemTitle: Uint8Array.of(2),
  })
  for (let index = 1; index <= 8; index++) {
    expect(await setup.invoke?.(index, undefined, caller)).toEqual({ result: 'read-write-denied' })
    const authenticated = { ...caller, protection: 1 }
    expect(await setup.invoke?.(index, undefined, authenticated)).toEqual({ result: 'other-reason' })
  }
  const values = [2, 3, 4, 5, 6].map((index) => read(setup, index))
  expect(await Promise.all(values)).toEqual([
    cosem.enumeration(0x6c),
    cosem.enumeration(0),
    cosem.octetString(Uint8Array.of(1)),
    cosem.octetString(Uint8Array.of(2)),
    cosem.array([]),
  ])
})
