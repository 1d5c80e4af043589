import { JCRE_OBJECT_COUNT } from '../vm/jcre-objects.ts'
import type { Machine } from '../vm/machine.ts'
import {
  BLOCK_LENGTH_UNIT_BYTES,
  BLOCK_TYPE,
  DESELECT_OWNER,
  elementBytes,
  isBlock,
  LENGTH_MASK,
  NO_OWNER,
  TYPE,
} from '../vm/memory/handle-entry.ts'
import { OBJECT_ALIGNMENT } from '../vm/memory/layout.ts'
import { blocksOf, parseAppletRecord, parsePackageRecord } from './applet-registry.ts'
import { liveContentRecords } from './content-record.ts'
import type { Jcre } from './jcre.ts'
import { forEachUpgradeReference } from './upgrade-record.ts'

/**
 * Mark, sweep and compact over the handle table, while no byte code runs: nothing on a stack refers to anything.
 *
 * Every step is small and whole: entries are freed in transactions, contents move one object at a time. A power cut
 * between steps leaves a card that works; `root.isCollecting` says that the rest is to be done when it is opened.
 *
 * @source API JCSystem.requestObjectDeletion; JCRE 3.1 §11.3.4
 */
export function collectGarbage(jcre: Jcre): void {
  const { memory, machine, sessions } = jcre
  jcre.isDeletionRequested = false
  memory.root.isCollecting = true
  memory.commitRoot()
  const reachable = findReachable(machine)
  const garbage: number[] = []
  for (let handle = 1; handle < memory.root.handleCount; handle++) {
    if (memory.word0(handle) >>> 24 !== NO_OWNER && !reachable.has(handle)) garbage.push(handle)
  }
  release(jcre, garbage)
  for (const handle of garbage) sessions.delete(handle)
  compact(jcre, [...reachable])
  for (const handle of blocksOf(memory, BLOCK_TYPE.packageRecord)) {
    const { slot, statics } = parsePackageRecord(memory, handle)
    if (statics !== 0) machine.packages[slot]!.staticsAddress = memory.addressOf(statics)
  }
}

/** As many in a transaction as the commit buffer takes. */
function release({ memory }: Jcre, garbage: readonly number[]): void {
  memory.begin()
  for (const handle of garbage) {
    if (memory.releaseHandle(handle)) continue
    memory.commit()
    memory.begin()
    memory.releaseHandle(handle)
  }
  memory.commit()
}

/**
 * What the runtime environment, static fields and applet instances lead to, with themselves.
 * Global arrays are nobody's: no field may refer to one, so they end with their command.
 */
export function findReachable(machine: Machine): Set<number> {
  const { memory } = machine
  const reachable = new Set<number>()
  const waiting: number[] = []
  const reach = (handle: number) => {
    const isThere = handle > 0 && handle < memory.root.handleCount && memory.word0(handle) >>> 24 !== NO_OWNER
    if (!isThere || reachable.has(handle)) return
    reachable.add(handle)
    waiting.push(handle)
  }
  for (let handle = 1; handle <= JCRE_OBJECT_COUNT; handle++) reach(handle)
  for (const handle of blocksOf(memory, BLOCK_TYPE.packageRecord)) {
    const { loadFile, statics } = parsePackageRecord(memory, handle)
    for (const one of [handle, loadFile, statics]) reach(one)
  }
  for (const instance of machine.packageList) forEachStaticReference(machine, instance.slot, reach)
  for (const handle of blocksOf(memory, BLOCK_TYPE.appletRecord)) {
    const { packageSlot, applet, aidObject } = parseAppletRecord(memory, handle)
    if (machine.packages[packageSlot] === undefined) continue
    for (const one of [handle, applet, aidObject]) reach(one)
  }
  for (const handle of liveContentRecords(machine)) {
    reach(handle)
    forEachUpgradeReference(memory, handle, reach)
  }
  for (let handle = waiting.pop(); handle !== undefined; handle = waiting.pop()) {
    forEachReference(machine, handle, reach)
  }
  return reachable
}

/** Cells of an array of references, or of an object; null and made-up numbers included. */
export function forEachReference(machine: Machine, handle: number, visit: (referred: number) => void): void {
  const { memory } = machine
  const { i16 } = memory
  const word1 = memory.word1(handle)
  const type = word1 >>> 16
  const first = memory.addressOf(handle) >> 1
  if (isBlock(type)) return
  if ((type & TYPE.array) === 0) {
    for (const cell of machine.classOf(handle).referenceCells) visit(i16[first + cell]! & 0xffff)
  } else if (type & TYPE.references) {
    for (let i = 0; i < (word1 & LENGTH_MASK); i++) visit(i16[first + i]! & 0xffff)
  }
}

/** Static fields of a package that hold references; two bytes each, high one first. @source JCVM 3.1 §6.11 */
export function forEachStaticReference(machine: Machine, slot: number, visit: (referred: number) => void): void {
  const { u8 } = machine.memory
  const { linked, staticsAddress } = machine.packages[slot]!
  for (let i = 0; i < linked.staticReferenceCount; i++) {
    const at = staticsAddress + 2 * i
    visit((u8[at]! << 8) | u8[at + 1]!)
  }
}

/** Bytes that an entry's contents take, hidden state included. */
export function contentBytes(machine: Machine, handle: number): number {
  const word1 = machine.memory.word1(handle)
  const type = word1 >>> 16
  const length = word1 & LENGTH_MASK
  if (isBlock(type)) return length * BLOCK_LENGTH_UNIT_BYTES
  const bytes = type & TYPE.array ? length * elementBytes(type) : length + machine.classOf(handle).hiddenBytes
  return Math.ceil(bytes / OBJECT_ALIGNMENT) * OBJECT_ALIGNMENT
}

/** Heap and CLEAR_ON_RESET arrays move down, CLEAR_ON_DESELECT arrays up. */
function compact({ memory, machine }: Jcre, handles: number[]): void {
  let heapTop = memory.heapStart
  let resetTop = memory.nvSizeBytes
  let deselectBottom = memory.stackStart
  handles.sort((a, b) => memory.addressOf(a) - memory.addressOf(b))
  for (const handle of handles) {
    const address = memory.addressOf(handle)
    const size = contentBytes(machine, handle)
    if (memory.word0(handle) < 0) continue
    if (address >= memory.nvSizeBytes) {
      memory.relocate(handle, resetTop, size)
      resetTop += size
    } else if (memory.relocate(handle, heapTop, size)) heapTop += size
    else {
      memory.wipe(heapTop, address)
      heapTop = address + size
    }
  }
  for (const handle of handles.reverse()) {
    if (((memory.word0(handle) >>> 24) & DESELECT_OWNER) === 0) continue
    deselectBottom -= contentBytes(machine, handle)
    memory.relocate(handle, deselectBottom, contentBytes(machine, handle))
  }
  memory.finishCollection({ heapTop, resetTop, deselectBottom })
}
