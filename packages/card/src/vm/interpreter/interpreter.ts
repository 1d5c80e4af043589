import type { Engine } from '../engine.ts'
import {
  ACCESS,
  arrayFault,
  fieldFault,
  interfaceCallOwner,
  storeFault,
  throwFault,
  typeTestFault,
  virtualCallOwner,
} from '../firewall.ts'
import {
  ARITHMETIC,
  ARRAY_INDEX_OUT_OF_BOUNDS,
  CLASS_CAST,
  NEGATIVE_ARRAY_SIZE,
  NULL_POINTER,
  SECURITY,
} from '../jcre-objects.ts'
import type { LinkedMethod } from '../link/linked-package.ts'
import type { HaltReason, Machine, PackageInstance } from '../machine.ts'
import {
  ADDRESS_MASK,
  BYTE_ARRAY_TYPE,
  DESELECT_OWNER,
  ELEMENT,
  LENGTH_MASK,
  SHORT_ARRAY_TYPE,
  TYPE,
} from '../memory/handle-entry.ts'
import { CONTROL_WORDS, POINTER_MASK, TO_HOST } from '../monitor.ts'
import {
  bufferFull,
  callNative,
  componentStoreFault,
  findHandler,
  fitsCallSite,
  interfaceMethod,
  isInstance,
  isObjectOf,
  newArray,
  noRoom,
  placeOf,
  receiverClass,
} from './slow-paths.ts'

// What happened when the dispatch loop is left. An instruction that ends a frame, makes one, or throws sets `event` and
// breaks; everything else continues with the next word.
const EVENT_THROW = 0
const EVENT_CALL = 1
const EVENT_RETURN = 2
const EVENT_HALT = 3
const EVENT_BREAKPOINT = 4

const { none: NONE, read: READ, write: WRITE } = ACCESS
/** No entry has this owner: CLEAR_ON_DESELECT arrays are out of reach. */
const NOT_SELECTED = -1
// Types as they stand in the upper half of word 1. The global flag may be set; byte and boolean differ in the last bit.
const TYPE_MASK = ~(TYPE.global << 16) & 0xffff_0000
const BYTE_TYPE_MASK = TYPE_MASK & ~(1 << 16)
const BYTE_ARRAY = (BYTE_ARRAY_TYPE << 16) & BYTE_TYPE_MASK
const SHORT_ARRAY = SHORT_ARRAY_TYPE << 16
const INT_ARRAY = (TYPE.array | ELEMENT.int) << 16
const REFERENCE_ARRAY_MASK = (TYPE.array | TYPE.references) << 16
/** Length of an object; negative for an array, so that no offset is below it. */
const OBJECT_LENGTH_MASK = (TYPE.array << 16) | LENGTH_MASK

/**
 * The switch interpreter.
 *
 * Cases are literal numbers because V8 builds a jump table of those only; a test compares each with its comment and the
 * table of operations. The firewall's plain case stands in the instructions: object and code have the same active owner.
 * Anything else asks `firewall.ts`. Operand stack bounds were proved by the linker, or are watched by `stack_guard`.
 */
export const interpreter: Engine = {
  name: 'interpreter',
  invoke(machine, method, owner, args) {
    const { memory } = machine
    const { i16 } = memory
    const at = machine.stackTop
    const { frame, owner: caller } = machine
    if (at + args.length > i16.length) {
      machine.halt('stack overflow', method.name)
      return 0
    }
    for (const [i, value] of args.entries()) i16[at + i] = value
    let result = 0
    if (method.native !== undefined) {
      machine.owner = owner
      machine.stackTop = at + args.length
      result = callNative(machine, method, at)
    } else if (method.entry < 0) machine.halt('call of an abstract method', method.name)
    else result = run(machine, method, owner, at + args.length)
    machine.stackTop = at
    machine.frame = frame
    machine.owner = caller
    return result
  },
}

