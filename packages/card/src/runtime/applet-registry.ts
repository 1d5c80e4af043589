import { equalBytes } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import type { LinkedClass } from '../vm/link/linked-package.ts'
import type { Machine, PackageInstance } from '../vm/machine.ts'
import type { CardMemory } from '../vm/memory/card-memory.ts'
import { BLOCK_TYPE, FIRST_FREE_OWNER, LAST_OWNER } from '../vm/memory/handle-entry.ts'

/** Layout of a package record block, little-endian. */
const PACKAGE = {
  slot: 0,
  owner: 1,
  firstClassId: 2,
  statics: 4,
  loadFile: 6,
  loadFileBytes: 8,
  sizeBytes: 12,
} as const
/** Layout of an applet record block. */
const APPLET = {
  owner: 0,
  packageSlot: 1,
  state: 2,
  aidLength: 3,
  moduleAidLength: 4,
  defaultOnHigh: 5, // bits: channels 16 to 19
  applet: 6,
  aidObject: 8,
  aid: 10,
  moduleAid: 26,
  defaultOnLow: 42, // bits: channels 0 to 15
  sizeBytes: 44,
} as const
const LONGEST_AID = 16

/** Life cycle of an applet instance, coded as GlobalPlatform does (GPC 2.3.1 table 11-4). */
export const APPLET_STATE = { installed: 0x03, selectable: 0x07, locked: 0x80 } as const

export interface PackageRecord {
  readonly slot: number
  readonly owner: number
  readonly firstClassId: number
  /** Handle of the block with the static fields; 0 if there are none. */
  readonly statics: number
  readonly loadFile: number
  readonly loadFileBytes: number
}

export interface AppletRecord {
  /** Of the block it stands in. */
  readonly handle: number
  /** Bit n: default applet of channel n. */
  defaultOn: number
  readonly owner: number
  readonly packageSlot: number
  state: number
  /** Handles of the applet and of its AID object, a permanent entry point. */
  applet: number
  readonly aidObject: number
  aid: Uint8Array
  /** AID of the class in the CAP file's Applet component. */
  readonly moduleAid: Uint8Array
}

export function emitPackageRecord(record: PackageRecord): Uint8Array {
  const view = new DataView(new ArrayBuffer(PACKAGE.sizeBytes))
  view.setUint8(PACKAGE.slot, record.slot)
  view.setUint8(PACKAGE.owner, record.owner)
  view.setUint16(PACKAGE.firstClassId, record.firstClassId, true)
  view.setUint16(PACKAGE.statics, record.statics, true)
  view.setUint16(PACKAGE.loadFile, record.loadFile, true)
  view.setUint32(PACKAGE.loadFileBytes, record.loadFileBytes, true)
  return new Uint8Array(view.buffer)
}

export function parsePackageRecord(memory: CardMemory, handle: number): PackageRecord {
  const view = new DataView(memory.buffer, memory.addressOf(handle), PACKAGE.sizeBytes)
  return {
    slot: view.getUint8(PACKAGE.slot),
    owner: view.getUint8(PACKAGE.owner),
    firstClassId: view.getUint16(PACKAGE.firstClassId, true),
    statics: view.getUint16(PACKAGE.statics, true),
    loadFile: view.getUint16(PACKAGE.loadFile, true),
    loadFileBytes: view.getUint32(PACKAGE.loadFileBytes, true),
  }
}

export function emitAppletRecord(record: Omit<AppletRecord, 'handle'>): Uint8Array {
  const bytes = new Uint8Array(APPLET.sizeBytes)
  const view = new DataView(bytes.buffer)
  view.setUint8(APPLET.owner, record.owner)
  view.setUint8(APPLET.packageSlot, record.packageSlot)
  view.setUint8(APPLET.state, record.state)
  view.setUint8(APPLET.aidLength, record.aid.length)
  view.setUint8(APPLET.moduleAidLength, record.moduleAid.length)
  view.setUint16(APPLET.applet, record.applet, true)
  view.setUint16(APPLET.aidObject, record.aidObject, true)
  view.setUint8(APPLET.defaultOnHigh, record.defaultOn >>> 16)
  view.setUint16(APPLET.defaultOnLow, record.defaultOn & 0xffff, true)
  bytes.set(record.aid, APPLET.aid)
  bytes.set(record.moduleAid, APPLET.moduleAid)
  return bytes
}

export function parseAppletRecord(memory: CardMemory, handle: number): AppletRecord {
  const at = memory.addressOf(handle)
  const bytes = memory.u8.subarray(at, at + APPLET.sizeBytes)
  const view = new DataView(memory.buffer, at, APPLET.sizeBytes)
  const aidAt = (offset: number, length: number) => bytes.slice(offset, offset + Math.min(length, LONGEST_AID))
  return {
    handle,
    defaultOn: (view.getUint8(APPLET.defaultOnHigh) << 16) | view.getUint16(APPLET.defaultOnLow, true),
    owner: view.getUint8(APPLET.owner),
    packageSlot: view.getUint8(APPLET.packageSlot),
    state: view.getUint8(APPLET.state),
    applet: view.getUint16(APPLET.applet, true),
    aidObject: view.getUint16(APPLET.aidObject, true),
    aid: aidAt(APPLET.aid, view.getUint8(APPLET.aidLength)),
    moduleAid: aidAt(APPLET.moduleAid, view.getUint8(APPLET.moduleAidLength)),
  }
}

