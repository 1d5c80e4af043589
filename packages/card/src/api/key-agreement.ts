import { ecDomain } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { type EcKey, takeEcKey } from './ec-keys.ts'
import { type GroupKey, takeGroupKey } from './group-keys.ts'
import { requireKey } from './key-parts.ts'
import type { NamedCurve } from './named-parameters.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  natives,
  newObject,
  putHiddenShort,
  putResult,
  shortAt,
} from './native-call.ts'
import { spendOnKey } from './native-cost.ts'
import { takeXecKey } from './xec-keys.ts'

/** KeyAgreement. Hidden cells: algorithm and key; there is no state besides. */
const CLASS_NAME = 'gridcard/KeyAgreement'
const ALGORITHM = 0
const KEY = 1

const ALG = {
  DH: 1,
  DHC: 2,
  DH_PLAIN: 3,
  DHC_PLAIN: 4,
  PACE_GM: 5,
  DH_PLAIN_XY: 6,
  MODULAR_DH: 7,
  XDH: 8,
} as const
const ALGORITHMS: readonly number[] = Object.values(ALG)
const usesCofactor = (algorithm: number): boolean => algorithm === ALG.DHC || algorithm === ALG.DHC_PLAIN

const getInstance: JcreMethod = (jcre, at) => {
  const algorithm = byteAt(jcre, at)
  if (!ALGORITHMS.includes(algorithm)) failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  const agreement = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, agreement, ALGORITHM, algorithm)
  return agreement
}

/** The private key over a short Weierstrass curve, checked; the caller wipes it. */
function takeKey(jcre: Jcre, algorithm: number, key: number): EcKey {
  const parts = takeEcKey(jcre, key, 'ec-private')
  if (usesCofactor(algorithm) && parts.cofactor === 0) failCrypto(jcre, CRYPTO.UNINITIALIZED_KEY)
  return parts
}

const isCurve = (curve: NamedCurve): boolean => curve.family === 'montgomery' || curve.family === 'weierstrass'

/** Looks at the key of an init: of the right kind, set, and a key at all. */
function requireFittingKey(jcre: Jcre, algorithm: number, key: number): void {
  requireKey(jcre, key)
  spendOnKey(jcre, key)
  switch (algorithm) {
    case ALG.MODULAR_DH: {
      const { domain, value } = takeGroupKey(jcre, key, 'dh-private')
      orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => jcre.crypto.modularPower(domain.g, value, domain.p))
      value.fill(0)
      return
    }
    case ALG.XDH: {
      const { curve, isPrivate, value } = takeXecKey(jcre, key)
      value.fill(0)
      if (!isPrivate || !isCurve(curve)) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
      return
    }
    default: {
      const { domain, value } = takeKey(jcre, algorithm, key)
      try {
        orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => jcre.crypto.ecPublicKey(domain, value))
      } finally {
        value.fill(0)
      }
    }
  }
}

const init: JcreMethod = (jcre, at) => {
  const agreement = handleAt(jcre, at)
  const key = handleAt(jcre, at + 1)
  requireFittingKey(jcre, hiddenShort(jcre, agreement, ALGORITHM), key)
  putHiddenShort(jcre, agreement, KEY, key)
  return 0
}

