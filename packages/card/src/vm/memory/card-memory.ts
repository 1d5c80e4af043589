import { assert, concatBytes } from '@gridcard/bytes'
import { CardError } from '../../errors.ts'
import { type BufferPool, createViews, type MemoryViews, type Tenant } from './buffer-pool.ts'
import { crc32 } from './crc32.ts'
import {
  ADDRESS_MASK,
  BLOCK_LENGTH_UNIT_BYTES,
  BLOCK_TYPE,
  DESELECT_OWNER,
  elementBytes,
  FIRST_FREE_OWNER,
  isBlock,
  JCRE_OWNER,
  LENGTH_MASK,
  NO_OWNER,
  OWNER_MASK,
  TYPE,
} from './handle-entry.ts'
import {
  HANDLE_ENTRY_BYTES,
  HEADER,
  IMAGE_FORMAT_VERSION,
  IMAGE_MAGIC,
  JOURNAL_OFFSET,
  MAX_HANDLES,
  OBJECT_ALIGNMENT,
  ROOT,
  ROOT_SLOT_OFFSETS,
} from './layout.ts'
import type { NvStore } from './nv-store.ts'
import { UndoJournal } from './undo-journal.ts'

export interface MemoryShape {
  readonly nvSizeBytes: number
  readonly ramSizeBytes: number
  readonly stackSizeBytes: number
  readonly commitCapacityBytes: number
  /** 8 bytes */
  readonly profileHash: Uint8Array
}

/** What a commit makes durable beside the bytes themselves: the allocation tops and the counters of the card. */
export interface MemoryRoot {
  heapTop: number
  handleCount: number
  nextClassId: number
  resetTop: number
  deselectBottom: number
  bootCount: number
  nextOwner: number
  nextPackageSlot: number
  /** A collection was asked for or cut off: it runs when the card is opened. */
  isCollecting: boolean
  /** As GlobalPlatform codes it (GPC 2.3.1 table 11-6); 0 on a card without GlobalPlatform. */
  cardLifeCycle: number
}

/** Bytes of contents and entries, and of RAM. */
export interface MemoryAmount {
  readonly persistent: number
  readonly transient: number
}

export interface MemoryQuota {
  /** undefined: as much as there is. */
  readonly persistentBytes: number | undefined
  readonly transientBytes: number | undefined
  /** Set aside: what of it is not used yet is nobody else's. */
  readonly reservedPersistentBytes: number
  readonly reservedTransientBytes: number
}

/** CLEAR_ON_RESET, CLEAR_ON_DESELECT as JCSystem numbers them. */
export const CLEAR_ON_RESET = 1
export const CLEAR_ON_DESELECT = 2
export type ClearEvent = typeof CLEAR_ON_RESET | typeof CLEAR_ON_DESELECT

const NOTHING: MemoryAmount = { persistent: 0, transient: 0 }

/** Of a memory whose buffer another one has. */
const NO_VIEWS = createViews(0)

/**
 * Non-volatile memory and RAM of one card in one buffer: addresses below `nvSizeBytes` persist.
 *
 * Readers use the typed arrays directly. Writers to RAM too; every write below `nvSizeBytes` goes through a method
 * here, which saves old bytes while a transaction runs and hands the new ones to the store. Methods that may need the
 * commit buffer return false when it is full, and have then written nothing.
 */
export class CardMemory implements Tenant {
  buffer!: ArrayBuffer
  u8!: Uint8Array
  i8!: Int8Array
  i16!: Int16Array
  i32!: Int32Array
  readonly nvSizeBytes: number
  readonly ramSizeBytes: number
  /** First byte of the region for frames; it ends with the buffer. */
  readonly stackStart: number
  /** Index in `i32` of the entry of handle 0; handle h stands 2 * h words below. */
  readonly handleTableTop: number
  readonly commitCapacityBytes: number
  root: MemoryRoot
  inTransaction = false
  /** Most bytes that an owner may have, where that is limited. @source GPC 2.3.1 §9.7 */
  readonly quotas = new Map<number, MemoryQuota>()
  /** What an owner may still have for what it belongs to; only asked when memory is wanted. */
  remainingOf: ((owner: number) => MemoryAmount) | undefined
  /** No store, no transaction: a persistent byte may be written without further ado. */
  isPlain: boolean
  isHeld = false
  wasUsed = false
  /** Called once with the error of a store that threw, before it goes on up. */
  onPowerCut: (() => void) | undefined
  readonly #store: NvStore | undefined
  readonly #journal: UndoJournal
  #committed: MemoryRoot
  #sequence = 0
  /** Places saved in this transaction, as address * 8 + length, for lengths below 8. */
  readonly #saved = new Set<number>()
  /** Entries below `root.handleCount` to be given out again, lowest last. */
  #freeHandles: number[] = []
  /** Free handles that the running transaction took. */
  readonly #reused = new Set<number>()
  readonly #volatile = new Set<number>()
  #pool: BufferPool | undefined
  #views: MemoryViews = NO_VIEWS
  /** Contents of all places below while another memory has the buffer. */
  #parked: Uint8Array | undefined
  /** No byte from here on to `#tableLow` was ever written. */
  #heapHigh: number
  #tableLow: number

