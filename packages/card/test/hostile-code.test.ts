import { GridcardError } from '@gridcard/bytes'
import {
  type CapFile,
  createMethodPackage,
  type Instruction,
  instructions,
  parseMethodComponent,
  readMethodHeader,
  withDirectory,
} from '@gridcard/cap'
import { describe, expect, it } from 'vitest'
import type { PackageInstance } from '../src/vm/machine.ts'
import { ADDRESS_MASK, elementBytes, isBlock, LENGTH_MASK, OWNER_MASK, TYPE } from '../src/vm/memory/handle-entry.ts'
import { VmFixture } from './vm-fixture.ts'

// Byte code that no compiler makes and no verifier has seen. Whatever it is, the card refuses it or runs it; the host
// sees no exception, the command ends, and nothing that belongs to another context changes.

const CODE_BYTES = 120
const BUDGET = 20_000

/** mulberry32: the same programs every time. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** A package with a constant pool of all kinds and a method `run` of nops, to be replaced. */
const TEMPLATE = createMethodPackage({
  text: `.statics references 2 default 8
    .interface shape
    .class base extends java/lang/Object
      .public 1 base_name
      .package 0 base_own
      .implements shape 1
    .end
    .class derived extends base
      .instance 3 references 1 from 0
      .public 1 derived_name
    .end
    .method base_name stack 2 args 1
      bspush 10 sreturn
    .end
    .method base_own stack 2 args 1
      bspush 10 sreturn
    .end
    .method derived_name stack 2 args 1
      aload_0 invokespecial super:derived.1 sreturn
    .end`,
  instance: { cells: 4, firstReferenceToken: 0, referenceCount: 2 },
  methods: {
    run: { code: `${'nop '.repeat(CODE_BYTES - 1)} return`, maxStack: 12, maxLocals: 8, nargs: 2 },
    // Never called: brings the references into the constant pool.
    pool: {
      maxLocals: 8,
      code: `new main getfield_a main.0 putfield_s main.2 new derived invokevirtual base.1 invokevirtual base.128
        aload_0 invokeinterface 1 shape.0 sconst_0 anewarray derived checkcast class base
        getstatic_a static@0 putstatic_i static@4 invokestatic helper
        new javacard/framework/OwnerPIN dup sconst_3 sconst_4 invokespecial javacard/framework/OwnerPIN.<init>(BB)V
        aload_0 sconst_0 aload_1 sconst_0 sconst_4 invokestatic javacard/framework/Util.arrayCopy([BS[BSS)S
        aload_0 sconst_0 sconst_4 sconst_1 invokestatic javacard/framework/Util.arrayFillNonAtomic([BSSB)S
        aload_0 sconst_0 sconst_4 invokestatic javacard/framework/Util.setShort([BSS)S
        invokestatic javacard/framework/JCSystem.beginTransaction()V invokestatic javacard/framework/JCSystem.abortTransaction()V
        invokestatic javacard/framework/JCSystem.makeTransientObjectArray(SB)[Ljava/lang/Object;
        invokestatic javacard/framework/ISOException.throwIt(S)V
        aload_0 aload_1 sconst_0 invokevirtual javacard/framework/OwnerPIN.check([BSB)Z
        aload_0 aload_1 sconst_0 invokeinterface 3 javacard/security/AESKey.setKey([BS)V
        invokestatic javacard/security/KeyBuilder.buildKey(BSZ)Ljavacard/security/Key;
        invokestatic javacardx/crypto/Cipher.getInstance(BZ)Ljavacardx/crypto/Cipher;
        aload_0 invokevirtual javacardx/crypto/Cipher.doFinal([BSS[BS)S
        aload_0 invokevirtual javacard/framework/APDU.setIncomingAndReceive()S
        aload_0 invokevirtual javacard/framework/AID.getBytes([BS)B return`,
    },
    helper: { code: 'sload_0 ifeq L sload_0 sconst_1 ssub invokestatic helper sreturn L: sconst_0 sreturn', nargs: 1 },
  },
})

function withCode(code: Uint8Array): CapFile {
  const { cap, methodOffsets } = TEMPLATE
  const info = cap.methods.info.slice()
  info.set(code, readMethodHeader(cap.methods, methodOffsets.get('run')!).codeOffset)
  return withDirectory({
    ...cap,
    methods: parseMethodComponent(info),
    referenceLocation: { byteIndexOffsets: [], byte2IndexOffsets: [] },
  })
}

const CONSTANTS = [...TEMPLATE.cap.constantPool.keys()]

/** Bytes as they come. */
function noise(random: (below: number) => number): Uint8Array {
  return Uint8Array.from({ length: CODE_BYTES }, () => random(256))
}

const DEFINED = instructions.filter((one) => !one.isReserved && one.switch === undefined)

/** Instructions with operands that lead somewhere, for which the stack is mostly deep enough. */
function almostCode(random: (below: number) => number): Uint8Array {
  const bytes: number[] = []
  const starts: number[] = []
  let height = 0
  const fits = (one: Instruction) => (one.wordsIn ?? 3) <= height && height + (one.wordsOut ?? 2) <= 14
  while (bytes.length < CODE_BYTES - 12) {
    const candidates = DEFINED.filter((one) => !one.endsFlow && fits(one))
    const instruction = height < 3 ? pushing(random) : candidates[random(candidates.length)]!
    starts.push(bytes.length)
    emit(instruction, bytes, starts, random)
    height = Math.max(0, Math.min(12, height - (instruction.wordsIn ?? 3) + (instruction.wordsOut ?? 1)))
  }
  while (bytes.length < CODE_BYTES) bytes.push(0x7a)
  return Uint8Array.from(bytes)
}

