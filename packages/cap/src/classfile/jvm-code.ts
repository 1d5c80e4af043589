import { ByteReader, BytesError } from '@gridcard/bytes'
import { ClassFileError } from '../errors.ts'
import type { ClassFile, CodeAttribute } from './class-file.ts'
import { type PrimitiveKind, parseClassConstant } from './descriptor.ts'
import type {
  BinaryOperator,
  Condition,
  JvmInstruction,
  JvmOperation,
  StackForm,
  SwitchCase,
  UnsupportedFeature,
} from './jvm-instruction.ts'
import { classNameAt, dynamicNameAt, memberAt } from './names.ts'

const UNSUPPORTED = (feature: UnsupportedFeature): JvmOperation => ({ kind: 'unsupported', feature })

/** Types of a family of five instructions, in the order of their opcodes. */
const FAMILY = ['int', 'long', 'float', 'double', 'reference'] as const

const ARRAY_FAMILY = ['int', 'long', 'float', 'double', 'reference', 'byte', 'char', 'short'] as const

const STACK_FORMS: readonly StackForm[] = [
  'pop',
  'pop2',
  'dup',
  'dup_x1',
  'dup_x2',
  'dup2',
  'dup2_x1',
  'dup2_x2',
  'swap',
]

const CONDITIONS: readonly Condition[] = ['eq', 'ne', 'lt', 'ge', 'gt', 'le']

/** Per opcode from 96: the operator, for int, long, float and double in turn. */
const ARITHMETIC: readonly BinaryOperator[] = ['add', 'sub', 'mul', 'div', 'rem']

/** Opcodes 120..131, int and long in turn. */
const BITWISE: readonly BinaryOperator[] = ['shl', 'shr', 'ushr', 'and', 'or', 'xor']

/** @source JVMS 17 table 6.5.newarray-A */
const ARRAY_TYPES: Readonly<Record<number, PrimitiveKind>> = {
  4: 'boolean',
  5: 'char',
  6: 'float',
  7: 'double',
  8: 'byte',
  9: 'short',
  10: 'int',
  11: 'long',
}

/**
 * The instructions of a method, in order, every branch checked to land on one.
 *
 * @throws ClassFileError for an undefined opcode, a branch into an instruction, or operands that point at nothing
 * @source JVMS 17 §4.9.1
 */
export function decodeCode(classFile: ClassFile, code: CodeAttribute): JvmInstruction[] {
  const reader = new ByteReader(code.code)
  const instructions: JvmInstruction[] = []
  try {
    while (!reader.isAtEnd) {
      const pc = reader.offsetBytes
      const operation = readOperation(reader, classFile, pc)
      instructions.push({ ...operation, pc, lengthBytes: reader.offsetBytes - pc })
    }
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw new ClassFileError('CAP_CLASS_TRUNCATED', 'code ends inside an instruction', error.place, { cause: error })
  }
  checkTargets(instructions, code)
  return instructions
}

/** All places an instruction can jump to, beside the next one. */
export function targetsOf(instruction: JvmOperation): readonly number[] {
  if (instruction.kind === 'branch' || instruction.kind === 'goto') return [instruction.target]
  if (instruction.kind === 'switch') return [instruction.defaultTarget, ...instruction.cases.map((one) => one.target)]
  return []
}

/** Execution never goes on with the next instruction. */
export function endsFlow(instruction: JvmOperation): boolean {
  return ['goto', 'switch', 'return', 'throw'].includes(instruction.kind)
}

function checkTargets(instructions: readonly JvmInstruction[], code: CodeAttribute): void {
  const starts = new Set(instructions.map((one) => one.pc))
  const want = (pc: number): void => {
    if (!starts.has(pc)) throw malformed(`no instruction begins at ${pc}`, pc)
  }
  for (const instruction of instructions) targetsOf(instruction).forEach(want)
  for (const entry of code.exceptionTable) {
    want(entry.startPc)
    want(entry.handlerPc)
    if (entry.endPc !== code.code.length) want(entry.endPc)
  }
}

function malformed(message: string, pc: number): ClassFileError {
  return new ClassFileError('CAP_CLASS_MALFORMED', message, { pc })
}

function readOperation(reader: ByteReader, classFile: ClassFile, pc: number): JvmOperation {
  const opcode = reader.u8()
  if (opcode <= 20) return readPush(reader, classFile, opcode, pc)
  if (opcode <= 86) return readLoadOrStore(reader, opcode)
  if (opcode <= 95) return { kind: 'stack', form: STACK_FORMS[opcode - 87]! }
  if (opcode <= 152) return readArithmetic(reader, opcode)
  if (opcode <= 177) return readFlow(reader, opcode, pc)
  return readObject(reader, classFile, opcode, pc)
}

