import { ByteReader, BytesError, toHex } from '@gridcard/bytes'
import { API_FLAGS, type ApiClass, type ApiField, type ApiMethod, type ApiPackage } from '../api/api-package.ts'
import { virtualTokenCount } from '../api/package-history.ts'
import { decodeModifiedUtf8 } from '../classfile/modified-utf8.ts'
import { ExportFileError } from '../errors.ts'
import { ACC_LIBRARY, EXPORT_MAGIC, EXPORT_TAGS, type ExportConstant } from './export-constants.ts'

/**
 * Reads an export file (`.exp`), versions 2.1 to 2.3, of any converter, to its exact last byte.
 *
 * @throws ExportFileError for anything that is not one
 * @source JCVM 3.1 ch. 5
 */
export function parseExportFile(bytes: Uint8Array): ApiPackage {
  try {
    return new ExportReader(bytes).read()
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw new ExportFileError('CAP_EXPORT_TRUNCATED', `export file ends early: ${error.message}`, error.place, {
      cause: error,
    })
  }
}

function malformed(message: string, offsetBytes: number): ExportFileError {
  return new ExportFileError('CAP_EXPORT_MALFORMED', message, { offsetBytes, source: 'JCVM 3.1 ch. 5' })
}

class ExportReader {
  readonly #reader: ByteReader
  #pool: readonly ExportConstant[] = []

  constructor(bytes: Uint8Array) {
    this.#reader = new ByteReader(bytes)
  }

  read(): ApiPackage {
    const reader = this.#reader
    if (reader.u32() !== EXPORT_MAGIC) throw malformed('not an export file: no 00FACADE at its head', 0)
    const minor = reader.u8()
    const major = reader.u8()
    if (major !== 2 || minor < 1 || minor > 3) {
      throw new ExportFileError('CAP_EXPORT_VERSION', `export file format ${major}.${minor}; 2.1 to 2.3 can be read`, {
        offsetBytes: 4,
      })
    }
    this.#pool = this.#list(reader.u16(), () => this.#constant())
    const own = this.#package()
    const referenced = minor >= 3 ? this.#list(reader.u8(), () => this.#package()) : undefined
    const classes = this.#list(reader.u8(), () => this.#class(minor))
    if (!reader.isAtEnd) throw malformed(`${reader.remaining} bytes after the export file`, reader.offsetBytes)
    return {
      name: own.name,
      aid: own.aid,
      version: own.version,
      exportFileFormat: `${major}.${minor}`,
      library: (own.flags & ACC_LIBRARY) !== 0,
      ...(referenced && { references: referenced.map(({ name, aid, version }) => ({ name, aid, version })) }),
      classes,
    }
  }

  #list<T>(count: number, item: () => T): T[] {
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(item())
    return items
  }

  #constant(): ExportConstant {
    const reader = this.#reader
    const offsetBytes = reader.offsetBytes
    const tag = reader.u8()
    switch (tag) {
      case EXPORT_TAGS.Utf8: {
        const text = decodeModifiedUtf8(reader.take(reader.u16()))
        if (text === undefined) throw malformed('a string that is no modified UTF-8', offsetBytes)
        return { kind: 'utf8', text }
      }
      case EXPORT_TAGS.Integer:
        return { kind: 'integer', value: reader.i32() }
      case EXPORT_TAGS.Classref:
        return { kind: 'class', nameIndex: reader.u16() }
      case EXPORT_TAGS.Package: {
        const flags = reader.u8()
        const nameIndex = reader.u16()
        const minor = reader.u8()
        const version = `${reader.u8()}.${minor}`
        return { kind: 'package', flags, nameIndex, version, aid: toHex(reader.take(reader.u8())) }
      }
      default:
        throw malformed(`constant with unknown tag ${tag}`, offsetBytes)
    }
  }

  #entry<K extends ExportConstant['kind']>(kind: K, index: number): Extract<ExportConstant, { kind: K }> {
    const found = this.#pool[index]
    if (found?.kind !== kind) {
      throw malformed(`constant ${index} is ${found?.kind ?? 'nothing'}, wanted ${kind}`, this.#reader.offsetBytes - 2)
    }
    return found as Extract<ExportConstant, { kind: K }> // by its kind
  }

  #text(index: number): string {
    return this.#entry('utf8', index).text
  }

  #package() {
    const { flags, nameIndex, version, aid } = this.#entry('package', this.#reader.u16())
    return { flags, version, aid, name: this.#text(nameIndex).replaceAll('/', '.') }
  }

  #className(): string {
    return this.#text(this.#entry('class', this.#reader.u16()).nameIndex)
  }

  #class(formatMinor: number): ApiClass {
    const reader = this.#reader
    const token = reader.u8()
    const accessFlags = reader.u16()
    const name = this.#className()
    const supers = this.#list(reader.u16(), () => this.#className())
    const interfaces = this.#list(reader.u8(), () => this.#className())
    const fields = this.#list(reader.u16(), () => this.#field())
    const isInterface = (accessFlags & API_FLAGS.INTERFACE) !== 0
    const methods = this.#list(reader.u16(), () => this.#method(isInterface))
    const inheritable = formatMinor >= 3 ? reader.u8() : undefined
    const virtualTokens = virtualTokenCount(methods)
    return {
      name,
      token,
      access_flags: accessFlags,
      super: supers.at(-1) ?? null,
      supers,
      interfaces,
      ...(inheritable !== undefined &&
        inheritable !== virtualTokens && { inheritablePublicMethodTokenCount: inheritable }),
      fields,
      methods,
    }
  }

  #field(): ApiField {
    const reader = this.#reader
    const token = reader.u8()
    const flags = reader.u16()
    const [name, desc] = [this.#text(reader.u16()), this.#text(reader.u16())]
    const values = this.#list(reader.u16(), () => this.#attribute())
    const value = values.find((one) => one !== undefined)
    return { name, desc, flags, token, ...(value !== undefined && { value }) }
  }

  /** Value of a ConstantValue; undefined for any other attribute. */
  #attribute(): number | undefined {
    const reader = this.#reader
    const name = this.#text(reader.u16())
    const content = reader.sub(reader.u32())
    if (name !== 'ConstantValue') return undefined
    const index = content.u16()
    if (!content.isAtEnd) throw malformed('ConstantValue with bytes too many', reader.offsetBytes)
    return this.#entry('integer', index).value
  }

  #method(isInterface: boolean): ApiMethod {
    const reader = this.#reader
    const token = reader.u8()
    const flags = reader.u16()
    const [name, desc] = [this.#text(reader.u16()), this.#text(reader.u16())]
    const isStatic = (flags & API_FLAGS.STATIC) !== 0 || name === '<init>'
    return { name, desc, flags, space: isInterface ? 'interface' : isStatic ? 'static' : 'virtual', token }
  }
}
