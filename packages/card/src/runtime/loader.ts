import { GridcardError, toHex } from '@gridcard/bytes'
import {
  type CapFile,
  emitComponents,
  parseComponents,
  STATIC_ARRAY_TYPES,
  verifyCapFile,
  verifyFindingText,
} from '@gridcard/cap'
import type { CryptoProvider } from '@gridcard/crypto'
import { CardError } from '../errors.ts'
import { cachedFacts, cachedLink, type LoadFileFacts } from '../vm/link/link-cache.ts'
import type { LinkedImport, LinkedPackage } from '../vm/link/linked-package.ts'
import { linkPackage } from '../vm/link/linker.ts'
import { FIRST_LOADED_CLASS_ID, type NativeLibrary } from '../vm/link/native-library.ts'
import { FIRST_PACKAGE_CONTEXT, type Machine, type PackageInstance } from '../vm/machine.ts'
import { BLOCK_LENGTH_UNIT_BYTES, BLOCK_TYPE, elementBytes, LENGTH_MASK, TYPE } from '../vm/memory/handle-entry.ts'
import {
  blocksOf,
  emitPackageRecord,
  isOwnerNumber,
  type PackageRecord,
  parsePackageRecord,
} from './applet-registry.ts'
import type { Jcre } from './jcre.ts'
import { emitStoredLoadFile } from './stored-load-file.ts'

const LAST_PACKAGE_SLOT = 0x7f
const LAST_CLASS_ID = BLOCK_TYPE.globalPlatform - 1

/**
 * Takes a package onto the card: links it, then stores its components, static fields and record in one transaction.
 * What linking does not need is not kept.
 *
 * @throws CardError `CARD_PACKAGE_EXISTS`, `CARD_PACKAGE_UNVERIFIED`, `CARD_PACKAGE_LIMIT`, `CARD_IMPORT_MISSING`, `CARD_MEMORY_FULL`, `CARD_LINK_...`
 * @source JCVM 3.1 §4.5; JCRE 3.1 §11.1.5
 */
export function loadPackage(jcre: Jcre, cap: CapFile): PackageInstance {
  const { memory, machine } = jcre
  const aid = toHex(cap.header.package.aid)
  for (const one of [cap.header.package, ...(cap.header.packages ?? [])].map((info) => toHex(info.aid))) {
    if (isTaken(machine, one) || jcre.natives.hasPackage(one)) {
      throw new CardError('CARD_PACKAGE_EXISTS', `package ${one} is on the card already`, { package: one })
    }
  }
  requireVerified(jcre, cap, aid)
  const loadFile = emitStoredLoadFile(cap)
  const linked = linkLoadFile(jcre.crypto, jcre.natives, machine, loadFile)
  const { root } = memory
  const slot = findFreeSlot(machine)
  const owner = machine.findFreeOwner()
  const firstClassId = findFreeClassIds(machine, linked.classes.length)
  const isWithinLimits =
    slot <= LAST_PACKAGE_SLOT && owner !== 0 && firstClassId + linked.classes.length - 1 <= LAST_CLASS_ID
  if (!isWithinLimits) {
    throw new CardError('CARD_PACKAGE_LIMIT', 'the card has no numbers left for another package', { package: aid })
  }
  memory.begin()
  try {
    const statics = cap.staticFields.imageSizeBytes
    const record: PackageRecord = {
      slot,
      owner,
      firstClassId,
      loadFile: memory.newBlock(BLOCK_TYPE.loadFile, loadFile),
      loadFileBytes: loadFile.length,
      statics: statics === 0 ? 0 : memory.newBlock(BLOCK_TYPE.staticFields, new Uint8Array(statics)),
    }
    root.nextPackageSlot = Math.max(root.nextPackageSlot, slot + 1)
    root.nextOwner = Math.max(root.nextOwner, owner + 1)
    root.nextClassId = Math.max(root.nextClassId, firstClassId + linked.classes.length)
    if (record.statics !== 0) initialiseStatics(jcre, cap, record)
    memory.newBlock(BLOCK_TYPE.packageRecord, emitPackageRecord(record))
    jcre.open?.loading(slot, linked)
    memory.commit()
    const instance = instanceOf(jcre, linked, record)
    machine.addPackage(instance)
    return instance
  } catch (error) {
    if (memory.inTransaction && !(error instanceof CardError && error.code === 'CARD_POWER_CUT')) memory.abort()
    throw error
  }
}

/**
 * What needs a Descriptor, or facts of packages that only this card knows, stays unchecked unless the profile wants proof;
 * the card's own checks hold anyway.
 */
