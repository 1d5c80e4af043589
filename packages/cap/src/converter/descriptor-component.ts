import {
  CLASS_DESCRIPTOR_FLAGS,
  type ClassDescriptor,
  type ClassRef,
  type DescriptorComponent,
  type FieldDescriptor,
  MEMBER_DESCRIPTOR_FLAGS,
  type MethodDescriptor,
  type TypeDescriptor,
} from '../capfile/cap-file.ts'
import { classRefNumber } from '../capfile/component-codec.ts'
import { typeDescriptorSizeBytes } from '../capfile/descriptor-component.ts'
import { ACC } from '../classfile/class-file.ts'
import { type JvmType, parseFieldDescriptor, parseMethodDescriptor } from '../classfile/descriptor.ts'
import type { SymbolicEntry } from './constant-pool-plan.ts'
import { CONSTRUCTOR, type JavaClass, type JavaField, type JavaMethod, STATIC_INITIALISER } from './program.ts'

/** Nibbles of type descriptors. @source JCVM 3.1 table 6-21 */
const TYPE_NIBBLES = { void: 1, boolean: 2, byte: 3, short: 4, int: 5, class: 6 } as const
/** Added to the nibble of the element, `class` included: 6 + 8 = 0xE. */
const ARRAY_OF = 8

const NO_TYPE = 0xffff
/** In a field's type: a primitive, not an offset. */
const PRIMITIVE = 0x8000

/** Everything the Descriptor repeats, already numbered and placed. */
export interface DescriptorSource {
  /** The classes of each package; in compact format there is one. */
  readonly packages: readonly (readonly JavaClass[])[]
  readonly isExtended: boolean
  readonly constants: readonly SymbolicEntry[]
  classRef(name: string): ClassRef
  classToken(one: JavaClass): number
  memberToken(member: JavaField | JavaMethod): number
  imageOffset(field: JavaField): number
  fieldToken(field: JavaField): number
  place(
    method: JavaMethod,
  ): { offset: number; bytecodeSizeBytes: number; handlerIndex: number; handlerCount: number } | undefined
  miranda(one: JavaClass): readonly JavaMethod[]
  /** In token order, those of superinterfaces included. */
  interfaceMethods(one: JavaClass): readonly { readonly descriptor: string }[]
  /** With their superinterfaces. None for an interface: those it extends stand in Class alone. */
  implementedInterfaces(one: JavaClass): readonly string[]
}

/** @source JCVM 3.1 §6.14 */
export function buildDescriptor(source: DescriptorSource): DescriptorComponent {
  const types = new TypeTable(source)
  const constantPoolTypes = source.constants.map((entry) => types.ofConstant(entry))
  const classes = source.packages.flat().map((one) => classDescriptorOf(one, source, types))
  const packageClassCounts = source.packages.map((one) => one.length)
  return {
    classes,
    ...(source.isExtended && { packageClassCounts }),
    types: { constantPoolTypes, descriptors: types.descriptors },
  }
}

/** Type descriptors, each once, behind the list of constant pool types. */
class TypeTable {
  readonly descriptors: TypeDescriptor[] = []
  readonly #source: DescriptorSource
  readonly #offsets = new Map<string, number>()
  #nextOffset: number

  constructor(source: DescriptorSource) {
    this.#source = source
    this.#nextOffset = 2 + 2 * source.constants.length
  }

  ofConstant(entry: SymbolicEntry): number {
    switch (entry.kind) {
      case 'class':
        return NO_TYPE
      case 'instanceField':
      case 'ownStaticField':
        return this.ofField(entry.field.descriptor)
      case 'ownStaticMethod':
        return this.ofMethod(entry.method.descriptor)
      case 'importedStaticField':
      case 'importedInstanceField':
        return this.ofField(entry.descriptor)
      default:
        return this.ofMethod(entry.descriptor)
    }
  }

  ofField(descriptor: string): number {
    return this.#intern(nibblesOf(parseFieldDescriptor(descriptor), this.#source.classRef))
  }

  ofMethod(descriptor: string): number {
    return this.#intern(nibblesOfMethod(descriptor, this.#source.classRef))
  }

  #intern(nibbles: number[]): number {
    const key = nibbles.join()
    const known = this.#offsets.get(key)
    if (known !== undefined) return known
    const offset = this.#nextOffset
    this.#offsets.set(key, offset)
    this.descriptors.push({ offset, nibbles })
    this.#nextOffset += typeDescriptorSizeBytes(nibbles.length)
    return offset
  }
}

/** Types of the parameters, then of the result. @source JCVM 3.1 §6.14.4 type_descriptor */
export function nibblesOfMethod(descriptor: string, classRef: (name: string) => ClassRef): number[] {
  const { parameters, returns } = parseMethodDescriptor(descriptor)
  const result = returns.kind === 'void' ? [TYPE_NIBBLES.void] : nibblesOf(returns, classRef)
  return [...parameters.flatMap((one) => nibblesOf(one, classRef)), ...result]
}

