import { fromHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { javaClass } from '../../test/java-assembler.ts'
import type { ClassFile, CodeAttribute } from './class-file.ts'
import { decodeCode } from './jvm-code.ts'
import type { JvmInstruction } from './jvm-instruction.ts'
import { parseClassFile } from './parse-class-file.ts'

function decoded(code: string): JvmInstruction[] {
  const classFile = parseClassFile(javaClass({ name: 'p/A', methods: [{ name: 'f', descriptor: '()V', code }] }))
  return decodeCode(classFile, codeAttribute(classFile))
}

function codeAttribute(classFile: ClassFile): CodeAttribute {
  return classFile.methods[0]!.attributes.find((one) => one.kind === 'Code')!
}

/** Raw bytes in place of assembled ones. */
function decodedBytes(hex: string): JvmInstruction[] {
  const classFile = parseClassFile(javaClass({ name: 'p/A', methods: [{ name: 'f', descriptor: '()V', code: 'nop' }] }))
  return decodeCode(classFile, { ...codeAttribute(classFile), code: fromHex(hex) })
}

describe('JVM code', () => {
  test.for([
    ['an undefined opcode', 'CB'],
    ['an instruction cut short', '11 01'],
    ['a branch into an instruction', 'A7 0001'],
    ['a branch before the code', 'A7 FFFF'],
    ['a constant that is none', '12 01'],
    ['a field that is none', 'B2 0001'],
    ['wide before something narrow', 'C4 00 0000'],
    ['newarray of no type', 'BC 03'],
    ['a tableswitch upside down', 'AA 000000 00000010 00000005 00000001 00000000'],
    ['a tableswitch beyond all bytes', 'AA 000000 00000010 80000000 7FFFFFFF 00000000'],
    ['a lookupswitch with a negative count', 'AB 000000 00000010 FFFFFFFF'],
  ] as const)('%s is refused', ([, hex]) => {
    expect(() => decodedBytes(hex)).toThrowError(expect.objectContaining({ name: 'ClassFileError' }))
  })

  test('all ways to push a number are one', () => {
    const values = decoded('iconst_m1; iconst_5; bipush -7; sipush 300; ldc 70000; ldc_w -70000').map((one) =>
      one.kind === 'push' ? one.value : one.kind,
    )
    expect(values).toEqual([-1, 5, -7, 300, 70000, -70000])
  })

  test('all ways to name a local are one', () => {
    const slots = decoded(
      'iload_2; iload 2; wide iload 300; aload_0; istore_3; wide astore 400; iinc 5 -1; wide iinc 500 1000',
    )
    expect(slots.map(({ pc: _pc, lengthBytes: _length, ...operation }) => operation)).toEqual([
      { kind: 'load', type: 'int', slot: 2 },
      { kind: 'load', type: 'int', slot: 2 },
      { kind: 'load', type: 'int', slot: 300 },
      { kind: 'load', type: 'reference', slot: 0 },
      { kind: 'store', type: 'int', slot: 3 },
      { kind: 'store', type: 'reference', slot: 400 },
      { kind: 'increment', slot: 5, by: -1 },
      { kind: 'increment', slot: 500, by: 1000 },
    ])
  })

  test.for([
    [
      'long',
      'lconst_0; lload 1; lload_2; lstore_3; laload; lastore; ladd; lcmp; i2l; l2i; ldc2_w 5L; lreturn; lneg; lshl',
    ],
    ['float', 'fconst_0; fload_1; fadd; fcmpl; i2f; ldc 1.5f; freturn; fneg'],
    ['double', 'dconst_1; dload_1; dmul; dcmpg; i2d; ldc2_w 1.5d; dreturn; daload'],
    ['char', 'i2c; caload; castore'],
    ['string', 'ldc "text"'],
    ['class-literal', 'ldc p/A'],
    ['lambda', 'invokedynamic run:()Ljava/lang/Runnable;'],
    ['concatenation', 'invokedynamic makeConcatWithConstants:(S)Ljava/lang/String;'],
    ['synchronized', 'monitorenter; monitorexit'],
    ['array-of-arrays', 'multianewarray [[B'],
    ['jsr', 'L: jsr L; ret 5; wide ret 500; jsr_w L'],
  ] as const)('%s is read as unsupported, not as broken', ([feature, code]) => {
    for (const one of decoded(code)) expect(one).toMatchObject({ kind: 'unsupported', feature })
  })

  test('jumps are absolute', () => {
    const code = decoded(
      'L: nop; goto L; goto_w L; ifnull L; if_acmpne L; if_icmplt L; lookupswitch L 5:L; tableswitch 2 L L',
    )
    expect(code.flatMap((one) => ('target' in one ? [one.target] : []))).toEqual([0, 0, 0, 0, 0])
    expect(code.at(-2)).toMatchObject({ form: 'lookup', defaultTarget: 0, cases: [{ match: 5, target: 0 }] })
    expect(code.at(-1)).toMatchObject({ form: 'table', defaultTarget: 0, cases: [{ match: 2, target: 0 }] })
  })
})
