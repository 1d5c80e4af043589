import { ByteWriter, concatBytes, fromHex } from '@gridcard/bytes'
import type { ApiClass, ApiField, ApiPackage, ApiPackageReference } from '../api/api-package.ts'
import { virtualTokenCount } from '../api/package-history.ts'
import { encodeModifiedUtf8 } from '../classfile/modified-utf8.ts'
import { ACC_LIBRARY, EXPORT_MAGIC, EXPORT_TAGS } from './export-constants.ts'

/**
 * The export file of a package, in its `exportFileFormat`: what converters of other packages read the tokens from. The
 * same package gives the same bytes.
 *
 * @source JCVM 3.1 ch. 5
 */
export function emitExportFile(one: ApiPackage): Uint8Array {
  const [major, minor] = one.exportFileFormat.split('.').map(Number)
  const pool = new ExportPool()
  const body = new ByteWriter()
  body.u16(pool.package(one, one.library ? ACC_LIBRARY : 0))
  if (minor! >= 3) {
    const references = one.references ?? []
    body.u8(references.length)
    for (const reference of references) body.u16(pool.package(reference, ACC_LIBRARY))
  }
  body.u8(one.classes.length)
  for (const apiClass of one.classes) writeClass(body, apiClass, minor!, pool)
  const head = new ByteWriter().u32(EXPORT_MAGIC).u8(minor!).u8(major!)
  return concatBytes(head.toBytes(), pool.emit(), body.toBytes())
}

function writeClass(writer: ByteWriter, one: ApiClass, formatMinor: number, pool: ExportPool): void {
  writer.u8(one.token).u16(one.access_flags).u16(pool.class(one.name))
  writer.u16(one.supers.length)
  for (const name of one.supers) writer.u16(pool.class(name))
  writer.u8(one.interfaces.length)
  for (const name of one.interfaces) writer.u16(pool.class(name))
  writer.u16(one.fields.length)
  for (const field of one.fields) writeField(writer, field, pool)
  writer.u16(one.methods.length)
  for (const { token, flags, name, desc } of one.methods) {
    writer.u8(token).u16(flags).u16(pool.utf8(name)).u16(pool.utf8(desc))
  }
  if (formatMinor >= 3) writer.u8(one.inheritablePublicMethodTokenCount ?? virtualTokenCount(one.methods))
}

function writeField(writer: ByteWriter, field: ApiField, pool: ExportPool): void {
  writer.u8(field.token).u16(field.flags).u16(pool.utf8(field.name)).u16(pool.utf8(field.desc))
  if (typeof field.value !== 'number') {
    writer.u16(0)
    return
  }
  writer.u16(1).u16(pool.utf8('ConstantValue')).u32(2).u16(pool.integer(field.value))
}

/** Constants in the order in which they are first asked for, each once. */
class ExportPool {
  readonly #indices = new Map<string, number>()
  readonly #entries: Uint8Array[] = []

  utf8(text: string): number {
    const bytes = encodeModifiedUtf8(text)
    return this.#add(`utf8 ${text}`, new ByteWriter().u8(EXPORT_TAGS.Utf8).u16(bytes.length).bytes(bytes))
  }

  integer(value: number): number {
    return this.#add(`integer ${value}`, new ByteWriter().u8(EXPORT_TAGS.Integer).i32(value))
  }

  class(name: string): number {
    const nameIndex = this.utf8(name)
    return this.#add(`class ${name}`, new ByteWriter().u8(EXPORT_TAGS.Classref).u16(nameIndex))
  }

  package({ name, aid, version }: ApiPackageReference, flags: number): number {
    const nameIndex = this.utf8(name.replaceAll('.', '/'))
    const [major, minor] = version.split('.').map(Number)
    const bytes = fromHex(aid)
    const entry = new ByteWriter().u8(EXPORT_TAGS.Package).u8(flags).u16(nameIndex).u8(minor!).u8(major!)
    return this.#add(`package ${aid} ${version}`, entry.u8(bytes.length).bytes(bytes))
  }

  #add(key: string, entry: ByteWriter): number {
    const known = this.#indices.get(key)
    if (known !== undefined) return known
    this.#indices.set(key, this.#entries.length)
    return this.#entries.push(entry.toBytes()) - 1
  }

  emit(): Uint8Array {
    return concatBytes(new ByteWriter().u16(this.#entries.length).toBytes(), ...this.#entries)
  }
}
