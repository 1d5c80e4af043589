import { concatBytes } from '@gridcard/bytes'
import type { HashName, RsaEncryptionScheme } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CIPHER_MODE } from './block-cipher.ts'
import { PAD } from './block-padding.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { addKeyDecryptor } from './key-decryption.ts'
import { requireKey } from './key-parts.ts'
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
  putHiddenShorts,
  putResult,
  shortAt,
} from './native-call.ts'
import { spendOnKey } from './native-cost.ts'
import { type1Block, type1Message } from './rsa-block-type-1.ts'
import { openRsaPrivateKey, openRsaPublicKey, openRsaTransform, requireRsaKeyIsSet } from './rsa-keys.ts'

/** Cipher for RSA. Hidden cells: padding, key, mode; they persist, the block begun lives in the session. */
const CLASS_NAME = 'gridcard/RsaCipher'
const PADDING = 0
const KEY = 1
const MODE = 2
export const CIPHER_RSA = 7

/** PAD_PKCS1_OAEP and the OAEP paddings with a hash of their own. */
const OAEP_HASH: Readonly<Record<number, HashName>> = {
  [PAD.PKCS1_OAEP]: 'sha1',
  13: 'sha224',
  14: 'sha256',
  15: 'sha384',
  16: 'sha512',
  17: 'sha3-224',
  18: 'sha3-256',
  19: 'sha3-384',
  20: 'sha3-512',
}
const PADDING_BY_ALGORITHM: Readonly<Record<number, number>> = { 10: PAD.PKCS1, 12: PAD.NOPAD, 15: PAD.PKCS1_OAEP }

export const isRsaPadding = (padding: number): boolean => {
  return padding === PAD.PKCS1 || padding === PAD.NOPAD || OAEP_HASH[padding] !== undefined
}
export const rsaPaddingOf = (algorithm: number): number | undefined => PADDING_BY_ALGORITHM[algorithm]

/** The caller has checked the padding. */
export function newRsaCipher(jcre: Jcre, padding: number): number {
  const cipher = newObject(jcre, CLASS_NAME)
  becomeRsaCipher(jcre, cipher, padding)
  return cipher
}

/** Also for one-shot objects, which have the same cells. */
export function becomeRsaCipher(jcre: Jcre, cipher: number, padding: number): void {
  putHiddenShort(jcre, cipher, PADDING, padding)
  putHiddenShort(jcre, cipher, KEY, 0)
  putHiddenShort(jcre, cipher, MODE, 0)
}

const open = (jcre: Jcre, key: number) => {
  return requireKey(jcre, key) === 'rsa-public' ? openRsaPublicKey(jcre, key) : openRsaPrivateKey(jcre, key)
}

const init: JcreMethod = (jcre, at) => {
  const cipher = handleAt(jcre, at)
  const key = handleAt(jcre, at + 1)
  const mode = byteAt(jcre, at + 2)
  const padding = hiddenShort(jcre, cipher, PADDING)
  if (padding === PAD.NOPAD) openRsaTransform(jcre, key)
  else open(jcre, key)
  const isEncrypting = mode === CIPHER_MODE.encrypt
  if (!isEncrypting && mode !== CIPHER_MODE.decrypt) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const isOaep = OAEP_HASH[padding] !== undefined
  if (isOaep && isEncrypting !== (requireKey(jcre, key) === 'rsa-public')) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  putHiddenShorts(jcre, cipher, KEY, [key, mode])
  jcre.sessions.delete(cipher)
  return 0
}

/** RSA has no parameters besides its key. */
const initWithParameters: JcreMethod = (jcre) => failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)

/** What update has given so far, with the bytes of this call; ILLEGAL_USE beyond the modulus. */
function gathered(jcre: Jcre, at: number): Uint8Array {
  const cipher = handleAt(jcre, at)
  if (hiddenShort(jcre, cipher, MODE) === 0) failCrypto(jcre, CRYPTO.INVALID_INIT)
  const key = hiddenHandle(jcre, cipher, KEY)
  requireRsaKeyIsSet(jcre, key)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const begun = (jcre.sessions.get(cipher) as { bytes: Uint8Array } | undefined)?.bytes ?? new Uint8Array()
  const all = concatBytes(begun, part)
  part.fill(0)
  const isBare = hiddenShort(jcre, cipher, PADDING) === PAD.NOPAD
  if (all.length > (isBare ? openRsaTransform(jcre, key) : open(jcre, key)).modulusLengthBytes) {
    all.fill(0)
    failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  }
  return all
}