/** Nothing here takes parameters. */
const initWithParameters: JcreMethod = (jcre, at) => {
  return handleAt(jcre, at + 2) === 0 ? init(jcre, at) : failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

const toNumber = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/** The private key times the cofactor, modulo the order. @source IEEE 1363 ECSVDP-DHC */
function withCofactor({ domain, value, cofactor }: EcKey): Uint8Array {
  let product = (toNumber(value) * BigInt(cofactor)) % toNumber(domain.order)
  const result = new Uint8Array(value.length)
  for (let i = result.length - 1; i >= 0; i--, product >>= 8n) result[i] = Number(product & 0xffn)
  return result
}

function ecSecret(jcre: Jcre, algorithm: number, key: EcKey, given: Uint8Array): Uint8Array {
  const { crypto } = jcre
  const { domain, value } = key
  const point = crypto.ecPointOf(domain, given)
  switch (algorithm) {
    case ALG.PACE_GM:
      return crypto.ecAdd(domain, crypto.ecPublicKey(domain, value), point)
    case ALG.DH_PLAIN_XY:
      return crypto.ecMultiply(domain, value, point)
    case ALG.DH_PLAIN:
      return crypto.ecdh(domain, value, point)
    case ALG.DH:
      return crypto.hash('sha1', crypto.ecdh(domain, value, point))
    default: {
      const x = crypto.ecdh(domain, key.cofactor === 1 ? value : withCofactor(key), point)
      return algorithm === ALG.DHC ? crypto.hash('sha1', x) : x
    }
  }
}

/** As long as the modulus; a value that gives the secret away (0, 1, p - 1 and beyond) is refused. */
function modularSecret(jcre: Jcre, { domain, value }: GroupKey, other: Uint8Array): Uint8Array {
  const [p, y] = [toNumber(domain.p), toNumber(other)]
  if (other.length > domain.p.length || y <= 1n || y >= p - 1n) return failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return jcre.crypto.modularPower(other, value, domain.p)
}

function secretOf(jcre: Jcre, algorithm: number, handle: number, publicData: Uint8Array): Uint8Array {
  const work = (value: Uint8Array, compute: () => Uint8Array): Uint8Array => {
    try {
      return orFail(jcre, CRYPTO.ILLEGAL_VALUE, compute)
    } finally {
      value.fill(0)
    }
  }
  if (algorithm === ALG.MODULAR_DH) {
    const key = takeGroupKey(jcre, handle, 'dh-private')
    return work(key.value, () => modularSecret(jcre, key, publicData))
  }
  if (algorithm === ALG.XDH) {
    const { curve, value } = takeXecKey(jcre, handle)
    return work(value, () => {
      if (curve.family === 'montgomery') return jcre.crypto.xdh(curve.name, value, publicData)
      if (curve.family === 'edwards') return failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
      const domain = ecDomain(curve.name)
      return jcre.crypto.ecdh(domain, value, jcre.crypto.ecPointOf(domain, publicData))
    })
  }
  const key = takeKey(jcre, algorithm, handle)
  return work(key.value, () => ecSecret(jcre, algorithm, key, publicData))
}

const generateSecret: JcreMethod = (jcre, at) => {
  const agreement = handleAt(jcre, at)
  const algorithm = hiddenShort(jcre, agreement, ALGORITHM)
  const handle = hiddenHandle(jcre, agreement, KEY)
  if (handle === 0) failCrypto(jcre, CRYPTO.INVALID_INIT)
  requireKey(jcre, handle)
  spendOnKey(jcre, handle)
  const publicData = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const result = secretOf(jcre, algorithm, handle, publicData)
  try {
    putResult(jcre, byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), result.length), result)
    return result.length
  } finally {
    result.fill(0)
  }
}

export const keyAgreementMethods: Readonly<Record<string, JcreMethod>> = {
  'KeyAgreement.<init>()V': () => 0,
  'KeyAgreement.getInstance(BZ)Ljavacard/security/KeyAgreement;': getInstance,
}

export const keyAgreementImplementation: NativeImplementation = {
  id: 12,
  name: CLASS_NAME,
  superClass: 'javacard/security/KeyAgreement',
  hiddenBytes: 4,
  hiddenReferences: [KEY],
  methods: natives({
    'init(Ljavacard/security/PrivateKey;)V': init,
    'init(Ljavacard/security/PrivateKey;Ljavacard/security/AlgorithmParameterSpec;)V': initWithParameters,
    'generateSecret([BSS[BS)S': generateSecret,
    'getAlgorithm()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), ALGORITHM),
  }),
}
