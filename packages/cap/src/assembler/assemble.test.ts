import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { loadForm } from '../../test/hand-written-package.ts'
import { emitCapFile, emitComponents } from '../capfile/emit-cap-file.ts'
import { parseCapFile, parseComponents } from '../capfile/parse-cap-file.ts'
import type { AssemblerErrorCode } from '../errors.ts'
import { decodeMethods } from '../instructions/method-code.ts'
import { assemble, assemblePackage } from './assemble.ts'
import { disassemble } from './disassemble.ts'

/** The hand-written package in our language, typed from the same notes, not from the disassembler. */
const HAND_WRITTEN = `
  .format 2.1
  .package F05445535431 1.0
  .import javacard.framework 1.6
  .import java.lang 1.0
  .applet F0544553543101 install

  .class purse extends javacard/framework/Applet
    .public 7 process
  .end

  .statics references 2 default 1 values 1234
  .array byte 01 02 03

  .constants
    staticMethod javacard/framework/Applet.<init>()V
    class purse
    staticMethod init
    virtualMethod javacard/framework/Applet.register()V
    virtualMethod javacard/framework/APDU.getBuffer()[B
    class javacard/framework/ISOException
  .end

  .method init stack 1 args 1
    aload_0  invokespecial javacard/framework/Applet.<init>()V  return
  .end
  .method install stack 2 args 3
    new purse  dup  invokespecial init  invokevirtual javacard/framework/Applet.register()V  return
  .end
  .method process stack 1 args 2 locals 1
   from:   aload_1  invokevirtual javacard/framework/APDU.getBuffer()[B  pop  return
   caught: astore_2  return
    .catch from caught caught javacard/framework/ISOException
  .end

  .descriptor
    .type nothing  void
    .type install  byte[] short byte void
    .type process  javacard/framework/APDU void
    .type bytes    byte[]
    .constantTypes nothing none nothing nothing bytes none
    .class purse 255 public
      .field 255 private+static static@5 short
      .method 255 public+init init nothing
      .method 255 public+static install install
      .method 7 public process process
  .end`

const MINIMAL = '.package F054455354 1.0'
const inMethod = (code: string) =>
  `${MINIMAL}\n.method m stack 2 args 1 locals 1\n${code}\n.end\n.class c extends java/lang/Object\n.public 0 m\n.end`

