import { assert } from '@gridcard/bytes'
import { exceptionHandle, type JcreException } from './jcre-objects.ts'
import type { LinkedClass, LinkedPackage, NativeHost } from './link/linked-package.ts'
import type { CardMemory } from './memory/card-memory.ts'
import { CLASS_ID_MASK, FIRST_FREE_OWNER, JCRE_OWNER, LAST_OWNER, OWNER_MASK, TYPE } from './memory/handle-entry.ts'
import type { Monitor } from './monitor.ts'

/** The JCRE's context; the context of the package in slot n is n + FIRST_PACKAGE_CONTEXT. */
export const JCRE_CONTEXT = 1
export const FIRST_PACKAGE_CONTEXT = 2
export const NO_CONTEXT = 0

/** A package on one card. */
export interface PackageInstance {
  readonly linked: LinkedPackage
  readonly code: Int32Array
  readonly slot: number
  readonly firstClassId: number
  readonly context: number
  /** Owner of the arrays of its static fields. */
  readonly owner: number
  /** Handle of the block with its components. */
  readonly loadFile: number
  /** Moves when memory is compacted, between commands. */
  staticsAddress: number
}

/** What the machine needs to know of the API: classes by the ids that they have on every card, and ids by class. */
export interface NativeClasses {
  /** As long as there are ids for the API: the first id behind it is that of the first loaded class. */
  readonly classesById: readonly (LinkedClass | undefined)[]
  readonly classIds: ReadonlyMap<LinkedClass, number>
}

/** Why the VM stopped for good in a command. */
export type HaltReason =
  | 'stack overflow'
  | 'operand stack out of bounds'
  | 'instruction budget used up'
  | 'call of an abstract method'
  | 'abort of a transaction that made objects'
  | 'abort of a transaction of the JCRE'

/**
 * Thrown by native methods, always this one object: the Java exception itself is `machine.thrown`. A fresh Error would
 * cost thirty times as much (bench, 16 us against 0.5).
 */
export const JAVA_THROW: Error = new Error('a Java exception is on its way')
/** Thrown by native methods when the VM has halted below them. */
export const VM_HALT: Error = new Error('the VM has halted')

/** An array view: whose it is, and what may be done with it. @source API 3.1 JCSystem.makeArrayView */
export interface ArrayView {
  readonly context: number
  /** Bits of `ACCESS` in firewall.ts. */
  readonly attributes: number
}

/** The state of the virtual machine of one card while it is powered. */
export class Machine {
  readonly memory: CardMemory
  readonly host: NativeHost
  readonly monitor: Monitor | undefined
  /** Of the API; the same for all cards. */
  readonly #natives: NativeClasses
  /** Index: class id, from the first behind those of the API. */
  readonly #loadedClasses: (LinkedClass | undefined)[] = []
  /** Index: slot. */
  readonly packages: (PackageInstance | undefined)[] = []
  readonly objectClass: LinkedClass
  /** Index: owner. */
  readonly contextOf = new Uint8Array(128)
  readonly #instances = new Map<LinkedPackage, PackageInstance>()
  /** Owner active in the current context; new objects are its own. */
  owner = JCRE_OWNER
  /** Context of the currently selected applet. */
  selectedContext = NO_CONTEXT
  /** Index: owner; 1 for an active applet that is not multiselectable. @source JCRE 3.1 §6.2.8.6 */
  readonly unreachableServers = new Uint8Array(128)
  /** Of a package that is being upgraded: only itself reaches it. */
  pausedContext = NO_CONTEXT
  /** Exception on its way out of a call; 0 for none. */
  thrown = 0
  halted: HaltReason | undefined
  /** Where the VM halted, for the log. */
  haltedAt = ''
  /** First free word of the stack region, as an index in `i16`. */
  stackTop: number
  /** Control record of the innermost frame, as an index in `i32`; 0 for none. */
  frame = 0
  /** Instructions left for this command. */
  budget = 0
  /** By handle; none outlives its command. */
  readonly views = new Map<number, ArrayView>()

  constructor(memory: CardMemory, host: NativeHost, natives: NativeClasses, monitor?: Monitor) {
    this.memory = memory
    this.host = host
    this.monitor = monitor
    this.#natives = natives
    const objectClass = natives.classesById[0]
    assert(objectClass?.name === 'java/lang/Object', 'class id 0 is java/lang/Object')
    this.objectClass = objectClass
    this.stackTop = memory.stackStart >> 1
    this.contextOf[JCRE_OWNER] = JCRE_CONTEXT
  }