function readPush(reader: ByteReader, classFile: ClassFile, opcode: number, pc: number): JvmOperation {
  if (opcode === 0) return { kind: 'nop' }
  if (opcode === 1) return { kind: 'pushNull' }
  if (opcode <= 8) return { kind: 'push', value: opcode - 3 }
  if (opcode <= 10) return UNSUPPORTED('long')
  if (opcode <= 13) return UNSUPPORTED('float')
  if (opcode <= 15) return UNSUPPORTED('double')
  if (opcode === 16) return { kind: 'push', value: reader.i8() }
  if (opcode === 17) return { kind: 'push', value: reader.i16() }
  const constant = classFile.constantPool[opcode === 18 ? reader.u8() : reader.u16()]
  switch (constant?.kind) {
    case 'integer':
      return { kind: 'push', value: constant.value }
    case 'long':
    case 'float':
    case 'double':
      return UNSUPPORTED(constant.kind)
    case 'string':
      return UNSUPPORTED('string')
    case 'class':
      return UNSUPPORTED('class-literal')
    case 'methodHandle':
    case 'methodType':
    case 'dynamic':
      return UNSUPPORTED('lambda')
    default:
      throw malformed('ldc of something that is no constant', pc)
  }
}

function localOperation(kind: 'load' | 'store', type: (typeof FAMILY)[number], slot: number): JvmOperation {
  return type === 'int' || type === 'reference' ? { kind, type, slot } : UNSUPPORTED(type)
}

function arrayOperation(kind: 'arrayLoad' | 'arrayStore', element: (typeof ARRAY_FAMILY)[number]): JvmOperation {
  if (element === 'long' || element === 'float' || element === 'double' || element === 'char') {
    return UNSUPPORTED(element)
  }
  return { kind, element }
}

/** Opcodes 21..86: two mirrored blocks, loads and stores. */
function readLoadOrStore(reader: ByteReader, opcode: number): JvmOperation {
  const [kind, first] = opcode < 54 ? (['load', 21] as const) : (['store', 54] as const)
  const at = opcode - first
  if (at < 5) return localOperation(kind, FAMILY[at]!, reader.u8())
  if (at < 25) return localOperation(kind, FAMILY[(at - 5) >> 2]!, (at - 5) & 3)
  return arrayOperation(kind === 'load' ? 'arrayLoad' : 'arrayStore', ARRAY_FAMILY[at - 25]!)
}

/** Opcodes 96..152: arithmetic, shifts, bits, increment, conversions and the comparisons of wide types. */
function readArithmetic(reader: ByteReader, opcode: number): JvmOperation {
  if (opcode < 120) {
    const type = FAMILY[(opcode - 96) & 3]!
    if (type === 'long' || type === 'float' || type === 'double') return UNSUPPORTED(type)
    const operator = ARITHMETIC[(opcode - 96) >> 2]
    return operator ? { kind: 'binary', operator } : { kind: 'negate' }
  }
  if (opcode < 132) {
    return opcode & 1 ? UNSUPPORTED('long') : { kind: 'binary', operator: BITWISE[(opcode - 120) >> 1]! }
  }
  switch (opcode) {
    case 132:
      return { kind: 'increment', slot: reader.u8(), by: reader.i8() }
    case 145:
      return { kind: 'narrow', to: 'byte' }
    case 146:
      return UNSUPPORTED('char')
    case 147:
      return { kind: 'narrow', to: 'short' }
    case 134:
    case 139:
    case 149:
    case 150:
      return UNSUPPORTED('float')
    case 135:
    case 142:
    case 151:
    case 152:
      return UNSUPPORTED('double')
    default:
      return UNSUPPORTED('long')
  }
}

function readFlow(reader: ByteReader, opcode: number, pc: number): JvmOperation {
  if (opcode <= 158) {
    const condition = CONDITIONS[opcode - 153]!
    return { kind: 'branch', type: 'int', condition, comparand: 'zero', target: pc + reader.i16() }
  }
  if (opcode <= 164) {
    const condition = CONDITIONS[opcode - 159]!
    return { kind: 'branch', type: 'int', condition, comparand: 'stack', target: pc + reader.i16() }
  }
  switch (opcode) {
    case 165:
    case 166: {
      const condition = opcode === 165 ? 'eq' : 'ne'
      return { kind: 'branch', type: 'reference', condition, comparand: 'stack', target: pc + reader.i16() }
    }
    case 167:
      return { kind: 'goto', target: pc + reader.i16() }
    case 168:
      reader.skip(2)
      return UNSUPPORTED('jsr')
    case 169:
      reader.skip(1)
      return UNSUPPORTED('jsr')
    case 170:
    case 171:
      return readSwitch(reader, opcode === 170 ? 'table' : 'lookup', pc)
    case 172:
      return { kind: 'return', type: 'int' }
    case 173:
      return UNSUPPORTED('long')
    case 174:
      return UNSUPPORTED('float')
    case 175:
      return UNSUPPORTED('double')
    case 176:
      return { kind: 'return', type: 'reference' }
    default:
      return { kind: 'return', type: 'void' }
  }
}

