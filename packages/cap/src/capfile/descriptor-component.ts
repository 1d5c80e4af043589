import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import {
  type ClassDescriptor,
  type DescriptorComponent,
  type FieldDescriptor,
  MEMBER_DESCRIPTOR_FLAGS,
  METHOD_BLOCK_SPAN,
  type MethodComponent,
  type MethodDescriptor,
  type TypeDescriptor,
  type TypeDescriptorTable,
} from './cap-file.ts'
import {
  emitInfo,
  type FormatNumber,
  isExtendedFormat,
  parseInfo,
  readClassRef,
  readMany,
  readMethodOffset,
  writeClassRef,
  writeMethodOffset,
} from './component-codec.ts'
import { readStaticFieldRef, writeStaticFieldRef } from './constant-pool.ts'

/** @source JCVM 3.1 §6.14 */
export function parseDescriptor(info: Uint8Array, format: FormatNumber, methods: MethodComponent): DescriptorComponent {
  const layout = { format, firstHandlers: firstHandlers(methods) }
  return parseInfo('Descriptor', info, (reader) => {
    const readClasses = () => readMany(reader.u8(), () => readClassDescriptor(reader, layout))
    if (!isExtendedFormat(format)) return { classes: readClasses(), types: readTypes(reader) }
    const packages = readMany(reader.u8(), readClasses)
    return {
      classes: packages.flat(),
      packageClassCounts: packages.map((one) => one.length),
      types: readTypes(reader),
    }
  })
}

/** In extended format handlers are counted in their block, here in the whole component. */
interface MethodLayout {
  readonly format: FormatNumber
  /** Index of the first handler of each block. */
  readonly firstHandlers: readonly number[]
}

function firstHandlers({ blockSizesBytes, info }: MethodComponent): number[] {
  const first = [0]
  for (const [block] of (blockSizesBytes ?? []).entries()) {
    first.push(first.at(-1)! + (info[block * METHOD_BLOCK_SPAN] ?? 0))
  }
  return first
}

function firstHandlerOf(methodOffset: number, count: number, { firstHandlers: first }: MethodLayout): number {
  return count === 0 ? 0 : (first[Math.floor(methodOffset / METHOD_BLOCK_SPAN)] ?? 0)
}

function readClassDescriptor(reader: ByteReader, layout: MethodLayout): ClassDescriptor {
  const token = reader.u8()
  const flags = reader.u8()
  const thisClass = readClassRef(reader)
  const interfaceCount = reader.u8()
  const fieldCount = reader.u16()
  const methodCount = reader.u16()
  return {
    token,
    flags,
    thisClass,
    interfaces: readMany(interfaceCount, () => readClassRef(reader)),
    fields: readMany(fieldCount, () => readField(reader)),
    methods: readMany(methodCount, () => readMethod(reader, layout)),
  }
}

function readField(reader: ByteReader): FieldDescriptor {
  const token = reader.u8()
  const flags = reader.u8()
  const field: FieldDescriptor['field'] =
    flags & MEMBER_DESCRIPTOR_FLAGS.ACC_STATIC
      ? { kind: 'static', ref: readStaticFieldRef(reader) }
      : { kind: 'instance', class: readClassRef(reader), token: reader.u8() }
  return { token, flags, field, type: reader.u16() }
}

function readMethod(reader: ByteReader, layout: MethodLayout): MethodDescriptor {
  const token = reader.u8()
  const flags = reader.u8()
  const methodOffset = readMethodOffset(reader, layout.format)
  const typeOffset = reader.u16()
  const bytecodeSizeBytes = reader.u16()
  const exceptionHandlerCount = reader.u16()
  return {
    token,
    flags,
    methodOffset,
    typeOffset,
    bytecodeSizeBytes,
    exceptionHandlerCount,
    exceptionHandlerIndex: reader.u16() + firstHandlerOf(methodOffset, exceptionHandlerCount, layout),
  }
}

