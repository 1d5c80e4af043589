import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import { ClassFileError } from '../errors.ts'
import type { Constant, ConstantKind } from './class-file.ts'
import { decodeModifiedUtf8, encodeModifiedUtf8 } from './modified-utf8.ts'

interface ConstantForm {
  readonly tag: number
  readonly read: (reader: ByteReader) => Constant
}

/** Tag and layout of every constant. @source JVMS 17 table 4.4-A */
const FORMS: Readonly<Record<ConstantKind, ConstantForm>> = {
  utf8: { tag: 1, read: readUtf8 },
  integer: { tag: 3, read: (r) => ({ kind: 'integer', value: r.i32() }) },
  float: { tag: 4, read: (r) => ({ kind: 'float', bits: r.u32() }) },
  long: { tag: 5, read: (r) => ({ kind: 'long', value: r.i64() }) },
  double: { tag: 6, read: (r) => ({ kind: 'double', bits: r.u64() }) },
  class: { tag: 7, read: (r) => ({ kind: 'class', nameIndex: r.u16() }) },
  string: { tag: 8, read: (r) => ({ kind: 'string', textIndex: r.u16() }) },
  field: { tag: 9, read: (r) => ({ kind: 'field', classIndex: r.u16(), nameAndTypeIndex: r.u16() }) },
  method: { tag: 10, read: (r) => ({ kind: 'method', classIndex: r.u16(), nameAndTypeIndex: r.u16() }) },
  interfaceMethod: {
    tag: 11,
    read: (r) => ({ kind: 'interfaceMethod', classIndex: r.u16(), nameAndTypeIndex: r.u16() }),
  },
  nameAndType: { tag: 12, read: (r) => ({ kind: 'nameAndType', nameIndex: r.u16(), descriptorIndex: r.u16() }) },
  methodHandle: { tag: 15, read: (r) => ({ kind: 'methodHandle', referenceKind: r.u8(), referenceIndex: r.u16() }) },
  methodType: { tag: 16, read: (r) => ({ kind: 'methodType', descriptorIndex: r.u16() }) },
  dynamic: { tag: 17, read: (r) => ({ kind: 'dynamic', bootstrapMethodIndex: r.u16(), nameAndTypeIndex: r.u16() }) },
  invokeDynamic: {
    tag: 18,
    read: (r) => ({ kind: 'invokeDynamic', bootstrapMethodIndex: r.u16(), nameAndTypeIndex: r.u16() }),
  },
  module: { tag: 19, read: (r) => ({ kind: 'module', nameIndex: r.u16() }) },
  package: { tag: 20, read: (r) => ({ kind: 'package', nameIndex: r.u16() }) },
}

const FORM_BY_TAG = new Map(Object.values(FORMS).map((form) => [form.tag, form]))

function readUtf8(reader: ByteReader): Constant {
  const offsetBytes = reader.offsetBytes
  const text = decodeModifiedUtf8(reader.take(reader.u16()))
  if (text === undefined)
    throw new ClassFileError('CAP_CLASS_MALFORMED', 'text that is not modified UTF-8', { offsetBytes })
  return { kind: 'utf8', text }
}

/** A long or double takes two indices; the second is unusable. @source JVMS 17 §4.4.5 */
export function isWideConstant(constant: Constant | undefined): boolean {
  return constant?.kind === 'long' || constant?.kind === 'double'
}

export function readConstantPool(reader: ByteReader): (Constant | undefined)[] {
  const count = reader.u16()
  if (count === 0)
    throw new ClassFileError('CAP_CLASS_MALFORMED', 'constant pool count 0', { offsetBytes: reader.offsetBytes })
  const pool: (Constant | undefined)[] = [undefined]
  while (pool.length < count) {
    const offsetBytes = reader.offsetBytes
    const tag = reader.u8()
    const form = FORM_BY_TAG.get(tag)
    if (!form) throw new ClassFileError('CAP_CLASS_MALFORMED', `unknown constant tag ${tag}`, { offsetBytes })
    const constant = form.read(reader)
    pool.push(constant)
    if (isWideConstant(constant)) pool.push(undefined)
  }
  if (pool.length !== count) {
    throw new ClassFileError('CAP_CLASS_MALFORMED', 'a long or double overlaps the end of the constant pool')
  }
  for (const [index, constant] of pool.entries()) if (constant) checkConstant(pool, constant, index)
  return pool
}

/** What each index inside a constant must point at. */
function checkConstant(pool: readonly (Constant | undefined)[], constant: Constant, index: number): void {
  const want = (target: number, ...kinds: ConstantKind[]): void => {
    const kind = pool[target]?.kind
    if (kind === undefined || !kinds.includes(kind)) {
      throw new ClassFileError(
        'CAP_CLASS_MALFORMED',
        `constant ${index} (${constant.kind}) points at ${kind ?? 'nothing'}`,
      )
    }
  }
  switch (constant.kind) {
    case 'class':
    case 'module':
    case 'package':
      want(constant.nameIndex, 'utf8')
      return
    case 'string':
      want(constant.textIndex, 'utf8')
      return
    case 'field':
    case 'method':
    case 'interfaceMethod':
      want(constant.classIndex, 'class')
      want(constant.nameAndTypeIndex, 'nameAndType')
      return
    case 'nameAndType':
      want(constant.nameIndex, 'utf8')
      want(constant.descriptorIndex, 'utf8')
      return
    case 'methodHandle':
      want(constant.referenceIndex, 'field', 'method', 'interfaceMethod')
      return
    case 'methodType':
      want(constant.descriptorIndex, 'utf8')
      return
    case 'dynamic':
    case 'invokeDynamic':
      want(constant.nameAndTypeIndex, 'nameAndType')
      return
    default:
      return
  }
}

export function writeConstant(writer: ByteWriter, constant: Constant): void {
  writer.u8(FORMS[constant.kind].tag)
  switch (constant.kind) {
    case 'utf8': {
      const bytes = encodeModifiedUtf8(constant.text)
      writer.u16(bytes.length).bytes(bytes)
      return
    }
    case 'integer':
      writer.i32(constant.value)
      return
    case 'float':
      writer.u32(constant.bits)
      return
    case 'long':
      writer.i64(constant.value)
      return
    case 'double':
      writer.u64(constant.bits)
      return
    case 'class':
    case 'module':
    case 'package':
      writer.u16(constant.nameIndex)
      return
    case 'string':
      writer.u16(constant.textIndex)
      return
    case 'field':
    case 'method':
    case 'interfaceMethod':
      writer.u16(constant.classIndex).u16(constant.nameAndTypeIndex)
      return
    case 'nameAndType':
      writer.u16(constant.nameIndex).u16(constant.descriptorIndex)
      return
    case 'methodHandle':
      writer.u8(constant.referenceKind).u16(constant.referenceIndex)
      return
    case 'methodType':
      writer.u16(constant.descriptorIndex)
      return
    case 'dynamic':
    case 'invokeDynamic':
      writer.u16(constant.bootstrapMethodIndex).u16(constant.nameAndTypeIndex)
      return
  }
}