  /** Forgets everything volatile: power on, or the end of a command that went wrong. */
  resetStack(): void {
    this.owner = JCRE_OWNER
    this.thrown = 0
    this.halted = undefined
    this.haltedAt = ''
    this.frame = 0
    this.stackTop = this.memory.stackStart >> 1
  }

  /** Array views, and other handles without a place in the image, end here. */
  releaseVolatile(): void {
    this.views.clear()
    this.memory.releaseVolatile()
  }

  get context(): number {
    return this.contextOf[this.owner]!
  }

  addPackage(instance: PackageInstance): void {
    this.packages[instance.slot] = instance
    this.#instances.set(instance.linked, instance)
    this.contextOf[instance.owner] = instance.context
    instance.linked.classes.forEach((one, i) => {
      this.#loadedClasses[instance.firstClassId - this.#natives.classesById.length + i] = one
    })
  }

  removePackage(instance: PackageInstance): void {
    this.packages[instance.slot] = undefined
    this.#instances.delete(instance.linked)
    this.contextOf[instance.owner] = NO_CONTEXT
    const first = instance.firstClassId - this.#natives.classesById.length
    this.#loadedClasses.fill(undefined, first, first + instance.linked.classes.length)
  }

  get packageList(): PackageInstance[] {
    return this.packages.filter((one) => one !== undefined)
  }

  /** The lowest number that no package, no applet instance and no object has; 0 if all are taken. */
  findFreeOwner(): number {
    const { memory } = this
    const taken = new Set<number>()
    for (const [owner, context] of this.contextOf.entries()) if (context !== NO_CONTEXT) taken.add(owner)
    for (let handle = 1; handle < memory.root.handleCount; handle++) {
      taken.add((memory.word0(handle) >>> 24) & OWNER_MASK)
    }
    for (let owner = FIRST_FREE_OWNER; owner <= LAST_OWNER; owner++) if (!taken.has(owner)) return owner
    return 0
  }

  instanceOf(linked: LinkedPackage): PackageInstance {
    const found = this.#instances.get(linked)
    assert(found, `package ${linked.name} is on this card`)
    return found
  }

  classIdOf(linked: LinkedClass): number {
    const instance = this.#instances.get(linked.package)
    return instance === undefined ? this.#natives.classIds.get(linked)! : instance.firstClassId + linked.index
  }

  /** Class by its id, as it stands in handle entries. */
  classById(id: number): LinkedClass | undefined {
    const { classesById } = this.#natives
    return id < classesById.length ? classesById[id] : this.#loadedClasses[id - classesById.length]
  }

  /** Class of an object, or of the elements of a reference array. */
  classOfEntry(word1: number): LinkedClass {
    return this.classById((word1 >>> 16) & CLASS_ID_MASK) ?? this.objectClass
  }

  /** Class of an object that is not an array. */
  classOf(handle: number): LinkedClass {
    return this.classOfEntry(this.memory.word1(handle))
  }

  isArray(handle: number): boolean {
    return ((this.memory.word1(handle) >>> 16) & TYPE.array) !== 0
  }

  /** Address of the cells that only native methods see. */
  hiddenAddress(handle: number): number {
    return this.memory.addressOf(handle) + this.classOf(handle).fieldBytes
  }

  /** A new object of the active owner; 0 if there is no room. */
  newObject(linked: LinkedClass): number {
    const { fieldBytes, hiddenBytes } = linked
    return this.memory.newPersistent(this.owner, this.classIdOf(linked), fieldBytes, fieldBytes + hiddenBytes)
  }

  /** The JCRE's own exception of that class, with a reason; to be thrown. */
  exception(name: JcreException, reason = 0): number {
    const handle = exceptionHandle(name)
    if (this.classOf(handle).hiddenBytes > 0) this.memory.i16[this.hiddenAddress(handle) >> 1] = reason
    return handle
  }

  /** Ends a native method with the JCRE's own exception. */
  throwNew(name: JcreException, reason = 0): never {
    this.thrown = this.exception(name, reason)
    throw JAVA_THROW
  }

  halt(reason: HaltReason, at: string): void {
    this.halted = reason
    this.haltedAt = at
  }
}