  private constructor(shape: MemoryShape, store: NvStore | undefined, pool: BufferPool | undefined) {
    const { nvSizeBytes, ramSizeBytes } = shape
    this.#pool = pool
    this.nvSizeBytes = nvSizeBytes
    this.ramSizeBytes = ramSizeBytes
    this.stackStart = nvSizeBytes + ramSizeBytes - shape.stackSizeBytes
    this.handleTableTop = (nvSizeBytes - HANDLE_ENTRY_BYTES) >> 2
    this.commitCapacityBytes = shape.commitCapacityBytes
    this.#store = store
    this.isPlain = store === undefined
    this.#journal = new UndoJournal(JOURNAL_OFFSET, shape.commitCapacityBytes)
    this.root = {
      heapTop: alignUp(JOURNAL_OFFSET + shape.commitCapacityBytes, 4),
      handleCount: 1,
      nextClassId: 0,
      resetTop: nvSizeBytes,
      deselectBottom: this.stackStart,
      bootCount: 0,
      nextOwner: FIRST_FREE_OWNER,
      nextPackageSlot: 0,
      isCollecting: false,
      cardLifeCycle: 0,
    }
    this.#committed = { ...this.root }
    this.#heapHigh = this.root.heapTop
    this.#tableLow = nvSizeBytes - HANDLE_ENTRY_BYTES
  }

  /**
   * A blank memory; the whole image is written to the store, header last.
   * @param pool lends it the buffer; it is held (`hold`) until `letGo`. Without one it has a buffer of its own.
   */
  static format(shape: MemoryShape, nextClassId: number, store: NvStore | undefined, pool?: BufferPool): CardMemory {
    requireLittleEndianHost()
    const memory = new CardMemory(shape, store, pool)
    memory.hold()
    memory.root.nextClassId = nextClassId
    memory.#flush(HEADER.sizeBytes, shape.nvSizeBytes - HEADER.sizeBytes)
    memory.#writeRoot()
    const view = new DataView(memory.buffer)
    view.setUint32(HEADER.magic, IMAGE_MAGIC, true)
    view.setUint16(HEADER.formatVersion, IMAGE_FORMAT_VERSION, true)
    view.setUint32(HEADER.nvSizeBytes, shape.nvSizeBytes, true)
    view.setUint32(HEADER.ramSizeBytes, shape.ramSizeBytes, true)
    memory.u8.set(shape.profileHash, HEADER.profileHash)
    memory.#flush(0, HEADER.sizeBytes)
    return memory
  }

  /** An existing image; a transaction that was cut off is rolled back first. @param pool as in `format` */
  static open(shape: MemoryShape, image: Uint8Array, store: NvStore | undefined, pool?: BufferPool): CardMemory {
    requireLittleEndianHost()
    requireHeader(shape, image)
    const memory = new CardMemory(shape, store, pool)
    memory.hold()
    try {
      memory.#load(image)
      return memory
    } catch (error) {
      memory.giveUp()
      throw error
    }
  }

