import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { javaClass } from '../../test/java-assembler.ts'
import { API_LEVELS } from '../api/api-package.ts'
import { ClassFileError } from '../errors.ts'
import { emitApiStubs } from '../stubs/api-stubs.ts'
import type { ClassFile } from './class-file.ts'
import { emitClassFile } from './emit-class-file.ts'
import { decodeCode } from './jvm-code.ts'
import { parseClassFile } from './parse-class-file.ts'

/** Every kind of constant and attribute at least once. */
const everything: ClassFile = {
  minorVersion: 0,
  majorVersion: 61,
  constantPool: [
    undefined,
    { kind: 'utf8', text: 'p/A' },
    { kind: 'class', nameIndex: 1 },
    { kind: 'integer', value: -5 },
    { kind: 'float', bits: 0x7fc00001 },
    { kind: 'long', value: -1n },
    undefined,
    { kind: 'double', bits: 0x7ff8000000000001n },
    undefined,
    { kind: 'string', textIndex: 1 },
    { kind: 'utf8', text: 'f' },
    { kind: 'utf8', text: '()V' },
    { kind: 'nameAndType', nameIndex: 10, descriptorIndex: 11 },
    { kind: 'field', classIndex: 2, nameAndTypeIndex: 12 },
    { kind: 'method', classIndex: 2, nameAndTypeIndex: 12 },
    { kind: 'interfaceMethod', classIndex: 2, nameAndTypeIndex: 12 },
    { kind: 'methodHandle', referenceKind: 6, referenceIndex: 14 },
    { kind: 'methodType', descriptorIndex: 11 },
    { kind: 'dynamic', bootstrapMethodIndex: 0, nameAndTypeIndex: 12 },
    { kind: 'invokeDynamic', bootstrapMethodIndex: 0, nameAndTypeIndex: 12 },
    { kind: 'module', nameIndex: 1 },
    { kind: 'package', nameIndex: 1 },
    { kind: 'utf8', text: 'Code' },
    { kind: 'utf8', text: 'LineNumberTable' },
    { kind: 'utf8', text: 'LocalVariableTable' },
    { kind: 'utf8', text: 'StackMapTable' },
    { kind: 'utf8', text: 'ConstantValue' },
    { kind: 'utf8', text: 'Exceptions' },
    { kind: 'utf8', text: 'InnerClasses' },
    { kind: 'utf8', text: 'SourceFile' },
  ],
  accessFlags: 0x21,
  thisClassIndex: 2,
  superClassIndex: 0,
  interfaceIndices: [2],
  fields: [
    {
      accessFlags: 0x18,
      nameIndex: 10,
      descriptorIndex: 11,
      attributes: [{ kind: 'ConstantValue', nameIndex: 26, valueIndex: 3 }],
    },
  ],
  methods: [
    {
      accessFlags: 0x9,
      nameIndex: 10,
      descriptorIndex: 11,
      attributes: [
        {
          kind: 'Code',
          nameIndex: 22,
          maxStack: 1,
          maxLocals: 2,
          code: fromHex('00 b1'),
          exceptionTable: [{ startPc: 0, endPc: 1, handlerPc: 1, catchTypeIndex: 2 }],
          attributes: [
            { kind: 'LineNumberTable', nameIndex: 23, lines: [{ startPc: 0, line: 7 }] },
            {
              kind: 'LocalVariableTable',
              nameIndex: 24,
              variables: [{ startPc: 0, length: 2, nameIndex: 10, descriptorIndex: 11, slot: 1 }],
            },
            { kind: 'opaque', nameIndex: 25, bytes: fromHex('0001 00') },
          ],
        },
        { kind: 'Exceptions', nameIndex: 27, classIndices: [2] },
      ],
    },
  ],
  attributes: [
    { kind: 'SourceFile', nameIndex: 29, fileIndex: 1 },
    {
      kind: 'InnerClasses',
      nameIndex: 28,
      classes: [{ innerClassIndex: 2, outerClassIndex: 0, innerNameIndex: 0, accessFlags: 8 }],
    },
  ],
}

/** The own error, or undefined when the bytes were taken after all. */
function refusal(bytes: Uint8Array): ClassFileError | undefined {
  try {
    const classFile = parseClassFile(bytes)
    for (const method of classFile.methods) {
      for (const attribute of method.attributes) if (attribute.kind === 'Code') decodeCode(classFile, attribute)
    }
    return undefined
  } catch (error) {
    if (!(error instanceof ClassFileError)) throw error
    return error
  }
}

describe('a class file', () => {
  const bytes = emitClassFile(everything)

  test('is refused without its magic number', () => {
    expect(refusal(fromHex('DECAFFED'))).toMatchObject({ code: 'CAP_CLASS_MALFORMED' })
  })

  test.for([44, 70, 0])('of version %i is refused', (major) => {
    expect(refusal(emitClassFile({ ...everything, majorVersion: major }))).toMatchObject({ code: 'CAP_CLASS_VERSION' })
  })

  test('with bytes behind its end is refused', () => {
    expect(refusal(concatBytes(bytes, Uint8Array.of(0)))?.message).toContain('1 bytes after')
  })

  test.for([
    ['whose class is a text', { thisClassIndex: 1 }],
    ['whose superclass is a text', { superClassIndex: 1 }],
    ['whose interface is nothing', { interfaceIndices: [99] }],
  ] as const)('%s is refused', ([, change]) => {
    expect(refusal(emitClassFile({ ...everything, ...change }))).toMatchObject({ code: 'CAP_CLASS_MALFORMED' })
  })

  test('whose constants point at the wrong kind is refused', () => {
    const constantPool = everything.constantPool.with(2, { kind: 'class', nameIndex: 3 })
    expect(refusal(emitClassFile({ ...everything, constantPool }))?.message).toContain(
      'constant 2 (class) points at integer',
    )
  })

  test('whose long has no room for its second half is refused', () => {
    const head = fromHex('CAFEBABE 0000 0034 0002 05 0000000000000001')
    expect(refusal(head)?.message).toContain('overlaps')
  })

  test('cut short at any length is refused', () => {
    for (let length = 0; length < bytes.length; length++) {
      const code = refusal(bytes.subarray(0, length))?.code
      expect(code, `${length} bytes`).toMatch(/^CAP_CLASS_(TRUNCATED|MALFORMED)$/)
    }
  })

  test('with any bit flipped gives a value or an own error', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      refusal(damaged)
    }
  })

  test('with Code inside Code inside Code is refused', () => {
    const method = everything.methods[0]!
    const code = method.attributes[0]!
    if (code.kind !== 'Code') throw new Error('not reached')
    let nested = code
    for (let depth = 0; depth < 3; depth++) nested = { ...code, attributes: [nested] }
    const hostile = emitClassFile({ ...everything, methods: [{ ...method, attributes: [nested] }] })
    expect(refusal(hostile)?.message).toContain('Code inside Code')
  })

  test('comes back as it was', () => {
    expect(parseClassFile(bytes)).toEqual(everything)
    expect(toHex(emitClassFile(parseClassFile(bytes)))).toBe(toHex(bytes))
  })

  test.for(API_LEVELS)('comes back as it was: every stub of level %s', (level) => {
    for (const stub of emitApiStubs(level).values()) {
      expect(toHex(emitClassFile(parseClassFile(stub)))).toBe(toHex(stub))
    }
  })
})

describe('the test assembler', () => {
  test('writes class files', () => {
    expect(refusal(javaClass({ name: 'p/A', fields: ['public static final X S = 5'] }))).toBeUndefined()
  })
})
