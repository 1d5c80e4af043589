import type { CosemData } from '../cosem/cosem-data.ts'
import { logicalNameText } from '../cosem/obis-code.ts'
import type { AccessKind, CosemObject } from './cosem-object.ts'

type Awaitable<T> = T | Promise<T>

/** One element of an object_list: an object, and what may be done with it. */
export interface ObjectListElement {
  readonly classId: number
  readonly version: number
  readonly logicalName: string
  /** Access modes by attribute index, as the class version has them. */
  readonly attributes: ReadonlyMap<number, number>
  readonly methods: ReadonlyMap<number, number>
}

export type ObjectListChange = { readonly kind: 'added' | 'removed'; readonly element: ObjectListElement }

interface Grant {
  readonly element: ObjectListElement
  /** The version of the association object that it came through: modes are numbers, or bits. */
  readonly hasBits: boolean
}

/**
 * The objects of one association, as add_object and remove_object of class 15 have left them. What the maker has given is
 * the most there can be: an object that is added has the rights in its element, and none that it would not have had.
 */
export class ObjectRights {
  readonly #most: (object: CosemObject, index: number, kind: AccessKind) => boolean
  readonly #changed: ((change: ObjectListChange) => Awaitable<void>) | undefined
  /** By class and name; undefined for one that was removed. */
  readonly #grants = new Map<string, Grant | undefined>()

  /** @param changed makes a change durable before the answer; give them back in their order with `apply` */
  constructor(
    most: (object: CosemObject, index: number, kind: AccessKind) => boolean,
    changed?: (change: ObjectListChange) => Awaitable<void>,
  ) {
    this.#most = most
    this.#changed = changed
  }

  /** For `AssociationConfig.access`. */
  access(object: CosemObject, index: number, kind: AccessKind): boolean {
    if (!this.#most(object, index, kind)) return false
    const key = keyOf(object)
    if (!this.#grants.has(key)) return true
    const grant = this.#grants.get(key)
    // Every object that is there tells its name.
    return grant !== undefined && ((kind === 'read' && index === 1) || isGranted(grant, index, kind))
  }

  /** For `AssociationConfig.protection`, or-ed to what the maker asks for. */
  protection(object: CosemObject, index: number, kind: AccessKind): number {
    const grant = this.#grants.get(keyOf(object))
    return grant?.hasBits === true ? modeOf(grant.element, index, kind) & 0xfc : 0
  }

  async change(change: ObjectListChange, hasBits: boolean): Promise<void> {
    await this.#changed?.(change)
    this.apply(change, hasBits)
  }

  apply({ kind, element }: ObjectListChange, hasBits: boolean): void {
    this.#grants.set(keyOf(element), kind === 'added' ? { element, hasBits } : undefined)
  }
}

const keyOf = ({ classId, logicalName }: { readonly classId: number; readonly logicalName: string }): string =>
  `${classId} ${logicalName}`

const modeOf = ({ attributes, methods }: ObjectListElement, index: number, kind: AccessKind): number =>
  (kind === 'invoke' ? methods : attributes).get(index) ?? 0

function isGranted({ element, hasBits }: Grant, index: number, kind: AccessKind): boolean {
  const mode = modeOf(element, index, kind)
  if (kind === 'invoke') return hasBits ? (mode & 1) !== 0 : mode > 0
  // Read, write, both; and in the versions without bits the same three once more, authenticated.
  const plain = hasBits || mode <= 3 ? mode : mode - 3
  return (plain & (kind === 'read' ? 1 : 2)) !== 0
}

/** Undefined for what is no element of an object list. @source Blue Book ed. 14 §4.4.4.2.2 */
export function objectListElementIn(data: CosemData | undefined): ObjectListElement | undefined {
  const [classId, version, name, rights] = fieldsOf(data, 4)
  const [attributes, methods] = fieldsOf(rights, 2)
  if (classId?.type !== 'long-unsigned' || version?.type !== 'unsigned') return undefined
  if (name?.type !== 'octet-string' || name.value.length !== 6) return undefined
  const attributeModes = modesIn(attributes, 3)
  const methodModes = modesIn(methods, 2)
  if (attributeModes === undefined || methodModes === undefined) return undefined
  const logicalName = logicalNameText(name.value)
  return {
    classId: classId.value,
    version: version.value,
    logicalName,
    attributes: attributeModes,
    methods: methodModes,
  }
}

function modesIn(data: CosemData | undefined, fieldCount: number): ReadonlyMap<number, number> | undefined {
  if (data?.type !== 'array') return undefined
  const modes = new Map<number, number>()
  for (const item of data.value) {
    const [index, mode] = fieldsOf(item, fieldCount)
    // Version 0 of the class has booleans for methods.
    if (index?.type !== 'integer' || (mode?.type !== 'enum' && mode?.type !== 'boolean')) return undefined
    modes.set(index.value, Number(mode.value))
  }
  return modes
}

const fieldsOf = (data: CosemData | undefined, count: number): readonly CosemData[] =>
  data?.type === 'structure' && data.value.length === count ? data.value : []