function run(machine: Machine, method: LinkedMethod, firstOwner: number, firstSp: number): number {
  const { memory, contextOf } = machine
  const { i8, u8, i16, i32, nvSizeBytes, handleTableTop } = memory
  const { monitor } = machine
  const stackEnd = i16.length

  let instance: PackageInstance = machine.instanceOf(method.package)
  let code = instance.code
  let statics = instance.staticsAddress
  let owner = machine.owner
  let deselectOwner = NOT_SELECTED
  let handleLimit = memory.root.handleCount
  /** Next word of code; first free word of the operand stack; first local; control record of the frame, in i32. */
  let pc = TO_HOST
  let sp = firstSp
  let fp = 0
  let control = machine.frame
  /** What is left of the instruction budget, plus pc: jumping forward gives back what was jumped over. */
  let budget = machine.budget + TO_HOST

  let event = EVENT_CALL
  /** For EVENT_CALL */
  let callee: PackageInstance = instance
  let entry = method.entry
  let calleeOwner = firstOwner
  /** For EVENT_RETURN */
  let returnWords = 0
  /** For EVENT_THROW */
  let thrown = 0
  let reason: HaltReason = 'instruction budget used up'
  let word = 0

  for (;;) {
    // ---- frames come and go

    if (event === EVENT_CALL) {
      const header = callee.code[entry - 1]!
      const nargs = header & 0xff
      const locals = (header >>> 8) & 0x1ff
      const newFp = sp - nargs
      const newControl = (newFp + locals + 1) >> 1
      const newSp = (newControl << 1) + CONTROL_WORDS
      if (newSp + ((header >>> 17) & 0xff) > stackEnd) {
        reason = 'stack overflow'
        event = EVENT_HALT
        continue
      }
      for (let i = sp; i < newFp + locals; i++) i16[i] = 0
      i32[newControl] = pc
      i32[newControl + 1] = fp | (owner << 24)
      i32[newControl + 2] = control | (instance.slot << 24)
      budget += entry - pc
      pc = entry
      fp = newFp
      control = newControl
      sp = newSp
      if (callee !== instance) {
        instance = callee
        code = callee.code
        statics = callee.staticsAddress
      }
      if (calleeOwner !== owner || deselectOwner === NOT_SELECTED) {
        owner = calleeOwner
        machine.owner = calleeOwner
        deselectOwner = contextOf[owner] === machine.selectedContext ? owner | DESELECT_OWNER : NOT_SELECTED
      }
      if (budget < pc) {
        reason = 'instruction budget used up'
        event = EVENT_HALT
        continue
      }
    } else if (event === EVENT_HALT) {
      machine.halt(reason, placeOf(instance.linked, pc - 1))
      machine.budget = 0
      monitor?.halting?.(machine, { instance, pc: pc - 1, sp, fp, control })
      return 0
    } else if (event === EVENT_BREAKPOINT) {
      word = monitor!.reached(machine, { instance, pc: pc - 1, sp, fp, control })
    } else {
      // EVENT_RETURN, or EVENT_THROW: look for a handler, frame by frame
      const from = sp
      if (event === EVENT_THROW && monitor !== undefined) {
        monitor.raised?.(machine, { instance, pc: pc - 1, sp, fp, control }, thrown)
      }
      for (;;) {
        if (event === EVENT_THROW) {
          const handler = findHandler(instance.linked, pc - 1, machine.classOf(thrown))
          if (handler !== undefined) {
            sp = (control << 1) + CONTROL_WORDS
            i16[sp++] = thrown
            budget += handler.target - pc
            pc = handler.target
            break
          }
        }
        const callerPc = i32[control]!
        const fpAndOwner = i32[control + 1]!
        const controlAndSlot = i32[control + 2]!
        sp = fp
        budget += callerPc - pc
        pc = callerPc
        fp = fpAndOwner & POINTER_MASK
        control = controlAndSlot & POINTER_MASK
        if (fpAndOwner >>> 24 !== owner) {
          owner = fpAndOwner >>> 24
          machine.owner = owner
          deselectOwner = contextOf[owner] === machine.selectedContext ? owner | DESELECT_OWNER : NOT_SELECTED
        }
        if (callerPc === TO_HOST) {
          machine.budget = budget - TO_HOST
          if (event === EVENT_THROW) {
            machine.thrown = thrown
            return 0
          }
          if (returnWords === 2) return (i16[from - 2]! << 16) | (i16[from - 1]! & 0xffff)
          return returnWords === 1 ? i16[from - 1]! : 0
        }
        if (controlAndSlot >>> 24 !== instance.slot) {
          instance = machine.packages[controlAndSlot >>> 24]!
          code = instance.code
          statics = instance.staticsAddress
        }
        if (event === EVENT_RETURN) {
          // Source and destination overlap only in place or downwards.
          if (returnWords === 1) i16[sp++] = i16[from - 1]!
          else if (returnWords === 2) {
            i16[sp] = i16[from - 2]!
            i16[sp + 1] = i16[from - 1]!
            sp += 2
          }
          break
        }
      }
      if (budget < pc) {
        reason = 'instruction budget used up'
        event = EVENT_HALT
        continue
      }
    }

    // After a breakpoint the first word is the one that belongs there.
    if (event !== EVENT_BREAKPOINT) word = code[pc++]!
    event = EVENT_THROW
    for (; ; word = code[pc++]!) {
      switch (word & 0xff) {
        case 0x00: // nop
          continue
        case 0x11: // sspush
          i16[sp++] = word >> 8
          continue
        case 0x14: {
          // iipush
          const value = code[pc++]!
          i16[sp] = value >> 16
          i16[sp + 1] = value
          sp += 2
          continue
        }

        // ---- locals

        case 0x16: // sload
          i16[sp++] = i16[fp + (word >>> 8)]!
          continue
        case 0x17: {
          // iload
          const at = fp + (word >>> 8)
          i16[sp] = i16[at]!
          i16[sp + 1] = i16[at + 1]!
          sp += 2
          continue
        }
        case 0x29: // sstore
          i16[fp + (word >>> 8)] = i16[--sp]!
          continue
        case 0x2a: {
          // istore
          const at = fp + (word >>> 8)
          sp -= 2
          i16[at] = i16[sp]!
          i16[at + 1] = i16[sp + 1]!
          continue
        }
        case 0x59: {
          // sinc
          const at = fp + ((word >>> 8) & 0xff)
          i16[at] = i16[at]! + (word >> 16)
          continue
        }
        case 0x5a: {
          // iinc
          const at = fp + ((word >>> 8) & 0xff)
          const value = ((i16[at]! << 16) | (i16[at + 1]! & 0xffff)) + (word >> 16)
          i16[at] = value >> 16
          i16[at + 1] = value
          continue
        }

        // ---- array components; @source JCRE 3.1 §6.2.8.2

        case 0x24: {
          // aaload
          const index = i16[--sp]!
          const handle = i16[sp - 1]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const holder = i32[at]! >>> 24
          if (handle >= handleLimit || (holder !== owner && holder !== deselectOwner)) {
            thrown = arrayFault(machine, handle, READ)
            if (thrown !== 0) break
          }
          const word1 = i32[at + 1]!
          if ((word1 & REFERENCE_ARRAY_MASK) !== REFERENCE_ARRAY_MASK) {
            thrown = SECURITY
            break
          }
          if (index >>> 0 >= (word1 & LENGTH_MASK)) {
            thrown = ARRAY_INDEX_OUT_OF_BOUNDS
            break
          }
          i16[sp - 1] = i16[((i32[at]! & ADDRESS_MASK) >> 1) + index]!
          continue
        }
        case 0x25: {
          // baload
          const index = i16[--sp]!
          const handle = i16[sp - 1]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          const holder = word0 >>> 24
          if (handle >= handleLimit || (holder !== owner && holder !== deselectOwner)) {
            thrown = arrayFault(machine, handle, READ)
            if (thrown !== 0) break
          }
          const word1 = i32[at + 1]!
          if ((word1 & BYTE_TYPE_MASK) !== BYTE_ARRAY) {
            thrown = SECURITY
            break
          }
          if (index >>> 0 >= (word1 & LENGTH_MASK)) {
            thrown = ARRAY_INDEX_OUT_OF_BOUNDS
            break
          }
          i16[sp - 1] = i8[(word0 & ADDRESS_MASK) + index]!
          continue
        }
        case 0x26: {
          // saload
          const index = i16[--sp]!
          const handle = i16[sp - 1]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          const holder = word0 >>> 24
          if (handle >= handleLimit || (holder !== owner && holder !== deselectOwner)) {
            thrown = arrayFault(machine, handle, READ)
            if (thrown !== 0) break
          }
          const word1 = i32[at + 1]!
          if ((word1 & TYPE_MASK) !== SHORT_ARRAY) {
            thrown = SECURITY
            break
          }
          if (index >>> 0 >= (word1 & LENGTH_MASK)) {
            thrown = ARRAY_INDEX_OUT_OF_BOUNDS
            break
          }
          i16[sp - 1] = i16[((word0 & ADDRESS_MASK) >> 1) + index]!
          continue
        }
        case 0x27: {
          // iaload
          const index = i16[sp - 1]!
          const handle = i16[sp - 2]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          const holder = word0 >>> 24
          if (handle >= handleLimit || (holder !== owner && holder !== deselectOwner)) {
            thrown = arrayFault(machine, handle, READ)
            if (thrown !== 0) break
          }
          const word1 = i32[at + 1]!
          if ((word1 & TYPE_MASK) !== INT_ARRAY) {
            thrown = SECURITY
            break
          }
          if (index >>> 0 >= (word1 & LENGTH_MASK)) {
            thrown = ARRAY_INDEX_OUT_OF_BOUNDS
            break
          }
          const cell = ((word0 & ADDRESS_MASK) >> 1) + (index << 1)
          i16[sp - 2] = i16[cell]!
          i16[sp - 1] = i16[cell + 1]!
          continue
        }
        case 0x37: {
          // aastore
          const value = i16[sp - 1]! & 0xffff
          const index = i16[sp - 2]!
          const handle = i16[sp - 3]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          const holder = word0 >>> 24
          if (handle >= handleLimit || (holder !== owner && holder !== deselectOwner)) {
            thrown = arrayFault(machine, handle, WRITE)
            if (thrown !== 0) break
          }
          const word1 = i32[at + 1]!
          if ((word1 & REFERENCE_ARRAY_MASK) !== REFERENCE_ARRAY_MASK) {
            thrown = SECURITY
            break
          }
          thrown = componentStoreFault(machine, word1, value)
          if (thrown !== 0) break
          if (index >>> 0 >= (word1 & LENGTH_MASK)) {
            thrown = ARRAY_INDEX_OUT_OF_BOUNDS
            break
          }
          const address = (word0 & ADDRESS_MASK) + (index << 1)
          if (address >= nvSizeBytes) i16[address >> 1] = value
          else if (!memory.putShort(address, value)) {
            thrown = bufferFull(machine)
            break
          }
          sp -= 3
          continue
        }
        case 0x38: {
          // bastore
          const value = i16[sp - 1]!
          const index = i16[sp - 2]!
          const handle = i16[sp - 3]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          const holder = word0 >>> 24
          if (handle >= handleLimit || (holder !== owner && holder !== deselectOwner)) {
            thrown = arrayFault(machine, handle, WRITE)
            if (thrown !== 0) break
          }
          const word1 = i32[at + 1]!
          if ((word1 & BYTE_TYPE_MASK) !== BYTE_ARRAY) {
            thrown = SECURITY
            break
          }
          if (index >>> 0 >= (word1 & LENGTH_MASK)) {
            thrown = ARRAY_INDEX_OUT_OF_BOUNDS
            break
          }
          const address = (word0 & ADDRESS_MASK) + index
          if (address >= nvSizeBytes) i8[address] = value
          else if (!memory.putByte(address, value)) {
            thrown = bufferFull(machine)
            break
          }
          sp -= 3
          continue
        }
        case 0x39: {
          // sastore
          const value = i16[sp - 1]!
          const index = i16[sp - 2]!
          const handle = i16[sp - 3]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          const holder = word0 >>> 24
          if (handle >= handleLimit || (holder !== owner && holder !== deselectOwner)) {
            thrown = arrayFault(machine, handle, WRITE)
            if (thrown !== 0) break
          }
          const word1 = i32[at + 1]!
          if ((word1 & TYPE_MASK) !== SHORT_ARRAY) {
            thrown = SECURITY
            break
          }
          if (index >>> 0 >= (word1 & LENGTH_MASK)) {
            thrown = ARRAY_INDEX_OUT_OF_BOUNDS
            break
          }
          const address = (word0 & ADDRESS_MASK) + (index << 1)
          if (address >= nvSizeBytes) i16[address >> 1] = value
          else if (!memory.putShort(address, value)) {
            thrown = bufferFull(machine)
            break
          }
          sp -= 3
          continue
        }
        case 0x3a: {
          // iastore
          const index = i16[sp - 3]!
          const handle = i16[sp - 4]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          const holder = word0 >>> 24
          if (handle >= handleLimit || (holder !== owner && holder !== deselectOwner)) {
            thrown = arrayFault(machine, handle, WRITE)
            if (thrown !== 0) break
          }
          const word1 = i32[at + 1]!
          if ((word1 & TYPE_MASK) !== INT_ARRAY) {
            thrown = SECURITY
            break
          }
          if (index >>> 0 >= (word1 & LENGTH_MASK)) {
            thrown = ARRAY_INDEX_OUT_OF_BOUNDS
            break
          }
          const address = (word0 & ADDRESS_MASK) + (index << 2)
          if (address >= nvSizeBytes) {
            i16[address >> 1] = i16[sp - 2]!
            i16[(address >> 1) + 1] = i16[sp - 1]!
          } else if (!memory.putInt(address, i16[sp - 2]!, i16[sp - 1]!)) {
            thrown = bufferFull(machine)
            break
          }
          sp -= 4
          continue
        }

        // ---- stack

        case 0x3b: // pop
          sp--
          continue
        case 0x3c: // pop2
          sp -= 2
          continue
        case 0x3d: // dup
          i16[sp] = i16[sp - 1]!
          sp++
          continue
        case 0x3e: // dup2
          i16[sp] = i16[sp - 2]!
          i16[sp + 1] = i16[sp - 1]!
          sp += 2
          continue
        case 0x3f: {
          // dup_x
          const m = word >>> 12
          const n = ((word >>> 8) & 0x0f) === 0 ? m : (word >>> 8) & 0x0f
          for (let i = 1; i <= n; i++) i16[sp + m - i] = i16[sp - i]!
          for (let i = 1; i <= m; i++) i16[sp - n + m - i] = i16[sp + m - i]!
          sp += m
          continue
        }
        case 0x40: {
          // swap_x
          const m = word >>> 12
          const n = (word >>> 8) & 0x0f
          const t1 = i16[sp - 1]!
          const t2 = i16[sp - 2]!
          // The n words below move up by m, the m words on top go under them.
          for (let i = 1; i <= n; i++) i16[sp - i] = i16[sp - m - i]!
          i16[sp - n - 1] = t1
          if (m === 2) i16[sp - n - 2] = t2
          continue
        }

        // ---- arithmetic and logic; stores into i16 cut to 16 bits

        case 0x41: // sadd
          sp--
          i16[sp - 1] = i16[sp - 1]! + i16[sp]!
          continue
        case 0x42: {
          // iadd
          sp -= 2
          const value = ((i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff)) + ((i16[sp]! << 16) | (i16[sp + 1]! & 0xffff))
          i16[sp - 2] = value >> 16
          i16[sp - 1] = value
          continue
        }
        case 0x43: // ssub
          sp--
          i16[sp - 1] = i16[sp - 1]! - i16[sp]!
          continue
        case 0x44: {
          // isub
          sp -= 2
          const value = ((i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff)) - ((i16[sp]! << 16) | (i16[sp + 1]! & 0xffff))
          i16[sp - 2] = value >> 16
          i16[sp - 1] = value
          continue
        }
        case 0x45: // smul
          sp--
          i16[sp - 1] = i16[sp - 1]! * i16[sp]!
          continue
        case 0x46: {
          // imul
          sp -= 2
          const value = Math.imul(
            (i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff),
            (i16[sp]! << 16) | (i16[sp + 1]! & 0xffff),
          )
          i16[sp - 2] = value >> 16
          i16[sp - 1] = value
          continue
        }
        case 0x47: {
          // sdiv
          const divisor = i16[sp - 1]!
          if (divisor === 0) {
            thrown = ARITHMETIC
            break
          }
          sp--
          i16[sp - 1] = (i16[sp - 1]! / divisor) | 0
          continue
        }
        case 0x48: {
          // idiv
          const divisor = (i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff)
          if (divisor === 0) {
            thrown = ARITHMETIC
            break
          }
          sp -= 2
          const value = (((i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff)) / divisor) | 0
          i16[sp - 2] = value >> 16
          i16[sp - 1] = value
          continue
        }
        case 0x49: {
          // srem
          const divisor = i16[sp - 1]!
          if (divisor === 0) {
            thrown = ARITHMETIC
            break
          }
          sp--
          i16[sp - 1] = i16[sp - 1]! % divisor
          continue
        }
        case 0x4a: {
          // irem
          const divisor = (i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff)
          if (divisor === 0) {
            thrown = ARITHMETIC
            break
          }
          sp -= 2
          const value = ((i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff)) % divisor
          i16[sp - 2] = value >> 16
          i16[sp - 1] = value
          continue
        }
        case 0x4b: // sneg
          i16[sp - 1] = 0 - i16[sp - 1]!
          continue
        case 0x4c: {
          // ineg
          const value = 0 - ((i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff))
          i16[sp - 2] = value >> 16
          i16[sp - 1] = value
          continue
        }
        // Shift counts are taken modulo 32 for shorts too; the value is widened first and the result cut.
        case 0x4d: // sshl
          sp--
          i16[sp - 1] = i16[sp - 1]! << (i16[sp]! & 0x1f)
          continue
        case 0x4e: {
          // ishl
          sp -= 2
          const value = ((i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff)) << (i16[sp + 1]! & 0x1f)
          i16[sp - 2] = value >> 16
          i16[sp - 1] = value
          continue
        }
        case 0x4f: // sshr
          sp--
          i16[sp - 1] = i16[sp - 1]! >> (i16[sp]! & 0x1f)
          continue
        case 0x50: {
          // ishr
          sp -= 2
          const value = ((i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff)) >> (i16[sp + 1]! & 0x1f)
          i16[sp - 2] = value >> 16
          i16[sp - 1] = value
          continue
        }
        case 0x51: // sushr
          sp--
          i16[sp - 1] = i16[sp - 1]! >>> (i16[sp]! & 0x1f)
          continue
        case 0x52: {
          // iushr
          sp -= 2
          const value = ((i16[sp - 2]! << 16) | (i16[sp - 1]! & 0xffff)) >>> (i16[sp + 1]! & 0x1f)
          i16[sp - 2] = value >> 16
          i16[sp - 1] = value
          continue
        }
        case 0x53: // sand
          sp--
          i16[sp - 1] = i16[sp - 1]! & i16[sp]!
          continue
        case 0x54: // iand
          sp -= 2
          i16[sp - 2] = i16[sp - 2]! & i16[sp]!
          i16[sp - 1] = i16[sp - 1]! & i16[sp + 1]!
          continue
        case 0x55: // sor
          sp--
          i16[sp - 1] = i16[sp - 1]! | i16[sp]!
          continue
        case 0x56: // ior
          sp -= 2
          i16[sp - 2] = i16[sp - 2]! | i16[sp]!
          i16[sp - 1] = i16[sp - 1]! | i16[sp + 1]!
          continue
        case 0x57: // sxor
          sp--
          i16[sp - 1] = i16[sp - 1]! ^ i16[sp]!
          continue
        case 0x58: // ixor
          sp -= 2
          i16[sp - 2] = i16[sp - 2]! ^ i16[sp]!
          i16[sp - 1] = i16[sp - 1]! ^ i16[sp + 1]!
          continue
        case 0x5b: // s2b
          i16[sp - 1] = (i16[sp - 1]! << 24) >> 24
          continue
        case 0x5c: // s2i
          i16[sp] = i16[sp - 1]!
          i16[sp - 1] = i16[sp]! >> 15
          sp++
          continue
        case 0x5d: // i2b
          sp--
          i16[sp - 1] = (i16[sp]! << 24) >> 24
          continue
        case 0x5e: // i2s
          sp--
          i16[sp - 1] = i16[sp]!
          continue
        case 0x5f: {
          // icmp
          sp -= 3
          const left = (i16[sp - 1]! << 16) | (i16[sp]! & 0xffff)
          const right = (i16[sp + 1]! << 16) | (i16[sp + 2]! & 0xffff)
          i16[sp - 1] = left < right ? -1 : left > right ? 1 : 0
          continue
        }

        // ---- control; the budget is looked at wherever control may go back

        case 0x60: // ifeq
          if (i16[--sp] !== 0) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x61: // ifne
          if (i16[--sp] === 0) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x62: // iflt
          if (i16[--sp]! >= 0) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x63: // ifge
          if (i16[--sp]! < 0) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x64: // ifgt
          if (i16[--sp]! <= 0) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x65: // ifle
          if (i16[--sp]! > 0) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x6a: // if_scmpeq
          sp -= 2
          if (i16[sp] !== i16[sp + 1]) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x6b: // if_scmpne
          sp -= 2
          if (i16[sp] === i16[sp + 1]) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x6c: // if_scmplt
          sp -= 2
          if (i16[sp]! >= i16[sp + 1]!) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x6d: // if_scmpge
          sp -= 2
          if (i16[sp]! < i16[sp + 1]!) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x6e: // if_scmpgt
          sp -= 2
          if (i16[sp]! <= i16[sp + 1]!) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x6f: // if_scmple
          sp -= 2
          if (i16[sp]! > i16[sp + 1]!) continue
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x70: // goto
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x71: // jsr
          // A return address is the number of a return point: whatever word ret finds, it stays in the method.
          i16[sp++] = code[pc]!
          budget += (word >>> 8) - pc
          pc = word >>> 8
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        case 0x72: {
          // ret
          const point = i16[fp + (word >>> 8)]! & 0xffff
          if (point >= code[pc]!) {
            thrown = SECURITY
            break
          }
          const target = code[pc + 1 + point]!
          budget += target - pc
          pc = target
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        }
        case 0x73: {
          // stableswitch
          const value = i16[--sp]!
          const low = code[pc + 1]!
          const target = value < low || value > code[pc + 2]! ? code[pc]! : code[pc + 3 + value - low]!
          budget += target - pc
          pc = target
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        }
        case 0x74: {
          // itableswitch
          sp -= 2
          const value = (i16[sp]! << 16) | (i16[sp + 1]! & 0xffff)
          const low = code[pc + 1]!
          const target = value < low || value > code[pc + 2]! ? code[pc]! : code[pc + 3 + value - low]!
          budget += target - pc
          pc = target
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        }
        case 0x75: // slookupswitch
        case 0x76: {
          // ilookupswitch
          let value = i16[--sp]!
          if ((word & 0xff) === 0x76) value = (i16[--sp]! << 16) | (value & 0xffff)
          let target = code[pc]!
          let first = 0
          let last = code[pc + 1]! - 1
          while (first <= last) {
            const middle = (first + last) >> 1
            const match = code[pc + 2 + (middle << 1)]!
            if (value < match) last = middle - 1
            else if (value > match) first = middle + 1
            else {
              target = code[pc + 3 + (middle << 1)]!
              break
            }
          }
          budget += target - pc
          pc = target
          if (budget >= pc) continue
          event = EVENT_HALT
          break
        }
        case 0x78: // sreturn
          returnWords = 1
          event = EVENT_RETURN
          break
        case 0x79: // ireturn
          returnWords = 2
          event = EVENT_RETURN
          break
        case 0x7a: // return
          returnWords = 0
          event = EVENT_RETURN
          break

        // ---- static fields, big-endian as in the CAP file; @source JCRE 3.1 §6.2.8.1

        case 0x7c: // getstatic_b
          i16[sp++] = i8[statics + (word >>> 8)]!
          continue
        case 0x7d: {
          // getstatic_s
          const at = statics + (word >>> 8)
          i16[sp++] = (i8[at]! << 8) | u8[at + 1]!
          continue
        }
        case 0x7e: {
          // getstatic_i
          const at = statics + (word >>> 8)
          i16[sp] = (i8[at]! << 8) | u8[at + 1]!
          i16[sp + 1] = (i8[at + 2]! << 8) | u8[at + 3]!
          sp += 2
          continue
        }
        case 0x7f: {
          // putstatic_a
          const value = i16[sp - 1]! & 0xffff
          thrown = storeFault(machine, value)
          if (thrown !== 0) break
          if (!memory.putStaticShort(statics + (word >>> 8), value)) {
            thrown = bufferFull(machine)
            break
          }
          sp--
          continue
        }
        case 0x80: // putstatic_b
          if (!memory.putByte(statics + (word >>> 8), i16[sp - 1]!)) {
            thrown = bufferFull(machine)
            break
          }
          sp--
          continue
        case 0x81: // putstatic_s
          if (!memory.putStaticShort(statics + (word >>> 8), i16[sp - 1]!)) {
            thrown = bufferFull(machine)
            break
          }
          sp--
          continue
        case 0x82: // putstatic_i
          if (!memory.putStaticInt(statics + (word >>> 8), i16[sp - 2]!, i16[sp - 1]!)) {
            thrown = bufferFull(machine)
            break
          }
          sp -= 2
          continue
        case 0xbc: {
          // static_external
          const external = machine.instanceOf(instance.linked.externalStatics[word >>> 16]!)
          const at = external.staticsAddress + code[pc++]!
          thrown = 0
          let isWritten = true
          switch ((word >>> 8) & 0xff) {
            case 0x7c: // getstatic_b
              i16[sp++] = i8[at]!
              break
            case 0x7d: // getstatic_s
              i16[sp++] = (i8[at]! << 8) | u8[at + 1]!
              break
            case 0x7e: // getstatic_i
              i16[sp++] = (i8[at]! << 8) | u8[at + 1]!
              i16[sp++] = (i8[at + 2]! << 8) | u8[at + 3]!
              break
            case 0x7f: // putstatic_a
              thrown = storeFault(machine, i16[sp - 1]! & 0xffff)
              isWritten = thrown === 0 && memory.putStaticShort(at, i16[--sp]!)
              break
            case 0x80: // putstatic_b
              isWritten = memory.putByte(at, i16[--sp]!)
              break
            case 0x81: // putstatic_s
              isWritten = memory.putStaticShort(at, i16[--sp]!)
              break
            default: // putstatic_i
              sp -= 2
              isWritten = memory.putStaticInt(at, i16[sp]!, i16[sp + 1]!)
          }
          if (isWritten) continue
          if (thrown === 0) thrown = bufferFull(machine)
          break
        }

        // ---- instance fields; @source JCRE 3.1 §6.2.8.3

        case 0x85: {
          // getfield_s
          const handle = i16[sp - 1]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          if (handle >= handleLimit || word0 >>> 24 !== owner) {
            thrown = fieldFault(machine, handle)
            if (thrown !== 0) break
          }
          if (word >>> 8 >= (i32[at + 1]! & OBJECT_LENGTH_MASK)) {
            thrown = SECURITY
            break
          }
          i16[sp - 1] = i16[((word0 & ADDRESS_MASK) + (word >>> 8)) >> 1]!
          continue
        }
        case 0x86: {
          // getfield_i
          const handle = i16[sp - 1]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          if (handle >= handleLimit || word0 >>> 24 !== owner) {
            thrown = fieldFault(machine, handle)
            if (thrown !== 0) break
          }
          if ((word >>> 8) + 2 >= (i32[at + 1]! & OBJECT_LENGTH_MASK)) {
            thrown = SECURITY
            break
          }
          const cell = ((word0 & ADDRESS_MASK) + (word >>> 8)) >> 1
          i16[sp - 1] = i16[cell]!
          i16[sp++] = i16[cell + 1]!
          continue
        }
        case 0x87: // putfield_a
        case 0x88: // putfield_b
        case 0x89: {
          // putfield_s
          const handle = i16[sp - 2]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          if (handle >= handleLimit || word0 >>> 24 !== owner) {
            thrown = fieldFault(machine, handle)
            if (thrown !== 0) break
          }
          if (word >>> 8 >= (i32[at + 1]! & OBJECT_LENGTH_MASK)) {
            thrown = SECURITY
            break
          }
          let value = i16[sp - 1]!
          if ((word & 0xff) === 0x87) {
            thrown = storeFault(machine, value & 0xffff)
            if (thrown !== 0) break
          } else if ((word & 0xff) === 0x88) value = (value << 24) >> 24
          if (!memory.putShort((word0 & ADDRESS_MASK) + (word >>> 8), value)) {
            thrown = bufferFull(machine)
            break
          }
          sp -= 2
          continue
        }
        case 0x8a: {
          // putfield_i
          const handle = i16[sp - 3]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          if (handle >= handleLimit || word0 >>> 24 !== owner) {
            thrown = fieldFault(machine, handle)
            if (thrown !== 0) break
          }
          if ((word >>> 8) + 2 >= (i32[at + 1]! & OBJECT_LENGTH_MASK)) {
            thrown = SECURITY
            break
          }
          if (!memory.putInt((word0 & ADDRESS_MASK) + (word >>> 8), i16[sp - 2]!, i16[sp - 1]!)) {
            thrown = bufferFull(machine)
            break
          }
          sp -= 3
          continue
        }
        case 0xaf: {
          // getfield_s_this
          const handle = i16[fp]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          if (handle >= handleLimit || word0 >>> 24 !== owner) {
            thrown = fieldFault(machine, handle)
            if (thrown !== 0) break
          }
          if (word >>> 8 >= (i32[at + 1]! & OBJECT_LENGTH_MASK)) {
            thrown = SECURITY
            break
          }
          i16[sp++] = i16[((word0 & ADDRESS_MASK) + (word >>> 8)) >> 1]!
          continue
        }
        case 0xb0: {
          // getfield_i_this
          const handle = i16[fp]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          if (handle >= handleLimit || word0 >>> 24 !== owner) {
            thrown = fieldFault(machine, handle)
            if (thrown !== 0) break
          }
          if ((word >>> 8) + 2 >= (i32[at + 1]! & OBJECT_LENGTH_MASK)) {
            thrown = SECURITY
            break
          }
          const cell = ((word0 & ADDRESS_MASK) + (word >>> 8)) >> 1
          i16[sp] = i16[cell]!
          i16[sp + 1] = i16[cell + 1]!
          sp += 2
          continue
        }
        case 0xb5: // putfield_a_this
        case 0xb6: // putfield_b_this
        case 0xb7: {
          // putfield_s_this
          const handle = i16[fp]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          if (handle >= handleLimit || word0 >>> 24 !== owner) {
            thrown = fieldFault(machine, handle)
            if (thrown !== 0) break
          }
          if (word >>> 8 >= (i32[at + 1]! & OBJECT_LENGTH_MASK)) {
            thrown = SECURITY
            break
          }
          let value = i16[sp - 1]!
          if ((word & 0xff) === 0xb5) {
            thrown = storeFault(machine, value & 0xffff)
            if (thrown !== 0) break
          } else if ((word & 0xff) === 0xb6) value = (value << 24) >> 24
          if (!memory.putShort((word0 & ADDRESS_MASK) + (word >>> 8), value)) {
            thrown = bufferFull(machine)
            break
          }
          sp--
          continue
        }
        case 0xb8: {
          // putfield_i_this
          const handle = i16[fp]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const word0 = i32[at]!
          if (handle >= handleLimit || word0 >>> 24 !== owner) {
            thrown = fieldFault(machine, handle)
            if (thrown !== 0) break
          }
          if ((word >>> 8) + 2 >= (i32[at + 1]! & OBJECT_LENGTH_MASK)) {
            thrown = SECURITY
            break
          }
          if (!memory.putInt((word0 & ADDRESS_MASK) + (word >>> 8), i16[sp - 2]!, i16[sp - 1]!)) {
            thrown = bufferFull(machine)
            break
          }
          sp -= 2
          continue
        }

        // ---- calls

        case 0x8b: // invokevirtual
        case 0xb9: {
          // invokevirtual_package
          const site = word >>> 8
          const at = sp - ((site >>> 8) & 0xff)
          const handle = i16[at]! & 0xffff
          const table = handleTableTop - (handle << 1)
          calleeOwner = owner
          if (handle >= handleLimit || i32[table]! >>> 24 !== owner) {
            calleeOwner = virtualCallOwner(machine, handle)
            if (calleeOwner === 0) {
              thrown = machine.thrown
              machine.thrown = 0
              break
            }
          }
          const receiver = receiverClass(machine, i32[table + 1]!)
          const isPackageVisible = (word & 0xff) === 0xb9
          // A package-visible method is only there for receivers of this package.
          const methods = isPackageVisible ? receiver.packageMethods : receiver.virtualMethods
          const target = isPackageVisible && receiver.package !== instance.linked ? undefined : methods[site & 0x7f]
          if (!fitsCallSite(target, site)) {
            thrown = SECURITY
            break
          }
          if (target.native !== undefined) {
            machine.stackTop = sp
            machine.frame = control
            if (monitor !== undefined)
              monitor.callingNative?.(machine, { instance, pc: pc - 1, sp, fp, control }, target)
            machine.budget = budget - pc
            const value = callNative(machine, target, at)
            budget = machine.budget + pc
            handleLimit = memory.root.handleCount
            if (machine.halted !== undefined) return 0
            if (machine.thrown !== 0) {
              thrown = machine.thrown
              machine.thrown = 0
              break
            }
            sp = at
            if (target.returnWords === 1) i16[sp++] = value
            else if (target.returnWords === 2) {
              i16[sp++] = value >> 16
              i16[sp++] = value
            }
            continue
          }
          if (target.entry < 0) {
            reason = 'call of an abstract method'
            event = EVENT_HALT
            break
          }
          entry = target.entry
          callee = target.package === instance.linked ? instance : machine.instanceOf(target.package)
          event = EVENT_CALL
          break
        }
        case 0x8e: {
          // invokeinterface
          const site = code[pc++]!
          const at = sp - ((site >>> 8) & 0xff)
          const handle = i16[at]! & 0xffff
          const table = handleTableTop - (handle << 1)
          const interfaceClass = instance.linked.classReferences[word >>> 8]!
          calleeOwner = owner
          if (handle >= handleLimit || i32[table]! >>> 24 !== owner) {
            calleeOwner = interfaceCallOwner(machine, handle, interfaceClass)
            if (calleeOwner === 0) {
              thrown = machine.thrown
              machine.thrown = 0
              break
            }
          }
          const target = interfaceMethod(receiverClass(machine, i32[table + 1]!), interfaceClass, site & 0xff)
          if (!fitsCallSite(target, site)) {
            thrown = SECURITY
            break
          }
          if (target.native !== undefined) {
            machine.stackTop = sp
            machine.frame = control
            if (monitor !== undefined)
              monitor.callingNative?.(machine, { instance, pc: pc - 1, sp, fp, control }, target)
            machine.budget = budget - pc
            const value = callNative(machine, target, at)
            budget = machine.budget + pc
            handleLimit = memory.root.handleCount
            if (machine.halted !== undefined) return 0
            if (machine.thrown !== 0) {
              thrown = machine.thrown
              machine.thrown = 0
              break
            }
            sp = at
            if (target.returnWords === 1) i16[sp++] = value
            else if (target.returnWords === 2) {
              i16[sp++] = value >> 16
              i16[sp++] = value
            }
            continue
          }
          if (target.entry < 0) {
            reason = 'call of an abstract method'
            event = EVENT_HALT
            break
          }
          entry = target.entry
          callee = target.package === instance.linked ? instance : machine.instanceOf(target.package)
          event = EVENT_CALL
          break
        }
        case 0x8c: // invokespecial
          entry = word >>> 8
          if (i16[sp - (code[entry - 1]! & 0xff)] === 0) {
            thrown = NULL_POINTER
            break
          }
          callee = instance
          calleeOwner = owner
          event = EVENT_CALL
          break
        case 0x8d: // invokestatic
          entry = word >>> 8
          callee = instance
          calleeOwner = owner
          event = EVENT_CALL
          break
        case 0xba: // invokespecial_external
        case 0xbb: {
          // invokestatic_external
          const target = instance.linked.externalMethods[word >>> 8]!
          const at = sp - target.nargs
          if ((word & 0xff) === 0xba) {
            const handle = i16[at]! & 0xffff
            thrown = fieldFault(machine, handle)
            if (thrown !== 0) break
            // A native constructor or superclass method sees only objects of its own class.
            if (target.declaringClass !== undefined && !isObjectOf(machine, handle, target.declaringClass)) {
              thrown = SECURITY
              break
            }
          }
          if (target.native !== undefined) {
            machine.stackTop = sp
            machine.frame = control
            if (monitor !== undefined)
              monitor.callingNative?.(machine, { instance, pc: pc - 1, sp, fp, control }, target)
            machine.budget = budget - pc
            const value = callNative(machine, target, at)
            budget = machine.budget + pc
            handleLimit = memory.root.handleCount
            if (machine.halted !== undefined) return 0
            if (machine.thrown !== 0) {
              thrown = machine.thrown
              machine.thrown = 0
              break
            }
            sp = at
            if (target.returnWords === 1) i16[sp++] = value
            else if (target.returnWords === 2) {
              i16[sp++] = value >> 16
              i16[sp++] = value
            }
            continue
          }
          if (target.entry < 0) {
            reason = 'call of an abstract method'
            event = EVENT_HALT
            break
          }
          entry = target.entry
          callee = machine.instanceOf(target.package)
          calleeOwner = owner
          event = EVENT_CALL
          break
        }

        // ---- objects

        case 0x8f: {
          // new
          const handle = machine.newObject(instance.linked.classReferences[word >>> 8]!)
          if (handle === 0) {
            thrown = noRoom(machine)
            break
          }
          handleLimit = memory.root.handleCount
          i16[sp++] = handle
          continue
        }
        case 0x90: // newarray
        case 0x91: {
          // anewarray
          const length = i16[sp - 1]!
          if (length < 0) {
            thrown = NEGATIVE_ARRAY_SIZE
            break
          }
          const type =
            (word & 0xff) === 0x90
              ? TYPE.array | (word >>> 8)
              : TYPE.array | TYPE.references | machine.classIdOf(instance.linked.classReferences[word >>> 8]!)
          const handle = newArray(machine, type, length)
          if (handle === 0) {
            thrown = noRoom(machine)
            break
          }
          handleLimit = memory.root.handleCount
          i16[sp - 1] = handle
          continue
        }
        case 0x92: {
          // arraylength
          const handle = i16[sp - 1]! & 0xffff
          const at = handleTableTop - (handle << 1)
          const holder = i32[at]! >>> 24
          if (handle >= handleLimit || (holder !== owner && holder !== deselectOwner)) {
            thrown = arrayFault(machine, handle, NONE)
            if (thrown !== 0) break
          }
          const word1 = i32[at + 1]!
          if (word1 >= 0) {
            thrown = SECURITY
            break
          }
          i16[sp - 1] = word1 & LENGTH_MASK
          continue
        }
        case 0x93: {
          // athrow
          const handle = i16[sp - 1]! & 0xffff
          thrown = throwFault(machine, handle)
          if (thrown === 0) thrown = handle
          break
        }
        case 0x94: {
          // checkcast
          const handle = i16[sp - 1]! & 0xffff
          if (handle === 0) continue
          const atype = (word >>> 8) & 0xff
          const target = atype === 0 || atype === 14 ? instance.linked.classReferences[word >>> 16] : undefined
          thrown = typeTestFault(machine, handle, target)
          if (thrown !== 0) break
          if (isInstance(machine, handle, atype, target)) continue
          thrown = CLASS_CAST
          break
        }
        case 0x95: {
          // instanceof
          const handle = i16[sp - 1]! & 0xffff
          if (handle === 0) continue
          const atype = (word >>> 8) & 0xff
          const target = atype === 0 || atype === 14 ? instance.linked.classReferences[word >>> 16] : undefined
          thrown = typeTestFault(machine, handle, target)
          if (thrown !== 0) break
          i16[sp - 1] = isInstance(machine, handle, atype, target) ? 1 : 0
          continue
        }
        case 0xbd: {
          // stack_guard
          const height = sp - (control << 1) - CONTROL_WORDS
          if (height >= ((word >>> 8) & 0xff) && height <= word >>> 16) continue
          reason = 'operand stack out of bounds'
          event = EVENT_HALT
          break
        }
        case 0xbe: // breakpoint
          event = EVENT_BREAKPOINT
          break
        default:
          throw new Error(`prepared code holds no operation ${word & 0xff} at ${placeOf(instance.linked, pc - 1)}`)
      }
      break
    }
  }
}