/** Handles of all blocks of a type, oldest first. */
export function blocksOf(memory: CardMemory, type: number): number[] {
  const found: number[] = []
  for (let handle = 1; handle < memory.root.handleCount; handle++) {
    if (memory.word1(handle) >>> 16 === type) found.push(handle)
  }
  return found
}

export function isOwnerNumber(owner: number): boolean {
  return owner >= FIRST_FREE_OWNER && owner <= LAST_OWNER
}

/** The applet instances on a card, and which owner and context each one is. */
export class AppletRegistry {
  #records: AppletRecord[] = []
  readonly #machine: Machine

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Reads the records in the image; the packages are on the machine already. */
  restore(appletClass: LinkedClass, aidClass: LinkedClass): void {
    const machine = this.#machine
    const isA = (handle: number, linked: LinkedClass) =>
      handle > 0 &&
      handle < machine.memory.root.handleCount &&
      !machine.isArray(handle) &&
      machine.classOf(handle).isKindOf(linked)
    for (const handle of blocksOf(machine.memory, BLOCK_TYPE.appletRecord)) {
      const record = parseAppletRecord(machine.memory, handle)
      // Deleted with its package, and then the power went.
      if (machine.memory.root.isCollecting && machine.packages[record.packageSlot] === undefined) continue
      const isSound =
        machine.packages[record.packageSlot] !== undefined &&
        isOwnerNumber(record.owner) &&
        isA(record.applet, appletClass) &&
        isA(record.aidObject, aidClass)
      if (!isSound) throw new CardError('CARD_IMAGE_CORRUPT', 'an applet record contradicts the image', { handle })
      this.add(record)
    }
  }

  /** The instances of another card with the same image, on whose machine the packages are already. */
  adopt(from: AppletRegistry): void {
    for (const one of from.applets) this.add({ ...one })
  }

  get applets(): readonly AppletRecord[] {
    return this.#records
  }

  /** In the order of their records in the image, so that a card opened again searches as before. */
  add(record: AppletRecord): void {
    this.#records = [...this.#records, record].sort((a, b) => a.handle - b.handle)
    this.#machine.contextOf[record.owner] = this.packageOf(record).context
  }

  packageOf(record: AppletRecord): PackageInstance {
    return this.#machine.packages[record.packageSlot]!
  }

  remove(record: AppletRecord): void {
    this.#records = this.#records.filter((one) => one !== record)
  }

  /** The default applet of a channel. */
  defaultOn(channel: number): AppletRecord | undefined {
    return this.#records.find(({ handle }) => ((this.#defaultBits(handle) >>> channel) & 1) !== 0)
  }

  /** Makes an applet the default of a channel, in place of another; or none. Joins an open transaction. */
  setDefault(channel: number, applet: AppletRecord | undefined): void {
    const { memory } = this.#machine
    const bit = 1 << channel
    const isOwn = !memory.inTransaction
    if (isOwn) memory.begin()
    for (const one of this.#records) {
      const before = this.#defaultBits(one.handle)
      const defaultOn = one === applet ? before | bit : before & ~bit
      if (defaultOn === before) continue
      const at = memory.addressOf(one.handle)
      memory.putByte(at + APPLET.defaultOnHigh, defaultOn >>> 16)
      memory.putStaticShort(at + APPLET.defaultOnLow, ((defaultOn & 0xff) << 8) | ((defaultOn >>> 8) & 0xff))
    }
    if (isOwn) memory.commit()
  }

  /** Read from the image, where a rollback puts them back. */
  #defaultBits(handle: number): number {
    return parseAppletRecord(this.#machine.memory, handle).defaultOn
  }

  /** Another AID for an instance, in its record and its AID object; the AID has to be free. Joins an open transaction. */
  rename(applet: AppletRecord, aid: Uint8Array): void {
    const machine = this.#machine
    const { memory } = machine
    const bytes = emitAppletRecord({ ...applet, aid, defaultOn: this.#defaultBits(applet.handle), state: applet.state })
    const isOwn = !memory.inTransaction
    if (isOwn) memory.begin()
    memory.putBytes(memory.addressOf(applet.handle), bytes)
    memory.putBytes(machine.hiddenAddress(applet.aidObject), Uint8Array.of(aid.length, ...aid))
    if (isOwn) memory.commit()
    applet.aid = aid
  }

  /** In the image and here; joins an open transaction, whose abort must call `reread`. */
  setState(applet: AppletRecord, state: number): void {
    const { memory } = this.#machine
    memory.putByte(memory.addressOf(applet.handle) + APPLET.state, state)
    applet.state = state
  }

  /** Another object in the place of the applet, of a new version; as `setState`. */
  setApplet(record: AppletRecord, applet: number): void {
    const { memory } = this.#machine
    const isWritten = memory.putBytes(
      memory.addressOf(record.handle) + APPLET.applet,
      Uint8Array.of(applet, applet >> 8),
    )
    if (!isWritten) throw new CardError('CARD_MEMORY_FULL', 'the commit buffer is full')
    record.applet = applet
  }

  find(aid: Uint8Array): AppletRecord | undefined {
    return this.#records.find((one) => equalBytes(one.aid, aid))
  }

  ownedBy(owner: number): AppletRecord | undefined {
    return this.#records.find((one) => one.owner === owner)
  }
}
