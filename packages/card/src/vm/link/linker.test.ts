import { assemble, type CapFile, createMethodPackage, emitComponents, parseComponents } from '@gridcard/cap'
import { describe, expect, it } from 'vitest'
import { VmFixture } from '../../../test/vm-fixture.ts'
import { javaLang } from '../../api/java-lang.ts'
import { javacardFramework } from '../../api/javacard-framework.ts'
import { NativeLibrary } from './native-library.ts'
import { OPERATION } from './prepared-code.ts'

const method = (code: string, frame: { maxStack?: number; maxLocals?: number; nargs?: number } = {}) =>
  createMethodPackage({ methods: { run: { code, ...frame } } }).cap

/** The package with some bytes of its first method replaced. */
function patched(cap: CapFile, from: string, to: readonly number[]): CapFile {
  const needle = from.match(/../g)!.map((hex) => Number.parseInt(hex, 16))
  const { info } = cap.methods
  const at = info.findIndex((_, i) => needle.every((byte, k) => info[i + k] === byte))
  const changed = info.slice()
  changed.set(to, at)
  return { ...cap, methods: { ...cap.methods, info: changed } }
}

/** A platform of which little is there: what a package may miss does not hang on how far the real one is. */
const SMALL = new NativeLibrary([javaLang, javacardFramework])

function loadError(cap: CapFile): { code: string; message: string } {
  const vm = new VmFixture({ natives: SMALL })
  const before = vm.jcre.memory.image()
  try {
    vm.load(cap)
  } catch (error) {
    expect(vm.jcre.memory.image(), 'a package refused leaves no trace').toEqual(before)
    return error as { code: string; message: string }
  }
  throw new Error('the package was taken')
}

