import { ByteReader, BytesError } from '@gridcard/bytes'
import { ClassFileError } from '../errors.ts'
import type { Attribute, ClassFile, CodeAttribute, Constant, ConstantKind, Member } from './class-file.ts'
import { readConstantPool } from './constants.ts'

const MAGIC = 0xcafebabe
/** Java 1.1 to 21. */
const MAJOR_VERSIONS = { lowest: 45, highest: 69 } as const

/**
 * Reads a class file of Java 1.1 to 21 to its exact last byte. Attributes this room does not use stay opaque.
 *
 * @throws ClassFileError for anything that is not one
 * @source JVMS 17 §4.1
 */
export function parseClassFile(bytes: Uint8Array): ClassFile {
  try {
    return readClassFile(new ByteReader(bytes))
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw new ClassFileError('CAP_CLASS_TRUNCATED', `class file ends early: ${error.message}`, error.place, {
      cause: error,
    })
  }
}

function malformed(message: string, offsetBytes: number): ClassFileError {
  return new ClassFileError('CAP_CLASS_MALFORMED', message, { offsetBytes })
}

function readClassFile(reader: ByteReader): ClassFile {
  if (reader.u32() !== MAGIC) throw malformed('not a class file: no CAFEBABE at its head', 0)
  const minorVersion = reader.u16()
  const majorVersion = reader.u16()
  if (majorVersion < MAJOR_VERSIONS.lowest || majorVersion > MAJOR_VERSIONS.highest) {
    throw new ClassFileError(
      'CAP_CLASS_VERSION',
      `class file version ${majorVersion}; ${MAJOR_VERSIONS.lowest} to ${MAJOR_VERSIONS.highest} can be read`,
      { majorVersion },
    )
  }
  const part = new PartReader(reader, readConstantPool(reader))
  const classFile: ClassFile = {
    minorVersion,
    majorVersion,
    constantPool: part.pool,
    accessFlags: reader.u16(),
    thisClassIndex: part.index('class'),
    superClassIndex: part.indexOrZero('class'),
    interfaceIndices: part.list(() => part.index('class')),
    fields: part.list(() => part.member()),
    methods: part.list(() => part.member()),
    attributes: part.list(() => part.attribute()),
  }
  if (!reader.isAtEnd) throw malformed(`${reader.remaining} bytes after the class file`, reader.offsetBytes)
  return classFile
}

/** Reads everything behind the constant pool, whose indices it checks as it goes. */
class PartReader {
  readonly reader: ByteReader
  readonly pool: readonly (Constant | undefined)[]

  /** How many attributes this part lies inside; bounded, or hostile nesting would exhaust the stack. */
  readonly #depth: number

  constructor(reader: ByteReader, pool: readonly (Constant | undefined)[], depth = 0) {
    this.reader = reader
    this.pool = pool
    this.#depth = depth
  }

  index(...kinds: readonly ConstantKind[]): number {
    const offsetBytes = this.reader.offsetBytes
    const index = this.reader.u16()
    const kind = this.pool[index]?.kind
    if (kind === undefined || !kinds.includes(kind)) {
      throw malformed(`constant ${index} is ${kind ?? 'nothing'}, wanted ${kinds.join(' or ')}`, offsetBytes)
    }
    return index
  }

  indexOrZero(kind: ConstantKind): number {
    if (this.reader.remaining >= 2 && this.reader.bytes[this.reader.offsetBytes] === 0) {
      if (this.reader.bytes[this.reader.offsetBytes + 1] === 0) return this.reader.u16()
    }
    return this.index(kind)
  }

  list<T>(item: () => T): T[] {
    const items: T[] = []
    for (let count = this.reader.u16(); count > 0; count--) items.push(item())
    return items
  }

  member(): Member {
    return {
      accessFlags: this.reader.u16(),
      nameIndex: this.index('utf8'),
      descriptorIndex: this.index('utf8'),
      attributes: this.list(() => this.attribute()),
    }
  }

  attribute(): Attribute {
    const offsetBytes = this.reader.offsetBytes
    const nameIndex = this.index('utf8')
    const content = this.reader.sub(this.reader.u32())
    const part = new PartReader(content, this.pool, this.#depth + 1)
    const name = this.pool[nameIndex]
    const attribute = part.#content(name?.kind === 'utf8' ? name.text : '', nameIndex)
    if (!content.isAtEnd) throw malformed(`attribute with ${content.remaining} bytes too many`, offsetBytes)
    return attribute
  }

  #content(name: string, nameIndex: number): Attribute {
    const { reader } = this
    switch (name) {
      case 'Code':
        if (this.#depth > 1) throw malformed('Code inside Code', reader.offsetBytes)
        return this.#code(nameIndex)
      case 'ConstantValue':
        return {
          kind: name,
          nameIndex,
          valueIndex: this.index('integer', 'float', 'long', 'double', 'string'),
        }
      case 'Exceptions':
        return { kind: name, nameIndex, classIndices: this.list(() => this.index('class')) }
      case 'SourceFile':
        return { kind: name, nameIndex, fileIndex: this.index('utf8') }
      case 'LineNumberTable':
        return { kind: name, nameIndex, lines: this.list(() => ({ startPc: reader.u16(), line: reader.u16() })) }
      case 'LocalVariableTable':
        return {
          kind: name,
          nameIndex,
          variables: this.list(() => ({
            startPc: reader.u16(),
            length: reader.u16(),
            nameIndex: this.index('utf8'),
            descriptorIndex: this.index('utf8'),
            slot: reader.u16(),
          })),
        }
      case 'InnerClasses':
        return {
          kind: name,
          nameIndex,
          classes: this.list(() => ({
            innerClassIndex: this.index('class'),
            outerClassIndex: this.indexOrZero('class'),
            innerNameIndex: this.indexOrZero('utf8'),
            accessFlags: reader.u16(),
          })),
        }
      default:
        return { kind: 'opaque', nameIndex, bytes: reader.rest() }
    }
  }

  #code(nameIndex: number): CodeAttribute {
    const { reader } = this
    const maxStack = reader.u16()
    const maxLocals = reader.u16()
    const offsetBytes = reader.offsetBytes
    const lengthBytes = reader.u32()
    if (lengthBytes === 0 || lengthBytes > 0xffff) throw malformed(`${lengthBytes} bytes of code`, offsetBytes)
    const code = reader.take(lengthBytes)
    const exceptionTable = this.list(() => {
      const entry = {
        startPc: reader.u16(),
        endPc: reader.u16(),
        handlerPc: reader.u16(),
        catchTypeIndex: this.indexOrZero('class'),
      }
      if (entry.startPc >= entry.endPc || entry.endPc > lengthBytes || entry.handlerPc >= lengthBytes) {
        throw malformed('exception table entry outside the code', reader.offsetBytes)
      }
      return entry
    })
    const attributes = this.list(() => this.attribute())
    return { kind: 'Code', nameIndex, maxStack, maxLocals, code, exceptionTable, attributes }
  }
}
