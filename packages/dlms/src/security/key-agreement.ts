import { ByteWriter, concatBytes } from '@gridcard/bytes'
import { CryptoPortError, type CryptoProvider } from '@gridcard/crypto'
import { writeOctets } from '../apdu/fields.ts'
import type { SecuritySuite } from './security-suite.ts'

type Asymmetric = NonNullable<SecuritySuite['asymmetric']>

/** A point as the crypto port takes it; DLMS leaves the first octet out. */
export const pointOf = (publicKey: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(4), publicKey)

/** Undefined for what is no point of the curve. */
export function sharedSecretOf(
  crypto: Pick<CryptoProvider, 'ecdh'>,
  { domain }: Asymmetric,
  privateKey: Uint8Array,
  peerPublicKey: Uint8Array,
): Uint8Array | undefined {
  try {
    return crypto.ecdh(domain, privateKey, pointOf(peerPublicKey))
  } catch (error) {
    if (error instanceof CryptoPortError) return undefined
    throw error
  }
}

export interface Derivation {
  readonly z: Uint8Array
  /** What the key is for. */
  readonly purpose: 'cipher' | 'keyWrap'
  readonly originatorSystemTitle: Uint8Array
  readonly recipientSystemTitle: Uint8Array
  /** The nonce of the static unified model; the others have fresh keys instead. */
  readonly transactionId?: Uint8Array | undefined
}

/**
 * The concatenation KDF over `algorithm id || PartyUInfo || PartyVInfo`: U is the originator's title, in the static
 * unified model followed by the transaction id as it stands in the frame, with its length; V the recipient's title.
 * @source NIST SP 800-56A rev. 2 §5.8.1; Green Book ed. 8 §9.2.3.4.6.5, table 26
 */
export function derivedKey(
  crypto: Pick<CryptoProvider, 'concatenationKdf'>,
  suite: SecuritySuite,
  derivation: Derivation,
): Uint8Array {
  const otherInfo = otherInfoOf(suite.algorithmIds[derivation.purpose], derivation)
  return crypto.concatenationKdf(suite.asymmetric!.hash, derivation.z, otherInfo, suite.keyBytes)
}

export function otherInfoOf(
  algorithmId: Uint8Array,
  { originatorSystemTitle, recipientSystemTitle, transactionId }: Omit<Derivation, 'z' | 'purpose'>,
): Uint8Array {
  const writer = new ByteWriter().bytes(algorithmId).bytes(originatorSystemTitle)
  if (transactionId !== undefined) writeOctets(writer, transactionId)
  return writer.bytes(recipientSystemTitle).toBytes()
}
