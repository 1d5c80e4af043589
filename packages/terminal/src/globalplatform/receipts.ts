import { ByteReader, ByteWriter, concatBytes, readBerLength, writeBerLength } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { TerminalError } from '../errors.ts'
import { badAnswer, readAnswer } from './answers.ts'
import { type VerificationKey, verify } from './signatures.ts'

/** Proof of the card that it did what it was told to. @source GPC 2.3.1 §11.1.6 */
export interface Receipt {
  readonly signature: Uint8Array
  /** Counts receipts of this card. */
  readonly confirmationCounter: number
  /** Of the domain that made it: provider's number and image number. */
  readonly domainUniqueData: Uint8Array
  readonly tokenIdentifier: Uint8Array | undefined
  readonly tokenDigest: Uint8Array | undefined
  /** As it was signed. */
  readonly confirmationData: Uint8Array
}

/** An answer to INSTALL, the last LOAD or DELETE: undefined if there is no receipt in it. */
export function parseReceipt(data: Uint8Array): Receipt | undefined {
  if (data.length === 0 || data[0] === 0) return undefined
  return readAnswer('receipt', () => {
    const reader = new ByteReader(data)
    const confirmation = new ByteReader(reader.take(readBerLength(reader)))
    if (!reader.isAtEnd) throw badAnswer('receipt')
    const signature = confirmation.take(readBerLength(confirmation))
    const confirmationData = confirmation.rest()
    const fields = new ByteReader(confirmationData)
    const next = () => fields.take(fields.u8())
    const optional = () => (fields.isAtEnd ? undefined : next())
    const counter = next()
    if (counter.length === 0 || counter.length > 4) throw badAnswer('receipt')
    return {
      signature,
      confirmationCounter: counter.reduce((value, byte) => value * 256 + byte, 0),
      domainUniqueData: next(),
      tokenIdentifier: optional(),
      tokenDigest: optional(),
      confirmationData,
    }
  })
}

/** What a receipt is about: AIDs with their lengths, and for a registry update privileges and parameters. */
export interface ReceiptSubject {
  readonly aids: readonly Uint8Array[]
  readonly privileges?: Uint8Array
  readonly parameters?: Uint8Array
}

function emitSubject({ aids, privileges, parameters }: ReceiptSubject): Uint8Array {
  const writer = new ByteWriter()
  for (const aid of aids) writer.u8(aid.length).bytes(aid)
  if (privileges !== undefined) writer.u8(privileges.length).bytes(privileges)
  if (parameters !== undefined) {
    writeBerLength(writer, parameters.length)
    writer.bytes(parameters)
  }
  return writer.toBytes()
}

/**
 * @throws TerminalError `TERMINAL_GP_RECEIPT`: there is none, or it is not about this
 * @source GPC 2.3.1 §C.5
 */
export function requireReceipt(
  crypto: CryptoProvider,
  key: VerificationKey,
  receipt: Receipt | undefined,
  subject: ReceiptSubject,
): void {
  if (receipt === undefined) throw new TerminalError('TERMINAL_GP_RECEIPT', 'the card gave no receipt')
  const signed = concatBytes(receipt.confirmationData, emitSubject(subject))
  if (!verify(crypto, key, signed, receipt.signature)) {
    throw new TerminalError(
      'TERMINAL_GP_RECEIPT',
      "the card's receipt is not signed with this key, or is not about this",
      {
        confirmationCounter: receipt.confirmationCounter,
      },
    )
  }
}
