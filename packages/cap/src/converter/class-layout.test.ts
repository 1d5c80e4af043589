import { describe, expect, test } from 'vitest'
import { convertClasses, findingsOf } from '../../test/convert-method.ts'
import { type ClassText, constructorOf, flagsOf, javaClass, type MethodText } from '../../test/java-assembler.ts'
import type { CapFile, ClassInfo } from '../capfile/cap-file.ts'

const method = (name: string, flags = 'public', descriptor = '()V'): MethodText => ({
  name,
  descriptor,
  flags: flagsOf(flags),
  ...(!flags.includes('abstract') && { code: 'return' }),
})

function capOf(...classes: readonly ClassText[]): CapFile {
  return convertClasses(classes.map(javaClass)).cap
}

/** Tables as method numbers in the order of the Method component; `-` is a method of another package. */
function tables(cap: CapFile, one: ClassInfo): string {
  const offsets = cap.descriptor!.classes.flatMap((c) => c.methods.map((m) => m.methodOffset)).toSorted((a, b) => a - b)
  const own = offsets.filter((offset) => offset > 0)
  const show = (table: readonly number[]) =>
    table.map((offset) => (offset === 0xffff ? '-' : own.indexOf(offset))).join(' ')
  const [publicPart, packagePart] = [show(one.publicMethodTable), show(one.packageMethodTable)]
  return `${one.publicMethodTableBase}: ${publicPart} | ${one.packageMethodTableBase}: ${packagePart}`
}

describe('virtual methods', () => {
  test('a package-visible one overridden by a public one is refused', () => {
    const above = javaClass({ name: 'p/A', methods: [method('f', '')] })
    const below = javaClass({ name: 'p/B', superName: 'p/A', methods: [method('f', 'public')] })
    expect(findingsOf(above, below)).toEqual(['a public or protected method overrides a package-visible one'])
  })

  test('are numbered behind those of the superclass; static, private ones and constructors are not', () => {
    const cap = capOf({
      name: 'p/A',
      methods: [
        constructorOf(), // 0
        method('f'), // 1
        method('s', 'public static'), // 2
        method('k', 'private'), // 3
        method('g', 'protected'), // 4
        method('h', ''), // 5
      ],
    })
    // Token 0 is Object.equals.
    expect(tables(cap, cap.classes.classes[0]!)).toBe('1: 1 4 | 0: 5')
  })

  test('keep their number when overridden; the table goes from the first touched to the last of all', () => {
    const cap = capOf(
      { name: 'p/A', methods: [method('f'), method('g'), method('h'), method('x', ''), method('y', '')] }, // 0..4
      { name: 'p/B', superName: 'p/A', methods: [method('h'), method('f'), method('n'), method('y', '')] }, // 5..8
      { name: 'p/C', superName: 'p/B', methods: [method('g'), method('m', '')] }, // 9, 10
      { name: 'p/D', superName: 'p/C' },
    )
    const [a, b, c, d] = cap.classes.classes
    expect(tables(cap, a!)).toBe('1: 0 1 2 | 0: 3 4')
    expect(tables(cap, b!)).toBe('1: 6 1 5 7 | 1: 8') // g, between f and h, is inherited
    expect(tables(cap, c!)).toBe('2: 9 5 7 | 2: 10') // h and n behind g are inherited
    expect(tables(cap, d!)).toBe('5:  | 3: ')
  })

  test('that are package-visible and overridden early keep the inherited ones behind them', () => {
    const cap = capOf(
      { name: 'p/A', methods: [method('x', ''), method('y', ''), method('z', '')] }, // 0..2
      { name: 'p/B', superName: 'p/A', methods: [method('x', '')] }, // 3
    )
    expect(tables(cap, cap.classes.classes[1]!)).toBe('1:  | 0: 3 1 2')
  })

  test('of other packages leave holes, behind the last override too', () => {
    const abstractApplet = capOf({
      name: 'p/A',
      flags: flagsOf('public abstract super'),
      superName: 'javacard/framework/Applet',
      methods: [{ ...method('deselect'), code: 'return' }],
    })
    expect(tables(abstractApplet, abstractApplet.classes.classes[0]!)).toBe('4: 0 - - - | 0: ')
  })

  test('of other packages leave holes between', () => {
    const cap = capOf({
      name: 'p/A',
      superName: 'javacard/framework/Applet',
      methods: [
        method('process', 'public', '(Ljavacard/framework/APDU;)V'),
        method('equals', 'public', '(Ljava/lang/Object;)Z'),
      ].map((one) => ({ ...one, code: one.name === 'equals' ? 'iconst_0; ireturn' : 'return' })),
    })
    expect(tables(cap, cap.classes.classes[0]!)).toBe('0: 1 - - - - - - 0 | 0: ')
  })

  test('that are abstract have a header without code', () => {
    const cap = capOf({
      name: 'p/A',
      flags: flagsOf('public abstract super'),
      methods: [method('f', 'public abstract', '(S[B)S')],
    })
    expect([...cap.methods.info]).toEqual([0, 0x40, 0x30])
  })
})