function readSwitch(reader: ByteReader, form: 'table' | 'lookup', pc: number): JvmOperation {
  reader.skip(3 - (pc & 3))
  const defaultTarget = pc + reader.i32()
  const cases: SwitchCase[] = []
  if (form === 'table') {
    const low = reader.i32()
    const high = reader.i32()
    if (low > high || high - low >= reader.remaining) throw malformed('tableswitch with bounds that cannot be', pc)
    for (let match = low; match <= high; match++) cases.push({ match, target: pc + reader.i32() })
  } else {
    const count = reader.i32()
    if (count < 0) throw malformed('lookupswitch with a negative count', pc)
    for (let i = 0; i < count; i++) cases.push({ match: reader.i32(), target: pc + reader.i32() })
  }
  return { kind: 'switch', form, defaultTarget, cases }
}

function readObject(reader: ByteReader, classFile: ClassFile, opcode: number, pc: number): JvmOperation {
  switch (opcode) {
    case 178:
    case 180:
      return { kind: 'getField', isStatic: opcode === 178, member: memberAt(classFile, reader.u16(), ['field']) }
    case 179:
    case 181:
      return { kind: 'putField', isStatic: opcode === 179, member: memberAt(classFile, reader.u16(), ['field']) }
    case 182:
      return { kind: 'invoke', mode: 'virtual', member: memberAt(classFile, reader.u16(), ['method']) }
    case 183:
    case 184: {
      const member = memberAt(classFile, reader.u16(), ['method', 'interfaceMethod'])
      return { kind: 'invoke', mode: opcode === 183 ? 'special' : 'static', member }
    }
    case 185: {
      const member = memberAt(classFile, reader.u16(), ['interfaceMethod'])
      reader.skip(2)
      return { kind: 'invoke', mode: 'interface', member }
    }
    case 186: {
      const name = dynamicNameAt(classFile, reader.u16())
      reader.skip(2)
      return UNSUPPORTED(name.startsWith('makeConcat') ? 'concatenation' : 'lambda')
    }
    case 187:
      return { kind: 'new', className: classNameAt(classFile, reader.u16()) }
    case 188: {
      const element = ARRAY_TYPES[reader.u8()]
      if (!element) throw malformed('newarray of no primitive type', pc)
      return { kind: 'newPrimitiveArray', element }
    }
    case 189:
      return { kind: 'newReferenceArray', element: parseClassConstant(classNameAt(classFile, reader.u16())) }
    case 190:
      return { kind: 'arrayLength' }
    case 191:
      return { kind: 'throw' }
    case 192:
    case 193: {
      const type = parseClassConstant(classNameAt(classFile, reader.u16()))
      return { kind: opcode === 192 ? 'checkCast' : 'instanceOf', type }
    }
    case 194:
    case 195:
      return UNSUPPORTED('synchronized')
    case 196:
      return readWide(reader, pc)
    case 197:
      reader.skip(3)
      return UNSUPPORTED('array-of-arrays')
    case 198:
    case 199:
      return {
        kind: 'branch',
        type: 'reference',
        condition: opcode === 198 ? 'eq' : 'ne',
        comparand: 'zero',
        target: pc + reader.i16(),
      }
    case 200:
      return { kind: 'goto', target: pc + reader.i32() }
    case 201:
      reader.skip(4)
      return UNSUPPORTED('jsr')
    default:
      throw malformed(`undefined opcode ${opcode}`, pc)
  }
}

/** Loads, stores and increments with two-byte operands. @source JVMS 17 §6.5 wide */
function readWide(reader: ByteReader, pc: number): JvmOperation {
  const opcode = reader.u8()
  if (opcode === 132) return { kind: 'increment', slot: reader.u16(), by: reader.i16() }
  if (opcode >= 21 && opcode <= 25) return localOperation('load', FAMILY[opcode - 21]!, reader.u16())
  if (opcode >= 54 && opcode <= 58) return localOperation('store', FAMILY[opcode - 54]!, reader.u16())
  if (opcode !== 169) throw malformed(`wide before opcode ${opcode}`, pc)
  reader.skip(2)
  return UNSUPPORTED('jsr')
}
