import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import {
  CLASS_FLAGS,
  type ClassComponent,
  type ClassInfo,
  type ImplementedInterfaceInfo,
  type InterfaceInfo,
  type RemoteInterfaceInfo,
} from './cap-file.ts'
import {
  emitInfo,
  FORMAT_2_2,
  FORMAT_2_3,
  type FormatNumber,
  isExtendedFormat,
  parseInfo,
  readClassRef,
  readMany,
  readMethodOffset,
  readName,
  writeClassRef,
  writeMethodOffset,
  writeName,
} from './component-codec.ts'

const NO_SUPERCLASS = 0xffff
const MAX_INTERFACES = 15

/** @source JCVM 3.1 §6.9 */
export function parseClassComponent(info: Uint8Array, format: FormatNumber): ClassComponent {
  return parseInfo('Class', info, (reader) => {
    const signaturePool = format >= FORMAT_2_2 ? reader.take(reader.u16()) : undefined
    const interfaces: InterfaceInfo[] = []
    const classes: ClassInfo[] = []
    while (!reader.isAtEnd) {
      const offset = reader.offsetBytes
      const first = reader.u8()
      const flags = first >> 4
      requireClassFlags(flags, offset)
      if (flags & CLASS_FLAGS.ACC_INTERFACE) {
        if (classes.length > 0) {
          throw new CapFormatError('CAP_BAD_CLASS', 'an interface stands behind a class', {
            component: 'Class',
            offsetBytes: offset,
          })
        }
        interfaces.push(readInterface(reader, offset, flags, first & 0x0f))
      } else {
        classes.push(readClass(reader, offset, flags, first & 0x0f, format))
      }
    }
    return { ...(signaturePool && { signaturePool }), interfaces, classes }
  })
}

function requireClassFlags(flags: number, offsetBytes: number): void {
  if (flags & 0x1) {
    throw new CapFormatError('CAP_BAD_CLASS', `unknown class flags ${flags.toString(16)}`, {
      component: 'Class',
      offsetBytes,
    })
  }
}

function readInterface(reader: ByteReader, offset: number, flags: number, count: number): InterfaceInfo {
  const superinterfaces = readMany(count, () => readClassRef(reader))
  if (!(flags & CLASS_FLAGS.ACC_REMOTE)) return { offset, flags, superinterfaces }
  return { offset, flags, superinterfaces, interfaceName: readName(reader) }
}

function readClass(
  reader: ByteReader,
  offset: number,
  flags: number,
  interfaceCount: number,
  format: FormatNumber,
): ClassInfo {
  const superRef = reader.peek() === 0xff ? undefined : readClassRef(reader)
  if (superRef === undefined && reader.u16() !== NO_SUPERCLASS) {
    throw new CapFormatError('CAP_BAD_REFERENCE', 'superclass in package 127, which cannot be told from none', {
      component: 'Class',
      offsetBytes: offset + 1,
    })
  }
  const declaredInstanceSizeCells = reader.u8()
  const firstReferenceToken = reader.u8()
  const referenceCount = reader.u8()
  const publicMethodTableBase = reader.u8()
  const publicCount = reader.u8()
  const packageMethodTableBase = reader.u8()
  const packageCount = reader.u8()
  const common = {
    offset,
    flags,
    superClass: superRef,
    declaredInstanceSizeCells,
    firstReferenceToken,
    referenceCount,
    publicMethodTableBase,
    publicMethodTable: readMany(publicCount, () => readTableEntry(reader, format)),
    packageMethodTableBase,
    packageMethodTable: readMany(packageCount, () => readTableEntry(reader, format)),
    interfaces: readMany(interfaceCount, () => readImplementedInterface(reader)),
  }
  const remote = format >= FORMAT_2_2 && flags & CLASS_FLAGS.ACC_REMOTE ? readRemote(reader) : undefined
  if (format < FORMAT_2_3) return { ...common, ...(remote && { remote }) }
  return {
    ...common,
    ...(remote && { remote }),
    publicVirtualMethodTokenMapping: reader.take(publicMethodTableBase + publicCount),
    cap22InheritablePublicMethodTokenCount: reader.u8(),
  }
}

/** Where the inherited method lives in another package; in extended format the block is FF, too. */
const ELSEWHERE = 0xffff
const ELSEWHERE_EXTENDED = 0xffffff

function readTableEntry(reader: ByteReader, format: FormatNumber): number {
  const offset = readMethodOffset(reader, format)
  return offset === ELSEWHERE_EXTENDED ? ELSEWHERE : offset
}

function writeTableEntry(writer: ByteWriter, offset: number, format: FormatNumber): void {
  const isElsewhere = offset === ELSEWHERE && isExtendedFormat(format)
  writeMethodOffset(writer, isElsewhere ? ELSEWHERE_EXTENDED : offset, format)
}

function readImplementedInterface(reader: ByteReader): ImplementedInterfaceInfo {
  return { interface: readClassRef(reader), index: readMany(reader.u8(), () => reader.u8()) }
}

