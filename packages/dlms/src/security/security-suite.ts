import { fromHex } from '@gridcard/bytes'
import { type EcDomain, ecDomain, type HashName } from '@gridcard/crypto'

export type SecuritySuiteId = 0 | 1 | 2

/** What the suite number in a security control octet stands for. */
export interface SecuritySuite {
  readonly id: SecuritySuiteId
  /** Octets of block cipher keys and authentication keys. */
  readonly keyBytes: 16 | 32
  /** Elliptic curve, hash and key derivation; suite 0 has none. */
  readonly asymmetric?: {
    readonly domain: EcDomain
    readonly hash: HashName
    /** Octets of one coordinate: a public key has two, a signature is two numbers as long. */
    readonly coordinateBytes: 32 | 48
  }
  /** What a derived key is for: the algorithm id in the key derivation. */
  readonly algorithmIds: { readonly cipher: Uint8Array; readonly keyWrap: Uint8Array }
}

const algorithmId = (last: number): Uint8Array => fromHex('60857405080300').with(6, last)

/** @source Green Book ed. 8 §9.2.3.7 (security suites), §9.2.3.4.6.5 (algorithm ids, 2.16.756.5.8.3.x) */
export const securitySuites: Readonly<Record<SecuritySuiteId, SecuritySuite>> = {
  0: { id: 0, keyBytes: 16, algorithmIds: { cipher: algorithmId(0), keyWrap: algorithmId(2) } },
  1: {
    id: 1,
    keyBytes: 16,
    asymmetric: { domain: ecDomain('P-256'), hash: 'sha256', coordinateBytes: 32 },
    algorithmIds: { cipher: algorithmId(0), keyWrap: algorithmId(2) },
  },
  2: {
    id: 2,
    keyBytes: 32,
    asymmetric: { domain: ecDomain('P-384'), hash: 'sha384', coordinateBytes: 48 },
    algorithmIds: { cipher: algorithmId(1), keyWrap: algorithmId(3) },
  },
}

export function findSuite(id: number): SecuritySuite | undefined {
  return id === 0 || id === 1 || id === 2 ? securitySuites[id] : undefined
}
