import { ByteWriter, concatBytes, fromHex } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'

/**
 * What parties sign for the Metering applet: bytes of commands, credential updates, quota grants, key establishment. Numbers are
 * big-endian; times are seconds since 1970-01-01 UTC. Layouts: applets/metering/README.md.
 */

/** First bytes of what is signed for one purpose, so that it is good for no other. */
export const purposes = {
  command: fromHex('47434331'),
  response: fromHex('47435231'),
  credentialUpdate: fromHex('47435531'),
  quotaGrant: fromHex('47435131'),
  keyEstablishment: fromHex('47434B31'),
  logSeal: fromHex('47434C31'),
  token: fromHex('47435431'),
} as const

/** Cells of the credentials: who is who on a device. */
export const partyCells = {
  root: 0,
  recovery: 1,
  supplier: 2,
  networkOperator: 3,
  accessController: 4,
  changeOfSupplier: 5,
  wanProvider: 6,
  issuingAuthority: 7,
} as const
export type PartyCell = (typeof partyCells)[keyof typeof partyCells]

/** Classes of commands, each with counters of its own; 8, 13, 14 and 15 mean something to the card itself. */
export const commandClasses = {
  disconnect: 0,
  reconnect: 1,
  limiter: 2,
  tariff: 3,
  clock: 4,
  firmware: 5,
  keys: 6,
  prepay: 8,
  credential: 13,
  quota: 14,
  unlock: 15,
} as const

export interface CommandHeader {
  /** System title of the device, 8 bytes. */
  readonly target: Uint8Array
  readonly party: number
  readonly commandClass: number
  readonly counter: bigint
  readonly notBefore: number
  readonly notAfter: number
  /** SHA-256 of the payload. */
  readonly payloadHash: Uint8Array
}

/** 58 bytes; `purposes.command` goes before them when they are signed. */
export function emitCommandHeader(o: CommandHeader): Uint8Array {
  return new ByteWriter()
    .bytes(requireLength(o.target, 8))
    .u8(o.party)
    .u8(o.commandClass)
    .bytes(u64(o.counter))
    .u32(o.notBefore)
    .u32(o.notAfter)
    .bytes(requireLength(o.payloadHash, 32))
    .toBytes()
}

export interface CredentialEntry {
  readonly cell: number
  /** No counter of the cell is below it afterwards. */
  readonly counterFloor: bigint
  /** 8 bytes. */
  readonly entity: Uint8Array
  readonly use: 'sign' | 'agree'
  /** Uncompressed point. */
  readonly publicKey: Uint8Array
}

export interface CredentialUpdate {
  readonly target: Uint8Array
  readonly party: number
  readonly newOwner: boolean
  readonly counter: bigint
  readonly entries: readonly CredentialEntry[]
}

/** `purposes.credentialUpdate` goes before it when it is signed. */
export function emitCredentialUpdate(o: CredentialUpdate): Uint8Array {
  const head = new ByteWriter()
    .bytes(requireLength(o.target, 8))
    .u8(o.party)
    .u8(o.newOwner ? 1 : 0)
    .bytes(u64(o.counter))
    .u8(o.entries.length)
  for (const one of o.entries) head.u8(one.cell).bytes(u64(one.counterFloor)).bytes(emitCredential(one))
  return head.toBytes()
}

/** Entity, use, point: also the data of PUT CREDENTIAL. */
export function emitCredential(o: Omit<CredentialEntry, 'cell' | 'counterFloor'>): Uint8Array {
  return concatBytes(requireLength(o.entity, 8), Uint8Array.of(o.use === 'sign' ? 1 : 2), o.publicKey)
}

export interface QuotaGrant {
  readonly target: Uint8Array
  readonly party: number
  readonly index: number
  readonly commandClass: number
  readonly counter: bigint
  readonly notBefore: number
  readonly notAfter: number
  readonly count: number
  /** Root of the tree over the meters, see `meterSetTree`. */
  readonly root: Uint8Array
}

