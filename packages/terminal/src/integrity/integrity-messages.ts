import { ByteReader, ByteWriter, concatBytes, equalBytes, fromHex } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'
import { type MeterSetProof, u64 } from '../metering/metering-messages.ts'
import {
  flagsOf,
  type IntegrityCounters,
  type IntegrityFlags,
  type IntegrityLifeCycle,
  lifeCycleOf,
  readCounters,
  requireLength,
} from './integrity-state.ts'

/**
 * What is signed for and by the Integrity applet: headers of images, authorisations, orders, quotes. Numbers are big-endian;
 * times are seconds since 1970-01-01 UTC. Layouts: applets/integrity/README.md.
 */

/** First bytes of what is signed for one purpose, so that it is good for no other. */
export const integrityPurposes = {
  image: fromHex('47494931'),
  activation: fromHex('47494131'),
  order: fromHex('47494F31'),
  quote: fromHex('47495131'),
} as const

/** Registers 0 to 3 are those of the targets, 4 to 7 the device's, 8 the events'. */
export const integrityRegisters = { firstTarget: 0, firstOfDevice: 4, events: 8, count: 9 } as const

export interface ImageHeader {
  /** Type of device, 4 bytes. */
  readonly type: Uint8Array
  /** Hardware that it runs on, both included, 0..65535. */
  readonly hardwareMin: number
  readonly hardwareMax: number
  /** Which piece of software, 0..3. */
  readonly target: number
  /** 0..2^32 - 1; rises with every release. */
  readonly version: number
  /** 0..2^32 - 1; rises when releases before it are withdrawn. */
  readonly rollback: number
  readonly sizeBytes: number
  /** SHA-256 of the body. */
  readonly hash: Uint8Array
}

export const imageHeaderBytes = 53
const signatureBytes = 64

/** 53 bytes; `integrityPurposes.image` goes before them when they are signed. */
export function emitImageHeader(o: ImageHeader): Uint8Array {
  return new ByteWriter()
    .bytes(requireLength(o.type, 4))
    .u16(o.hardwareMin)
    .u16(o.hardwareMax)
    .u8(o.target)
    .u32(o.version)
    .u32(o.rollback)
    .u32(o.sizeBytes)
    .bytes(requireLength(o.hash, 32))
    .toBytes()
}

export function parseImageHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(requireLength(bytes, imageHeaderBytes))
  return {
    type: reader.take(4),
    hardwareMin: reader.u16(),
    hardwareMax: reader.u16(),
    target: reader.u8(),
    version: reader.u32(),
    rollback: reader.u32(),
    sizeBytes: reader.u32(),
    hash: reader.take(32),
  }
}

/** An image as it travels and lies in a slot: purpose, header, signature r || s, body. */
export interface SignedImage {
  readonly header: ImageHeader
  /** Header and signature: the data of VERIFY IMAGE. */
  readonly signedHeader: Uint8Array
  readonly body: Uint8Array
}

export function emitSignedImage(o: { readonly signedHeader: Uint8Array; readonly body: Uint8Array }): Uint8Array {
  return concatBytes(integrityPurposes.image, requireLength(o.signedHeader, imageHeaderBytes + signatureBytes), o.body)
}

/**
 * Takes an image apart; nothing in it is checked but its form and that its size is what the header says.
 *
 * @throws TerminalError `TERMINAL_BAD_IMAGE`
 */
export function parseSignedImage(bytes: Uint8Array): SignedImage {
  const head = integrityPurposes.image.length + imageHeaderBytes + signatureBytes
  if (bytes.length < head || !equalBytes(bytes.subarray(0, 4), integrityPurposes.image)) {
    throw new TerminalError('TERMINAL_BAD_IMAGE', 'this is no software image', { lengthBytes: bytes.length })
  }
  const signedHeader = bytes.slice(4, head)
  const header = parseImageHeader(signedHeader.subarray(0, imageHeaderBytes))
  const body = bytes.slice(head)
  if (body.length !== header.sizeBytes) {
    throw new TerminalError('TERMINAL_BAD_IMAGE', `the image has ${body.length} bytes, not ${header.sizeBytes}`)
  }
  return { header, signedHeader, body }
}