describe('assembling a package', () => {
  it.each<[string, string, AssemblerErrorCode]>([
    ['no package', '.format 2.1', 'CAP_ASM_SYNTAX'],
    ['an unknown directive', `${MINIMAL}\n.wish peace`, 'CAP_ASM_UNKNOWN_NAME'],
    ['a word too many', `${MINIMAL}\n.path a b`, 'CAP_ASM_SYNTAX'],
    ['a version without dot', '.package F054455354 1', 'CAP_ASM_SYNTAX'],
    ['an odd number of digits', '.package F05445535 1.0', 'CAP_ASM_SYNTAX'],
    ['a method without end', `${MINIMAL}\n.method m`, 'CAP_ASM_SYNTAX'],
    ['a label twice', `${MINIMAL}\n.method m\nreturn\n.end\n.method m\nreturn\n.end`, 'CAP_ASM_DUPLICATE'],
    ['an install method that is not there', `${MINIMAL}\n.applet F05445535401 install`, 'CAP_ASM_UNKNOWN_NAME'],
    ['an unknown superclass', `${MINIMAL}\n.class c extends java/lang/Thread\n.end`, 'CAP_ASM_UNKNOWN_NAME'],
    ['an unknown kind of constant', `${MINIMAL}\n.constants\nlongField c.0\n.end`, 'CAP_ASM_UNKNOWN_NAME'],
    [
      'an unknown type',
      `${MINIMAL}\n.descriptor\n.class %0.0 1 public\n.method 1 none - t0\n.end`,
      'CAP_ASM_UNKNOWN_NAME',
    ],
    ['a descriptor method before its class', `${MINIMAL}\n.descriptor\n.method 1 none - t0\n.end`, 'CAP_ASM_SYNTAX'],
    [
      'an unknown API method',
      inMethod('invokestatic javacard/framework/Util.sleep(S)V return'),
      'CAP_ASM_UNKNOWN_NAME',
    ],
    [
      'an API constant used as a field',
      inMethod('getstatic_s javacard/framework/ISO7816.SW_WRONG_LENGTH sreturn'),
      'CAP_ASM_UNKNOWN_NAME',
    ],
    ['a member without a class', inMethod('invokevirtual getBuffer return'), 'CAP_ASM_SYNTAX'],
    ['a super method called virtually', inMethod('invokevirtual super:c.0 return'), 'CAP_ASM_SYNTAX'],
    ['a catch without its label', inMethod('return\n.catch A B C any'), 'CAP_ASM_UNKNOWN_NAME'],
    ['an export of a class that is not ours', `${MINIMAL}\n.export javacard/framework/APDU`, 'CAP_ASM_UNKNOWN_NAME'],
  ])('refuses %s', (_, text, code) => {
    expect(() => assemble(text)).toThrow(expect.objectContaining({ code }))
  })

  it('refuses text that describes an impossible package', () => {
    const reaching = `${MINIMAL}\n.class c extends %0.3\n.end`
    expect(() => assemble(reaching)).toThrow(expect.objectContaining({ code: 'CAP_BAD_REFERENCE' }))
  })

  it('makes the bytes written by hand from the text written by hand', () => {
    expect(toHex(emitComponents(assemble(HAND_WRITTEN), { descriptor: 'included' }))).toBe(toHex(loadForm()))
  })

  it('reads its own disassembly back', () => {
    const cap = parseComponents(loadForm())
    const text = disassemble(cap)
    expect(text).toContain('invokevirtual javacard/framework/APDU.getBuffer()[B')
    expect(text).toContain('// class0.process(Ljavacard/framework/APDU;)V')
    expect(text).not.toContain('.raw')
    expect(assemble(text)).toEqual(cap)
    expect(disassemble(assemble(text))).toBe(text)
  })

  it('keeps a package whole through ZIP and text, whatever it has', () => {
    const cap = assemble(EVERYTHING)
    expect(parseCapFile(emitCapFile(cap))).toEqual(cap)
    const text = disassemble(cap)
    expect(text).not.toContain('.raw')
    expect(assemble(text)).toEqual(cap)
  })

  it('imports what a name needs, in the version of the level', () => {
    const text = inMethod('getstatic_a javacard/security/KeyBuilder.x return')
    expect(() => assemble(text)).toThrow('no x in javacard/security/KeyBuilder')
    const cap = (level: '3.0.5' | '3.2.0') =>
      assemble(inMethod('invokestatic javacard/framework/JCSystem.getTransactionDepth()B pop return'), { level })
    const imports = (level: '3.0.5' | '3.2.0') =>
      cap(level).imports.map(({ aid, version }) => `${toHex(aid)} ${version.major}.${version.minor}`)
    expect(imports('3.0.5')).toEqual(['A0000000620101 1.6', 'A0000000620001 1.0'])
    expect(imports('3.2.0')).toEqual(['A0000000620101 1.9', 'A0000000620001 1.0'])
  })

  it('never lets a handler catch everything by putting its class at index 0', () => {
    const cap = assemble(inMethod('A: return B: pop return\n.catch A B B java/lang/RuntimeException'))
    const index = cap.methods.handlers[0]!.catchTypeIndex
    expect(index).toBeGreaterThan(0)
    expect(cap.constantPool[index]).toEqual({
      kind: 'class',
      class: { kind: 'external', packageToken: 0, classToken: 3 },
    })
  })

  it('knows where the search for a handler may stop', () => {
    const code = `A: nop B: nop C: return H: pop return
      .catch B C H java/lang/RuntimeException
      .catch A C H any
      .catch A B H any continue`
    const { handlers } = assemble(inMethod(code)).methods
    expect(handlers.map((one) => one.stop)).toEqual([false, true, false])
  })

  it('tells where labels ended up', () => {
    const { cap, methodOffsets, classOffsets } = assemblePackage(HAND_WRITTEN)
    expect(Object.fromEntries(methodOffsets)).toEqual({ init: 9, install: 16, process: 29 })
    expect(Object.fromEntries(classOffsets)).toEqual({ purse: 0 })
    expect(decodeMethods(cap).map((one) => one.header.offset)).toEqual([9, 16, 29])
  })

  it('keeps dead code between code that can run, with no Descriptor to tell its length', () => {
    const cap = assemble(inMethod('goto B A: nop nop B: return'))
    expect(disassemble(cap)).not.toContain('.raw')
    expect(assemble(disassemble(cap))).toEqual(cap)
  })

  it('keeps apart two imports with one AID', () => {
    const twice = `${MINIMAL}\n.import java.lang 1.0\n.import java.lang 1.0\n.constants\nclass %1.0\nclass %0.0\n.end`
    const cap = assemble(twice)
    expect(disassemble(cap)).toContain('class %1.0')
    expect(disassemble(cap)).toContain('class java/lang/Object')
    expect(assemble(disassemble(cap))).toEqual(cap)
  })

  it('gives a type code to words and back', () => {
    const cap = assemble(EVERYTHING)
    const nibbles = cap.descriptor!.types.descriptors.map((one) => one.nibbles)
    expect(nibbles[0]).toEqual([10, 11, 12, 13, 2, 3, 4, 5, 14, 8, 0, 0, 0, 6, 0, 0, 0, 4, 1])
    expect(nibbles[1]).toEqual([9, 7])
  })
})

