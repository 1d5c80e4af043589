import { describe, expect, test } from 'vitest'
import { convertClasses, findingsOf } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass, type MethodText } from '../../test/java-assembler.ts'
import { emitCapFile } from '../capfile/emit-cap-file.ts'
import { verifyCapFile } from '../verifier/verify-cap-file.ts'

// The limits of the format that docs/java-subset.md names, and of what Export and Descriptor count. At each one a package still converts, and the verifiers
// (the vendor's of 25.1 too, by hand) take it; one beyond it is a finding.

const range = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

/** A method of exactly so many bytes of byte code, most of them cases of one switch. */
function methodOf(name: string, sizeBytes: number): MethodText {
  const fixed = 12 // sload_0, what a stableswitch has without cases, and two results with their returns
  const cases = (sizeBytes - fixed - 3) >> 1
  const filler = sizeBytes - fixed - 2 * cases === 3 ? 'bipush 100; pop' : 'sipush 1000; pop'
  const code = `${filler}; iload_0; tableswitch 0 ${'A '.repeat(cases)} B; A: iconst_1; ireturn; B: iconst_2; ireturn`
  return { name, descriptor: '(S)S', flags: flagsOf('public static'), code }
}

const METHOD_HEADER_BYTES = 2
const HANDLER_COUNT_BYTES = 1

const LIMITS: readonly {
  readonly what: string
  readonly most: number
  readonly classesOf: (count: number) => Uint8Array[]
  readonly message: string
}[] = [
  {
    what: 'virtual methods of a class, inherited ones included',
    most: 128,
    classesOf: (count) => {
      const inherited = 1 // Object has equals
      const body = { descriptor: '()V', flags: flagsOf('public'), code: 'return' }
      const methods = range(count - inherited, (i) => ({ ...body, name: `f${i}` }))
      return [javaClass({ name: 'p/A', methods: [constructorOf(), ...methods] })]
    },
    message: 'the class has more than 128 virtual methods',
  },
  {
    what: 'package-visible virtual methods of a class',
    most: 128,
    classesOf: (count) => {
      const methods = range(count, (i) => ({ name: `f${i}`, descriptor: '()V', flags: 0, code: 'return' }))
      return [javaClass({ name: 'p/A', methods: [constructorOf(), ...methods] })]
    },
    message: 'the class has more than 128 virtual methods',
  },
  {
    what: 'interfaces of a class',
    most: 15,
    classesOf: (count) => {
      const faces = range(count, (i) => javaClass({ name: `p/I${i}`, flags: flagsOf('public interface abstract') }))
      const interfaces = range(count, (i) => `p/I${i}`)
      return [javaClass({ name: 'p/A', interfaces, methods: [constructorOf()] }), ...faces]
    },
    message: 'has 16 interfaces, a class can have 15',
  },
  {
    what: 'words of fields of a class',
    most: 255,
    classesOf: (count) => [
      javaClass({ name: 'p/A', fields: range(count, (i) => `f${i} S`), methods: [constructorOf()] }),
    ],
    message: 'has fields of 256 words, a class can have 255',
  },
  {
    what: 'exception handlers of a package',
    most: 255,
    classesOf: (count) => {
      const code = 'A: iload_0; ireturn; C: pop; iload_0; ireturn'
      const body = { descriptor: '(S)S', flags: flagsOf('static'), code, handlers: ['A C C any'] }
      const methods = range(count, (i) => ({ ...body, name: `f${i}` }))
      return [javaClass({ name: 'p/A', methods: [constructorOf(), ...methods] })]
    },
    message: 'the package has 256 exception handlers, a CAP file holds 255',
  },
  {
    what: 'static methods and constructors that a class shows to others',
    most: 255,
    classesOf: (count) => {
      const body = { descriptor: '()V', flags: flagsOf('public static'), code: 'return' }
      const methods = range(count - 1, (i) => ({ ...body, name: `f${i}` }))
      return [javaClass({ name: 'p/A', methods: [constructorOf(), ...methods] })]
    },
    message: 'shows others 256 static methods and constructors, 255 are possible',
  },
  {
    what: 'static fields that a class shows to others',
    most: 255,
    classesOf: (count) => [javaClass({ name: 'p/A', fields: range(count, (i) => `public static f${i} S`) })],
    message: 'shows others 256 static fields, 255 are possible',
  },
  {
    what: 'classes and interfaces of a package',
    most: 255,
    classesOf: (count) => range(count, (i) => javaClass({ name: `p/A${i}`, flags: flagsOf('super') })),
    message: 'the package has 256 classes and interfaces, 255 are possible',
  },
  {
    what: 'bytes of byte code of a method',
    most: 32767,
    classesOf: (count) => [javaClass({ name: 'p/A', methods: [methodOf('f', count)] })],
    message: 'the method is longer than 32767 bytes of byte code',
  },
  {
    what: 'bytes of all methods of a package, their headers included',
    most: 65535,
    classesOf: (count) => {
      const large = 32000
      const rest = count - HANDLER_COUNT_BYTES - 3 * METHOD_HEADER_BYTES - 2 * large
      const methods = [methodOf('a', large), methodOf('b', large), methodOf('c', rest)]
      return [javaClass({ name: 'p/A', methods })]
    },
    message: 'the package has 65536 bytes of methods, a CAP file holds 65535',
  },
]

describe('limits of the format', () => {
  test.for(LIMITS)('$most $what', ({ most, classesOf, message }) => {
    expect(findingsOf(...classesOf(most + 1))).toEqual([message])
    const { cap } = convertClasses(classesOf(most))
    expect(verifyCapFile(cap)).toEqual([])
    expect(emitCapFile(cap).length).toBeGreaterThan(0)
  })
})