  #load(image: Uint8Array): void {
    copyUsed(image, this.u8)
    this.#readRoot()
    this.#heapHigh = this.root.heapTop
    this.#tableLow = this.nvSizeBytes - this.root.handleCount * HANDLE_ENTRY_BYTES
    // Left from an aborted transaction.
    if (!isZeroWords(this.i32, this.#heapHigh >> 2, this.#tableLow >> 2)) this.#heapHigh = this.#tableLow
    this.#journal.recover(this.#sequence, this.nvSizeBytes)
    this.#rollBackJournal()
    this.#requireSoundHandles()
    this.#findFreeHandles()
  }

  // ---- a buffer, for as long as it is needed

  get sizeBytes(): number {
    return this.nvSizeBytes + this.ramSizeBytes
  }

  /** Something begins: the memory has its buffer, and keeps it until `letGo`. */
  hold(): void {
    this.isHeld = true
    this.wasUsed = true
    if (this.#views !== NO_VIEWS) return
    this.#attach(this.#pool?.take(this) ?? createViews(this.sizeBytes))
    if (this.#parked !== undefined) this.#unpark()
  }

  letGo(): void {
    this.isHeld = false
  }

  /** Somebody looks at the memory from outside, or it stopped in the middle of something: the buffer is its own now. */
  keep(): void {
    const wasHeld = this.isHeld
    this.hold()
    this.isHeld = wasHeld
    this.#pool?.letKeep(this)
    this.#pool = undefined
  }

  /** Nobody will use this memory any more. */
  giveUp(): void {
    this.#pool?.giveUp(this)
  }

  park(): MemoryViews {
    const views = this.#views
    this.#parked = this.#capture(isZero(this.u8, this.nvSizeBytes, this.stackStart) ? 'persistent' : 'all')
    this.u8.fill(0, 0, this.#heapHigh)
    this.u8.fill(0, this.#tableLow)
    this.#attach(NO_VIEWS)
    return views
  }

  #attach(views: MemoryViews): void {
    this.#views = views
    this.buffer = views.buffer
    this.u8 = views.u8
    this.i8 = views.i8
    this.i16 = views.i16
    this.i32 = views.i32
    this.#journal.attach(views)
  }

  /**
   * Places that are not zero, one after the other: between commands the commit buffer is, and frames are nothing.
   */
  #capture(what: 'persistent' | 'all'): Uint8Array {
    const { u8, nvSizeBytes } = this
    const places: Uint8Array[] = [u8.subarray(0, JOURNAL_OFFSET), u8.subarray(this.heapStart, this.#heapHigh)]
    if (what === 'persistent') places.push(u8.subarray(this.#tableLow, nvSizeBytes))
    else {
      places.push(u8.subarray(this.#tableLow, this.root.resetTop))
      places.push(u8.subarray(this.root.deselectBottom, this.stackStart))
    }
    return concatBytes(...places)
  }

  #unpark(): void {
    const parked = this.#parked!
    const { persistentBytes } = this.#spread(parked, this.u8)
    if (parked.length > persistentBytes) {
      const resetEnd = persistentBytes + this.root.resetTop - this.nvSizeBytes
      this.u8.set(parked.subarray(persistentBytes, resetEnd), this.nvSizeBytes)
      this.u8.set(parked.subarray(resetEnd), this.root.deselectBottom)
    }
    this.#parked = undefined
  }

  /** Puts captured persistent contents where they belong. @returns how many they are */
  #spread(captured: Uint8Array, to: Uint8Array): { persistentBytes: number } {
    const heapEnd = JOURNAL_OFFSET + this.#heapHigh - this.heapStart
    const persistentBytes = heapEnd + this.nvSizeBytes - this.#tableLow
    to.set(captured.subarray(0, JOURNAL_OFFSET))
    to.set(captured.subarray(JOURNAL_OFFSET, heapEnd), this.heapStart)
    to.set(captured.subarray(heapEnd, persistentBytes), this.#tableLow)
    return { persistentBytes }
  }

  /**
   * A memory with the same persistent contents, without power; between commands only.
   * @param store gets the whole image
   */
  clone(shape: MemoryShape, store: NvStore | undefined): CardMemory {
    assert(!this.inTransaction && this.#volatile.size === 0, 'a memory is cloned between commands')
    const memory = new CardMemory(shape, store, this.#pool)
    memory.root = { ...this.root }
    memory.#committed = { ...this.#committed }
    memory.#sequence = this.#sequence
    memory.#freeHandles = this.#freeHandles.slice()
    memory.#heapHigh = this.#heapHigh
    memory.#tableLow = this.#tableLow
    memory.#parked = this.#capturePersistent()
    memory.#attach(NO_VIEWS)
    if (store !== undefined) {
      memory.hold()
      memory.#flush(HEADER.sizeBytes, this.nvSizeBytes - HEADER.sizeBytes)
      memory.#flush(0, HEADER.sizeBytes)
      memory.letGo()
    }
    return memory
  }

  #capturePersistent(): Uint8Array {
    const persistentBytes = JOURNAL_OFFSET + this.#heapHigh - this.heapStart + this.nvSizeBytes - this.#tableLow
    return this.#parked?.slice(0, persistentBytes) ?? this.#capture('persistent')
  }

  /** A copy of everything that persists. */
  image(): Uint8Array {
    if (this.#parked === undefined) return this.u8.slice(0, this.nvSizeBytes)
    const image = new Uint8Array(this.nvSizeBytes)
    this.#spread(this.#parked, image)
    return image
  }

  // ---- sizes

  get freePersistentBytes(): number {
    return this.nvSizeBytes - this.root.handleCount * HANDLE_ENTRY_BYTES - this.root.heapTop
  }

  /** Both kinds of transient arrays take from the same RAM. */
  get freeTransientBytes(): number {
    return this.root.deselectBottom - this.root.resetTop
  }

  /** What an owner could have, by its reservation and those of others; 0 for somebody without. */
  availablePersistentBytes(owner: number): number {
    const free = this.freePersistentBytes - this.#reservedByOthers(owner).persistent
    return Math.max(0, Math.min(free, this.remainingOf?.(owner).persistent ?? free))
  }

  availableTransientBytes(owner: number): number {
    const free = this.freeTransientBytes - this.#reservedByOthers(owner).transient
    return Math.max(0, Math.min(free, this.remainingOf?.(owner).transient ?? free))
  }

  #reservedByOthers(owner: number): MemoryAmount {
    const sum = { persistent: 0, transient: 0 }
    for (const [other, { reservedPersistentBytes, reservedTransientBytes }] of this.quotas) {
      if (other === owner || (reservedPersistentBytes === 0 && reservedTransientBytes === 0)) continue
      const unused = this.unusedReservationOf(other)
      sum.persistent += unused.persistent
      sum.transient += unused.transient
    }
    return sum
  }

  get unusedCommitBytes(): number {
    return this.#journal.freeBytes
  }

  /** What the running transaction made; the answer stays the same when it has ended. */
  freshHandles(): { readonly hasAny: boolean; readonly has: (handle: number) => boolean } {
    const first = this.#committed.handleCount
    const reused = new Set(this.#reused)
    const hasAny = this.root.handleCount > first || reused.size > 0
    return { hasAny, has: (handle) => handle >= first || reused.has(handle) }
  }

  /** Lowest address of the heap. */
  get heapStart(): number {
    return alignUp(JOURNAL_OFFSET + this.commitCapacityBytes, 4)
  }

  // ---- handle entries

  word0(handle: number): number {
    return this.i32[this.handleTableTop - (handle << 1)]!
  }

  word1(handle: number): number {
    return this.i32[this.handleTableTop - (handle << 1) + 1]!
  }

  addressOf(handle: number): number {
    return this.word0(handle) & ADDRESS_MASK
  }

  // ---- persistent writes; outside of a transaction none where the value is there already: four writes of the store saved

  putByte(address: number, value: number): boolean {
    if (!this.isPlain) {
      if (!this.inTransaction && this.i8[address] === (value << 24) >> 24) return true
      if (!this.#prepare(address, 1)) return false
    }
    this.i8[address] = value
    if (!this.isPlain) this.#settle(address, 1)
    return true
  }

  /** `address` is even. */
  putShort(address: number, value: number): boolean {
    if (!this.isPlain) {
      if (!this.inTransaction && this.i16[address >> 1] === (value << 16) >> 16) return true
      if (!this.#prepare(address, 2)) return false
    }
    this.i16[address >> 1] = value
    if (!this.isPlain) this.#settle(address, 2)
    return true
  }

  /** An int as two cells, high one first; `address` is even. */
  putInt(address: number, high: number, low: number): boolean {
    if (!this.isPlain) {
      const at = address >> 1
      const isThere = this.i16[at] === (high << 16) >> 16 && this.i16[at + 1] === (low << 16) >> 16
      if (!this.inTransaction && isThere) return true
      if (!this.#prepare(address, 4)) return false
    }
    this.i16[address >> 1] = high
    this.i16[(address >> 1) + 1] = low
    if (!this.isPlain) this.#settle(address, 4)
    return true
  }

  /** Two bytes at any address, as static fields stand in their image. */
  putStaticShort(address: number, value: number): boolean {
    if (!this.isPlain && !this.#prepare(address, 2)) return false
    this.u8[address] = value >> 8
    this.u8[address + 1] = value
    if (!this.isPlain) this.#settle(address, 2)
    return true
  }

  putStaticInt(address: number, high: number, low: number): boolean {
    if (!this.isPlain && !this.#prepare(address, 4)) return false
    this.u8[address] = high >> 8
    this.u8[address + 1] = high
    this.u8[address + 2] = low >> 8
    this.u8[address + 3] = low
    if (!this.isPlain) this.#settle(address, 4)
    return true
  }

  /** All of the bytes or none, in a transaction or not. */
  putBytes(address: number, bytes: Uint8Array): boolean {
    if (!this.isPlain && !this.inTransaction && this.holds(address, bytes)) return true
    if (!this.#prepare(address, bytes.length)) return false
    this.u8.set(bytes, address)
    this.#settle(address, bytes.length)
    return true
  }

  /** All or nothing; `from` is any address, the ranges may overlap. */
  copy(from: number, to: number, length: number): boolean {
    if (!this.isPlain && !this.inTransaction && this.holds(to, this.u8.subarray(from, from + length))) return true
    if (!this.#prepare(to, length)) return false
    this.u8.copyWithin(to, from, from + length)
    this.#settle(to, length)
    return true
  }

  fill(address: number, length: number, value: number): boolean {
    if (!this.#prepare(address, length)) return false
    this.u8.fill(value, address, address + length)
    this.#settle(address, length)
    return true
  }

  /** The bytes stand there already. What is compared is the card's own, so time does not matter. */
  holds(address: number, bytes: Uint8Array): boolean {
    const { u8 } = this
    for (let i = 0; i < bytes.length; i++) if (u8[address + i] !== bytes[i]) return false
    return true
  }

  /** Outside of any transaction, as the NonAtomic methods of Util and PIN try counters want it. */
  copyNonAtomic(from: number, to: number, length: number): void {
    this.u8.copyWithin(to, from, from + length)
    this.#flush(to, length)
  }

  fillNonAtomic(address: number, length: number, value: number): void {
    this.u8.fill(value, address, address + length)
    this.#flush(address, length)
  }

  /** True if an atomic write of so many bytes fits the commit buffer; asked for blocks also outside of transactions. */
  hasCommitRoomFor(length: number): boolean {
    return this.#journal.hasRoomFor(length)
  }

  // ---- transactions

  begin(): void {
    assert(!this.inTransaction, 'one transaction at a time')
    this.inTransaction = true
    this.isPlain = false
  }

  commit(): void {
    assert(this.inTransaction, 'commit of a running transaction')
    if (this.#journal.usedBytes > 0 || !sameRoot(this.root, this.#committed)) this.#writeRoot()
    this.#endTransaction()
  }

  /** Old values come back; objects made meanwhile are gone. */
  abort(): void {
    assert(this.inTransaction, 'abort of a running transaction')
    this.root = { ...this.#committed }
    this.#rollBackJournal()
    if (this.#reused.size > 0) this.#findFreeHandles()
    for (const handle of this.#volatile) if (handle >= this.root.handleCount) this.#volatile.delete(handle)
    this.#endTransaction()
  }

  #rollBackJournal(): void {
    if (this.#journal.usedBytes === 0) return
    this.#journal.rollBack((address, length) => this.#flush(address, length))
    this.#writeRoot()
    this.#wipeJournal()
  }

  #endTransaction(): void {
    this.#wipeJournal()
    this.#saved.clear()
    this.#reused.clear()
    this.inTransaction = false
    this.isPlain = this.#store === undefined
  }

  /** For changes of `root` alone, outside of a transaction. */
  commitRoot(): void {
    if (!this.inTransaction) this.#writeRoot()
  }

  // ---- allocation

  /**
   * A new object or array in persistent memory, contents zero.
   * @param length the length half of the entry; `sizeBytes` is what the contents take
   * @returns its handle, or 0 if memory or handles are used up
   */
  newPersistent(owner: number, type: number, length: number, sizeBytes: number): number {
    const size = alignUp(sizeBytes, OBJECT_ALIGNMENT)
    if (this.root.handleCount >= MAX_HANDLES || size + HANDLE_ENTRY_BYTES > this.freePersistentBytes) return 0
    // The records of the card's own bookkeeping are few, and nothing goes on without them.
    const isRecord = type === BLOCK_TYPE.globalPlatform
    if (!isRecord && this.#exceedsQuota(owner, size + HANDLE_ENTRY_BYTES, 0)) return 0
    const address = this.root.heapTop
    if (!isZero(this.u8, address, address + size)) {
      this.u8.fill(0, address, address + size) // left from an aborted transaction
      this.#flush(address, size)
    }
    this.root.heapTop = address + size
    this.#heapHigh = Math.max(this.#heapHigh, address + size)
    return this.#newHandle(owner, address, type, length)
  }

  /** As `newPersistent`, with contents in RAM; only the handle entry persists. */
  newTransient(owner: number, type: number, length: number, sizeBytes: number, event: ClearEvent): number {
    const size = alignUp(sizeBytes, OBJECT_ALIGNMENT)
    if (this.root.handleCount >= MAX_HANDLES || this.freePersistentBytes < HANDLE_ENTRY_BYTES) return 0
    if (size > this.freeTransientBytes || this.#exceedsQuota(owner, HANDLE_ENTRY_BYTES, size)) return 0
    let address: number
    if (event === CLEAR_ON_DESELECT) address = this.root.deselectBottom -= size
    else {
      address = this.root.resetTop
      this.root.resetTop = address + size
    }
    this.u8.fill(0, address, address + size)
    return this.#newHandle(event === CLEAR_ON_DESELECT ? owner | DESELECT_OWNER : owner, address, type, length)
  }

  /** Its own quota, or what others have reserved. @source GPC 2.3.1 §9.7 */
  #exceedsQuota(owner: number, persistentBytes: number, transientBytes: number): boolean {
    if (this.quotas.size === 0 && this.remainingOf === undefined) return false
    if (persistentBytes > this.availablePersistentBytes(owner & OWNER_MASK)) return true
    if (transientBytes > this.availableTransientBytes(owner & OWNER_MASK)) return true
    const quota = this.quotas.get(owner & OWNER_MASK)
    if (quota === undefined) return false
    const used = this.#usageOf(owner & OWNER_MASK)
    const isOver = (limit: number | undefined, bytes: number) => limit !== undefined && bytes > limit
    return (
      isOver(quota.persistentBytes, used.persistent + persistentBytes) ||
      isOver(quota.transientBytes, used.transient + transientBytes)
    )
  }

  /** What an owner has, or has reserved if that is more. */
  chargedTo(owner: number): MemoryAmount {
    const [used, unused] = [this.#usageOf(owner), this.unusedReservationOf(owner)]
    return { persistent: used.persistent + unused.persistent, transient: used.transient + unused.transient }
  }

  unusedReservationOf(owner: number): MemoryAmount {
    const quota = this.quotas.get(owner)
    if (quota === undefined) return NOTHING
    const used = this.#usageOf(owner)
    return {
      persistent: Math.max(0, quota.reservedPersistentBytes - used.persistent),
      transient: Math.max(0, quota.reservedTransientBytes - used.transient),
    }
  }

  /** Of a handle: contents and entry. */
  occupiedBytes(handle: number): number {
    return HANDLE_ENTRY_BYTES + alignUp(contentBytes(this.word1(handle)), OBJECT_ALIGNMENT)
  }

  /** Without the hidden state of native objects. */
  #usageOf(owner: number): MemoryAmount {
    const used = { persistent: 0, transient: 0 }
    for (let handle = 1; handle < this.root.handleCount; handle++) {
      if (((this.word0(handle) >>> 24) & OWNER_MASK) !== owner) continue
      const size = alignUp(contentBytes(this.word1(handle)), OBJECT_ALIGNMENT)
      used.persistent += HANDLE_ENTRY_BYTES
      if (this.addressOf(handle) < this.nvSizeBytes) used.persistent += size
      else used.transient += size
    }
    return used
  }

  /** Bytes of the JCRE itself, of one of the `BLOCK_TYPE`s; only inside a transaction. */
  newBlock(type: number, bytes: Uint8Array): number {
    assert(this.inTransaction, 'a block is made in a transaction')
    const units = Math.ceil(bytes.length / BLOCK_LENGTH_UNIT_BYTES)
    if (units > LENGTH_MASK)
      throw new CardError('CARD_MEMORY_FULL', `${bytes.length} bytes are more than a block holds`)
    const handle = this.newPersistent(JCRE_OWNER, type, units, units * BLOCK_LENGTH_UNIT_BYTES)
    if (handle === 0 && this.root.handleCount >= MAX_HANDLES) {
      throw new CardError('CARD_HANDLES_FULL', `all ${MAX_HANDLES} handles are taken`)
    }
    if (handle === 0) throw new CardError('CARD_MEMORY_FULL', `no room for ${bytes.length} bytes`)
    this.putBytes(this.addressOf(handle), bytes)
    return handle
  }

  #newHandle(owner: number, address: number, type: number, length: number): number {
    const reused = this.#takeFreeHandle()
    const handle = reused ?? this.root.handleCount
    const at = this.handleTableTop - (handle << 1)
    if (reused !== undefined) this.#prepare(at << 2, HANDLE_ENTRY_BYTES)
    this.i32[at] = (owner << 24) | address
    this.i32[at + 1] = (type << 16) | length
    this.#flush(at << 2, HANDLE_ENTRY_BYTES)
    if (reused === undefined) this.#setHandleCount(handle + 1)
    this.commitRoot()
    if (!this.inTransaction) this.#wipeJournal()
    return handle
  }

  /**
   * A handle that lasts until `releaseVolatile`, for array views and the like: its entry is written here and never to
   * the store, where it stays free. In a transaction that is aborted it ends with that.
   *
   * @param address of contents that are there already; nothing is allocated
   * @returns 0 if handles are used up
   */
  newVolatile(owner: number, address: number, type: number, length: number): number {
    let handle = this.#freeHandles.pop()
    if (handle === undefined) {
      if (this.root.handleCount >= MAX_HANDLES || this.freePersistentBytes < HANDLE_ENTRY_BYTES) return 0
      handle = this.root.handleCount
      const at = this.handleTableTop - (handle << 1)
      this.i32.fill(0, at, at + 2)
      this.#flush(at << 2, HANDLE_ENTRY_BYTES)
      this.#setHandleCount(handle + 1)
      this.commitRoot()
    }
    const at = this.handleTableTop - (handle << 1)
    this.i32[at] = (owner << 24) | address
    this.i32[at + 1] = (type << 16) | length
    this.#volatile.add(handle)
    return handle
  }

  /** Nothing refers to volatile handles any more: between commands, and before a collection. */
  releaseVolatile(): void {
    if (this.#volatile.size === 0) return
    for (const handle of this.#volatile) {
      const at = this.handleTableTop - (handle << 1)
      this.i32.fill(0, at, at + 2)
      if (handle < this.root.handleCount) this.#freeHandles.push(handle)
    }
    this.#volatile.clear()
  }

  #setHandleCount(count: number): void {
    this.root.handleCount = count
    this.#tableLow = Math.min(this.#tableLow, this.nvSizeBytes - count * HANDLE_ENTRY_BYTES)
  }

  /** In a transaction a free entry costs room in the commit buffer: then only while that is half empty. */
  #takeFreeHandle(): number | undefined {
    const isRoomy = this.#journal.freeBytes * 2 > this.commitCapacityBytes
    if (this.inTransaction && !isRoomy) return undefined
    const handle = this.#freeHandles.pop()
    if (handle !== undefined && this.inTransaction) this.#reused.add(handle)
    return handle
  }

  #findFreeHandles(): void {
    this.#freeHandles = []
    for (let handle = this.root.handleCount - 1; handle > 0; handle--) {
      if (this.word0(handle) >>> 24 === NO_OWNER) this.#freeHandles.push(handle)
    }
  }

  // ---- collection; see runtime/collector.ts

  /** Makes an entry free, once the transaction is committed. False: the commit buffer is full. */
  releaseHandle(handle: number): boolean {
    assert(this.inTransaction, 'a handle is released in a transaction')
    const at = this.handleTableTop - (handle << 1)
    if (!this.#prepare(at << 2, HANDLE_ENTRY_BYTES)) return false
    this.i32[at] = 0
    this.i32[at + 1] = 0
    this.#settle(at << 2, HANDLE_ENTRY_BYTES)
    return true
  }

  /**
   * Moves contents in RAM, or in the heap to a lower place that nothing uses but they themselves. Each step leaves the
   * entry at whole contents: where old and new place overlap the way is through the free space above the heap.
   * @returns false if that has no room for them; they stay where they are
   */
  relocate(handle: number, to: number, size: number): boolean {
    const from = this.addressOf(handle)
    if (from === to) return true
    if (from >= this.nvSizeBytes || size === 0) this.u8.copyWithin(to, from, from + size)
    else if (to + size <= from) this.copyNonAtomic(from, to, size)
    else {
      const scratch = this.root.heapTop
      if (scratch + size > this.nvSizeBytes - this.root.handleCount * HANDLE_ENTRY_BYTES) return false
      this.#heapHigh = Math.max(this.#heapHigh, scratch + size)
      this.copyNonAtomic(from, scratch, size)
      this.#repoint(handle, scratch, scratch + size)
      this.copyNonAtomic(scratch, to, size)
      this.#repoint(handle, to, scratch)
      return true
    }
    this.#repoint(handle, to, this.root.heapTop)
    return true
  }

  /** The address in an entry and the top of the heap, in one step. */
  #repoint(handle: number, address: number, heapTop: number): void {
    const at = this.handleTableTop - (handle << 1)
    this.begin()
    const isRecorded = this.#prepare(at << 2, 4)
    assert(isRecorded, 'the commit buffer holds an address')
    this.i32[at] = (this.i32[at]! & ~ADDRESS_MASK) | address
    this.#settle(at << 2, 4)
    this.root.heapTop = heapTop
    this.commit()
  }

  /** Bytes of the heap that nothing uses: keys may have stood there. */
  wipe(start: number, end: number): void {
    if (!isZero(this.u8, start, end)) this.fillNonAtomic(start, end - start, 0)
  }

  /** Lowers the tops of memory to what is in use; the collection is over. */
  finishCollection(tops: { heapTop: number; resetTop: number; deselectBottom: number }): void {
    const { root } = this
    this.wipe(tops.heapTop, this.nvSizeBytes - root.handleCount * HANDLE_ENTRY_BYTES)
    Object.assign(root, tops)
    while (root.handleCount > 1 && this.word0(root.handleCount - 1) >>> 24 === NO_OWNER) root.handleCount--
    root.isCollecting = false
    this.#heapHigh = root.heapTop
    this.#tableLow = this.nvSizeBytes - root.handleCount * HANDLE_ENTRY_BYTES
    this.commitRoot()
    this.#findFreeHandles()
  }

  // ---- the port

  /** Makes a write undoable if it has to be; false: the commit buffer is full. */
  #prepare(address: number, length: number): boolean {
    if (length === 0) return true
    if (this.inTransaction) {
      const { heapTop, handleCount } = this.#committed
      const isFresh = address >= heapTop && address < this.nvSizeBytes - handleCount * HANDLE_ENTRY_BYTES
      if (isFresh) return true
      const key = address * 8 + length
      if (length < 8 && this.#saved.has(key)) return true
      if (!this.#journal.hasRoomFor(length)) return false
      if (length < 8) this.#saved.add(key)
      this.#record(address, length)
      return true
    }
    // A single byte cannot be torn; without a store nobody sees the middle of a write.
    if (length <= 1 || this.#store === undefined) return true
    if (!this.#journal.hasRoomFor(length)) return false
    this.#record(address, length)
    return true
  }

  #record(address: number, length: number): void {
    const before = this.#journal.usedBytes
    const at = this.#journal.record(this.#sequence, address, length)
    this.#flush(at, this.#journal.usedBytes - before)
  }

  /** Hands a write to the store, and ends the small transaction that `#prepare` may have begun for it. */
  #settle(address: number, length: number): void {
    this.#flush(address, length)
    if (!this.inTransaction && this.#journal.usedBytes > 0) {
      this.#writeRoot()
      this.#wipeJournal()
    }
  }

  /** Old values of a finished transaction may be keys: they do not stay behind. */
  #wipeJournal(): void {
    const { usedBytes } = this.#journal
    this.u8.fill(0, JOURNAL_OFFSET, JOURNAL_OFFSET + usedBytes)
    this.#flush(JOURNAL_OFFSET, usedBytes)
    this.#journal.usedBytes = 0
  }

  #flush(address: number, length: number): void {
    if (this.#store === undefined || length === 0) return
    try {
      this.#store.write(address, this.u8.subarray(address, address + length))
    } catch (cause) {
      this.onPowerCut?.()
      throw new CardError('CARD_POWER_CUT', 'the store refused a write: the card lost power', { address }, { cause })
    }
  }

  /** The commit point: one write, into the older of the two slots. */
  #writeRoot(): void {
    const { root } = this
    this.#sequence = (this.#sequence + 1) >>> 0
    const at = ROOT_SLOT_OFFSETS[this.#sequence & 1]!
    const view = new DataView(this.buffer, at, ROOT.sizeBytes)
    view.setUint32(ROOT.sequence, this.#sequence, true)
    view.setUint32(ROOT.heapTop, root.heapTop, true)
    view.setUint16(ROOT.handleCount, root.handleCount, true)
    view.setUint16(ROOT.nextClassId, root.nextClassId, true)
    view.setUint32(ROOT.resetTop, root.resetTop, true)
    view.setUint32(ROOT.deselectBottom, root.deselectBottom, true)
    view.setUint32(ROOT.bootCount, root.bootCount, true)
    view.setUint8(ROOT.nextOwner, root.nextOwner)
    view.setUint8(ROOT.nextPackageSlot, root.nextPackageSlot)
    view.setUint8(ROOT.isCollecting, root.isCollecting ? 1 : 0)
    view.setUint8(ROOT.cardLifeCycle, root.cardLifeCycle)
    view.setInt32(ROOT.check, crc32(this.u8, at, at + ROOT.check), true)
    this.#flush(at, ROOT.sizeBytes)
    this.#committed = { ...root }
  }

  #readRoot(): void {
    let best: { sequence: number; view: DataView } | undefined
    for (const at of ROOT_SLOT_OFFSETS) {
      const view = new DataView(this.buffer, at, ROOT.sizeBytes)
      if (view.getInt32(ROOT.check, true) !== crc32(this.u8, at, at + ROOT.check)) continue
      const sequence = view.getUint32(ROOT.sequence, true)
      if (best === undefined || ((sequence - best.sequence) | 0) > 0) best = { sequence, view }
    }
    if (best === undefined) throw new CardError('CARD_IMAGE_CORRUPT', 'no valid root in the image')
    const { view } = best
    this.#sequence = best.sequence
    this.root = {
      heapTop: view.getUint32(ROOT.heapTop, true),
      handleCount: view.getUint16(ROOT.handleCount, true),
      nextClassId: view.getUint16(ROOT.nextClassId, true),
      resetTop: view.getUint32(ROOT.resetTop, true),
      deselectBottom: view.getUint32(ROOT.deselectBottom, true),
      bootCount: view.getUint32(ROOT.bootCount, true),
      nextOwner: view.getUint8(ROOT.nextOwner),
      nextPackageSlot: view.getUint8(ROOT.nextPackageSlot),
      isCollecting: view.getUint8(ROOT.isCollecting) !== 0,
      cardLifeCycle: view.getUint8(ROOT.cardLifeCycle),
    }
    const { heapTop, handleCount, resetTop, deselectBottom } = this.root
    const tableBottom = this.nvSizeBytes - handleCount * HANDLE_ENTRY_BYTES
    const isSound =
      heapTop >= JOURNAL_OFFSET + this.commitCapacityBytes &&
      heapTop <= tableBottom &&
      this.nvSizeBytes <= resetTop &&
      resetTop <= deselectBottom &&
      deselectBottom <= this.stackStart
    if (!isSound) throw new CardError('CARD_IMAGE_CORRUPT', 'the tops of memory in the image contradict each other')
    this.#committed = { ...this.root }
  }

  /** Every entry in use points into memory that was given out, so that nothing needs to look again. */
  #requireSoundHandles(): void {
    const { heapTop, resetTop, deselectBottom, handleCount } = this.root
    for (let handle = 1; handle < handleCount; handle++) {
      const start = this.addressOf(handle)
      const end = start + contentBytes(this.word1(handle))
      const isIn = (low: number, high: number) => low <= start && end <= high
      const isSound =
        this.word0(handle) >>> 24 === NO_OWNER ||
        isIn(JOURNAL_OFFSET + this.commitCapacityBytes, heapTop) ||
        isIn(this.nvSizeBytes, resetTop) ||
        isIn(deselectBottom, this.stackStart)
      if (!isSound) throw new CardError('CARD_IMAGE_CORRUPT', `handle ${handle} points nowhere`, { handle })
    }
  }
}

const PAGE_BYTES = 4096

/**
 * Copies into memory that is zero yet, but leaves pages alone that would stay so: the system gives a card no room for free
 * space that was never touched.
 */
function copyUsed(from: Uint8Array, to: Uint8Array): void {
  for (let start = 0; start < from.length; start += PAGE_BYTES) {
    const page = from.subarray(start, start + PAGE_BYTES)
    if (!isZeroPage(page)) to.set(page, start)
  }
}

/** By words where it can be: most of an image is free space. */
function isZeroPage(page: Uint8Array): boolean {
  if (page.byteOffset % 4 !== 0 || page.length % 4 !== 0) return isZero(page, 0, page.length)
  return isZeroWords(new Int32Array(page.buffer, page.byteOffset, page.length >> 2), 0, page.length >> 2)
}

function isZeroWords(words: Int32Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (words[i] !== 0) return false
  return true
}

/** What an entry's contents take at least; hidden state of native objects comes on top. */
function contentBytes(word1: number): number {
  const type = word1 >>> 16
  const length = word1 & LENGTH_MASK
  if (type & TYPE.array) return length * elementBytes(type)
  return isBlock(type) ? length * BLOCK_LENGTH_UNIT_BYTES : length
}

function requireHeader(shape: MemoryShape, image: Uint8Array): void {
  if (image.length < HEADER.sizeBytes) throw new CardError('CARD_IMAGE_CORRUPT', 'the image is cut off')
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  if (view.getUint32(HEADER.magic, true) !== IMAGE_MAGIC) {
    throw new CardError('CARD_IMAGE_CORRUPT', 'these bytes are not the image of a card')
  }
  const version = view.getUint16(HEADER.formatVersion, true)
  if (version !== IMAGE_FORMAT_VERSION) {
    throw new CardError('CARD_IMAGE_VERSION', `image format ${version}, this card reads ${IMAGE_FORMAT_VERSION}`, {
      version,
    })
  }
  const isSameProfile =
    view.getUint32(HEADER.nvSizeBytes, true) === shape.nvSizeBytes &&
    view.getUint32(HEADER.ramSizeBytes, true) === shape.ramSizeBytes &&
    shape.profileHash.every((byte, i) => byte === image[HEADER.profileHash + i])
  if (!isSameProfile) throw new CardError('CARD_IMAGE_OTHER_PROFILE', 'the image belongs to a card of another profile')
  if (image.length !== shape.nvSizeBytes) {
    throw new CardError('CARD_IMAGE_CORRUPT', `the image has ${image.length} bytes, not ${shape.nvSizeBytes}`)
  }
}

function requireLittleEndianHost(): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) {
    throw new CardError('CARD_HOST_UNSUPPORTED', 'images are little-endian, this host is not')
  }
}

const alignUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false
  return true
}

function sameRoot(a: MemoryRoot, b: MemoryRoot): boolean {
  return (
    a.heapTop === b.heapTop &&
    a.handleCount === b.handleCount &&
    a.nextClassId === b.nextClassId &&
    a.resetTop === b.resetTop &&
    a.deselectBottom === b.deselectBottom &&
    a.bootCount === b.bootCount &&
    a.nextOwner === b.nextOwner &&
    a.nextPackageSlot === b.nextPackageSlot &&
    a.isCollecting === b.isCollecting &&
    a.cardLifeCycle === b.cardLifeCycle
  )
}
