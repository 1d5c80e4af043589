import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import {
  type ConstantPoolEntry,
  type ConstantPoolKind,
  METHOD_BLOCK_SPAN,
  type StaticFieldRef,
  type StaticMethodRef,
} from './cap-file.ts'
import {
  emitInfo,
  type FormatNumber,
  isExtendedFormat,
  parseInfo,
  readClassRef,
  readMany,
  writeClassRef,
} from './component-codec.ts'

/** @source JCVM 3.1 table 6-8 */
export const CONSTANT_POOL_TAGS: Readonly<Record<ConstantPoolKind, number>> = {
  class: 1,
  instanceField: 2,
  virtualMethod: 3,
  superMethod: 4,
  staticField: 5,
  staticMethod: 6,
}

const KIND_BY_TAG: ReadonlyMap<number, ConstantPoolKind> = new Map(
  // Object.entries widens the keys of this literal to string
  Object.entries(CONSTANT_POOL_TAGS).map(([kind, tag]) => [tag, kind as ConstantPoolKind]),
)

/** @source JCVM 3.1 §6.8 */
export function parseConstantPool(info: Uint8Array, format: FormatNumber): ConstantPoolEntry[] {
  return parseInfo('ConstantPool', info, (reader) => readMany(reader.u16(), () => readEntry(reader, format)))
}

function readEntry(reader: ByteReader, format: FormatNumber): ConstantPoolEntry {
  const at = reader.offsetBytes
  const tag = reader.u8()
  const kind = KIND_BY_TAG.get(tag)
  switch (kind) {
    case 'class': {
      const entry = { kind, class: readClassRef(reader) }
      reader.skip(1) // padding without meaning
      return entry
    }
    case 'instanceField':
    case 'virtualMethod':
    case 'superMethod':
      return { kind, class: readClassRef(reader), token: reader.u8() }
    case 'staticField':
      return { kind, field: readStaticFieldRef(reader) }
    case 'staticMethod':
      return { kind, method: readStaticMethodRef(reader, format) }
    case undefined:
      throw new CapFormatError('CAP_BAD_CONSTANT', `unknown constant pool tag ${tag}`, {
        component: 'ConstantPool',
        offsetBytes: at,
      })
  }
}

type ExternalMember = Extract<StaticFieldRef, { kind: 'external' }>

/** Internal members leave the first byte 0, or have the block of a method in it; in external ones its high bit is set. */
function readStaticMember(reader: ByteReader, hasBlocks: boolean): ExternalMember | number {
  const at = reader.offsetBytes
  const first = reader.u8()
  if (first & 0x80) {
    return { kind: 'external', packageToken: first & 0x7f, classToken: reader.u8(), token: reader.u8() }
  }
  if (hasBlocks) return first * METHOD_BLOCK_SPAN + reader.u16()
  if (first !== 0) {
    throw new CapFormatError('CAP_BAD_CONSTANT', `first byte ${first} of an internal member is not 0`, {
      component: 'ConstantPool',
      offsetBytes: at,
    })
  }
  return reader.u16()
}

/** Three bytes, also used by field descriptors. */
export function readStaticFieldRef(reader: ByteReader): StaticFieldRef {
  const member = readStaticMember(reader, false)
  return typeof member === 'number' ? { kind: 'internal', imageOffset: member } : member
}

function readStaticMethodRef(reader: ByteReader, format: FormatNumber): StaticMethodRef {
  const member = readStaticMember(reader, isExtendedFormat(format))
  return typeof member === 'number' ? { kind: 'internal', methodOffset: member } : member
}

function writeStaticMember(writer: ByteWriter, member: ExternalMember | number, hasBlocks: boolean): void {
  if (typeof member === 'number') {
    writer.u8(hasBlocks ? Math.floor(member / METHOD_BLOCK_SPAN) : 0)
    writer.u16(hasBlocks ? member % METHOD_BLOCK_SPAN : member)
  } else {
    writeClassRef(writer, member)
    writer.u8(member.token)
  }
}

export function writeStaticFieldRef(writer: ByteWriter, ref: StaticFieldRef): void {
  writeStaticMember(writer, ref.kind === 'internal' ? ref.imageOffset : ref, false)
}

export function emitConstantPool(entries: readonly ConstantPoolEntry[], format: FormatNumber): Uint8Array {
  return emitInfo('ConstantPool', (writer) => {
    writer.u16(entries.length)
    for (const entry of entries) writeEntry(writer, entry, format)
  })
}

function writeEntry(writer: ByteWriter, entry: ConstantPoolEntry, format: FormatNumber): void {
  writer.u8(CONSTANT_POOL_TAGS[entry.kind])
  switch (entry.kind) {
    case 'class':
      writeClassRef(writer, entry.class)
      writer.u8(0)
      break
    case 'instanceField':
    case 'virtualMethod':
    case 'superMethod':
      writeClassRef(writer, entry.class)
      writer.u8(entry.token)
      break
    case 'staticField':
      writeStaticFieldRef(writer, entry.field)
      break
    case 'staticMethod':
      writeStaticMember(
        writer,
        entry.method.kind === 'internal' ? entry.method.methodOffset : entry.method,
        isExtendedFormat(format),
      )
      break
  }
}
