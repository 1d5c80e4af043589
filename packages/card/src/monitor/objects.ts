import { toHex } from '@gridcard/bytes'
import { Jcre } from '../runtime/jcre.ts'
import type { LinkedClass } from '../vm/link/linked-package.ts'
import { FIRST_PACKAGE_CONTEXT, JCRE_CONTEXT, type Machine, type PackageInstance } from '../vm/machine.ts'
import {
  BLOCK_LENGTH_UNIT_BYTES,
  BLOCK_TYPE,
  DESELECT_OWNER,
  ELEMENT,
  elementBytes,
  isBlock,
  JCRE_OWNER,
  LENGTH_MASK,
  NO_OWNER,
  OWNER_MASK,
  TYPE,
} from '../vm/memory/handle-entry.ts'

export type ElementType = 'boolean' | 'byte' | 'short' | 'int' | 'reference'
export type StoragePlace = 'persistent' | 'CLEAR_ON_RESET' | 'CLEAR_ON_DESELECT'
export type BlockName = keyof typeof BLOCK_TYPE

interface Stored {
  readonly handle: number
  readonly owner: number
  /** Below `memory.nvSizeBytes` in the image, else in RAM. */
  readonly address: number
  readonly sizeBytes: number
  readonly place: StoragePlace
}

export interface ArrayObject extends Stored {
  readonly kind: 'array'
  readonly elementType: ElementType
  /** Of an array of references. */
  readonly elementClass: LinkedClass | undefined
  readonly length: number
  readonly isGlobal: boolean
}

export interface ClassObject extends Stored {
  readonly kind: 'object'
  readonly class: LinkedClass
}

/** What a handle stands for. Blocks are the runtime environment's own: code, records, static fields. */
export type CardObject = ArrayObject | ClassObject | (Stored & { readonly kind: 'block'; readonly block: BlockName })

/** Undefined for null and for numbers that are no handles. */
export function objectAt(machine: Machine, handle: number): CardObject | undefined {
  const { memory } = machine
  if (handle <= 0 || handle >= memory.root.handleCount) return undefined
  const word0 = memory.word0(handle)
  const word1 = memory.word1(handle)
  const tag = word0 >>> 24
  if (tag === NO_OWNER) return undefined
  const type = word1 >>> 16
  const length = word1 & LENGTH_MASK
  const address = memory.addressOf(handle)
  const place =
    address < memory.nvSizeBytes ? 'persistent' : tag & DESELECT_OWNER ? 'CLEAR_ON_DESELECT' : 'CLEAR_ON_RESET'
  const stored = { handle, owner: tag & OWNER_MASK, address, place } as const
  if (type & TYPE.array) {
    const isReferences = (type & TYPE.references) !== 0
    return {
      ...stored,
      kind: 'array',
      elementType: isReferences ? 'reference' : elementTypeOf(type),
      elementClass: isReferences ? machine.classOfEntry(word1) : undefined,
      length,
      isGlobal: (type & TYPE.global) !== 0,
      sizeBytes: length * elementBytes(type),
    }
  }
  if (isBlock(type)) {
    const [block] = Object.entries(BLOCK_TYPE).find(([, one]) => one === type)! as [BlockName, number]
    return { ...stored, kind: 'block', block, sizeBytes: length * BLOCK_LENGTH_UNIT_BYTES }
  }
  const linked = machine.classOf(handle)
  return { ...stored, kind: 'object', class: linked, sizeBytes: length + linked.hiddenBytes }
}

function elementTypeOf(type: number): ElementType {
  const kind = type & 7
  const [name] = Object.entries(ELEMENT).find(([, one]) => one === kind) ?? ['byte']
  return name as ElementType
}

/** Everything on the card, by handle. */
export function* objectsOn(machine: Machine): Generator<CardObject> {
  for (let handle = 1; handle < machine.memory.root.handleCount; handle++) {
    const found = objectAt(machine, handle)
    if (found) yield found
  }
}

export function elementSizeBytes({ elementType }: ArrayObject): number {
  return elementType === 'int' ? 4 : elementType === 'boolean' || elementType === 'byte' ? 1 : 2
}

/** @returns a signed number, or a handle; `index` is below the length */
export function elementAt({ memory }: Machine, array: ArrayObject, index: number): number {
  const { address, elementType } = array
  if (elementType === 'boolean' || elementType === 'byte') return memory.i8[address + index]!
  if (elementType === 'int') return intAt(memory.i16, (address >> 1) + 2 * index)
  const value = memory.i16[(address >> 1) + index]!
  return elementType === 'reference' ? value & 0xffff : value
}

/** A field of 16 bits, signed; a reference is its low 16 bits. */
export function cellAt({ memory }: Machine, object: ClassObject, cell: number): number {
  return memory.i16[(object.address >> 1) + cell]!
}

export function intCellAt({ memory }: Machine, object: ClassObject, cell: number): number {
  return intAt(memory.i16, (object.address >> 1) + cell)
}

/** An int is two words, high one first, in arrays, fields and frames. */
function intAt(i16: Int16Array, at: number): number {
  return (i16[at]! << 16) | (i16[at + 1]! & 0xffff)
}

export function staticByteAt({ memory }: Machine, { staticsAddress }: PackageInstance, imageOffset: number): number {
  return memory.i8[staticsAddress + imageOffset]!
}

export function staticShortAt({ memory }: Machine, { staticsAddress }: PackageInstance, imageOffset: number): number {
  const at = staticsAddress + imageOffset
  return (memory.i8[at]! << 8) | memory.u8[at + 1]!
}

export function staticIntAt(machine: Machine, instance: PackageInstance, imageOffset: number): number {
  const high = staticShortAt(machine, instance, imageOffset)
  return (high << 16) | (staticShortAt(machine, instance, imageOffset + 2) & 0xffff)
}

/** The reason in a CardException or CardRuntimeException. */
export function reasonAt(machine: Machine, thrown: number): number | undefined {
  return machine.host instanceof Jcre ? machine.host.reasonOf(thrown) : undefined
}

/** `JCRE`, the AID of an applet instance, or `package` and the AID of one, for its static arrays. */
export function ownerName(machine: Machine, owner: number): string {
  if (owner === JCRE_OWNER) return 'JCRE'
  const applet = machine.host instanceof Jcre ? machine.host.registry.ownedBy(owner) : undefined
  if (applet !== undefined) return toHex(applet.aid)
  const holder = machine.packageList.find((one) => one.owner === owner)
  return holder === undefined ? contextName(machine, machine.contextOf[owner]!) : `package ${holder.linked.aid}`
}

/** `JCRE`, or the AID of the package that the context is of. */
export function contextName(machine: Machine, context: number): string {
  if (context === JCRE_CONTEXT) return 'JCRE'
  return machine.packages[context - FIRST_PACKAGE_CONTEXT]?.linked.aid ?? `context ${context}`
}