function requireVerified({ profile }: Jcre, cap: CapFile, aid: string): void {
  if (!profile.requireVerified) return
  const refuse = (why: string): never => {
    throw new CardError('CARD_PACKAGE_UNVERIFIED', `the verifier refuses package ${aid}: ${why}`, { package: aid })
  }
  const findings = verifyCapFile(cap)
  const violation = findings.find((one) => one.severity === 'violation')
  if (violation) refuse(verifyFindingText(violation))
  if (profile.requireVerified !== 'proved') return
  if (!cap.descriptor) refuse('without Descriptor its types are not known')
  const unchecked = findings.find((one) => one.severity === 'unchecked')
  if (unchecked) refuse(verifyFindingText(unchecked))
}

/**
 * The packages of an image, linked again (or found in the cache).
 * @throws CardError `CARD_IMAGE_CORRUPT`
 */
export function restorePackages(jcre: Jcre): void {
  const { memory } = jcre
  let waiting = blocksOf(memory, BLOCK_TYPE.packageRecord).map((handle) => parsePackageRecord(memory, handle))
  // Handles are given out again, so a package may stand before one that it imports.
  for (;;) {
    const stillWaiting = waiting.filter((record) => !restorePackage(jcre, record))
    if (stillWaiting.length === 0) return
    if (stillWaiting.length === waiting.length) {
      throw new CardError('CARD_IMAGE_CORRUPT', 'packages in the image import what is not there')
    }
    waiting = stillWaiting
  }
}

/** The packages of another card with the same image. */
export function adoptPackages(jcre: Jcre, from: Jcre): void {
  for (const one of from.machine.packageList) {
    jcre.machine.addPackage({ ...one, code: jcre.machine.monitor?.codeOf(one.linked) ?? one.linked.code })
  }
  jcre.machine.pausedContext = from.machine.pausedContext
  for (const [owner, quota] of from.memory.quotas) jcre.memory.quotas.set(owner, quota)
}

/**
 * The load file of a new version, with the initial values of its static fields: it can be linked, in the place of the old one.
 * @throws CardError `CARD_PACKAGE_UNVERIFIED`, `CARD_IMPORT_MISSING`, `CARD_LINK_...`
 */
export function requireReplacement(jcre: Jcre, cap: CapFile): Uint8Array {
  const aid = toHex(cap.header.package.aid)
  requireVerified(jcre, cap, aid)
  linkLoadFile(jcre.crypto, jcre.natives, jcre.machine, emitStoredLoadFile(cap))
  return emitComponents(cap)
}

/**
 * Puts what `requireReplacement` gave, which is on the card by now, in the place of a package: same slot, context and owner,
 * new classes and static fields. Joins the transaction that runs; if that is undone, the caller adds the old package again.
 * @throws CardError `CARD_PACKAGE_LIMIT`, `CARD_IMPORT_MISSING`, `CARD_MEMORY_FULL`
 */
export function replacePackage(
  jcre: Jcre,
  old: PackageInstance,
  waiting: { readonly loadFile: number; readonly loadFileBytes: number },
): PackageInstance {
  const { memory, machine } = jcre
  const { root } = memory
  const at = memory.addressOf(waiting.loadFile)
  const cap = parseComponents(memory.u8.slice(at, at + waiting.loadFileBytes))
  const loadFile = emitStoredLoadFile(cap)
  const linked = linkLoadFile(jcre.crypto, jcre.natives, machine, loadFile)
  const firstClassId = findFreeClassIds(machine, linked.classes.length)
  if (firstClassId + linked.classes.length - 1 > LAST_CLASS_ID) {
    throw new CardError('CARD_PACKAGE_LIMIT', 'the card has no numbers left for another package', {
      package: linked.aid,
    })
  }
  const statics = cap.staticFields.imageSizeBytes
  const { slot, owner } = old
  const record: PackageRecord = {
    slot,
    owner,
    firstClassId,
    loadFile: memory.newBlock(BLOCK_TYPE.loadFile, loadFile),
    loadFileBytes: loadFile.length,
    statics: statics === 0 ? 0 : memory.newBlock(BLOCK_TYPE.staticFields, new Uint8Array(statics)),
  }
  if (record.statics !== 0) initialiseStatics(jcre, cap, record)
  root.nextClassId = Math.max(root.nextClassId, firstClassId + linked.classes.length)
  const handle = blocksOf(memory, BLOCK_TYPE.packageRecord).find(
    (one) => parsePackageRecord(memory, one).slot === slot,
  )!
  if (!memory.putBytes(memory.addressOf(handle), emitPackageRecord(record))) {
    throw new CardError('CARD_MEMORY_FULL', 'the commit buffer is full')
  }
  const instance = instanceOf(jcre, linked, record)
  machine.removePackage(old)
  machine.addPackage(instance)
  return instance
}