/** One of everything the language has. */
const EVERYTHING = `
  .format 2.3
  .path com/example/with%0020blank
  .package F05445535432 1.2 name com/example int
  .import A0000000620001 1.0
  .import F0FFFFFFFFFF 7.3
  .applet F0544553543201 run
  .signatures 0110
  .interface base shareable
  .interface derived shareable extends base %1.5
  .class parent extends nothing
    .public 0 run -
    .package 0 helper abstract0
    .tokens 1 00FF
  .end
  .class child shareable extends parent
    .instance 4 references 2 from 1
    .implements derived 0 1
    .implements base 1
    .tokens 0
  .end
  .statics references 2 default 3 values 7F
  .array int 00000001
  .array boolean 01
  .constants
    class parent
    class parent
    superMethod child.0
    virtualMethod child.0x80
    instanceField child.3
    staticField static@0
    staticField %1.5.9
    staticMethod %1.5.8
    staticMethod run
  .end
  .method run stack 20 args 3 locals 0
    getfield_s child.3  getfield_s_w child.3  invokespecial super:child.0  invokespecial run
    instanceof class #1  checkcast boolean  checkcast reference base  anewarray parent
    invokeinterface 2 derived.1  invokeinterface 1 #1.2
    invokestatic %1.5.8  putstatic_b static@0  iipush 70000  isload_trap: nop
    itableswitch { 5: isload_trap isload_trap default: end }
    slookupswitch { -5: end 6: end default: isload_trap }
    end: goto_w end
    .catch isload_trap end end parent stop
  .end
  .bytes 0102
  .method helper long stack 1 args 1 locals 0
    return
  .end
  .method abstract0 abstract stack 0 args 2 locals 0
  .end
  .export parent fields 0 4 methods run helper
  .export base
  .descriptor
    .type t0 boolean[] byte[] short[] int[] boolean byte short int java/lang/Object[] base void
    .type t1 nibbles 97
    .type t2 void
    .constantTypes none none t2 t2 t1 t1 t1 t2 t2
    .class base 0 public+interface+abstract
      .method 0 public+abstract - t2
    .class child 255 0x2 implements derived base
      .field 3 protected child.3 short
      .field 0 public+static static@4 t0
      .method 0 public run t2
      .method 1 none helper t2 size 1 handlers 1 from 0
      .method 129 abstract abstract0 t2
  .end
  .debug 00 01 02
  .resource 7 CAFE
  .custom 130 F05445535499 file Extra%0020one.cap C0FFEE`

describe('a package with a component that words cannot show', () => {
  it('keeps byte code that does not decode as bytes', () => {
    const cap = assemble(
      `${MINIMAL}\n.class c extends java/lang/Object\n.public 0 method@1\n.end\n.raw Method 00 0000 B9`,
    )
    const text = disassemble(cap)
    expect(text).toContain('.raw Method 000000B9')
    expect(assemble(text)).toEqual(cap)
  })

  it('keeps remote classes as bytes', () => {
    const cap = assemble(`.format 2.2\n.package F054455354 1.0\n.import java.lang 1.0\n.raw Class 0000 A0 01 49`)
    expect(cap.classes.interfaces[0]?.interfaceName).toBe('I')
    expect(assemble(disassemble(cap))).toEqual(cap)
  })

  it('keeps a Directory that announces a Descriptor left behind', () => {
    const cap = parseComponents(loadForm({ Descriptor: undefined }))
    expect(disassemble(cap)).toContain('.raw Directory')
    expect(assemble(disassemble(cap))).toEqual(cap)
  })

  it('keeps locations other than those the byte code has', () => {
    const cap = assemble(`${inMethod('return')}\n.raw RefLocation 0000 0000`)
    expect(cap.referenceLocation).toEqual({ byteIndexOffsets: [], byte2IndexOffsets: [] })
    const odd = assemble(`${inMethod('new c return')}\n.raw RefLocation 0000 0000`)
    expect(disassemble(odd)).toContain('.raw RefLocation 00000000')
    expect(assemble(disassemble(odd))).toEqual(odd)
  })

  it('keeps every other component given as bytes', () => {
    const parts = [
      'Header DECAFFED 01 02 06 00 01 05 F054455354',
      'Import 00',
      'Export 00',
      'StaticField 00000000000000000000',
    ]
    const applet = 'Applet 01 05 F054455354 0001'
    const cap = assemble(
      `${MINIMAL}\n${[...parts, applet, 'ConstantPool 0000', 'Method 00 0030 7A'].map((one) => `.raw ${one}`).join('\n')}`,
    )
    expect(cap.header.flags).toBe(6)
    expect(cap.export).toEqual({ classes: [] })
    expect(cap.applet?.applets).toEqual([{ aid: fromHex('F054455354'), installMethodOffset: 1 }])
    expect(assemble(disassemble(cap))).toEqual(cap)
    expect(() => assemble(`${MINIMAL}\n.raw Soul 00`)).toThrow(
      expect.objectContaining({ code: 'CAP_ASM_UNKNOWN_NAME' }),
    )
  })
})
