import { ByteWriter, concatBytes } from '@gridcard/bytes'
import { type ArrayInitInfo, STATIC_ARRAY_TYPES, type StaticFieldComponent } from '../capfile/cap-file.ts'
import type { PrimitiveKind } from '../classfile/descriptor.ts'
import type { JvmInstruction } from '../classfile/jvm-instruction.ts'
import type { Findings } from './findings.ts'
import {
  type JavaClass,
  type JavaField,
  type JavaMethod,
  STATIC_INITIALISER,
  withoutAssertionSetUp,
} from './program.ts'

export interface StaticImage {
  readonly component: StaticFieldComponent
  imageOffset(field: JavaField): number
}

type ArrayKind = Extract<PrimitiveKind, 'boolean' | 'byte' | 'short' | 'int'>

interface ConstantArray {
  readonly kind: 'array'
  readonly element: ArrayKind
  readonly values: number[]
}

type InitialValue = { readonly kind: 'number'; readonly value: number } | { readonly kind: 'null' } | ConstantArray

/** By owner and name. */
type InitialValues = Map<string, InitialValue>

/**
 * The static fields as the card finds them when the package is loaded. Cards run no static initialiser: what the
 * compiler wrote into one is carried out here, as far as it only stores constants and arrays of constants.
 *
 * @param mayHoldArrays the package has applets
 * @param int the card has ints
 * @source JCVM 3.1 §6.11
 */
export function buildStaticImage(
  classes: readonly JavaClass[],
  { mayHoldArrays, int }: { readonly mayHoldArrays: boolean; readonly int: boolean },
  findings: Findings,
): StaticImage {
  const values: InitialValues = new Map()
  for (const one of classes) {
    const initialiser = one.methods.find((method) => method.name === STATIC_INITIALISER)
    if (initialiser) runInitialiser(one, initialiser, values, int, findings)
    if (!mayHoldArrays) refuseArrays(one, values, findings)
  }
  const fields = classes.flatMap((one) => one.fields).filter((one) => one.isStatic && one.constantValue === undefined)
  return layOut(fields, values)
}

/** @source JCVM 3.1 §2.2.4.6: static fields of libraries are initialised to primitive constants only */
function refuseArrays(one: JavaClass, values: InitialValues, findings: Findings): void {
  for (const field of one.fields) {
    if (values.get(keyOf(field))?.kind !== 'array') continue
    findings.addMissing(
      { class: one, field },
      'library-array',
      `static field ${field.name} begins as an array, which only packages with applets can have`,
    )
  }
}

function keyOf(field: { readonly owner: string; readonly name: string }): string {
  return `${field.owner}.${field.name}`
}

/** Runs a `<clinit>` on constants, up to the first instruction that has no constant result. */
function runInitialiser(
  owner: JavaClass,
  method: JavaMethod,
  values: InitialValues,
  int: boolean,
  findings: Findings,
): void {
  const stack: InitialValue[] = []
  const stored = new Set<InitialValue>()
  for (const instruction of method.code ? withoutAssertionSetUp(method.code) : []) {
    if (instruction.kind === 'return') return
    if (runConstant(instruction, owner, stack, stored, values, int)) continue
    const place = { class: owner, method, pc: instruction.pc }
    findings.addMissing(place, 'static-initialiser', 'a static field is initialised with more than constants')
    return
  }
}

