import { ByteReader, BytesError, ByteWriter, concatBytes } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { ecDomain } from '@gridcard/crypto'
import { TerminalError } from '../errors.ts'

/**
 * A card's word that its device is at one end of one TLS channel: a signature over the value that the channel exports
 * (RFC 9266), the end it is at, who it is, and whom it speaks to. Good on no other channel, for no other end and peer.
 */
export interface BindingProof {
  /** Who opened the connection, or who was called. */
  readonly role: BindingRole
  /** Of the signer, 1 to 255 bytes: a system title, an EUI-64, a name. */
  readonly identity: Uint8Array
  /** r || s on P-256 with SHA-256. */
  readonly signature: Uint8Array
}
export type BindingRole = 'client' | 'server'

/** What is signed of. */
export interface BindingStatement {
  readonly role: BindingRole
  /** 32 bytes that both ends of one channel derive, and nobody else. @source RFC 9266 §2 */
  readonly exporter: Uint8Array
  readonly identity: Uint8Array
  readonly peerIdentity: Uint8Array
}

export const bindingExporterBytes = 32
/** @source RFC 9266 §2 */
export const bindingExporterLabel = 'EXPORTER-Channel-Binding'
/** No TLS message that is signed begins so: those begin with 64 spaces, or are hashes of handshakes. */
const PURPOSE = new TextEncoder().encode('Gridcard TLS channel binding 1\0')
const ROLES = { client: 1, server: 2 } as const
const MAGIC = 0x47434201 // "GCB", version 1
const SIGNATURE_BYTES = 64
const MOST_IDENTITY_BYTES = 255
/** Longest proof on the wire. */
export const mostBindingProofBytes = 4 + 1 + 1 + MOST_IDENTITY_BYTES + SIGNATURE_BYTES

/**
 * The text that the card signs whole.
 * @throws TerminalError `TERMINAL_BINDING_REFUSED` for an exporter that is not 32 bytes, or an identity that no proof holds
 */
export function bindingStatement({ role, exporter, identity, peerIdentity }: BindingStatement): Uint8Array {
  if (exporter.length !== bindingExporterBytes) throw refused('the exported value has another length', 'exporter')
  requireIdentity(identity)
  requireIdentity(peerIdentity)
  const named = [identity, peerIdentity].flatMap((one) => [Uint8Array.of(one.length), one])
  return concatBytes(PURPOSE, Uint8Array.of(ROLES[role]), exporter, ...named)
}

/** "GCB" 01, role, identity with its length, signature. */
export function emitBindingProof({ role, identity, signature }: BindingProof): Uint8Array {
  requireIdentity(identity)
  if (signature.length !== SIGNATURE_BYTES) throw refused('a signature has 64 bytes', 'form')
  const writer = new ByteWriter().u32(MAGIC).u8(ROLES[role]).u8(identity.length)
  return writer.bytes(identity).bytes(signature).toBytes()
}

/** @throws TerminalError `TERMINAL_BINDING_REFUSED`, `place.reason` is `form` */
export function parseBindingProof(bytes: Uint8Array): BindingProof {
  try {
    const reader = new ByteReader(bytes)
    const magic = reader.u32()
    const number = reader.u8()
    const role = (Object.keys(ROLES) as BindingRole[]).find((one) => ROLES[one] === number)
    const identity = reader.take(reader.u8())
    const signature = reader.take(SIGNATURE_BYTES)
    if (magic !== MAGIC || role === undefined || identity.length === 0 || !reader.isAtEnd) {
      throw refused('what came is no binding proof', 'form')
    }
    return { role, identity, signature }
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw refused('the binding proof is cut off', 'form')
  }
}

/**
 * Looks at a peer's proof from this end of the channel.
 *
 * @param o.publicKey the identity key that the peer is known by: 04 || x || y, from its certificate or its registration
 * @throws TerminalError `TERMINAL_BINDING_REFUSED`; `place.reason` is `role` or `signature`
 */
export function requireBindingProof(o: {
  readonly proof: BindingProof
  /** Of the peer. */
  readonly role: BindingRole
  readonly exporter: Uint8Array
  /** Of this end. */
  readonly identity: Uint8Array
  readonly publicKey: Uint8Array
  readonly crypto: CryptoProvider
}): void {
  const { proof, role, exporter, identity, publicKey, crypto } = o
  if (proof.role !== role) throw refused('the proof is one of our own end', 'role')
  const statement = bindingStatement({ role, exporter, identity: proof.identity, peerIdentity: identity })
  const verifier = crypto.createEcdsaVerifier(
    { domain: ecDomain('P-256'), hash: 'sha256', encoding: 'plain' },
    publicKey,
  )
  if (!verifier.verify(statement, proof.signature)) {
    throw refused('the proof was not signed by that card for this channel', 'signature')
  }
}

function requireIdentity(identity: Uint8Array): void {
  if (identity.length === 0 || identity.length > MOST_IDENTITY_BYTES)
    throw refused('an identity has 1 to 255 bytes', 'form')
}

/** Why a channel is not bound; `reason` is for logs and tests, the peer is told nothing. */
export type BindingRefusal =
  | 'exporter'
  | 'form'
  | 'role'
  | 'signature'
  | 'protocol'
  | 'stranger'
  | 'ended'
  | 'time'
  | 'card'

export function refused(message: string, reason: BindingRefusal, options?: ErrorOptions): TerminalError {
  return new TerminalError('TERMINAL_BINDING_REFUSED', message, { reason }, options)
}
