import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { convertClasses } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass } from '../../test/java-assembler.ts'
import { emitCapFile } from '../capfile/emit-cap-file.ts'
import { parseCapFile } from '../capfile/parse-cap-file.ts'
import { ConvertError } from '../errors.ts'
import { verifyCapFile } from '../verifier/verify-cap-file.ts'
import { convertExtended } from './convert.ts'

// The shape of these classes and what becomes of them were compared with the vendor's converters of 2.2.2, 3.0.5 and 24.1,
// which made the same components but for the order of imports and interfaces.

const sha1 = (message: Uint8Array): Uint8Array => new Uint8Array(createHash('sha1').update(message).digest())

const interfaceOf = (name: string, above: string, ...methods: readonly string[]) =>
  javaClass({
    name,
    flags: flagsOf('public interface abstract'),
    interfaces: [above],
    methods: methods.map((one) => {
      const [signature, ...thrown] = one.split(' throws ')
      const cut = signature!.indexOf('(')
      const [methodName, descriptor] = [signature!.slice(0, cut), signature!.slice(cut)]
      return { name: methodName, descriptor, flags: flagsOf('public abstract'), throws: thrown }
    }),
  })

const REMOTE = ' throws java/rmi/RemoteException'
const A = interfaceOf('p/A', 'java/rmi/Remote', `get()S${REMOTE}`, `set(SZ)V${REMOTE}`)
const B = interfaceOf('p/B', 'p/A', `all([B[S)[B${REMOTE}`, `self()Lp/A;${REMOTE}`)
const bodies = {
  get: { name: 'get', descriptor: '()S', flags: flagsOf('public'), code: 'iconst_1; ireturn' },
  set: { name: 'set', descriptor: '(SZ)V', flags: flagsOf('public'), code: 'return' },
  all: { name: 'all', descriptor: '([B[S)[B', flags: flagsOf('public'), code: 'aload_1; areturn' },
  self: { name: 'self', descriptor: '()Lp/A;', flags: flagsOf('public'), code: 'aload_0; areturn' },
}
const CARD_REMOTE_OBJECT = 'javacard/framework/service/CardRemoteObject'
const base = javaClass({
  name: 'p/Base',
  superName: CARD_REMOTE_OBJECT,
  interfaces: ['p/A'],
  methods: [constructorOf(CARD_REMOTE_OBJECT), bodies.get, bodies.set],
})
const derived = javaClass({
  name: 'p/Derived',
  superName: 'p/Base',
  interfaces: ['p/B'],
  methods: [constructorOf('p/Base'), bodies.all, bodies.self],
})

const refusals = (...classFiles: readonly Uint8Array[]): string[] => {
  try {
    convertClasses(classFiles, { sha1, level: '2.2.2' })
    return []
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error
    return error.findings.map(({ method, message }) => `${method} ${message}`)
  }
}

describe('a remote interface is refused', () => {
  test.for<readonly [string, string]>([
    ['f()V', 'f()V is a remote method without throws java.rmi.RemoteException'],
    ['f()V throws javacard/framework/UserException', 'f()V is a remote method without throws java.rmi.RemoteException'],
    [`f(Lp/A;)V${REMOTE}`, 'f(Lp/A;)V parameter 1 of a remote method is of class p.A'],
    [`f(S[Lp/A;)V${REMOTE}`, 'f(S[Lp/A;)V parameter 2 of a remote method is an array of objects'],
    [`f()Lp/Base;${REMOTE}`, 'f()Lp/Base; the result of a remote method is of class p.Base'],
    [
      `f()Ljava/lang/Object;${REMOTE}`,
      'f()Ljava/lang/Object; the result of a remote method is of class java.lang.Object',
    ],
  ])('with %s', ([method, message]) => {
    expect(refusals(A, base, interfaceOf('p/C', 'java/rmi/Remote', method))).toEqual([message])
  })

  test('before level 2.2, in an extended CAP file, and without a digest', () => {
    const messages = (act: () => unknown): string[] => {
      try {
        act()
      } catch (error) {
        if (error instanceof ConvertError) return [...new Set(error.findings.map(({ message }) => message))]
        throw error
      }
      return []
    }
    const old = messages(() => convertClasses([A], { sha1, level: '2.1.2' }))
    expect(old).toContain('java.rmi.Remote does not exist on a card of API level 2.1.2')
    const file = { capName: 'c', capAid: Uint8Array.of(1, 2, 3, 4, 5), capVersion: { major: 1, minor: 0 } }
    const packages = [{ packageName: 'p' }]
    const extended = messages(() => convertExtended({ ...file, packages, classFiles: [A], level: '3.1.0', sha1 }))
    expect(extended).toEqual(['is remote, in an extended CAP file'])
    expect(messages(() => convertClasses([A]))).toEqual(['is remote: its methods are named by SHA-1 digests'])
  })
})

