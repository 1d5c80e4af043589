import { BytesError, concatBytes, equalBytes, type Tlv } from '@gridcard/bytes'
import { type CapFile, CapFormatError, parseComponents } from '@gridcard/cap'
import { type HashName, unpadIso } from '@gridcard/crypto'
import { loadPackage } from '../../runtime/loader.ts'
import { NO_OWNER } from '../../vm/memory/handle-entry.ts'
import { confirmation } from '../content-authority.ts'
import { type Answer, answer, type DomainCommand, type DomainContext, OK_00 } from '../context.ts'
import { component, KEY_TYPE } from '../domain-keys.ts'
import { hasPrivilege } from '../privileges.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { keyFor, loadFileKey, verifySignature } from '../signatures.ts'
import { commandTlvs, findTlv } from '../tlv-objects.ts'

const P1_LAST = 0x80
const TAG = { dap: 0xe2, aid: 0x4f, signature: 0xc3, block: 0xc4, icv: 0xd3, ciphered: 0xd4 } as const
/** @source GPC 2.3.1 §C.2 */
const HASH_BY_LENGTH: Readonly<Record<number, HashName>> = { 20: 'sha1', 32: 'sha256', 48: 'sha384', 64: 'sha512' }

/** What INSTALL [for load] began. Kept while the application session lasts. */
export interface PendingLoad {
  readonly aid: Uint8Array
  /** Owner of the domain that the load file will belong to. */
  readonly domain: number
  readonly hash: Uint8Array
  readonly objects: readonly Tlv[]
  /** A new version of a load file that is on the card. */
  readonly isUpgrade: boolean
  readonly isAuthorized: boolean
  readonly tokenIdentifier: Uint8Array | undefined
  /** Of INSTALL [for load, install and make selectable]: what its token covers, until the last command brings that. */
  readonly combined: Uint8Array | undefined
  readonly nextBlock: number
  readonly blocks: readonly Uint8Array[]
  readonly lengthBytes: number
  /** All blocks are here, checked: what remains is to install. */
  readonly cap?: CapFile
}

/** LOAD: one block; after the last one the load file is checked and becomes an executable load file. @source GPC 2.3.1 §11.6 */
export function load(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { channel, jcre } = context
  const pending = channel.load
  channel.load = undefined
  requireThat(pending !== undefined && pending.cap === undefined, GP_SW.conditions)
  requireThat(p2 === pending.nextBlock, GP_SW.incorrectP1P2)
  const lengthBytes = pending.lengthBytes + data.length
  requireThat(lengthBytes <= jcre.memory.availablePersistentBytes(NO_OWNER), GP_SW.notEnoughMemory)
  const blocks = [...pending.blocks, data]
  if ((p1 & P1_LAST) === 0) {
    requireThat(pending.nextBlock < 0xff, GP_SW.incorrectP1P2)
    channel.load = { ...pending, nextBlock: pending.nextBlock + 1, blocks, lengthBytes }
    return OK_00
  }
  const cap = checkedPackage(context, pending, concatBytes(...blocks))
  if (pending.combined !== undefined) {
    channel.load = { ...pending, cap }
    return OK_00
  }
  if (pending.isUpgrade) takeNewVersion(context, pending, cap)
  else storePackage(context, pending, cap)
  const domainAid = jcre.registry.ownedBy(pending.domain)!.aid
  const fields = [pending.aid, domainAid]
  return answer(confirmation(context, pending.isAuthorized, { fields, identifier: pending.tokenIdentifier }))
}

/** The session may have ended meanwhile. */
function takeNewVersion({ gp }: DomainContext, { aid }: PendingLoad, cap: CapFile): void {
  requireThat(gp.upgrade.awaits(aid), GP_SW.conditions)
  gp.upgrade.takeLoadFile(cap)
}

export function storePackage({ gp, jcre }: DomainContext, pending: PendingLoad, cap: CapFile): void {
  gp.loadingPackage = { domain: pending.domain, objects: pending.objects }
  try {
    loadPackage(jcre, cap)
  } finally {
    gp.loadingPackage = undefined
  }
}