function nibblesOf(type: JvmType, classRef: (name: string) => ClassRef): number[] {
  const base = type.kind === 'array' ? type.element : type
  const offset = type.kind === 'array' ? ARRAY_OF : 0
  switch (base.kind) {
    case 'boolean':
    case 'byte':
    case 'short':
    case 'int':
      return [TYPE_NIBBLES[base.kind] + offset]
    case 'class': {
      const ref = classRefNumber(classRef(base.name))
      return [TYPE_NIBBLES.class + offset, ref >> 12, (ref >> 8) & 15, (ref >> 4) & 15, ref & 15]
    }
    default:
      throw new Error(`assertion failed: ${base.kind} was refused before`)
  }
}

function classDescriptorOf(one: JavaClass, source: DescriptorSource, types: TypeTable): ClassDescriptor {
  return {
    token: source.classToken(one),
    flags: classFlags(one),
    thisClass: source.classRef(one.name),
    interfaces: source.implementedInterfaces(one).map((name) => source.classRef(name)),
    fields: one.fields
      .filter((field) => field.constantValue === undefined)
      .map((field) => fieldDescriptorOf(field, source, types)),
    methods: one.isInterface ? interfaceMethodsOf(one, source, types) : methodsOf(one, source, types),
  }
}

function methodsOf(one: JavaClass, source: DescriptorSource, types: TypeTable): MethodDescriptor[] {
  const methods = [...one.methods, ...source.miranda(one)].filter((method) => method.name !== STATIC_INITIALISER)
  return methods.map((method) => methodDescriptorOf(method, source, types))
}

/** Those of superinterfaces too: the tokens of an interface are described without a gap. */
function interfaceMethodsOf(one: JavaClass, source: DescriptorSource, types: TypeTable): MethodDescriptor[] {
  const { ACC_ABSTRACT, ACC_PUBLIC } = MEMBER_DESCRIPTOR_FLAGS
  return source.interfaceMethods(one).map(({ descriptor }, token) => ({
    token,
    flags: ACC_PUBLIC | ACC_ABSTRACT,
    methodOffset: 0,
    typeOffset: types.ofMethod(descriptor),
    bytecodeSizeBytes: 0,
    exceptionHandlerCount: 0,
    exceptionHandlerIndex: 0,
  }))
}

function classFlags(one: JavaClass): number {
  const { ACC_PUBLIC, ACC_FINAL, ACC_INTERFACE, ACC_ABSTRACT } = CLASS_DESCRIPTOR_FLAGS
  return (
    (one.accessFlags & ACC.PUBLIC ? ACC_PUBLIC : 0) |
    (one.accessFlags & ACC.FINAL ? ACC_FINAL : 0) |
    (one.isInterface ? ACC_INTERFACE : 0) |
    (one.accessFlags & ACC.ABSTRACT ? ACC_ABSTRACT : 0)
  )
}

/** Public, private, protected, static and final have the same bits in class files. */
function memberFlags(accessFlags: number): number {
  const { ACC_PUBLIC, ACC_PRIVATE, ACC_PROTECTED, ACC_STATIC, ACC_FINAL } = MEMBER_DESCRIPTOR_FLAGS
  return accessFlags & (ACC_PUBLIC | ACC_PRIVATE | ACC_PROTECTED | ACC_STATIC | ACC_FINAL)
}

function fieldDescriptorOf(field: JavaField, source: DescriptorSource, types: TypeTable): FieldDescriptor {
  const { kind } = field.type
  const isPrimitive = kind === 'boolean' || kind === 'byte' || kind === 'short' || kind === 'int'
  return {
    token: field.isStatic ? source.memberToken(field) : source.fieldToken(field),
    flags: memberFlags(field.accessFlags),
    field: field.isStatic
      ? { kind: 'static', ref: { kind: 'internal', imageOffset: source.imageOffset(field) } }
      : { kind: 'instance', class: source.classRef(field.owner), token: source.fieldToken(field) },
    type: isPrimitive ? PRIMITIVE | TYPE_NIBBLES[kind] : types.ofField(field.descriptor),
  }
}

function methodDescriptorOf(method: JavaMethod, source: DescriptorSource, types: TypeTable): MethodDescriptor {
  const { ACC_ABSTRACT, ACC_INIT } = MEMBER_DESCRIPTOR_FLAGS
  const place = source.place(method)
  return {
    token: source.memberToken(method),
    flags:
      memberFlags(method.accessFlags) |
      (method.accessFlags & ACC.ABSTRACT ? ACC_ABSTRACT : 0) |
      (method.name === CONSTRUCTOR ? ACC_INIT : 0),
    methodOffset: place?.offset ?? 0,
    typeOffset: types.ofMethod(method.descriptor),
    bytecodeSizeBytes: place?.bytecodeSizeBytes ?? 0,
    exceptionHandlerCount: place?.handlerCount ?? 0,
    exceptionHandlerIndex: place?.handlerIndex ?? 0,
  }
}
