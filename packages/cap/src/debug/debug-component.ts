import { ByteReader, BytesError, ByteWriter, concatBytes } from '@gridcard/bytes'
import { METHOD_BLOCK_SPAN } from '../capfile/cap-file.ts'
import { ACC } from '../classfile/class-file.ts'
import { decodeModifiedUtf8, encodeModifiedUtf8 } from '../classfile/modified-utf8.ts'
import { packageOf } from '../converter/program.ts'
import { CapFormatError } from '../errors.ts'
import type { DebugClass, DebugField, DebugLine, DebugMap, DebugMethod, DebugVariable } from './debug-map.ts'

const NO_SUPERCLASS = 'java/lang/Object'

/** Kind of a field's last item, which has no tag of its own. */
type FieldPlace = Pick<DebugField, 'token' | 'imageOffset' | 'constant'>

/** Which of the two layouts the component has: that of its CAP file. */
export type DebugFormat = 'compact' | 'extended'

/**
 * The `info` item of Debug for a CAP file, from its debug map: the same facts but for the AID.
 *
 * @source JCVM 3.1 §6.15
 */
export function emitDebugComponent(map: DebugMap, format: DebugFormat = 'compact'): Uint8Array {
  const strings = new StringTable()
  const body = new ByteWriter()
  if (format === 'compact') {
    writePackage(body, map, map.package.name.replaceAll('.', '/'), map.classes, format, strings)
  } else {
    const packages = [...new Set(map.classes.map(({ name }) => packageOf(name)))]
    body.u8(packages.length)
    for (const name of packages) {
      const classes = map.classes.filter((one) => packageOf(one.name) === name)
      writePackage(body, map, name, classes, format, strings)
    }
  }
  return concatBytes(strings.emit(), body.toBytes())
}

function writePackage(
  body: ByteWriter,
  map: DebugMap,
  name: string,
  classes: readonly DebugClass[],
  format: DebugFormat,
  strings: StringTable,
): void {
  body.u16(strings.index(name)).u16(classes.length)
  for (const one of classes) {
    const methods = map.methods.filter((method) => map.classes[method.class] === one)
    writeClass(body, one, methods, sourceNameOf(map, one), format, strings)
  }
}

class StringTable {
  readonly #strings: string[] = []

  index(text: string): number {
    const known = this.#strings.indexOf(text)
    return known >= 0 ? known : this.#strings.push(text) - 1
  }

  emit(): Uint8Array {
    const writer = new ByteWriter().u16(this.#strings.length)
    for (const text of this.#strings) {
      const bytes = encodeModifiedUtf8(text)
      writer.u16(bytes.length).bytes(bytes)
    }
    return writer.toBytes()
  }
}

/** Without its folder, which follows from the package. */
function sourceNameOf(map: DebugMap, one: DebugClass): string {
  const path = one.source === undefined ? '' : map.sources[one.source]!
  return path.slice(path.lastIndexOf('/') + 1)
}

function writeClass(
  writer: ByteWriter,
  one: DebugClass,
  methods: readonly DebugMethod[],
  sourceName: string,
  format: DebugFormat,
  strings: StringTable,
): void {
  writer
    .u16(strings.index(one.name))
    .u16(one.accessFlags & CLASS_FLAGS)
    .u16(one.offset)
  writer.u16(strings.index(one.superName ?? NO_SUPERCLASS)).u16(strings.index(sourceName))
  writer.u8(one.interfaces.length).u16(one.fields.length).u16(methods.length)
  for (const name of one.interfaces) writer.u16(strings.index(name))
  for (const field of one.fields) {
    writer
      .u16(strings.index(field.name))
      .u16(strings.index(field.descriptor))
      .u16(field.accessFlags & FIELD_FLAGS)
    writer.i32(field.constant ?? field.imageOffset ?? field.token ?? 0)
  }
  for (const method of methods) writeMethod(writer, method, format, strings)
}

/** Bits that the component knows; a compiler's own ones (super, synthetic, bridge) are left out. */
const CLASS_FLAGS = ACC.PUBLIC | ACC.FINAL | ACC.INTERFACE | ACC.ABSTRACT
const FIELD_FLAGS = ACC.PUBLIC | ACC.PRIVATE | ACC.PROTECTED | ACC.STATIC | ACC.FINAL
const METHOD_FLAGS = FIELD_FLAGS | ACC.ABSTRACT

function writeMethod(writer: ByteWriter, method: DebugMethod, format: DebugFormat, strings: StringTable): void {
  const isAbstract = method.codeSizeBytes === 0
  writer
    .u16(strings.index(method.name))
    .u16(strings.index(method.descriptor))
    .u16(method.accessFlags & METHOD_FLAGS)
  const offset = isAbstract ? 0 : method.offset
  if (format === 'extended') writer.u8(Math.floor(offset / METHOD_BLOCK_SPAN))
  writer.u16(offset % METHOD_BLOCK_SPAN)
  writer.u8(isAbstract ? 0 : method.codeOffset - method.offset)
  writer.u16(method.codeSizeBytes)
  writer.u16(method.variables.length).u16(method.lines.length)
  for (const one of method.variables) {
    writer.u8(one.slot).u16(strings.index(one.name)).u16(strings.index(one.descriptor))
    writer.u16(one.startOffset).u16(one.endOffset - one.startOffset)
  }
  method.lines.forEach(({ offset, line }, i) => {
    writer
      .u16(offset)
      .u16((method.lines[i + 1]?.offset ?? method.codeSizeBytes) - 1)
      .u16(line)
  })
}

/**
 * Reads the `info` item of Debug. Abstract methods get no place, and the package no AID and version: those stand in Header.
 * Of an extended CAP file the name of the package is those of all, with commas.
 *
 * @throws CapFormatError `CAP_BAD_DEBUG` for anything that is not one
 */
export function parseDebugComponent(info: Uint8Array, format: DebugFormat = 'compact'): DebugMap {
  try {
    return new DebugReader(info, format).read()
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw malformed('ends early', error.place['offsetBytes'] as number | undefined, error)
  }
}

function malformed(what: string, offsetBytes?: number, cause?: unknown): CapFormatError {
  const place = { component: 'Debug', ...(offsetBytes !== undefined && { offsetBytes }), source: 'JCVM 3.1 §6.15' }
  return new CapFormatError('CAP_BAD_DEBUG', `Debug ${what}`, place, { cause })
}

class DebugReader {
  readonly #reader: ByteReader
  readonly #format: DebugFormat
  readonly #strings: string[] = []
  readonly #sources: string[] = []
  readonly #methods: DebugMethod[] = []