describe('remote objects', () => {
  const { cap, exported } = convertClasses([derived, B, base, A], { sha1, level: '2.2.2' })

  test('have format 2.2 with the name of the package, through file and verifier', () => {
    expect(cap.header).toMatchObject({ formatVersion: { major: 2, minor: 2 }, packageName: 'p' })
    expect(parseCapFile(emitCapFile(cap)).classes).toEqual(cap.classes)
    expect(verifyCapFile(cap)).toEqual([])
    const newer = convertClasses([A, base], { sha1, level: '3.1.0' }).cap
    expect(newer.header).toMatchObject({ formatVersion: { major: 2, minor: 3 }, packageName: 'p' })
  })

  test('name their interfaces and methods, inherited ones included', () => {
    const [a, b] = cap.classes.interfaces
    expect([a!.interfaceName, b!.interfaceName]).toEqual(['A', 'B'])
    const ref = ({ offset }: { readonly offset: number }) => ({ kind: 'internal', classOffset: offset })
    expect(cap.classes.classes.map((one) => one.remote)).toMatchObject([
      { className: 'Base', hashModifier: '', interfaces: [ref(a!)] },
      { className: 'Derived', hashModifier: '', interfaces: [ref(a!), ref(b!)] },
    ])
    // Hashes as the vendor's converters have them (self names the package, which was another there), in their order; the signatures in the order of first use.
    expect(cap.classes.classes[1]!.remote!.methods.map((one) => Object.values(one))).toEqual([
      [0x05cf, 0, 1],
      [0x0c39, 5, 3],
      [0x2717, 8, 4],
      [0x8d73, 2, 2],
    ])
  })

  test('are remote in the export file, of format 2.2', () => {
    expect(exported.exportFileFormat).toBe('2.2')
    expect(exported.classes.map(({ access_flags }) => access_flags & 0x1000)).toEqual([0x1000, 0x1000, 0x1000, 0x1000])
  })

  test('get a modifier when two names have one hash', () => {
    // A digest of which the first two bytes tell only the modifier and the length.
    const short = (message: Uint8Array): Uint8Array =>
      message[0] === 0x31 ? sha1(message) : Uint8Array.of(0, message.length)
    const { classes } = convertClasses(
      [
        interfaceOf('p/A', 'java/rmi/Remote', `a()S${REMOTE}`, `b()S${REMOTE}`),
        javaClass({
          name: 'p/Base',
          interfaces: ['p/A'],
          methods: [constructorOf(), { ...bodies.get, name: 'a' }, { ...bodies.get, name: 'b' }],
        }),
      ],
      { sha1: short },
    ).cap
    const { hashModifier, methods } = classes.classes[0]!.remote!
    expect(hashModifier).toBe('1')
    expect(methods.map(({ hash }) => hash)).toEqual(methods.map(({ hash }) => hash).sort((x, y) => x - y))
    expect(new Set(methods.map(({ hash }) => hash)).size).toBe(2)
  })
})

test('the export file shows methods of interfaces that an abstract class does not repeat', () => {
  const plain = javaClass({
    name: 'p/Face',
    flags: flagsOf('public interface abstract'),
    methods: [{ name: 'f', descriptor: '()V', flags: flagsOf('public abstract') }],
  })
  const abstract = javaClass({
    name: 'p/Abs',
    flags: flagsOf('public super abstract'),
    interfaces: ['p/Face'],
    methods: [constructorOf()],
  })
  const { exported } = convertClasses([plain, abstract])
  const shown = exported.classes
    .find(({ name }) => name === 'p/Abs')!
    .methods.map(({ name, token, flags }) => [name, token, flags])
  expect(shown).toEqual([
    ['<init>', 0, 1],
    ['equals', 0, 1],
    ['f', 1, 0x401],
  ])
})