describe('a package is refused', () => {
  it('when the package it imports is not on the card', () => {
    const cap = assemble('.package F054455354 1.0\n.import F0AABBCCDD 1.0\n.class c extends java/lang/Object\n.end')
    expect(loadError(cap)).toMatchObject({
      code: 'CARD_IMPORT_MISSING',
      message: expect.stringContaining('F0AABBCCDD'),
    })
  })

  it('when it imports a newer version of the API', () => {
    const cap = assemble(
      '.package F054455354 1.0\n.import A0000000620101 1.77\n.class c extends java/lang/Object\n.end',
    )
    expect(loadError(cap)).toMatchObject({ code: 'CARD_IMPORT_MISSING', message: expect.stringContaining('1.77') })
  })

  it('when it imports another major version', () => {
    const cap = assemble('.package F054455354 1.0\n.import A0000000620101 2.0\n.class c extends java/lang/Object\n.end')
    expect(loadError(cap)).toMatchObject({ code: 'CARD_IMPORT_MISSING' })
  })

  it('when its AID is taken', () => {
    const vm = new VmFixture()
    vm.load(method('return'))
    expect(() => vm.load(method('nop return'))).toThrow(expect.objectContaining({ code: 'CARD_PACKAGE_EXISTS' }))
    const api = assemble('.package A0000000620101 1.0\n.class c extends java/lang/Object\n.end')
    expect(() => vm.load(api)).toThrow(expect.objectContaining({ code: 'CARD_PACKAGE_EXISTS' }))
  })

  it('when it calls an API method that is not there, and says which', () => {
    const name = 'javacard/security/MessageDigest$OneShot.open(B)Ljavacard/security/MessageDigest$OneShot;'
    expect(loadError(method(`sconst_1 invokestatic ${name} pop return`))).toMatchObject({
      code: 'CARD_LINK_METHOD_MISSING',
      message: expect.stringContaining(name),
    })
  })

  it('when it calls a virtual method that nothing implements', () => {
    const call = 'aconst_null invokevirtual javacard/security/MessageDigest$OneShot.getAlgorithm()B pop return'
    expect(loadError(method(call))).toMatchObject({
      code: 'CARD_LINK_METHOD_MISSING',
      message: expect.stringContaining('javacard/security/MessageDigest$OneShot.getAlgorithm()B'),
    })
  })

  it.each([
    ['a class token', 'new %0.200 return', 'CARD_LINK_CLASS_MISSING'],
    ['a static method token', 'invokestatic %0.16.200 return', 'CARD_LINK_METHOD_MISSING'],
    ['a virtual method token', 'aconst_null invokevirtual %0.10.120 return', 'CARD_LINK_METHOD_MISSING'],
    ['a field token', 'aconst_null getfield_s %0.10.0 pop return', 'CARD_LINK_FIELD_MISSING'],
    ['a static field token', 'getstatic_s %0.16.3 pop return', 'CARD_LINK_FIELD_MISSING'],
    ['a field beyond the class', 'aconst_null getfield_s main.3 pop return', 'CARD_LINK_FIELD_MISSING'],
    ['a static field beyond the image', 'getstatic_s static@0 pop return', 'CARD_LINK_FIELD_MISSING'],
  ])('when %s leads nowhere', (_, code, expected) => {
    const text = '.import javacard.framework 1.6\n.statics default 1'
    const { cap } = createMethodPackage({ methods: { run: { code } }, text })
    expect(loadError(cap)).toMatchObject({ code: expected })
  })

  it.each<[string, CapFile]>([
    ['a local the frame does not have', method('sload_1 pop return', { maxLocals: 1 })],
    ['half an int beyond the frame', method('iload_1 pop2 return', { maxLocals: 2 })],
    ['this in a method without locals', method('getfield_s_this main.0 pop return')],
    ['an undefined opcode', patched(method('nop nop return'), '00007A', [0xb9])],
    ['a reserved opcode', patched(method('nop nop return'), '00007A', [0xfe])],
    ['a branch into an instruction', patched(method('sconst_0 ifeq L L: sspush 0 pop return'), '6002', [0x60, 3])],
    ['a branch out of the method', patched(method('goto L L: return'), '7002', [0x70, 100])],
    ['a branch before the method', patched(method('goto L L: return'), '7002', [0x70, 0x80])],
    ['code that runs off its end', patched(method('nop nop return'), '00007A', [0, 0, 0])],
    ['an impossible dup_x', patched(method('sconst_0 dup_x 0x11 pop2 return'), '3F11', [0x3f, 0x51])],
    ['an impossible swap_x', patched(method('sconst_0 sconst_0 swap_x 0x11 pop2 return'), '4011', [0x40, 0x13])],
    ['an impossible array type', patched(method('sconst_0 newarray byte pop return'), '900B', [0x90, 14])],
    ['returns of two kinds', method('sconst_0 ifeq L return L: sconst_0 sreturn')],
    [
      'a lookup switch out of order',
      patched(method('sconst_0 slookupswitch { 1: A 2: A default: A } A: return'), '00020001', [0, 7]),
    ],
    [
      'a native constructor called without its object',
      method('aload_0 sconst_3 sconst_4 invokestatic javacard/framework/OwnerPIN.<init>(BB)V return', { nargs: 1 }),
    ],
    [
      'a native static method called as a constructor',
      method('aload_0 sconst_3 invokespecial javacard/framework/Util.makeShort(BB)S pop return', { nargs: 1 }),
    ],
    ['new of an interface', method('new javacard/framework/PIN pop return')],
    [
      'invokeinterface of a class',
      patched(method('aconst_null invokeinterface 1 javacard/framework/PIN.0 pop return'), '8E01', [0x8e, 0]),
    ],
    ['a handler without a word of stack', method('A: return B: C: return\n.catch A B C any', { maxStack: 0 })],
  ])('when it has %s', (_, cap) => {
    expect(loadError(cap).code).toBe('CARD_LINK_BAD_CODE')
  })

  it('when a constant is of another kind than the instruction', () => {
    const cap = method('new main pop aconst_null getfield_s main.0 pop return')
    const swapped = { ...cap, constantPool: [...cap.constantPool].reverse() }
    expect(loadError(swapped).code).toMatch(/^CARD_LINK_|^CAP_/)
  })
})