/** Everything that is asked of a load file before it may be on the card. */
function checkedPackage(context: DomainContext, pending: PendingLoad, file: Uint8Array): CapFile {
  const { daps, icv, block, isCiphered } = parseLoadFile(file)
  const domain = context.registry.requireApplication(pending.domain)
  requireThat(isCiphered === hasPrivilege(domain.entry.privileges, 'cipheredLoadFileDataBlock'), GP_SW.wrongData)
  const plain = isCiphered ? decipher(context, pending.domain, block, icv) : block
  requireHash(context, pending, plain, daps.length > 0 || isCiphered)
  requireDaps(context, pending, daps)
  const cap = parsePackage(plain)
  requireThat(equalBytes(cap.header.package.aid, pending.aid), GP_SW.wrongData)
  return cap
}

/** DAP blocks, then the data block, to the last byte. @source GPC 2.3.1 table 11-58 */
function parseLoadFile(file: Uint8Array) {
  const objects = commandTlvs(file)
  const daps = objects.filter(({ tag }) => tag === TAG.dap)
  const last = objects.at(-1)
  const others = objects.slice(0, -1).filter(({ tag }) => tag !== TAG.dap)
  const icv = others.find(({ tag }) => tag === TAG.icv)?.value
  requireThat(last !== undefined && (last.tag === TAG.block || last.tag === TAG.ciphered), GP_SW.wrongData)
  const isCiphered = last.tag === TAG.ciphered
  requireThat(others.length === (icv ? 1 : 0) && (icv === undefined || isCiphered), GP_SW.wrongData)
  return { daps, icv, block: last.value, isCiphered }
}

/** @source GPC 2.3.1 §C.6 */
function decipher(
  { registry, crypto }: DomainContext,
  domain: number,
  block: Uint8Array,
  icv?: Uint8Array,
): Uint8Array {
  const key = loadFileKey(registry.domain(domain).keys)
  requireThat(key !== undefined, GP_SW.conditions)
  const aes = component(key, KEY_TYPE.aes)
  const des = component(key, KEY_TYPE.des)
  const blockBytes = aes ? 16 : 8
  const iv = icv ?? new Uint8Array(blockBytes)
  requireThat(block.length > 0 && block.length % blockBytes === 0 && iv.length === blockBytes, GP_SW.wrongData)
  const padded = aes ? crypto.aesCbcDecrypt(aes, iv, block) : des ? crypto.desCbcDecrypt(des, iv, block) : undefined
  return (padded && unpadIso(padded)) ?? refuse(GP_SW.wrongData)
}

/** @source GPC 2.3.1 §C.2 */
function requireHash({ crypto }: DomainContext, { hash }: PendingLoad, block: Uint8Array, isNeeded: boolean): void {
  if (hash.length === 0) {
    requireThat(!isNeeded, GP_SW.wrongData)
    return
  }
  const name = HASH_BY_LENGTH[hash.length] ?? refuse(GP_SW.wrongData)
  requireThat(equalBytes(crypto.hash(name, block), hash), GP_SW.wrongData)
}

/**
 * Each DAP block that names a verifying domain has to be right; the domain that gets the load file, and every one that
 * mandates it, must have its own. @source GPC 2.3.1 §9.2.1, §C.3
 */
function requireDaps(context: DomainContext, pending: PendingLoad, daps: readonly Tlv[]): void {
  const { registry, crypto } = context
  const signed = new Set<number>()
  for (const { value } of daps) {
    const objects = commandTlvs(value)
    const [aid, signature] = [findTlv(objects, TAG.aid), findTlv(objects, TAG.signature)]
    requireThat(aid !== undefined && signature !== undefined, GP_SW.wrongData)
    const verifier = registry.applicationByAid(aid)
    requireThat(verifier !== undefined, GP_SW.referencedDataNotFound)
    requireThat(hasPrivilege(verifier.entry.privileges, 'dapVerification'), GP_SW.conditions)
    const { keys } = registry.domain(verifier.entry.owner)
    const key = keyFor(keys, 'dap')
    requireThat(key !== undefined, GP_SW.conditions)
    requireThat(verifySignature(crypto, key, keys, pending.hash, signature), GP_SW.securityStatus)
    signed.add(verifier.entry.owner)
  }
  const isBound = registry.hasPrivilege(pending.domain, 'dapVerification')
  const needed = registry.withPrivilege('mandatedDapVerification').map(({ entry }) => entry.owner)
  for (const owner of isBound ? [pending.domain, ...needed] : needed)
    requireThat(signed.has(owner), GP_SW.securityStatus)
}

function parsePackage(block: Uint8Array): CapFile {
  try {
    return parseComponents(block)
  } catch (error) {
    if (error instanceof CapFormatError || error instanceof BytesError) refuse(GP_SW.wrongData)
    throw error
  }
}
