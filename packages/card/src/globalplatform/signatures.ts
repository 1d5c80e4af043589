import { equalBytes } from '@gridcard/bytes'
import {
  type CryptoProvider,
  type EcCurveName,
  type EcDomain,
  ecDomain,
  type HashName,
  padIso,
  type RsaPrivateKey,
} from '@gridcard/crypto'
import { component, type DomainKey, findKey, KEY_TYPE } from './domain-keys.ts'

/** Curves by key parameter reference. @source GPC 2.3.1 table B-2 */
export const CURVES: Readonly<Record<number, EcCurveName>> = {
  0: 'P-256',
  1: 'P-384',
  2: 'P-521',
  3: 'brainpoolP256r1',
  5: 'brainpoolP384r1',
  7: 'brainpoolP512r1',
}

/** The domain parameters of an EC key: its own, a referenced set of this security domain, or one the card knows. */
export function curveOf(key: DomainKey, others: readonly DomainKey[]): EcDomain | undefined {
  const own = ownCurve(key)
  if (own !== undefined) return own
  const reference = component(key, KEY_TYPE.ecReference)
  if (reference === undefined) return undefined
  const local = others.find((one) => {
    const named = component(one, KEY_TYPE.ecReference)
    return one !== key && named !== undefined && equalBytes(named, reference) && ownCurve(one) !== undefined
  })
  const name = CURVES[reference.at(-1)!]
  return local ? ownCurve(local) : name && ecDomain(name)
}

function ownCurve(key: DomainKey): EcDomain | undefined {
  const [p, a, b, g, order] = [KEY_TYPE.ecP, KEY_TYPE.ecA, KEY_TYPE.ecB, KEY_TYPE.ecG, KEY_TYPE.ecN].map((type) => {
    return component(key, type)
  })
  return p && a && b && g && order ? { p, a, b, g, order } : undefined
}

/** Hash that goes with a curve. @source GPC 2.3.1 table B-3 */
export function hashOfCurve({ p }: EcDomain): HashName {
  const bits = p.length * 8
  if (bits <= 256) return 'sha256'
  return bits <= 384 ? 'sha384' : 'sha512'
}

/** RSA of 1024 bits: PKCS #1 v1.5 with SHA-1; longer: PSS with SHA-256. @source GPC 2.3.1 §B.3 */
function rsaScheme(modulus: Uint8Array) {
  const hash = modulus.length <= 128 ? 'sha1' : 'sha256'
  return modulus.length <= 128 ? ({ padding: 'pkcs1', hash } as const) : ({ padding: 'pss', hash } as const)
}

/**
 * Token, DAP: by the key's type. A key that cannot verify verifies nothing.
 * @source GPC 2.3.1 table C-1, §C.3, §C.4
 */
export function verifySignature(
  crypto: CryptoProvider,
  key: DomainKey,
  others: readonly DomainKey[],
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const symmetric = symmetricSignature(crypto, key, message)
  if (symmetric !== undefined) return crypto.constantTimeEqual(symmetric, signature)
  const modulus = component(key, KEY_TYPE.rsaPublicModulus)
  const publicExponent = component(key, KEY_TYPE.rsaPublicExponent)
  if (modulus && publicExponent) {
    return crypto.openRsaPublicKey({ modulus, publicExponent }).verify(rsaScheme(modulus), message, signature)
  }
  const point = component(key, KEY_TYPE.ecPublic)
  const domain = point && curveOf(key, others)
  if (point === undefined || domain === undefined) return false
  const scheme = { domain, hash: hashOfCurve(domain), encoding: 'plain' } as const
  return crypto.createEcdsaVerifier(scheme, point).verify(message, signature)
}

/** Receipt. undefined: the key cannot sign. @source GPC 2.3.1 §C.5 */
export function sign(
  crypto: CryptoProvider,
  key: DomainKey,
  others: readonly DomainKey[],
  message: Uint8Array,
): Uint8Array | undefined {
  const symmetric = symmetricSignature(crypto, key, message)
  if (symmetric !== undefined) return symmetric
  const rsa = rsaPrivateKey(key)
  if (rsa !== undefined) {
    const operations = crypto.openRsaPrivateKey(rsa)
    return operations.sign(rsaScheme(new Uint8Array(operations.modulusLengthBytes)), message)
  }
  const secret = component(key, KEY_TYPE.ecPrivate)
  const domain = secret && curveOf(key, others)
  if (secret === undefined || domain === undefined) return undefined
  return crypto.createEcdsaSigner({ domain, hash: hashOfCurve(domain), encoding: 'plain' }, secret).sign(message)
}

function symmetricSignature(crypto: CryptoProvider, key: DomainKey, message: Uint8Array): Uint8Array | undefined {
  const { type, value } = key.components[0]!
  if (type === KEY_TYPE.aes) return crypto.aesCmac(value, message)
  if (type === KEY_TYPE.des) return crypto.desRetailMac(value.subarray(0, 16), new Uint8Array(8), padIso(message, 8))
  return undefined
}

function rsaPrivateKey(key: DomainKey): RsaPrivateKey | undefined {
  const part = (type: number) => component(key, type)
  const [p, q, dp, dq, qInverse] = [
    part(KEY_TYPE.rsaP),
    part(KEY_TYPE.rsaQ),
    part(KEY_TYPE.rsaDp1),
    part(KEY_TYPE.rsaDq1),
    part(KEY_TYPE.rsaPq),
  ]
  if (p && q && dp && dq && qInverse) return { p, q, dp, dq, qInverse }
  const modulus = part(KEY_TYPE.rsaPublicModulus) ?? part(KEY_TYPE.rsaPrivateModulus)
  const privateExponent = part(KEY_TYPE.rsaPrivateExponent)
  return modulus && privateExponent ? { modulus, privateExponent } : undefined
}

/** Key usage qualifiers, first byte. @source GPC 2.3.1 §11.1.9 */
const PURPOSE = { token: 0x81, receipt: 0x44, dap: 0x84 } as const
/** Key versions that mean a purpose when nothing says the usage. @source UICC Configuration §10; by use */
const PURPOSE_KVN = { token: 0x70, receipt: 0x71, dap: 0x73, loadFileDecryption: 0x75 } as const
export type KeyPurpose = keyof typeof PURPOSE

/** The key of a domain for tokens, receipts or DAP; by its usage, else by its version number. */
export function keyFor(keys: readonly DomainKey[], purpose: KeyPurpose): DomainKey | undefined {
  const bits = PURPOSE[purpose]
  const byUsage = keys.find(({ usage }) => ((usage >> 8) & 0xff & bits) === bits && isSigningUsage(usage >> 8, purpose))
  return byUsage ?? findKey(keys, PURPOSE_KVN[purpose], 1)
}

/** 87 is a key for tokens and for DAP; 83 for tokens; 43 for receipts. */
function isSigningUsage(usage: number, purpose: KeyPurpose): boolean {
  return (usage & 0x38) === 0 && (usage & PURPOSE[purpose]) === PURPOSE[purpose]
}

/** The key that opens ciphered load files. */
export function loadFileKey(keys: readonly DomainKey[]): DomainKey | undefined {
  return findKey(keys, PURPOSE_KVN.loadFileDecryption, 1)
}