describe('linked code', () => {
  it('is shared by cards of the same package, and holds nothing of a card', () => {
    const one = new VmFixture()
    const other = new VmFixture()
    other.load(assemble('.package F0AABBCCDD 1.0\n.class c extends java/lang/Object\n.end'))
    const cap = method('new main pop sconst_1 sreturn')
    const [a, b] = [one.load(cap), other.load(cap)]
    expect(b.linked).toBe(a.linked)
    expect(b.firstClassId).not.toBe(a.firstClassId)
    expect(one.call(a, one.newOwner(a)).result).toBe(1)
    expect(other.call(b, other.newOwner(b)).result).toBe(1)
  })

  it('does not depend on Descriptor having been sent', () => {
    const cap = method('sconst_1 sreturn')
    const withoutDescriptor = parseComponents(emitComponents(cap))
    expect(new VmFixture().load(withoutDescriptor).linked).toBe(new VmFixture().load(cap).linked)
  })

  it('tells the place in the CAP file of every word', () => {
    const { cap, methodOffsets } = createMethodPackage({ methods: { run: { code: 'iipush 70000 pop2 return' } } })
    const { linked } = new VmFixture().load(cap)
    const start = methodOffsets.get('run')! + 2
    const entry = linked.exportedClasses[0]!.staticMethods[0]!.entry
    expect(linked.capOffsets.slice(entry, entry + 4)).toEqual(Int32Array.of(start, start, start + 5, start + 6))
  })

  it('carries no guards where the heights of the stack are plain', () => {
    const { linked } = new VmFixture().load(method('sconst_0 ifeq L sconst_1 pop L: return'))
    expect([...linked.code].some((word) => (word & 0xff) === OPERATION.stack_guard)).toBe(false)
  })
})

describe('the operand stack of code that no compiler makes', () => {
  it.each([
    ['pops below the frame', 'pop return', { maxStack: 4 }],
    ['pushes above its frame', 'sconst_0 sconst_0 sconst_0 return', { maxStack: 2 }],
    ['grows in a loop', 'L: sconst_0 goto L', { maxStack: 4 }],
    ['sinks in a loop', 'sconst_0 sconst_0 L: pop goto L', { maxStack: 4 }],
    ['depends on the way taken', 'sload_0 ifeq L sconst_0 L: pop return', { maxStack: 4, nargs: 1 }],
    ['dup_x from nothing', 'dup_x 0x11 return', { maxStack: 4 }],
    ['returns what is not there', 'sreturn', { maxStack: 4 }],
    ['calls without arguments', 'invokestatic javacard/framework/Util.makeShort(BB)S pop return', { maxStack: 4 }],
  ])('%s: the VM stops', (_, code, frame) => {
    const vm = new VmFixture()
    const instance = vm.load(method(code, frame))
    expect(vm.call(instance, vm.newOwner(instance), 0, 'nargs' in frame ? [0] : []).halted).toBe(
      'operand stack out of bounds',
    )
  })

  it('may be left high by a method, and is then cut', () => {
    const vm = new VmFixture()
    const instance = vm.loadMethods({
      methods: {
        run: { code: 'bspush 7 invokestatic messy sadd sreturn' },
        messy: { code: 'sconst_1 sconst_2 sconst_3 sreturn' },
      },
    })
    expect(vm.call(instance, vm.newOwner(instance)).result).toBe(10)
  })

  it('may be called through an interface whose result nobody knows', () => {
    const vm = new VmFixture()
    const library = vm.load(
      assemble(
        '.package F0AABBCCDD 1.0\n.interface shape shareable extends javacard/framework/Shareable\n.export shape',
      ),
    )
    const instance = vm.loadMethods({
      text: `.import F0AABBCCDD 1.0
        .class round extends java/lang/Object
          .public 1 area
          .implements %0.0 1
        .end
        .method area stack 1 args 1
          bspush 42 sreturn
        .end`,
      methods: {
        run: { code: 'sconst_1 aload_0 invokeinterface 1 %0.0.0 sadd sreturn', nargs: 1 },
        make: { code: 'new round areturn' },
      },
    })
    const owner = vm.newOwner(instance)
    const round = vm.call(instance, owner, 1).result
    expect(library.linked.classes[0]!.isShareable).toBe(true)
    expect(vm.call(instance, owner, 0, [round])).toEqual({ result: 43 })
  })

  it('knows what an abstract method returns from those over it, package-visible ones, too', () => {
    const vm = new VmFixture()
    const instance = vm.loadMethods({
      text: `.class shape extends java/lang/Object
          .package 0 area
        .end
        .class round extends shape
          .package 0 roundArea
        .end
        .method area abstract stack 0 args 1
        .end
        .method roundArea stack 1 args 1
          bspush 42 sreturn
        .end`,
      methods: {
        // No word of stack beyond what the result takes: a result of two words would not fit.
        run: { code: 'sconst_1 aload_0 invokevirtual shape.128 sadd sreturn', nargs: 1, maxStack: 2 },
        make: { code: 'new round areturn' },
      },
    })
    const owner = vm.newOwner(instance)
    const round = vm.call(instance, owner, 1).result
    expect(vm.call(instance, owner, 0, [round])).toEqual({ result: 43 })
  })
})