describe('interfaces', () => {
  const shape: ClassText = {
    name: 'p/Shape',
    flags: flagsOf('public interface abstract'),
    methods: [method('area', 'public abstract'), method('scale', 'public abstract')],
  }
  const named: ClassText = {
    name: 'p/Named',
    flags: flagsOf('public interface abstract'),
    methods: [method('name', 'public abstract')],
  }
  const both: ClassText = {
    name: 'p/Both',
    flags: flagsOf('public interface abstract'),
    interfaces: ['p/Shape', 'p/Named'],
    methods: [method('more', 'public abstract')],
  }

  test('methods with a body in one are refused', () => {
    expect(findingsOf(javaClass({ ...shape, methods: [method('area')] }))).toEqual([
      'is a method with a body in an interface',
    ])
  })

  test('stand before classes, superinterfaces before those that extend them', () => {
    const cap = capOf({ name: 'p/A', methods: [constructorOf()] }, both, named, shape)
    expect(cap.classes.interfaces.map((one) => one.superinterfaces.length)).toEqual([0, 0, 2])
    expect(cap.descriptor!.classes.map((one) => one.flags & 0x40)).toEqual([0x40, 0x40, 0x40, 0])
    // In Descriptor they implement nothing; the interfaces they extend stand in Class.
    expect(cap.descriptor!.classes.map((one) => one.interfaces.length)).toEqual([0, 0, 0, 0])
  })

  test('number inherited methods first; a class maps every interface it has, inherited ones too', () => {
    const cap = capOf(
      {
        name: 'p/A',
        interfaces: ['p/Both'],
        methods: [method('name'), method('area'), method('more'), method('scale')],
      },
      both,
      named,
      shape,
    )
    const offsets = cap.classes.interfaces.map((one) => one.offset) // Shape, Named, Both
    const maps = cap.classes.classes[0]!.interfaces.map((one) => ({
      at: one.interface.kind === 'internal' ? offsets.indexOf(one.interface.classOffset) : -1,
      index: one.index,
    }))
    // Virtual tokens: name 1, area 2, more 3, scale 4.
    expect(maps).toEqual([
      { at: 2, index: [2, 4, 1, 3] },
      { at: 0, index: [2, 4] },
      { at: 1, index: [1] },
    ])
    const described = cap.descriptor!.classes
    expect(described.map((one) => one.interfaces.length)).toEqual([0, 0, 0, 3])
    expect(described.map((one) => one.methods.map(({ token }) => token).join(' '))).toEqual([
      '0 1',
      '0',
      '0 1 2 3', // inherited ones too
      '1 2 3 4',
    ])
  })

  test('that an abstract class leaves to its subclasses get abstract methods there', () => {
    const cap = capOf(
      { name: 'p/A', flags: flagsOf('public abstract super'), interfaces: ['p/Shape'], methods: [method('scale')] },
      { name: 'p/B', superName: 'p/A', methods: [method('area')] },
      shape,
    )
    const [a, b] = cap.classes.classes
    expect(tables(cap, a!)).toBe('1: 0 1 | 0: ')
    expect(tables(cap, b!)).toBe('2: 2 | 0: ')
    expect(a!.interfaces[0]!.index).toEqual([2, 1])
  })

  test('make a class shareable, also through a superclass', () => {
    const cap = capOf(
      { name: 'p/Mine', flags: flagsOf('public interface abstract'), interfaces: ['javacard/framework/Shareable'] },
      { name: 'p/A', interfaces: ['p/Mine'], methods: [constructorOf()] },
      { name: 'p/B', superName: 'p/A', methods: [constructorOf('p/A')] },
      { name: 'p/C', methods: [constructorOf()] },
    )
    expect(cap.classes.interfaces[0]!.flags).toBe(0xc)
    expect(cap.classes.classes.map((one) => one.flags)).toEqual([4, 4, 0])
  })
})

describe('instance fields', () => {
  test('that are final with a constant have a place all the same: the constructor writes them', () => {
    const cap = capOf({ name: 'p/A', fields: ['private final x S = 256', 'y S'] })
    expect(cap.classes.classes[0]!.declaredInstanceSizeCells).toBe(2)
    expect(cap.descriptor!.classes[0]!.fields).toHaveLength(2)
  })

  test('have tokens from 0, visible ones first, all references side by side', () => {
    const fields = [
      'private a S',
      'private b [B',
      'public c B',
      'protected d Lp/A;',
      'e Z',
      'public static s S',
      'f Lp/A;',
    ]
    const cap = capOf({ name: 'p/A', fields })
    const tokens = cap.descriptor!.classes[0]!.fields.flatMap((one) =>
      one.field.kind === 'instance' ? [one.field.token] : [],
    )
    expect(tokens).toEqual([4, 2, 0, 1, 5, 3]) // a b c d e f: c, d | b f, a e
    expect(cap.classes.classes[0]).toMatchObject({
      declaredInstanceSizeCells: 6,
      firstReferenceToken: 1,
      referenceCount: 3,
    })
  })

  test('start again at 0 in a subclass; a class without references says so', () => {
    const cap = capOf({ name: 'p/A', fields: ['a [B'] }, { name: 'p/B', superName: 'p/A', fields: ['b S'] })
    expect(cap.classes.classes[1]).toMatchObject({
      declaredInstanceSizeCells: 1,
      firstReferenceToken: 0xff,
      referenceCount: 0,
    })
  })
})
