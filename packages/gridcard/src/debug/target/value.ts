import {
  type CardObject,
  cellAt,
  contextName,
  elementAt,
  elementSizeBytes,
  type Frame,
  intCellAt,
  type Machine,
  objectAt,
  type PackageInstance,
  staticByteAt,
  staticIntAt,
  staticShortAt,
} from '@gridcard/card/monitor'
import type { CardSymbols } from '../../symbols/card-symbols.ts'
import { isReference, javaType } from '../../symbols/java-names.ts'

/** A value of byte code with the type its source gives it. */
export type JavaValue =
  | { readonly kind: 'number'; readonly type: 'byte' | 'short' | 'int' | 'boolean'; readonly value: number }
  /** `handle` 0 is null. */
  | { readonly kind: 'reference'; readonly type: string; readonly handle: number }

/** A value and where it lies. */
export interface Place {
  readonly name: string
  readonly value: JavaValue
  readonly memory: MemoryPlace | undefined
}

/** Bytes that hold a value; of an object they move with it. */
export type MemoryPlace =
  | { readonly kind: 'object'; readonly handle: number; readonly offset: number; readonly sizeBytes: number }
  | { readonly kind: 'static'; readonly instance: PackageInstance; readonly offset: number; readonly sizeBytes: number }
  /** A word of a frame, as an address. */
  | { readonly kind: 'frame'; readonly address: number; readonly sizeBytes: number }

export function addressOf(machine: Machine, place: MemoryPlace): number | undefined {
  if (place.kind === 'frame') return place.address
  if (place.kind === 'static') return place.instance.staticsAddress + place.offset
  const object = objectAt(machine, place.handle)
  return object === undefined ? undefined : object.address + place.offset
}

export function javaValue(descriptor: string, word: number): JavaValue {
  if (isReference(descriptor)) return { kind: 'reference', type: javaType(descriptor), handle: word & 0xffff }
  const type = descriptor === 'Z' ? 'boolean' : descriptor === 'B' ? 'byte' : descriptor === 'I' ? 'int' : 'short'
  return { kind: 'number', type, value: type === 'byte' ? (word << 24) >> 24 : word }
}

const PRIMITIVES: Readonly<Record<string, string>> = { boolean: 'Z', byte: 'B', short: 'S', int: 'I' }

/** Looks into objects, with the names of the source. */
export class ValueReader {
  readonly machine: Machine
  readonly symbols: CardSymbols

  constructor(machine: Machine, symbols: CardSymbols) {
    this.machine = machine
    this.symbols = symbols
  }

  fields(handle: number): Place[] {
    const object = objectAt(this.machine, handle)
    if (object?.kind !== 'object') return []
    const named = this.symbols.fieldsOf(object.class)
    const places = named.map(({ name, descriptor, cell }): Place => {
      const isInt = descriptor === 'I'
      const word = isInt ? intCellAt(this.machine, object, cell) : cellAt(this.machine, object, cell)
      const memory = { kind: 'object', handle, offset: 2 * cell, sizeBytes: isInt ? 4 : 2 } as const
      return { name, value: javaValue(descriptor, word), memory }
    })
    if (places.length > 0 || object.class.fieldBytes === 0) return places
    return Array.from({ length: object.class.fieldBytes >> 1 }, (_, cell): Place => {
      const memory = { kind: 'object', handle, offset: 2 * cell, sizeBytes: 2 } as const
      const isHandle = object.class.referenceCells.includes(cell)
      const word = cellAt(this.machine, object, cell)
      return { name: `field ${cell}`, value: javaValue(isHandle ? 'LObject;' : 'S', word), memory }
    })
  }

  element(handle: number, index: number): Place | undefined {
    const array = objectAt(this.machine, handle)
    if (array?.kind !== 'array' || index < 0 || index >= array.length) return undefined
    const sizeBytes = elementSizeBytes(array)
    const word = elementAt(this.machine, array, index)
    const descriptor =
      array.elementType === 'reference'
        ? `L${this.symbols.className(array.elementClass!)};`
        : PRIMITIVES[array.elementType]!
    return {
      name: `[${index}]`,
      value: javaValue(descriptor, word),
      memory: { kind: 'object', handle, offset: index * sizeBytes, sizeBytes },
    }
  }