/** 61 bytes; `purposes.quotaGrant` goes before them when they are signed. */
export function emitQuotaGrant(o: QuotaGrant): Uint8Array {
  return new ByteWriter()
    .bytes(requireLength(o.target, 8))
    .u8(o.party)
    .u8(o.index)
    .u8(o.commandClass)
    .bytes(u64(o.counter))
    .u32(o.notBefore)
    .u32(o.notAfter)
    .u16(o.count)
    .bytes(requireLength(o.root, 32))
    .toBytes()
}

/** `purposes.keyEstablishment` goes before it when it is signed: target, cell, counter, ephemeral point. */
export function emitKeyEstablishment(o: {
  readonly target: Uint8Array
  readonly party: number
  readonly counter: bigint
  readonly ephemeralPublicKey: Uint8Array
}): Uint8Array {
  return new ByteWriter()
    .bytes(requireLength(o.target, 8))
    .u8(o.party)
    .bytes(u64(o.counter))
    .bytes(o.ephemeralPublicKey)
    .toBytes()
}

/** The other info under which both sides derive the master key. */
export function keyEstablishmentInfo(target: Uint8Array, counter: bigint): Uint8Array {
  return concatBytes(purposes.keyEstablishment, requireLength(target, 8), u64(counter))
}

/** First half of a prepay token: 7 bits zero, 10 of the counter, 2 of the class, 13 of the amount. */
export function tokenHead(o: {
  readonly counter: bigint
  readonly class: number
  readonly amount: number
}): Uint8Array {
  const head = (Number(o.counter & 0x3ffn) << 15) | ((o.class & 3) << 13) | (o.amount & 0x1fff)
  return new ByteWriter().u32(head).toBytes()
}

/** IV and additional data of a token's GMAC; the last 4 of its 16 bytes are the token's second half. */
export function tokenMacInput(o: {
  readonly issuer: Uint8Array
  readonly target: Uint8Array
  readonly counter: bigint
  readonly head: Uint8Array
}): { readonly iv: Uint8Array; readonly aad: Uint8Array } {
  const counter = u64(o.counter)
  return {
    iv: concatBytes(requireLength(o.issuer, 8), counter.subarray(4)),
    aad: concatBytes(purposes.token, requireLength(o.target, 8), counter, o.head),
  }
}

/** Merkle tree over system titles: leaf 00 || title, node 01 || left || right; an odd node is paired with itself. */
export function meterSetTree(titles: readonly Uint8Array[], sha256: (bytes: Uint8Array) => Uint8Array): MeterSetTree {
  const levels = [titles.map((one) => sha256(concatBytes(Uint8Array.of(0), requireLength(one, 8))))]
  for (let level = levels[0]!; level.length > 1; level = levels.at(-1)!) {
    const pairs = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => [
      level[2 * i]!,
      level[2 * i + 1] ?? level[2 * i]!,
    ])
    levels.push(pairs.map(([left, right]) => sha256(concatBytes(Uint8Array.of(1), left!, right!))))
  }
  return {
    root: levels.at(-1)![0] ?? new Uint8Array(32),
    proof: (position) => ({
      position,
      hashes: levels.slice(0, -1).map((level, depth) => {
        const sibling = (position >> depth) ^ 1
        return level[sibling] ?? level[position >> depth]!
      }),
    }),
  }
}

export interface MeterSetTree {
  readonly root: Uint8Array
  proof(position: number): MeterSetProof
}

export interface MeterSetProof {
  /** Bit n says on which side of its sibling the node of level n stands. */
  readonly position: number
  readonly hashes: readonly Uint8Array[]
}

export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}

function requireLength(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  if (bytes.length === lengthBytes) return bytes
  throw new TerminalError('TERMINAL_BAD_COMMAND', `expected ${lengthBytes} bytes, got ${bytes.length}`)
}
