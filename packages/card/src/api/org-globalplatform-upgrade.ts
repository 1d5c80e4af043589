import { toHex } from '@gridcard/bytes'
import { globalPlatformOf } from '../globalplatform/globalplatform.ts'
import type { Jcre } from '../runtime/jcre.ts'
import { ELEMENT_CLASS, MAPPED_CELL } from '../runtime/upgrade.ts'
import { storeFault } from '../vm/firewall.ts'
import { BIG_ENDIAN_HANDLE } from '../vm/jcre-objects.ts'
import type { NativeBinding, NativeImplementation } from '../vm/link/native-library.ts'
import { FIRST_PACKAGE_CONTEXT, JAVA_THROW } from '../vm/machine.ts'
import { BYTE_ARRAY_TYPE, OWNER_MASK, TYPE } from '../vm/memory/handle-entry.ts'
import { byteAt, bytesOf, handleAt, type JcreMethod, natives, requireWritten, shortAt } from './native-call.ts'

/**
 * org.globalplatform.upgrade: elements hold what instances save over the change of their package. Numbers and references
 * stand apart, so that no number becomes a reference. @source API org.globalplatform.upgrade 1.1
 */
export { ELEMENT_CLASS }

const MAPPED_CLASS = 'gridcard/globalplatform/MappedElement'
/** 16-bit cells of the hidden state. */
const CELL = {
  bytes: 0,
  references: 1,
  written: 2,
  writtenReferences: 3,
  read: 4,
  readReferences: 5,
  mapped: MAPPED_CELL,
}
const HIDDEN_BYTES = 14
const OBJECT_ARRAY_TYPE = TYPE.array | TYPE.references
const ELEMENT_TYPE = { simple: 1, mapped: 2 } as const
const SYSTEM = { ILLEGAL_VALUE: 1, NO_RESOURCE: 5, ILLEGAL_USE: 6 } as const

function failSystem(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacard/framework/SystemException', reason)
}

const cell = (jcre: Jcre, element: number, number: number): number =>
  jcre.memory.i16[(jcre.machine.hiddenAddress(element) >> 1) + number]! & 0xffff

function setCell(jcre: Jcre, element: number, number: number, value: number): void {
  requireWritten(jcre, jcre.memory.putShort(jcre.machine.hiddenAddress(element) + 2 * number, value))
}

const lengthOf = (jcre: Jcre, array: number): number => jcre.memory.word1(array) & 0xffff

/** The next `count` bytes, for writing or reading; past the end: ILLEGAL_USE. @returns the address of the first */
function take(jcre: Jcre, element: number, position: number, count: number): number {
  const bytes = cell(jcre, element, CELL.bytes)
  const at = cell(jcre, element, position)
  if (at + count > lengthOf(jcre, bytes)) failSystem(jcre, SYSTEM.ILLEGAL_USE)
  setCell(jcre, element, position, at + count)
  return jcre.memory.addressOf(bytes) + at
}

function takeReference(jcre: Jcre, element: number, position: number): number {
  const references = cell(jcre, element, CELL.references)
  const at = cell(jcre, element, position)
  if (at + 1 > lengthOf(jcre, references)) failSystem(jcre, SYSTEM.ILLEGAL_USE)
  setCell(jcre, element, position, at + 1)
  return jcre.memory.addressOf(references) + 2 * at
}

/** How many more of that size there are. */
function left(array: number, position: number, size: number): JcreMethod {
  return (jcre, at) => {
    const element = handleAt(jcre, at)
    return Math.floor((lengthOf(jcre, cell(jcre, element, array)) - cell(jcre, element, position)) / size)
  }
}

function write(size: 1 | 2, valueAt: (jcre: Jcre, at: number) => number): JcreMethod {
  return (jcre, at) => {
    const element = handleAt(jcre, at)
    const value = valueAt(jcre, at + 1)
    const address = take(jcre, element, CELL.written, size)
    const bytes = size === 1 ? Uint8Array.of(value) : Uint8Array.of(value >> 8, value)
    requireWritten(jcre, jcre.memory.putBytes(address, bytes))
    return element
  }
}

const writeReference: JcreMethod = (jcre, at) => {
  const element = handleAt(jcre, at)
  const value = handleAt(jcre, at + 1)
  const fault = storeFault(jcre.machine, value)
  if (fault !== 0) {
    jcre.machine.thrown = fault
    throw JAVA_THROW
  }
  requireWritten(jcre, jcre.memory.putShort(takeReference(jcre, element, CELL.writtenReferences), value))
  return element
}

const elementMethods: Readonly<Record<string, JcreMethod>> = {
  'write(Z)Lorg/globalplatform/upgrade/Element;': write(1, (jcre, at) => (byteAt(jcre, at) === 0 ? 0 : 1)),
  'write(B)Lorg/globalplatform/upgrade/Element;': write(1, byteAt),
  'write(S)Lorg/globalplatform/upgrade/Element;': write(2, shortAt),
  'write(Ljava/lang/Object;)Lorg/globalplatform/upgrade/Element;': writeReference,
  'canWriteBoolean()S': left(CELL.bytes, CELL.written, 1),
  'canWriteByte()S': left(CELL.bytes, CELL.written, 1),
  'canWriteShort()S': left(CELL.bytes, CELL.written, 2),
  'canWriteObject()S': left(CELL.references, CELL.writtenReferences, 1),
  'initRead()V': (jcre, at) => {
    const element = handleAt(jcre, at)
    setCell(jcre, element, CELL.read, 0)
    setCell(jcre, element, CELL.readReferences, 0)
    return 0
  },
  'readBoolean()Z': (jcre, at) => jcre.memory.u8[take(jcre, handleAt(jcre, at), CELL.read, 1)]!,
  'readByte()B': (jcre, at) => jcre.memory.i8[take(jcre, handleAt(jcre, at), CELL.read, 1)]!,
  'readShort()S': (jcre, at) => {
    const address = take(jcre, handleAt(jcre, at), CELL.read, 2)
    return (jcre.memory.i8[address]! << 8) | jcre.memory.u8[address + 1]!
  },
  'readObject()Ljava/lang/Object;': (jcre, at) =>
    jcre.memory.i16[takeReference(jcre, handleAt(jcre, at), CELL.readReferences) >> 1]!,
  'canReadBoolean()S': left(CELL.bytes, CELL.read, 1),
  'canReadByte()S': left(CELL.bytes, CELL.read, 1),
  'canReadShort()S': left(CELL.bytes, CELL.read, 2),
  'canReadObject()S': left(CELL.references, CELL.readReferences, 1),
}