/** False if it imports a package that is not restored yet. */
function restorePackage(jcre: Jcre, record: PackageRecord): boolean {
  const { memory, machine } = jcre
  if (record.loadFile === 0 && jcre.open) {
    requireFreeNumbers(jcre, record)
    machine.addPackage(instanceOf(jcre, jcre.open.securityDomainPackage, record))
    return true
  }
  requireSoundRecord(jcre, record)
  const at = memory.addressOf(record.loadFile)
  const loadFile = memory.u8.slice(at, at + record.loadFileBytes)
  const linked = relink(jcre, loadFile)
  if (linked === undefined) return false
  const staticBytes = record.statics === 0 ? 0 : (memory.word1(record.statics) & LENGTH_MASK) * BLOCK_LENGTH_UNIT_BYTES
  if (linked.staticImageBytes > staticBytes || record.firstClassId + linked.classes.length - 1 > LAST_CLASS_ID) {
    throw new CardError('CARD_IMAGE_CORRUPT', 'a package and its record in the image contradict each other')
  }
  machine.addPackage(instanceOf(jcre, linked, record))
  return true
}

function findFreeSlot(machine: Machine): number {
  // biome-ignore lint/complexity/useIndexOf: indexOf does not see holes
  const free = machine.packages.findIndex((one) => one === undefined)
  return free === -1 ? machine.packages.length : free
}

/** The first gap between the class ids of the packages, or the end. */
function findFreeClassIds(machine: Machine, count: number): number {
  let first = FIRST_LOADED_CLASS_ID
  for (const one of machine.packageList.sort((a, b) => a.firstClassId - b.firstClassId)) {
    if (one.firstClassId - first >= count) return first
    first = one.firstClassId + one.linked.classes.length
  }
  return first
}

function relink(jcre: Jcre, loadFile: Uint8Array): LinkedPackage | undefined {
  try {
    return linkLoadFile(jcre.crypto, jcre.natives, jcre.machine, loadFile)
  } catch (cause) {
    if (!(cause instanceof GridcardError)) throw cause
    if (cause.code === 'CARD_IMPORT_MISSING') return undefined
    throw new CardError(
      'CARD_IMAGE_CORRUPT',
      `a package in the image cannot be linked: ${cause.message}`,
      {},
      { cause },
    )
  }
}

/** The package whose code is part of the card: its record holds its numbers only. */
export function addNativePackage(jcre: Jcre, linked: LinkedPackage): PackageInstance {
  const { memory, machine } = jcre
  const slot = findFreeSlot(machine)
  const owner = machine.findFreeOwner()
  const record: PackageRecord = {
    slot,
    owner,
    firstClassId: FIRST_LOADED_CLASS_ID,
    loadFile: 0,
    loadFileBytes: 0,
    statics: 0,
  }
  memory.begin()
  memory.root.nextPackageSlot = Math.max(memory.root.nextPackageSlot, slot + 1)
  memory.root.nextOwner = Math.max(memory.root.nextOwner, owner + 1)
  memory.newBlock(BLOCK_TYPE.packageRecord, emitPackageRecord(record))
  memory.commit()
  const instance = instanceOf(jcre, linked, record)
  machine.addPackage(instance)
  return instance
}

function requireFreeNumbers({ machine }: Jcre, { slot, owner }: PackageRecord): void {
  if (slot <= LAST_PACKAGE_SLOT && machine.packages[slot] === undefined && isOwnerNumber(owner)) return
  throw new CardError('CARD_IMAGE_CORRUPT', 'a package record contradicts the image')
}

function requireSoundRecord(jcre: Jcre, record: PackageRecord): void {
  const { memory, machine } = jcre
  const holds = (handle: number, type: number, bytes: number) =>
    handle < memory.root.handleCount &&
    memory.word1(handle) >>> 16 === type &&
    (memory.word1(handle) & LENGTH_MASK) * BLOCK_LENGTH_UNIT_BYTES >= bytes
  const isSound =
    record.slot <= LAST_PACKAGE_SLOT &&
    machine.packages[record.slot] === undefined &&
    isOwnerNumber(record.owner) &&
    record.firstClassId >= FIRST_LOADED_CLASS_ID &&
    record.firstClassId <= LAST_CLASS_ID &&
    holds(record.loadFile, BLOCK_TYPE.loadFile, record.loadFileBytes) &&
    (record.statics === 0 || holds(record.statics, BLOCK_TYPE.staticFields, 0))
  if (!isSound) throw new CardError('CARD_IMAGE_CORRUPT', 'a package record contradicts the image')
}

