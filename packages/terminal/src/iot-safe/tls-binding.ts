import type { TLSSocket } from 'node:tls'
import { ByteWriter } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { isCardRefusal } from '../meter-security-client.ts'
import {
  type BindingRole,
  bindingExporterBytes,
  bindingExporterLabel,
  bindingStatement,
  emitBindingProof,
  mostBindingProofBytes,
  parseBindingProof,
  refused,
  requireBindingProof,
} from './binding-proof.ts'
import type { IotSafeClient, IotSafeReference } from './iot-safe-client.ts'

/** This end: who it is, and its card, which signs a statement whole. @returns r || s */
export interface BindingSigner {
  readonly identity: Uint8Array
  sign(statement: Uint8Array): Promise<Uint8Array>
}

/** The key of an IoT SAFE applet as signer. */
export function iotSafeSigner(client: IotSafeClient, key: IotSafeReference, identity: Uint8Array): BindingSigner {
  return {
    identity,
    async sign(statement) {
      const signature = await client.sign(key, { text: statement })
      if (isCardRefusal(signature)) throw refused(`the card does not sign: ${signature.sw.toString(16)}`, 'card')
      return signature
    },
  }
}

export interface BindChannelOptions {
  readonly crypto: CryptoProvider
  readonly own: BindingSigner
  /** Whom a client wants to speak to. A server learns it from the proof. */
  readonly peerIdentity?: Uint8Array
  /** The identity key that somebody is known by, 04 || x || y on P-256; undefined for strangers. */
  readonly publicKeyOf: (identity: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>
  /** For the whole exchange. Default: 10 s. */
  readonly timeoutMs?: number
}

const LENGTH_BYTES = 2
const DEFAULT_TIMEOUT_MS = 10_000

/**
 * The value of this channel, for both its ends and no other: of TLS 1.3 only, where no two channels share it. In TLS 1.2 it
 * needs the extended master secret, which Node does not let us ask for.
 *
 * @throws TerminalError `TERMINAL_BINDING_REFUSED`, `place.reason` is `protocol`
 * @source RFC 9266 §2 and §4.2
 */
export function channelExporter(socket: TLSSocket): Uint8Array {
  if (socket.getProtocol() !== 'TLSv1.3') throw refused('only TLS 1.3 channels are bound', 'protocol')
  const value = socket.exportKeyingMaterial(bindingExporterBytes, bindingExporterLabel, Buffer.alloc(0))
  return new Uint8Array(value)
}

/**
 * Binds an open TLS 1.3 channel to the cards at its two ends, before anything else is said in it. The client proves itself
 * first; a server's card signs nothing for a stranger. What the peer sends behind its proof stays in the socket.
 *
 * @returns the peer's identity
 * @throws TerminalError `TERMINAL_BINDING_REFUSED`; the socket is destroyed then
 */
export async function bindChannel(
  socket: TLSSocket,
  role: BindingRole,
  options: BindChannelOptions,
): Promise<{ readonly peerIdentity: Uint8Array }> {
  try {
    const exporter = channelExporter(socket)
    if (role === 'client') {
      const { peerIdentity } = options
      if (peerIdentity === undefined) throw refused('a client says whom it speaks to', 'stranger')
      await sendProof(socket, { role, exporter, peerIdentity }, options)
      return await requirePeer(socket, { role: 'server', exporter }, options)
    }
    const peer = await requirePeer(socket, { role: 'client', exporter }, options)
    await sendProof(socket, { role, exporter, ...peer }, options)
    return peer
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function sendProof(
  socket: TLSSocket,
  end: { readonly role: BindingRole; readonly exporter: Uint8Array; readonly peerIdentity: Uint8Array },
  { own }: BindChannelOptions,
): Promise<void> {
  const { identity } = own
  const signature = await own.sign(bindingStatement({ ...end, identity }))
  const proof = emitBindingProof({ role: end.role, identity, signature })
  socket.write(new ByteWriter().u16(proof.length).bytes(proof).toBytes())
}

async function requirePeer(
  socket: TLSSocket,
  { role, exporter }: { readonly role: BindingRole; readonly exporter: Uint8Array },
  options: BindChannelOptions,
): Promise<{ readonly peerIdentity: Uint8Array }> {
  const { crypto, own, peerIdentity, publicKeyOf, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const proof = parseBindingProof(await receiveProof(socket, timeoutMs))
  if (peerIdentity !== undefined && !crypto.constantTimeEqual(proof.identity, peerIdentity)) {
    throw refused('somebody else answers than was called', 'stranger')
  }
  const publicKey = await publicKeyOf(proof.identity)
  if (publicKey === undefined) throw refused('nobody knows the key of that peer', 'stranger')
  requireBindingProof({ proof, role, exporter, identity: own.identity, publicKey, crypto })
  return { peerIdentity: proof.identity }
}

/** Two bytes of length, and so many bytes; what follows them stays in the socket. */
async function receiveProof(socket: TLSSocket, timeoutMs: number): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(timeoutMs)
  const head = await receive(socket, LENGTH_BYTES, signal)
  const length = head[0]! * 256 + head[1]!
  if (length === 0 || length > mostBindingProofBytes) throw refused('no binding proof is that long', 'form')
  return receive(socket, length, signal)
}

function receive(socket: TLSSocket, lengthBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      socket.off('readable', look).off('end', ended).off('close', ended).off('error', failed)
      signal.removeEventListener('abort', late)
      outcome()
    }
    const look = () => {
      const chunk = socket.read(lengthBytes) as Buffer | null
      // At its end a stream gives the rest, whatever was asked for.
      if (chunk !== null && chunk.length < lengthBytes) ended()
      else if (chunk !== null) settle(() => resolve(new Uint8Array(chunk)))
    }
    const ended = () => settle(() => reject(refused('the peer went away before it proved itself', 'ended')))
    const failed = (cause: Error) => settle(() => reject(refused('the channel broke', 'ended', { cause })))
    const late = () => settle(() => reject(refused('the peer did not prove itself in time', 'time')))
    if (signal.aborted) return late()
    socket.on('readable', look).on('end', ended).on('close', ended).on('error', failed)
    signal.addEventListener('abort', late)
    if (socket.destroyed) ended()
    else look()
  })
}