function runConstant(
  instruction: JvmInstruction,
  owner: JavaClass,
  stack: InitialValue[],
  stored: Set<InitialValue>,
  values: InitialValues,
  int: boolean,
): boolean {
  switch (instruction.kind) {
    case 'push':
      stack.push({ kind: 'number', value: instruction.value })
      return true
    case 'pushNull':
      stack.push({ kind: 'null' })
      return true
    case 'narrow': {
      const operand = stack.pop()
      if (operand?.kind !== 'number') return false
      const shift = instruction.to === 'byte' ? 24 : 16
      stack.push({ kind: 'number', value: (operand.value << shift) >> shift })
      return true
    }
    case 'newPrimitiveArray': {
      const array = newArray(instruction.element, stack.pop(), int)
      if (array) stack.push(array)
      return array !== undefined
    }
    case 'stack':
      if (instruction.form !== 'dup' || stack.length === 0) return false
      stack.push(stack.at(-1)!)
      return true
    case 'arrayStore': {
      const [array, index, value] = stack.splice(-3)
      if (array?.kind !== 'array' || index?.kind !== 'number' || value?.kind !== 'number') return false
      if (index.value < 0 || index.value >= array.values.length) return false
      array.values[index.value] = value.value
      return true
    }
    case 'putField': {
      const value = stack.pop()
      const isAlias = value?.kind === 'array' && stored.has(value)
      if (!value || isAlias || !instruction.isStatic || instruction.member.owner !== owner.name) return false
      stored.add(value)
      values.set(keyOf(instruction.member), value)
      return true
    }
    default:
      return false
  }
}

function newArray(element: PrimitiveKind, length: InitialValue | undefined, int: boolean): ConstantArray | undefined {
  if (element !== 'boolean' && element !== 'byte' && element !== 'short' && !(int && element === 'int'))
    return undefined
  if (length?.kind !== 'number' || length.value < 0 || length.value > 0x7fff) return undefined
  return { kind: 'array', element, values: Array.from({ length: length.value }, () => 0) }
}

/** References to arrays, null references, zeros, other values: in this order. */
function layOut(fields: readonly JavaField[], values: InitialValues): StaticImage {
  const initialOf = (field: JavaField): InitialValue | undefined => values.get(keyOf(field))
  const isReference = (field: JavaField): boolean => field.type.kind === 'class' || field.type.kind === 'array'
  const isZero = (field: JavaField): boolean => {
    const value = initialOf(field)
    return value?.kind !== 'number' || value.value === 0
  }
  const arrays = fields.filter((field) => initialOf(field)?.kind === 'array')
  const nulls = fields.filter((field) => isReference(field) && initialOf(field)?.kind !== 'array')
  const zeros = fields.filter((field) => !isReference(field) && isZero(field))
  const others = fields.filter((field) => !isReference(field) && !isZero(field))
  const offsets = new Map<string, number>()
  let size = 0
  for (const field of [...arrays, ...nulls, ...zeros, ...others]) {
    offsets.set(keyOf(field), size)
    size += sizeBytesOf(field)
  }
  const nonDefaultValues = concatBytes(...others.map((field) => numberBytes(sizeBytesOf(field), initialOf(field))))
  const component: StaticFieldComponent = {
    imageSizeBytes: size,
    referenceCount: arrays.length + nulls.length,
    arrayInits: arrays.map((field) => arrayInitOf(initialOf(field))),
    defaultValueCount: zeros.reduce((sum, field) => sum + sizeBytesOf(field), 0),
    nonDefaultValues,
  }
  return { component, imageOffset: (field) => offsets.get(keyOf(field)) ?? 0 }
}

function sizeBytesOf(field: JavaField): number {
  return field.type.kind === 'boolean' || field.type.kind === 'byte' ? 1 : field.type.kind === 'int' ? 4 : 2
}

function numberBytes(sizeBytes: number, value: InitialValue | undefined): Uint8Array {
  const number = value?.kind === 'number' ? value.value : 0
  const writer = new ByteWriter()
  if (sizeBytes === 4) return writer.i32(number).toBytes()
  return (sizeBytes === 1 ? writer.u8(number & 0xff) : writer.u16(number & 0xffff)).toBytes()
}

function arrayInitOf(value: InitialValue | undefined): ArrayInitInfo {
  if (value?.kind !== 'array') throw new Error('assertion failed: only arrays are listed')
  const sizeBytes = value.element === 'int' ? 4 : value.element === 'short' ? 2 : 1
  const elements = value.values.map((one) => numberBytes(sizeBytes, { kind: 'number', value: one }))
  return { type: STATIC_ARRAY_TYPES[value.element], values: concatBytes(...elements) }
}