/** Bytes of the image that a package takes, without its handle entries. */
export function packageSizeBytes(jcre: Jcre, instance: PackageInstance): number {
  const { memory } = jcre
  const records = blocksOf(memory, BLOCK_TYPE.packageRecord).map((handle) => parsePackageRecord(memory, handle))
  const record = records.find((one) => one.slot === instance.slot)!
  const bytesOf = (handle: number) => (handle === 0 ? 0 : (memory.word1(handle) & 0xffff) * 4)
  return bytesOf(record.loadFile) + bytesOf(record.statics)
}

/** As a load file, or as a package in one. */
function isTaken(machine: Machine, aid: string): boolean {
  return machine.packageList.some(({ linked }) => linked.aid === aid || linked.exports.some((one) => one.aid === aid))
}

/** Same AID and major version, minor not below. @source JCVM 3.1 §4.5 */
function findExported(machine: Machine, aid: string, major: number, minor: number): LinkedImport | undefined {
  for (const { linked } of machine.packageList) {
    const found = linked.exports.find((one) => {
      return one.aid === aid && one.version.major === major && one.version.minor >= minor
    })
    if (found) return { package: linked, classes: found.classes }
  }
  return undefined
}

function linkLoadFile(
  crypto: CryptoProvider,
  natives: NativeLibrary,
  machine: Machine,
  loadFile: Uint8Array,
): LinkedPackage {
  const digest = toHex(crypto.sha256(loadFile))
  let parsed: CapFile | undefined
  const cap = () => {
    parsed ??= parseComponents(loadFile)
    return parsed
  }
  const facts = cachedFacts(digest, () => factsOf(cap()))
  const imports = facts.imports.map(({ aid, major, minor }) => {
    const loaded = findExported(machine, aid, major, minor)
    if (loaded) return loaded
    const found = natives.findPackage(aid, major, minor)
    if (found) return { package: found, classes: found.exportedClasses }
    throw new CardError('CARD_IMPORT_MISSING', `imported package ${aid} ${major}.${minor} is not on the card`, {
      package: facts.aid,
      import: aid,
      version: `${major}.${minor}`,
    })
  })
  const key = [digest, ...imports.map((one) => one.package.key)].join(' ')
  return cachedLink(key, () => linkPackage(cap(), loadFile, key, imports, natives))
}

function factsOf(cap: CapFile): LoadFileFacts {
  return {
    aid: toHex(cap.header.package.aid),
    imports: cap.imports.map(({ aid, version }) => ({ aid: toHex(aid), ...version })),
  }
}

function instanceOf(jcre: Jcre, linked: LinkedPackage, record: PackageRecord): PackageInstance {
  return {
    linked,
    code: jcre.machine.monitor?.codeOf(linked) ?? linked.code,
    slot: record.slot,
    firstClassId: record.firstClassId,
    context: FIRST_PACKAGE_CONTEXT + record.slot,
    owner: record.owner,
    loadFile: record.loadFile,
    staticsAddress: record.statics === 0 ? 0 : jcre.memory.addressOf(record.statics),
  }
}

/** Static initial values, once per package. @source JCVM 3.1 §6.11 */
function initialiseStatics(jcre: Jcre, cap: CapFile, record: PackageRecord): void {
  const { memory } = jcre
  const { imageSizeBytes, arrayInits, nonDefaultValues } = cap.staticFields
  const at = memory.addressOf(record.statics)
  memory.putBytes(at + imageSizeBytes - nonDefaultValues.length, nonDefaultValues)
  for (const [i, { type, values }] of arrayInits.entries()) {
    const arrayType = TYPE.array | type
    const length = values.length / elementBytes(arrayType)
    const handle = memory.newPersistent(record.owner, arrayType, length, values.length)
    if (handle === 0) throw new CardError('CARD_MEMORY_FULL', 'no room for the arrays of static fields')
    memory.putBytes(memory.addressOf(handle), type === STATIC_ARRAY_TYPES.byte ? values : inCells(type, values))
    memory.putStaticShort(at + 2 * i, handle)
  }
}

/** Elements as this memory holds them: shorts little-endian, ints as two such cells, high one first. */
function inCells(type: number, values: Uint8Array): Uint8Array {
  if (type !== STATIC_ARRAY_TYPES.short && type !== STATIC_ARRAY_TYPES.int) return values
  const cells = values.slice()
  for (let i = 0; i < cells.length; i += 2) {
    cells[i] = values[i + 1]!
    cells[i + 1] = values[i]!
  }
  return cells
}
