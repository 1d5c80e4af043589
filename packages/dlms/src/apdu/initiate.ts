import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import { equalBytes } from '@gridcard/bytes'
import { malformed } from '../malformed.ts'
import { readBoolean, readOctets, readOptional, writeOctets, writeOptional } from './fields.ts'

export const dlmsVersion = 6

/** Fixed for logical name referencing. */
export const vaaNameLn = 0x0007
/** Base name of the Association SN object. */
export const vaaNameSn = 0xfa00

export interface InitiateRequest {
  readonly kind: 'initiate-request'
  /** 16 bytes when a key for this one association is proposed. */
  readonly dedicatedKey?: Uint8Array | undefined
  /** Default true. */
  readonly responseAllowed: boolean
  readonly qualityOfService?: number | undefined
  readonly dlmsVersion: number
  /** 24 bits, see `conformanceBits`. */
  readonly conformance: number
  /** Largest APDU the client takes; 0 for no bound. */
  readonly maxPduBytes: number
}

export interface InitiateResponse {
  readonly kind: 'initiate-response'
  readonly qualityOfService?: number | undefined
  readonly dlmsVersion: number
  readonly conformance: number
  readonly maxPduBytes: number
  readonly vaaName: number
}

// The conformance block is BER inside A-XDR: application tag 31, four octets, no unused bits.
const conformanceHeader = Uint8Array.of(0x5f, 0x1f, 0x04, 0x00)

function readConformance(reader: ByteReader): number {
  if (!equalBytes(reader.take(4), conformanceHeader)) throw malformed('not a conformance block', reader)
  return reader.u8() * 0x10000 + reader.u16()
}

function writeConformance(writer: ByteWriter, conformance: number): void {
  writer
    .bytes(conformanceHeader)
    .u8(conformance >>> 16)
    .u16(conformance & 0xffff)
}

/** After the tag. @source Green Book ed. 8 §9.5 (InitiateRequest) */
export function readInitiateRequest(reader: ByteReader): InitiateRequest {
  const dedicatedKey = readOptional(reader, () => readOctets(reader))
  const responseAllowed = readOptional(reader, () => readBoolean(reader)) ?? true
  const qualityOfService = readOptional(reader, () => reader.i8())
  return {
    kind: 'initiate-request',
    ...(dedicatedKey && { dedicatedKey }),
    responseAllowed,
    ...(qualityOfService !== undefined && { qualityOfService }),
    dlmsVersion: reader.u8(),
    conformance: readConformance(reader),
    maxPduBytes: reader.u16(),
  }
}

export function writeInitiateRequest(writer: ByteWriter, request: InitiateRequest): void {
  writeOptional(writer, request.dedicatedKey, (key) => writeOctets(writer, key))
  writeOptional(writer, request.responseAllowed ? undefined : false, () => writer.u8(0))
  writeOptional(writer, request.qualityOfService, (quality) => writer.i8(quality))
  writer.u8(request.dlmsVersion)
  writeConformance(writer, request.conformance)
  writer.u16(request.maxPduBytes)
}

/** After the tag. @source Green Book ed. 8 §9.5 (InitiateResponse) */
export function readInitiateResponse(reader: ByteReader): InitiateResponse {
  const qualityOfService = readOptional(reader, () => reader.i8())
  return {
    kind: 'initiate-response',
    ...(qualityOfService !== undefined && { qualityOfService }),
    dlmsVersion: reader.u8(),
    conformance: readConformance(reader),
    maxPduBytes: reader.u16(),
    vaaName: reader.u16(),
  }
}

export function writeInitiateResponse(writer: ByteWriter, response: InitiateResponse): void {
  writeOptional(writer, response.qualityOfService, (quality) => writer.i8(quality))
  writer.u8(response.dlmsVersion)
  writeConformance(writer, response.conformance)
  writer.u16(response.maxPduBytes).u16(response.vaaName)
}