function readRemote(reader: ByteReader): RemoteInterfaceInfo {
  return {
    methods: readMany(reader.u8(), () => ({
      hash: reader.u16(),
      signatureOffset: reader.u16(),
      virtualToken: reader.u8(),
    })),
    hashModifier: readName(reader),
    className: readName(reader),
    interfaces: readMany(reader.u8(), () => readClassRef(reader)),
  }
}

export function emitClassComponent(component: ClassComponent, format: FormatNumber): Uint8Array {
  return emitInfo('Class', (writer) => {
    if (format >= FORMAT_2_2) {
      const signaturePool = component.signaturePool ?? new Uint8Array()
      writer.u16(signaturePool.length).bytes(signaturePool)
    }
    for (const one of component.interfaces) {
      requireOffset(writer, one.offset)
      writeInterface(writer, one)
    }
    for (const one of component.classes) {
      requireOffset(writer, one.offset)
      writeClass(writer, one, format)
    }
  })
}

function requireOffset(writer: ByteWriter, offset: number): void {
  if (writer.length === offset) return
  throw new CapFormatError('CAP_BAD_CLASS', `item says offset ${offset} but lands on ${writer.length}`, {
    component: 'Class',
    offsetBytes: writer.length,
  })
}

function writeBitfield(writer: ByteWriter, flags: number, interfaceCount: number): void {
  requireClassFlags(flags, writer.length)
  if (interfaceCount > MAX_INTERFACES) {
    throw new CapFormatError('CAP_BAD_COUNT', `${interfaceCount} interfaces, at most ${MAX_INTERFACES}`, {
      component: 'Class',
      offsetBytes: writer.length,
    })
  }
  writer.u8((flags << 4) | interfaceCount)
}

function writeInterface(writer: ByteWriter, one: InterfaceInfo): void {
  writeBitfield(writer, one.flags, one.superinterfaces.length)
  for (const ref of one.superinterfaces) writeClassRef(writer, ref)
  if (one.flags & CLASS_FLAGS.ACC_REMOTE) writeName(writer, one.interfaceName ?? '')
}

function writeClass(writer: ByteWriter, one: ClassInfo, format: FormatNumber): void {
  writeBitfield(writer, one.flags, one.interfaces.length)
  if (one.superClass) writeClassRef(writer, one.superClass)
  else writer.u16(NO_SUPERCLASS)
  writer.u8(one.declaredInstanceSizeCells).u8(one.firstReferenceToken).u8(one.referenceCount)
  writer.u8(one.publicMethodTableBase).u8(one.publicMethodTable.length)
  writer.u8(one.packageMethodTableBase).u8(one.packageMethodTable.length)
  for (const methodOffset of one.publicMethodTable) writeTableEntry(writer, methodOffset, format)
  for (const methodOffset of one.packageMethodTable) writeTableEntry(writer, methodOffset, format)
  for (const implemented of one.interfaces) {
    writeClassRef(writer, implemented.interface)
    writer.u8(implemented.index.length)
    for (const token of implemented.index) writer.u8(token)
  }
  if (format >= FORMAT_2_2 && one.flags & CLASS_FLAGS.ACC_REMOTE) writeRemote(writer, one.remote)
  if (format >= FORMAT_2_3) writeTokenMapping(writer, one)
}

function writeRemote(writer: ByteWriter, remote: RemoteInterfaceInfo | undefined): void {
  if (!remote) throw new CapFormatError('CAP_BAD_CLASS', 'ACC_REMOTE without remote interfaces', { component: 'Class' })
  writer.u8(remote.methods.length)
  for (const method of remote.methods) writer.u16(method.hash).u16(method.signatureOffset).u8(method.virtualToken)
  writeName(writer, remote.hashModifier)
  writeName(writer, remote.className)
  writer.u8(remote.interfaces.length)
  for (const ref of remote.interfaces) writeClassRef(writer, ref)
}

/** Without a mapping given, the identity: the numbering of 2.2 and 2.3 is then the same. */
function writeTokenMapping(writer: ByteWriter, one: ClassInfo): void {
  const length = one.publicMethodTableBase + one.publicMethodTable.length
  const mapping = one.publicVirtualMethodTokenMapping ?? Uint8Array.from({ length }, (_, token) => token)
  if (mapping.length !== length) {
    throw new CapFormatError('CAP_BAD_CLASS', `token mapping of ${mapping.length} bytes for ${length} tokens`, {
      component: 'Class',
      offsetBytes: writer.length,
    })
  }
  writer.bytes(mapping).u8(one.cap22InheritablePublicMethodTokenCount ?? length)
}

/** Bytes an interface_info takes in Class, for laying out offsets. */
export function interfaceInfoSizeBytes(one: Omit<InterfaceInfo, 'offset'>): number {
  return emitInfo('Class', (writer) => writeInterface(writer, { ...one, offset: 0 })).length
}

/** Bytes a class_info takes in Class, for laying out offsets. */
export function classInfoSizeBytes(one: Omit<ClassInfo, 'offset'>, format: FormatNumber): number {
  return emitInfo('Class', (writer) => writeClass(writer, { ...one, offset: 0 }, format)).length
}