/** RSA answers at the end only. */
const update: JcreMethod = (jcre, at) => {
  const bytes = gathered(jcre, at)
  byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), 0)
  jcre.sessions.set(handleAt(jcre, at), { bytes })
  return 0
}

/** Exactly a block. */
function bare(jcre: Jcre, key: number, bytes: Uint8Array): Uint8Array {
  const operation = openRsaTransform(jcre, key)
  if (bytes.length !== operation.modulusLengthBytes) return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  return operation.transform(bytes)
}

function transformed(jcre: Jcre, cipher: number, bytes: Uint8Array): Uint8Array {
  const key = hiddenHandle(jcre, cipher, KEY)
  const padding = hiddenShort(jcre, cipher, PADDING)
  const isEncrypting = hiddenShort(jcre, cipher, MODE) === CIPHER_MODE.encrypt
  const isPublic = requireKey(jcre, key) === 'rsa-public'
  spendOnKey(jcre, key)
  if (padding === PAD.NOPAD) return bare(jcre, key, bytes)
  if (isPublic !== isEncrypting) {
    const operations = open(jcre, key)
    if (!isEncrypting) {
      return type1Message(operations.transform(bytes)) ?? failCrypto(jcre, CRYPTO.ILLEGAL_USE)
    }
    const block = type1Block(bytes, operations.modulusLengthBytes)
    return operations.transform(block ?? failCrypto(jcre, CRYPTO.ILLEGAL_USE))
  }
  const hash = OAEP_HASH[padding]
  const scheme: RsaEncryptionScheme = hash === undefined ? { padding: 'pkcs1' } : { padding: 'oaep', hash }
  if (isPublic) return openRsaPublicKey(jcre, key).encrypt(scheme, bytes)
  return openRsaPrivateKey(jcre, key).decrypt(scheme, bytes) ?? failCrypto(jcre, CRYPTO.ILLEGAL_USE)
}

/** For KeyEncryption: the whole of a key in one block. */
function decryptKey(jcre: Jcre, cipher: number, input: Uint8Array): Uint8Array {
  if (hiddenShort(jcre, cipher, MODE) !== CIPHER_MODE.decrypt) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  requireRsaKeyIsSet(jcre, hiddenHandle(jcre, cipher, KEY))
  return orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => transformed(jcre, cipher, input))
}
addKeyDecryptor(CLASS_NAME, decryptKey)

const doFinal: JcreMethod = (jcre, at) => {
  const cipher = handleAt(jcre, at)
  const bytes = gathered(jcre, at)
  let result: Uint8Array | undefined
  try {
    result = orFail(jcre, CRYPTO.ILLEGAL_USE, () => transformed(jcre, cipher, bytes))
    putResult(jcre, byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), result.length), result)
    return result.length
  } finally {
    jcre.sessions.delete(cipher)
    bytes.fill(0)
    result?.fill(0)
  }
}

/** Methods of Cipher; also of its one-shot objects. */
export const rsaCipherMethods: Readonly<Record<string, JcreMethod>> = {
  'init(Ljavacard/security/Key;B)V': init,
  'init(Ljavacard/security/Key;B[BSS)V': initWithParameters,
  'update([BSS[BS)S': update,
  'doFinal([BSS[BS)S': doFinal,
  'getAlgorithm()B': (jcre, at) => {
    const padding = hiddenShort(jcre, handleAt(jcre, at), PADDING)
    return Number(Object.keys(PADDING_BY_ALGORITHM).find((one) => PADDING_BY_ALGORITHM[Number(one)] === padding) ?? 0)
  },
  'getCipherAlgorithm()B': () => CIPHER_RSA,
  'getPaddingAlgorithm()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), PADDING),
}

export const rsaCipherImplementation: NativeImplementation = {
  id: 16,
  name: CLASS_NAME,
  superClass: 'javacardx/crypto/Cipher',
  hiddenBytes: 6,
  hiddenReferences: [KEY],
  methods: natives(rsaCipherMethods),
}