/** A small number is a good guess at a handle. */
function pushing(random: (below: number) => number): Instruction {
  const names = ['sspush', 'bspush', 'aload_0', 'aload_1', 'sload_2', 'sconst_1', 'aconst_null', 'bspush']
  const name = names[random(names.length)]
  return instructions.find((one) => one.mnemonic === name)!
}

function emit(one: Instruction, bytes: number[], starts: readonly number[], random: (below: number) => number): void {
  const at = bytes.length
  bytes.push(one.opcode)
  for (const { type, kind, constantPoolKinds } of one.operands) {
    const size = Number(type[1])
    let value = random(256)
    if (kind === 'local') value = random(9)
    else if (kind === 'constantPool') {
      const fitting = CONSTANTS.filter((index) => constantPoolKinds!.includes(TEMPLATE.cap.constantPool[index]!.kind))
      value = random(50) === 0 ? random(CONSTANTS.length) : fitting[random(fitting.length)]!
    } else if (kind === 'arrayType') value = [0, 10, 11, 12, 13, 14][random(6)]!
    else if (kind === 'nibbles') value = [0x11, 0x12, 0x22, 0x21, 0x24, 0x20][random(6)]!
    else if (kind === 'branch') value = random(2) ? starts[random(starts.length)]! - at : one.lengthBytes!
    else if (kind === 'argumentCount') value = 1 + random(3)
    else if (kind === 'interfaceMethodToken') value = random(6)
    else if (size === 2) value = random(70)
    for (let i = size - 1; i >= 0; i--) bytes.push((value >> (8 * i)) & 0xff)
  }
}

/** Everything that is not the hostile owner's: entries of the handle table and what they point to. */
function snapshotOfOthers(vm: VmFixture, owners: ReadonlySet<number>, handleCount: number): string {
  const { memory, machine } = vm.jcre
  const parts: string[] = []
  for (let handle = 0; handle < handleCount; handle++) {
    const [word0, word1] = [memory.word0(handle), memory.word1(handle)]
    if (owners.has((word0 >>> 24) & OWNER_MASK)) continue
    const at = word0 & ADDRESS_MASK
    // RAM of the JCRE itself (APDU buffer, reasons of exceptions) is open to everyone.
    if (at >= memory.nvSizeBytes) continue
    const type = word1 >>> 16
    const length = word1 & LENGTH_MASK
    const size = isBlock(type)
      ? length * 4
      : type & TYPE.array
        ? length * elementBytes(type)
        : length + machine.classOf(handle).hiddenBytes
    parts.push(`${handle}:${word0}:${word1}:${memory.u8.subarray(at, at + size).join()}`)
  }
  return parts.join('\n')
}

const VICTIM = createMethodPackage({
  packageAid: Uint8Array.of(0xf0, 1, 2, 3, 4),
  instance: { cells: 3 },
  methods: {
    run: {
      maxLocals: 3,
      code: `bspush 16 newarray byte pop sconst_4 newarray short pop sconst_4 anewarray java/lang/Object pop
        new main sspush 4660 putfield_s main.1
        new javacard/framework/OwnerPIN dup sconst_3 sconst_4 invokespecial javacard/framework/OwnerPIN.<init>(BB)V pop
        bspush 15 sspush 128 sconst_0 invokestatic javacard/security/KeyBuilder.buildKey(BSZ)Ljavacard/security/Key; pop
        return`,
    },
  },
}).cap

function runHostile(code: Uint8Array): 'refused' | 'ran' {
  const vm = new VmFixture()
  const victim = vm.load(VICTIM)
  expect(vm.call(victim, vm.newOwner(victim))).toEqual({ result: 0 })
  let instance: PackageInstance
  try {
    instance = vm.load(withCode(code))
  } catch (error) {
    if (!(error instanceof GridcardError)) throw error
    return 'refused'
  }
  const owner = vm.newOwner(instance)
  const { memory, machine } = vm.jcre
  machine.selectedContext = instance.context
  const handleCount = memory.root.handleCount
  const staticsBlock = instance.staticsAddress
  const owners = new Set([owner, instance.owner])
  const before = snapshotOfOthers(vm, owners, handleCount)
  const ownStatics = memory.u8.slice(staticsBlock, staticsBlock + 12)
  machine.resetStack()
  machine.budget = BUDGET
  const method = instance.linked.exportedClasses[0]!.staticMethods[0]!
  vm.jcre.call(method, owner, [1 + (code[0]! % handleCount), 1 + (code[1]! % handleCount)])
  machine.resetStack()
  if (memory.inTransaction) vm.jcre.rollBack()
  // Its own static fields may have changed: put them back before comparing.
  memory.u8.set(ownStatics, staticsBlock)
  expect(snapshotOfOthers(vm, owners, handleCount)).toBe(before)
  return 'ran'
}

describe('hostile byte code', () => {
  it.each([
    ['noise', noise, 1500, 0],
    ['almost code', almostCode, 2500, 200],
  ] as const)(
    '%s harms nobody',
    (_, make, programs, atLeast) => {
      let ran = 0
      for (let seed = 1; seed <= programs; seed++) {
        try {
          if (runHostile(make(randomFrom(seed))) === 'ran') ran++
        } catch (error) {
          throw new Error(`program ${seed}`, { cause: error })
        }
      }
      expect(ran).toBeGreaterThanOrEqual(atLeast)
    },
    120_000,
  )
})