/** What the responsible party allows: this image, on these devices, once each, in this time. */
export interface Authorisation {
  /** Hash of the image's body. */
  readonly hash: Uint8Array
  /** Root of `meterSetTree` over the devices' titles, which may be one. */
  readonly root: Uint8Array
  readonly counter: bigint
  readonly notBefore: number
  readonly notAfter: number
}

/** 80 bytes; `integrityPurposes.activation` goes before them when they are signed. */
export function emitAuthorisation(o: Authorisation): Uint8Array {
  return new ByteWriter()
    .bytes(requireLength(o.hash, 32))
    .bytes(requireLength(o.root, 32))
    .bytes(u64(o.counter))
    .u32(o.notBefore)
    .u32(o.notAfter)
    .toBytes()
}

/** As a device gets it: authorisation, signature, and the device's place in the set. */
export function emitActivation(o: {
  readonly authorisation: Uint8Array
  readonly signature: Uint8Array
  readonly proof: MeterSetProof
}): Uint8Array {
  const place = new ByteWriter().u16(o.proof.position).toBytes()
  return concatBytes(o.authorisation, requireLength(o.signature, signatureBytes), place, ...o.proof.hashes)
}

export type IntegrityOrder =
  | { readonly kind: 'acknowledge-alarm' }
  | { readonly kind: 'raise-floor'; readonly target: number; readonly rollback: number }
  | { readonly kind: 'new-responsible-party'; readonly publicKey: Uint8Array }

/** `integrityPurposes.order` goes before it when it is signed; the signature follows. */
export function emitIntegrityOrder(
  o: { readonly device: Uint8Array; readonly counter: bigint } & IntegrityOrder,
): Uint8Array {
  const writer = new ByteWriter().bytes(requireLength(o.device, 8)).bytes(u64(o.counter))
  if (o.kind === 'acknowledge-alarm') writer.u8(1)
  else if (o.kind === 'raise-floor') writer.u8(2).u8(o.target).u32(o.rollback)
  else writer.u8(3).bytes(requireLength(o.publicKey, 65))
  return writer.toBytes()
}

/** What a card says of its device, if the signature is that of its key. */
export interface Quote extends IntegrityFlags, IntegrityCounters {
  readonly device: Uint8Array
  readonly lifeCycle: IntegrityLifeCycle
  /** Bit n: register n. */
  readonly mask: number
  /** SHA-256 over mask and registers, see `registersDigest`. */
  readonly digest: Uint8Array
  /** Seconds since 1970, the device's own clock. */
  readonly time: number
  readonly nonce: Uint8Array
  /** What is signed, `integrityPurposes.quote` before it. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

export const quoteBytes = 150

/** @throws TerminalError `TERMINAL_BAD_QUOTE` for another length */
export function parseQuote(bytes: Uint8Array): Quote {
  if (bytes.length !== quoteBytes) {
    throw new TerminalError('TERMINAL_BAD_QUOTE', `a quote has ${quoteBytes} bytes, not ${bytes.length}`)
  }
  const reader = new ByteReader(bytes)
  const device = reader.take(8)
  const lifeCycle = lifeCycleOf(reader.u8())
  return {
    device,
    lifeCycle,
    ...flagsOf(reader.u8()),
    ...readCounters(reader),
    mask: reader.u16(),
    digest: reader.take(32),
    time: reader.u32(),
    nonce: reader.take(16),
    signed: concatBytes(integrityPurposes.quote, bytes.subarray(0, quoteBytes - signatureBytes)),
    signature: reader.take(signatureBytes),
  }
}

type Sha256 = (bytes: Uint8Array) => Uint8Array

/** A register after these digests, from zero on. */
export function extendedRegister(
  digests: readonly Uint8Array[],
  sha256: Sha256,
  from = new Uint8Array(32),
): Uint8Array {
  return digests.reduce((value, digest) => sha256(concatBytes(value, digest)), from)
}

/** What a target's register holds when this image was started. */
export function startedRegister(signedHeader: Uint8Array, sha256: Sha256): Uint8Array {
  return extendedRegister([sha256(signedHeader.subarray(0, imageHeaderBytes))], sha256)
}

/** What a quote, or a value sealed under the mask, says of registers with these values, lowest first. */
export function registersDigest(mask: number, values: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  return sha256(concatBytes(new ByteWriter().u16(mask).toBytes(), ...values))
}
