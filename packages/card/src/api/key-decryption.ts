import type { Jcre } from '../runtime/jcre.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { requireOwnObject } from './native-call.ts'

/** Ciphers that decrypt what is set into a key, without an array in between; by class, they say so themselves. */
type Decryptor = (jcre: Jcre, cipher: number, input: Uint8Array) => Uint8Array
const DECRYPTORS = new Map<string, Decryptor>()

export function addKeyDecryptor(className: string, decrypt: Decryptor): void {
  DECRYPTORS.set(className, decrypt)
}

/** The decryptor of a cipher of the caller's; ILLEGAL_VALUE for others, as for a class that an applet derived. */
function decryptorOf(jcre: Jcre, cipher: number): Decryptor {
  requireOwnObject(jcre, cipher, 'javacardx/crypto/Cipher')
  return DECRYPTORS.get(jcre.machine.classOf(cipher).name) ?? failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

export function requireKeyDecryptor(jcre: Jcre, cipher: number): void {
  decryptorOf(jcre, cipher)
}

/** The input, decrypted; the input is wiped. A cipher that is not initialised, or cannot decrypt it, throws as in doFinal. */
export function decryptedKeyData(jcre: Jcre, cipher: number, input: Uint8Array): Uint8Array {
  try {
    return decryptorOf(jcre, cipher)(jcre, cipher, input)
  } finally {
    input.fill(0)
  }
}