function readTypes(reader: ByteReader): TypeDescriptorTable {
  const start = reader.offsetBytes
  const constantPoolTypes = readMany(reader.u16(), () => reader.u16())
  const descriptors: TypeDescriptor[] = []
  while (!reader.isAtEnd) descriptors.push(readType(reader, reader.offsetBytes - start))
  return { constantPoolTypes, descriptors }
}

function readType(reader: ByteReader, offset: number): TypeDescriptor {
  const count = reader.u8()
  const packed = reader.take(Math.ceil(count / 2))
  return { offset, nibbles: Array.from({ length: count }, (_, i) => (packed[i >> 1]! >> (i & 1 ? 0 : 4)) & 0x0f) }
}

export function emitDescriptor(
  component: DescriptorComponent,
  format: FormatNumber,
  methods: MethodComponent,
): Uint8Array {
  const layout = { format, firstHandlers: firstHandlers(methods) }
  return emitInfo('Descriptor', (writer) => {
    const { classes } = component
    const counts = component.packageClassCounts ?? [classes.length]
    if (isExtendedFormat(format)) writer.u8(counts.length)
    let at = 0
    for (const count of counts) {
      writer.u8(count)
      for (const one of classes.slice(at, at + count)) writeClassDescriptor(writer, one, layout)
      at += count
    }
    writeTypes(writer, component.types)
  })
}

function writeClassDescriptor(writer: ByteWriter, one: ClassDescriptor, layout: MethodLayout): void {
  writer.u8(one.token).u8(one.flags)
  writeClassRef(writer, one.thisClass)
  writer.u8(one.interfaces.length).u16(one.fields.length).u16(one.methods.length)
  for (const ref of one.interfaces) writeClassRef(writer, ref)
  for (const field of one.fields) writeField(writer, field)
  for (const method of one.methods) {
    const { methodOffset, exceptionHandlerCount: count } = method
    writer.u8(method.token).u8(method.flags)
    writeMethodOffset(writer, methodOffset, layout.format)
    writer.u16(method.typeOffset).u16(method.bytecodeSizeBytes).u16(count)
    writer.u16(method.exceptionHandlerIndex - firstHandlerOf(methodOffset, count, layout))
  }
}

function writeField(writer: ByteWriter, { token, flags, field, type }: FieldDescriptor): void {
  const isStatic = (flags & MEMBER_DESCRIPTOR_FLAGS.ACC_STATIC) !== 0
  if (isStatic !== (field.kind === 'static')) {
    throw new CapFormatError('CAP_BAD_DESCRIPTOR', 'ACC_STATIC disagrees with the form of the field', {
      component: 'Descriptor',
      offsetBytes: writer.length,
    })
  }
  writer.u8(token).u8(flags)
  if (field.kind === 'static') {
    writeStaticFieldRef(writer, field.ref)
  } else {
    writeClassRef(writer, field.class)
    writer.u8(field.token)
  }
  writer.u16(type)
}

function writeTypes(writer: ByteWriter, types: TypeDescriptorTable): void {
  const start = writer.length
  writer.u16(types.constantPoolTypes.length)
  for (const type of types.constantPoolTypes) writer.u16(type)
  for (const { offset, nibbles } of types.descriptors) {
    if (writer.length - start !== offset) {
      const message = `type says offset ${offset} but lands on ${writer.length - start}`
      throw new CapFormatError('CAP_BAD_DESCRIPTOR', message, { component: 'Descriptor', offsetBytes: writer.length })
    }
    writer.u8(nibbles.length)
    for (let i = 0; i < nibbles.length; i += 2) writer.u8(nibbles[i]! * 16 + (nibbles[i + 1] ?? 0))
  }
}

/** Bytes a type takes in the table, for laying out offsets. */
export function typeDescriptorSizeBytes(nibbleCount: number): number {
  return 1 + Math.ceil(nibbleCount / 2)
}
