import { describe, expect, it } from 'vitest'
import {
  attributeType,
  classDefinitions,
  cosem,
  DlmsError,
  defineMeter,
  findClassByName,
  findClassDefinition,
  interfaceClasses,
  leastValueOf,
  mismatchOf,
} from '../../src/index.ts'

const ports = { nowMs: () => Date.UTC(2026, 0, 1) }

/** What a meter, a gateway, a hub or a concentrator may have. */
const wanted = [
  1, 3, 4, 5, 6, 7, 8, 9, 11, 15, 17, 18, 20, 21, 22, 23, 25, 40, 41, 42, 43, 44, 45, 47, 48, 61, 64, 68, 70, 71, 72,
  111, 112, 113, 115, 116, 122, 123, 124,
]

describe('the table of interface classes', () => {
  it('has every class', () => {
    expect(wanted.filter((classId) => findClassDefinition(classId) === undefined)).toEqual([])
    expect(findClassDefinition(47, 0)!.attributeTypes[5]!.typeText).not.toBe(
      findClassDefinition(47, 1)!.attributeTypes[5]!.typeText,
    )
    expect(findClassByName('single action schedule')!.classId).toBe(22)
    expect(findClassByName('M-Bus Client')!.classId).toBe(72)
    expect(findClassByName('Nothing')).toBeUndefined()
  })

  it('numbers attributes and methods as the classes that are built otherwise', () => {
    for (const one of Object.values(interfaceClasses)) {
      const definition = findClassDefinition(one.classId, one.version)
      if (definition === undefined) continue
      expect([definition.name.toLowerCase(), definition.attributes, definition.methods]).toEqual([
        one.name.toLowerCase(),
        one.attributes,
        one.methods,
      ])
    }
  })

  it('has a least value of every type, and it is of that type', () => {
    for (const { attributeTypes, methodTypes } of classDefinitions) {
      for (const { type } of [...attributeTypes, ...methodTypes])
        expect(mismatchOf(type, leastValueOf(type))).toBeUndefined()
    }
  })
})

describe('types', () => {
  const monitored = attributeType('array(value-definition)')

  it('say where a value is another', () => {
    const good = cosem.structure(cosem.longUnsigned(3), cosem.octetString(new Uint8Array(6)), cosem.integer(2))
    const bad = cosem.structure(cosem.longUnsigned(3), cosem.octetString(new Uint8Array(5)), cosem.integer(2))
    expect(mismatchOf(monitored, cosem.array([good]))).toBeUndefined()
    expect(mismatchOf(monitored, cosem.array([good, bad]))).toBe('[1].logical_name')
    expect(mismatchOf(monitored, cosem.array([cosem.structure(cosem.integer(1))]))).toBe('[0]')
    expect(mismatchOf(attributeType('date-time'), { type: 'date-time', value: new Uint8Array(12) })).toBeUndefined()
  })

  it('of no known word are refused', () => {
    for (const text of ['', 'array', 'array(', 'structure(a)', 'unsigned unsigned', 'word', 'octet-string(']) {
      expect(() => attributeType(text)).toThrow(DlmsError)
    }
  })
})

describe('defineMeter', () => {
  it('refuses unknown classes, names and methods, values of other types, and the same name twice', () => {
    const name = '1.0.1.8.0.255'
    const refused = [
      { class: 'Regster', logicalName: name },
      { class: 3, version: 7, logicalName: name },
      { class: 'Register', logicalName: name, attributes: { valeu: cosem.unsigned(1) } },
      { class: 'Register', logicalName: name, attributes: { scaler_unit: cosem.unsigned(1) } },
      { class: 'Register', logicalName: name, writable: ['nothing'] },
      { class: 'Register', logicalName: name, methods: { rest: () => ({ result: 'success' as const }) } },
      { class: 'Register', logicalName: '1.0.1.8.0' },
    ]
    for (const one of refused) expect(() => defineMeter({ ports, objects: [one] })).toThrow(DlmsError)
    const twice = { class: 'Register', logicalName: name }
    expect(() => defineMeter({ ports, objects: [twice, twice] })).toThrow(/twice/)
  })

  it('serves every attribute of every class, and keeps what is written if it is of the type', async () => {
    for (const definition of classDefinitions) {
      const logicalName = '0.0.96.50.1.255'
      const writable = definition.attributes.slice(1)
      const meter = defineMeter({
        ports,
        objects: [{ class: definition.classId, version: definition.version, logicalName, writable }],
      })
      for (const [i, { type }] of definition.attributeTypes.entries()) {
        const ref = { classId: definition.classId, logicalName, attributeIndex: i + 1 }
        expect(await meter.read(ref), `${definition.name} ${i + 1}`).not.toHaveProperty('refused')
        if (i === 0 || type.kind === 'any') continue
        const wrong =
          type.kind === 'simple' && type.type === 'float32' ? cosem.nullData : { type: 'float32' as const, value: 1 }
        expect(await meter.write(ref, wrong)).toEqual({ refused: 'type-unmatched' })
      }
    }
  })

  it('takes values from elsewhere, and the maker’s methods in the place of the usual ones', async () => {
    let count = 0
    const meter = defineMeter({
      ports,
      objects: [
        {
          class: 'Register',
          logicalName: '1.0.1.8.0.255',
          attributes: { value: () => cosem.doubleLongUnsigned(4711) },
          methods: {
            reset: () => {
              count++
              return { result: 'success' }
            },
          },
        },
      ],
    })
    expect(await meter.read({ classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 })).toEqual(
      cosem.doubleLongUnsigned(4711),
    )
    expect(await meter.invoke(3, '1.0.1.8.0.255', 1, cosem.unsigned(0))).toEqual({ result: 'type-unmatched' })
    expect(await meter.invoke(3, '1.0.1.8.0.255', 1, cosem.integer(0))).toEqual({ result: 'success' })
    expect(await meter.invoke(4, '1.0.1.8.0.255', 1, cosem.integer(0))).toEqual({ result: 'object-undefined' })
    expect(count).toBe(1)
  })
})