  constructor(info: Uint8Array, format: DebugFormat) {
    this.#format = format
    this.#reader = new ByteReader(info)
  }

  read(): DebugMap {
    const reader = this.#reader
    for (let count = reader.u16(); count > 0; count--) this.#readString()
    const folders: string[] = []
    const classes: DebugClass[] = []
    for (let packages = this.#format === 'extended' ? reader.u8() : 1; packages > 0; packages--) {
      const folder = this.#string()
      folders.push(folder)
      for (let count = reader.u16(); count > 0; count--) classes.push(this.#class(classes.length, folder))
    }
    if (!reader.isAtEnd) throw malformed(`has ${reader.remaining} bytes too many`, reader.offsetBytes)
    return {
      format: 'gridcard-debug-map',
      version: 1,
      package: { name: folders.join(', ').replaceAll('/', '.'), aid: '', version: '' },
      sources: this.#sources,
      classes,
      methods: this.#methods.toSorted((a, b) => a.offset - b.offset),
    }
  }

  #readString(): void {
    const at = this.#reader.offsetBytes
    const text = decodeModifiedUtf8(this.#reader.take(this.#reader.u16()))
    if (text === undefined) throw malformed('has a string that is no modified UTF-8', at)
    this.#strings.push(text)
  }

  #list<T>(count: number, item: (index: number) => T): T[] {
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(item(i))
    return items
  }

  #string(): string {
    const at = this.#reader.offsetBytes
    const text = this.#strings[this.#reader.u16()]
    if (text === undefined) throw malformed('names a string that is not there', at)
    return text
  }

  #source(folder: string): Pick<DebugClass, 'source'> {
    const name = this.#string()
    if (name === '') return {}
    const path = name.includes('/') ? name : `${folder}/${name}`
    const known = this.#sources.indexOf(path)
    return { source: known >= 0 ? known : this.#sources.push(path) - 1 }
  }

  #class(index: number, folder: string): DebugClass {
    const reader = this.#reader
    const name = this.#string()
    const accessFlags = reader.u16()
    const offset = reader.u16()
    const superName = this.#string()
    const source = this.#source(folder)
    const interfaceCount = reader.u8()
    const [fieldCount, methodCount] = [reader.u16(), reader.u16()]
    const interfaces = this.#list(interfaceCount, () => this.#string())
    const fields = this.#list(fieldCount, () => this.#field())
    this.#methods.push(...this.#list(methodCount, () => this.#method(index)))
    const isInterface = (accessFlags & ACC.INTERFACE) !== 0
    return { name, ...source, ...(!isInterface && { superName }), interfaces, accessFlags, offset, fields }
  }

  #field(): DebugField {
    const [name, descriptor] = [this.#string(), this.#string()]
    const accessFlags = this.#reader.u16()
    return { name, descriptor, accessFlags, ...placeOf(descriptor, accessFlags, this.#reader.i32()) }
  }

  #method(index: number): DebugMethod {
    const reader = this.#reader
    const [name, descriptor] = [this.#string(), this.#string()]
    const accessFlags = reader.u16()
    const block = this.#format === 'extended' ? reader.u8() : 0
    const offset = block * METHOD_BLOCK_SPAN + reader.u16()
    const codeOffset = offset + reader.u8()
    const codeSizeBytes = reader.u16()
    const [variableCount, lineCount] = [reader.u16(), reader.u16()]
    const variables = this.#list(variableCount, (): DebugVariable => {
      const slot = reader.u8()
      const names = { name: this.#string(), descriptor: this.#string() }
      const startOffset = reader.u16()
      return { ...names, slot, startOffset, endOffset: startOffset + reader.u16() }
    })
    const lines = this.#list(lineCount, (): DebugLine => {
      const start = reader.u16()
      reader.skip(2)
      return { offset: start, line: reader.u16() }
    })
    lines.sort((a, b) => a.offset - b.offset)
    return { class: index, name, descriptor, accessFlags, offset, codeOffset, codeSizeBytes, lines, variables }
  }
}

/** Constants are static, final and primitive; the component does not say more. @source JCVM 3.1 §6.15.4 */
function placeOf(descriptor: string, accessFlags: number, content: number): FieldPlace {
  if (!(accessFlags & ACC.STATIC)) return { token: content & 0xff }
  const isPrimitive = !/^[L[]/.test(descriptor)
  return accessFlags & ACC.FINAL && isPrimitive ? { constant: content } : { imageOffset: content & 0xffff }
}