const simpleElement: NativeImplementation = {
  id: 63,
  name: ELEMENT_CLASS,
  interfaces: ['org/globalplatform/upgrade/Element'],
  hiddenBytes: HIDDEN_BYTES,
  hiddenReferences: [CELL.bytes, CELL.references, CELL.mapped],
  methods: natives(elementMethods),
}

/** Stands for an object of an application's own class, which does not live on. */
const mappedElement: NativeImplementation = {
  id: 57,
  name: MAPPED_CLASS,
  superClass: ELEMENT_CLASS,
  interfaces: ['org/globalplatform/upgrade/MappedElement'],
  hiddenBytes: 0,
  hiddenReferences: [],
  methods: natives({
    ...elementMethods,
    'getMappedObject()Ljava/lang/Object;': (jcre, at) => cell(jcre, handleAt(jcre, at), CELL.mapped),
    'setMappedObject(Ljava/lang/Object;)Lorg/globalplatform/upgrade/Element;': (jcre, at) => {
      const element = handleAt(jcre, at)
      setCell(jcre, element, CELL.mapped, handleAt(jcre, at + 1))
      return element
    },
  }),
}

const createElement: JcreMethod = (jcre, at) => {
  const [type, bytes, references] = [byteAt(jcre, at), shortAt(jcre, at + 1), shortAt(jcre, at + 2)]
  const isKnown = type === ELEMENT_TYPE.simple || type === ELEMENT_TYPE.mapped
  if (!isKnown || bytes < 0 || references < 0) failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
  const { memory, machine } = jcre
  const require = (handle: number) => (handle === 0 ? failSystem(jcre, SYSTEM.NO_RESOURCE) : handle)
  const element = require(
    machine.newObject(jcre.requireClass(type === ELEMENT_TYPE.simple ? ELEMENT_CLASS : MAPPED_CLASS)),
  )
  setCell(jcre, element, CELL.bytes, require(memory.newPersistent(machine.owner, BYTE_ARRAY_TYPE, bytes, bytes)))
  setCell(
    jcre,
    element,
    CELL.references,
    require(memory.newPersistent(machine.owner, OBJECT_ARRAY_TYPE, references, 2 * references)),
  )
  return element
}

/** The element of the caller's that stands for the object, or null. */
const matchMappedElement: JcreMethod = (jcre, at) => {
  const { memory, machine } = jcre
  const object = handleAt(jcre, at)
  if (object === 0) return 0
  const mappedClass = jcre.requireClass(MAPPED_CLASS)
  for (let handle = 1; handle < memory.root.handleCount; handle++) {
    const owner = (memory.word0(handle) >>> 24) & OWNER_MASK
    if (machine.contextOf[owner] !== machine.context || machine.isArray(handle)) continue
    if (machine.classOf(handle) === mappedClass && cell(jcre, handle, CELL.mapped) === object) return handle
  }
  return 0
}

/** The session that the calling application is in. */
function sessionOf(jcre: Jcre) {
  const session = globalPlatformOf(jcre)?.upgrade.session
  return session?.slot === jcre.machine.context - FIRST_PACKAGE_CONTEXT ? session : undefined
}

export const orgGlobalPlatformUpgrade: NativeBinding = {
  package: 'org/globalplatform/upgrade',
  methods: natives({
    'UpgradeManager.isUpgrading()Z': (jcre) => (jcre.isUpgrading || sessionOf(jcre) ? 1 : 0),
    // Major, minor; 0 when none goes on.
    'UpgradeManager.getPreviousPackageVersion()S': (jcre) => {
      const { major, minor } = sessionOf(jcre)?.previous ?? { major: 0, minor: 0 }
      return ((major << 8) | minor) & 0xffff
    },
    // A new version has the AID of the old one.
    'UpgradeManager.checkPreviousPackageAID([BSB)Z': (jcre, at) => {
      const aid = bytesOf(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), byteAt(jcre, at + 2))
      const session = sessionOf(jcre)
      return session !== undefined && jcre.machine.packages[session.slot]?.linked.aid === toHex(aid) ? 1 : 0
    },
    'UpgradeManager.createElement(BSS)Lorg/globalplatform/upgrade/Element;': createElement,
    'UpgradeManager.matchMappedElement(Ljava/lang/Object;)Lorg/globalplatform/upgrade/MappedElement;':
      matchMappedElement,
    // Any that is not null, and may be kept.
    'UpgradeManager.nonNullReference()Ljava/lang/Object;': () => BIG_ENDIAN_HANDLE,
  }),
  implementations: [simpleElement, mappedElement],
}
