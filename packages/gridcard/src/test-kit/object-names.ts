import {
  type CardObject,
  type ClassObject,
  cellAt,
  elementSizeBytes,
  type Machine,
  type MemoryRegion,
  objectAt,
  objectsOn,
  ownerName,
  staticShortAt,
} from '@gridcard/card/monitor'
import type { CardSymbols } from '../symbols/card-symbols.ts'
import { isReference, simpleName, wordsOf } from '../symbols/java-names.ts'

/** How long a chain of fields a name may have: `Purse.log.entries`. */
const LONGEST_PATH = 4

/** Names objects by the fields that lead to them, as the source calls them. */
export class ObjectNames {
  readonly #machine: Machine
  readonly #symbols: CardSymbols
  /** By handle: `Purse.pin`. */
  readonly #paths = new Map<number, string>()

  constructor(machine: Machine, symbols: CardSymbols) {
    this.#machine = machine
    this.#symbols = symbols
    this.#findPaths()
  }

  /** `Purse`, `byte[32] Purse.log`, `OwnerPIN Purse.pin`; an object that no field leads to has its owner in front. */
  objectName(object: CardObject): string {
    if (object.kind === 'block') return BLOCK_NAMES[object.block]
    const type = this.typeName(object)
    const path = this.#paths.get(object.handle)
    if (path !== undefined) return path === type ? type : `${type} ${path}`
    return object.kind === 'object' && object.class.capOffset >= 0
      ? type
      : `${type} of ${ownerName(this.#machine, object.owner)}`
  }

  typeName(object: Exclude<CardObject, { kind: 'block' }>): string {
    if (object.kind === 'object') return this.#symbols.className(object.class)
    const element =
      object.elementType === 'reference' ? this.#symbols.className(object.elementClass!) : object.elementType
    return `${element}[${object.length}]`
  }

  /** What bytes of the image belong to: the field or the array, where it is known. */
  placeName({ start, what }: MemoryRegion, address: number, lengthBytes: number): string {
    switch (what.kind) {
      case 'static fields':
        return this.#staticName(what.package.linked.aid, address - start)
      case 'object':
        return what.object.kind === 'object'
          ? this.#fieldName(what.object, address - start, lengthBytes)
          : this.objectName(what.object)
      case 'roots':
        return 'commit point'
      default:
        return what.kind
    }
  }

  /** A single byte's place, elements of arrays counted: `Purse.log[3]`. */
  byteName(region: MemoryRegion, address: number): string {
    const name = this.placeName(region, address, 1)
    const { what } = region
    if (what.kind !== 'object' || what.object.kind !== 'array') return name
    return `${name} [${Math.floor((address - region.start) / elementSizeBytes(what.object))}]`
  }

  #fieldName(object: ClassObject, offset: number, lengthBytes: number): string {
    const owner = this.#symbols.className(object.class)
    const cells = lengthBytes <= 4 ? 1 : object.class.fieldBytes >> 1
    const field = this.#symbols
      .fieldsOf(object.class)
      .find(({ cell, descriptor }) => offset >= 2 * cell && offset < 2 * (cell + wordsOf(descriptor)))
    if (field !== undefined && cells === 1) return `${owner}.${field.name}`
    if (offset >= object.class.fieldBytes) return `state of ${this.objectName(object)}`
    return field === undefined ? `${owner} field ${offset >> 1}` : owner
  }

  #staticName(aid: string, offset: number): string {
    const symbols = this.#symbols.of(aid)
    for (const { owner, field, imageOffset } of symbols?.statics() ?? []) {
      const size = field.descriptor === 'I' ? 4 : field.descriptor === 'B' || field.descriptor === 'Z' ? 1 : 2
      if (offset >= imageOffset && offset < imageOffset + size) return `${simpleName(owner.name)}.${field.name}`
    }
    return `static field ${offset} of ${symbols?.name ?? aid}`
  }

  #findPaths(): void {
    const machine = this.#machine
    let fresh: [number, string][] = []
    const name = (handle: number, path: string) => {
      if (handle === 0 || this.#paths.has(handle)) return
      this.#paths.set(handle, path)
      fresh.push([handle, path])
    }
    for (const instance of machine.packageList) {
      for (const { owner, field, imageOffset } of this.#symbols.of(instance.linked.aid)?.statics() ?? []) {
        if (isReference(field.descriptor)) {
          name(staticShortAt(machine, instance, imageOffset) & 0xffff, `${simpleName(owner.name)}.${field.name}`)
        }
      }
    }
    const applet = (linked: ClassObject['class']): boolean =>
      linked.name === 'javacard/framework/Applet' || (linked.superClass !== undefined && applet(linked.superClass))
    for (const object of objectsOn(machine)) {
      if (object.kind === 'object' && applet(object.class)) name(object.handle, this.#symbols.className(object.class))
    }
    for (let depth = 0; depth < LONGEST_PATH; depth++) {
      const reached = fresh
      fresh = []
      for (const [handle, path] of reached) {
        const object = objectAt(machine, handle)
        if (object?.kind !== 'object') continue
        for (const { name: field, descriptor, cell } of this.#symbols.fieldsOf(object.class)) {
          if (isReference(descriptor)) name(cellAt(machine, object, cell) & 0xffff, `${path}.${field}`)
        }
      }
    }
  }
}

const BLOCK_NAMES = {
  staticFields: 'static fields',
  loadFile: 'package code',
  packageRecord: 'package record',
  appletRecord: 'applet record',
  globalPlatform: 'GlobalPlatform record',
} as const
