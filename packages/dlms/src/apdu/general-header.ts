import { type ByteReader, ByteWriter } from '@gridcard/bytes'
import { readOctets, writeOctets } from './fields.ts'

/**
 * What general-ciphering and general-signing say about themselves before their content. Each field may be empty.
 * @source Green Book ed. 8 §9.5 (General-Ciphering, General-Signing)
 */
export interface GeneralHeader {
  /** Chosen by the originator; a number that it does not give twice. */
  readonly transactionId: Uint8Array
  readonly originatorSystemTitle: Uint8Array
  readonly recipientSystemTitle: Uint8Array
  /** Empty, or 12 octets. */
  readonly dateTime: Uint8Array
  readonly otherInformation: Uint8Array
}

export function readGeneralHeader(reader: ByteReader): GeneralHeader {
  return {
    transactionId: readOctets(reader),
    originatorSystemTitle: readOctets(reader),
    recipientSystemTitle: readOctets(reader),
    dateTime: readOctets(reader),
    otherInformation: readOctets(reader),
  }
}

export function writeGeneralHeader(writer: ByteWriter, header: GeneralHeader): void {
  writeOctets(writer, header.transactionId)
  writeOctets(writer, header.originatorSystemTitle)
  writeOctets(writer, header.recipientSystemTitle)
  writeOctets(writer, header.dateTime)
  writeOctets(writer, header.otherInformation)
}

/** The fields as they stand in the frame, each with its length: what authentication and signature cover of them. */
export function generalHeaderOctets(header: GeneralHeader): Uint8Array {
  const writer = new ByteWriter()
  writeGeneralHeader(writer, header)
  return writer.toBytes()
}