  /** Static fields of a package, with their classes: `Purse.LIMIT`. */
  statics(instance: PackageInstance): (Place & { readonly owner: string })[] {
    const symbols = this.symbols.of(instance.linked.aid)
    return [...(symbols?.statics() ?? [])].map(({ owner, field: { name, descriptor }, imageOffset: offset }) => {
      const isByte = descriptor === 'B' || descriptor === 'Z'
      const read = isByte ? staticByteAt : descriptor === 'I' ? staticIntAt : staticShortAt
      const sizeBytes = isByte ? 1 : descriptor === 'I' ? 4 : 2
      return {
        name,
        owner: owner.name.slice(owner.name.lastIndexOf('/') + 1),
        value: javaValue(descriptor, read(this.machine, instance, offset)),
        memory: { kind: 'static', instance, offset, sizeBytes },
      }
    })
  }

  /** Named variables in scope; without names the words of the frame. */
  locals(frame: Extract<Frame, { kind: 'code' }>): Place[] {
    const { i16 } = this.machine.memory
    const { method, capOffset, fp, control } = frame
    const known = this.symbols.of(method.package.aid)?.methodAt(capOffset)
    const at = (slot: number, descriptor: string) =>
      descriptor === 'I' ? (i16[fp + slot]! << 16) | (i16[fp + slot + 1]! & 0xffff) : i16[fp + slot]!
    const memory = (slot: number, sizeBytes: number) =>
      ({ kind: 'frame', address: (fp + slot) << 1, sizeBytes }) as const
    const pc = known === undefined ? 0 : capOffset - known.codeOffset
    const inScope = (known?.variables ?? []).filter((one) => pc >= one.startOffset && pc < one.endOffset)
    if (inScope.length > 0) {
      return inScope.map(({ name, descriptor, slot }) => ({
        name,
        value: javaValue(descriptor, at(slot, descriptor)),
        memory: memory(slot, descriptor === 'I' ? 4 : 2),
      }))
    }
    return Array.from({ length: (control << 1) - fp }, (_, slot) => ({
      name: slot < method.nargs ? `argument ${slot}` : `local ${slot}`,
      value: javaValue('S', at(slot, 'S')),
      memory: memory(slot, 2),
    }))
  }

  /** One line for people. */
  text(value: JavaValue): string {
    if (value.kind === 'number') return numberText(value.type, value.value)
    if (value.handle === 0) return 'null'
    const object = objectAt(this.machine, value.handle)
    return object === undefined ? `handle ${value.handle}, gone` : this.objectText(object)
  }

  /** `byte[5] 48 65 6C 6C 6F "Hello"`, `Purse @25` */
  objectText(object: CardObject): string {
    if (object.kind === 'block') return object.block
    if (object.kind === 'object') return `${this.symbols.className(object.class)} @${object.handle}`
    const element =
      object.elementType === 'reference' ? this.symbols.className(object.elementClass!) : object.elementType
    const shown = Math.min(object.length, 16)
    const values = Array.from({ length: shown }, (_, i) => elementAt(this.machine, object, i))
    const more = object.length > shown ? ' ...' : ''
    if (object.elementType !== 'byte') return `${element}[${object.length}] ${values.join(' ')}${more}`.trim()
    const hex = values.map((one) => (one & 0xff).toString(16).toUpperCase().padStart(2, '0')).join(' ')
    const isText = values.length > 3 && values.every((one) => one >= 0x20 && one < 0x7f)
    return `byte[${object.length}] ${hex}${more}${isText ? ` "${String.fromCharCode(...values)}"` : ''}`.trim()
  }

  /** Where an object lies and whose it is: `persistent at 0x1a2c, 10 bytes, of F0...01`. */
  contextOf(frame: Frame): string {
    return contextName(this.machine, frame.context)
  }
}

function numberText(type: string, value: number): string {
  if (type === 'boolean') return value === 0 ? 'false' : value === 1 ? 'true' : `${value}`
  const digits = type === 'byte' ? 2 : type === 'short' ? 4 : 8
  const bits = type === 'byte' ? value & 0xff : type === 'short' ? value & 0xffff : value >>> 0
  return `${value} (0x${bits.toString(16).toUpperCase().padStart(digits, '0')})`
}
