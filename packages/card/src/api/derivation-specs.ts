import type { CryptoProvider, HashName, Prf } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import { callInterface } from './call-interface.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { HASH_BY_DIGEST } from './message-digest.ts'
import { bytesOf, lengthOf, requireOwnObject } from './native-call.ts'
import { takeAnySecretKey } from './secret-keys.ts'
import { findScheme, hashOf, SIG_CIPHER } from './signature-schemes.ts'

/**
 * The parameters of a DerivationFunction: interfaces that applets implement. They are asked once, at init.
 *
 * @source API javacardx.security.derivation 3.1, 3.2: names and types; what the numbers mean is from SP 800-108, RFC 5869
 *   and the like (docs/sources.md tells what no text confirmed)
 */
const PACKAGE = 'javacardx/security/derivation'

export interface Derivation {
  /** The first bytes of the output. */
  derive(lengthBytes: number): Uint8Array
  /** The most there is. */
  readonly mostBytes: number
}

/** What the applet's object says, copied. */
class Spec {
  readonly #jcre: Jcre
  readonly #object: number
  readonly #interfaceName: string

  /** ILLEGAL_VALUE for an object of another kind of parameters. */
  constructor(jcre: Jcre, object: number, simpleName: string) {
    this.#jcre = jcre
    this.#object = object
    this.#interfaceName = `${PACKAGE}/${simpleName}`
    requireOwnObject(jcre, object, 'javacard/security/AlgorithmParameterSpec')
    if (!jcre.machine.classOf(object).isKindOf(jcre.requireClass(this.#interfaceName))) {
      failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
    }
  }

  number(name: string, type: 'B' | 'S'): number {
    return callInterface(this.#jcre, this.#object, {
      interfaceName: this.#interfaceName,
      signature: `${name}()${type}`,
    })
  }

  /** Null is empty. */
  bytes(name: string): Uint8Array {
    const signature = `${name}()[B`
    const array = callInterface(this.#jcre, this.#object, { interfaceName: this.#interfaceName, signature }) & 0xffff
    return array === 0 ? new Uint8Array() : bytesOf(this.#jcre, array, 0, lengthOf(this.#jcre, array))
  }

  secretKey(): Uint8Array {
    const signature = 'getSecret()Ljavacard/security/SecretKey;'
    const key = callInterface(this.#jcre, this.#object, { interfaceName: this.#interfaceName, signature }) & 0xffff
    return takeAnySecretKey(this.#jcre, key)
  }

  /** A length of output; 1 at least. */
  length(): number {
    const length = this.number('getOutputLength', 'S')
    return length > 0 ? length : failCrypto(this.#jcre, CRYPTO.ILLEGAL_VALUE)
  }

  /** A constant of MessageDigest. */
  hash(): HashName {
    return HASH_BY_DIGEST[this.number('getAlgorithm', 'B')] ?? failCrypto(this.#jcre, CRYPTO.ILLEGAL_VALUE)
  }

  /** A constant of Signature: HMAC over a hash, or CMAC. */
  prf(): Prf {
    const scheme = findScheme(this.number('getAlgorithm', 'B'))
    if (scheme?.cipher === SIG_CIPHER.HMAC) return { hmac: hashOf(scheme) }
    if (scheme?.cipher === SIG_CIPHER.AES_CMAC128) return 'aes-cmac'
    return failCrypto(this.#jcre, CRYPTO.ILLEGAL_VALUE)
  }

  /** A hash named by itself or by its HMAC: the constants are apart. */
  hashOrHmac(): HashName {
    const algorithm = this.number('getAlgorithm', 'B')
    const scheme = findScheme(algorithm)
    if (scheme?.cipher === SIG_CIPHER.HMAC) return hashOf(scheme)
    return HASH_BY_DIGEST[algorithm] ?? failCrypto(this.#jcre, CRYPTO.ILLEGAL_VALUE)
  }

  /** In bytes: 8, 16, 24 and 32 are bits, 1 to 4 bytes, and 0 none. */
  counterBytes(): number {
    const length = this.number('getCounterLength', 'S')
    if (length >= 0 && length <= 4) return length
    return length % 8 === 0 && length >= 8 && length <= 32 ? length / 8 : failCrypto(this.#jcre, CRYPTO.ILLEGAL_VALUE)
  }
}

/** How long a pseudorandom function goes on whose parameters do not tell. */
const MOST_PRF_BYTES = 32_767

type Reader = (jcre: Jcre, object: number, crypto: CryptoProvider) => Derivation

const fixed = (mostBytes: number, derive: (lengthBytes: number) => Uint8Array): Derivation => ({ mostBytes, derive })

const LABEL_PREFIXES: Readonly<Record<number, string>> = { 1: 'tls13 ', 2: 'dtls13' }

/** By the constants of DerivationFunction. */
export const DERIVATIONS: Readonly<Record<number, Reader>> = {
  1: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'KDFCounterModeSpec')
    const [prf, key, counterBytes] = [spec.prf(), spec.secretKey(), spec.counterBytes()]
    const input = {
      before: spec.bytes('getInputDataBeforeCounter'),
      after: spec.bytes('getInputDataAfterCounter'),
      counterBytes,
    }
    return fixed(spec.length(), (length) => crypto.counterModeKdf(prf, key, input, length))
  },
  2: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'KDFDoublePipelineIterationModeSpec')
    const [prf, key] = [spec.prf(), spec.secretKey()]
    const input = { input: spec.bytes('getInputData'), counterBytes: spec.counterBytes() }
    return fixed(spec.length(), (length) => crypto.doublePipelineKdf(prf, key, input, length))
  },
  3: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'KDFFeedbackModeSpec')
    const [prf, key] = [spec.prf(), spec.secretKey()]
    const input = {
      iv: spec.bytes('getIV'),
      input: spec.bytes('getInputData'),
      counterBytes: spec.counterBytes(),
    }
    return fixed(spec.length(), (length) => crypto.feedbackModeKdf(prf, key, input, length))
  },
  4: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'TLSPseudoRandomFunctionSpec')
    const [secret, seed] = [spec.secretKey(), spec.bytes('getSeed')]
    return fixed(MOST_PRF_BYTES, (length) => crypto.tls11Prf(secret, seed, length))
  },
  5: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'TLSPseudoRandomFunctionSpec')
    const [secret, seed] = [spec.secretKey(), spec.bytes('getSeed')]
    return fixed(MOST_PRF_BYTES, (length) => crypto.tls12Prf('sha256', secret, '', seed, length))
  },
  6: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'KDFIeee1363Spec')
    return digestOnce(crypto, spec.hash(), spec.bytes('getSecret'), spec.bytes('getParameters'))
  },
  7: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'KDFIcaoMrtdSpec')
    return digestOnce(crypto, spec.hash(), spec.bytes('getSecret'), spec.bytes('getCounter'))
  },
  8: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'KDFAnsiX963Spec')
    const [hash, secret, info] = [spec.hash(), spec.bytes('getSecret'), spec.bytes('getSharedInfo')]
    return fixed(spec.length(), (length) => crypto.x963Kdf(hash, secret, info, length))
  },
  9: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'KDFHmacSpec')
    const [hash, info] = [spec.hashOrHmac(), spec.bytes('getInfo')]
    const pseudorandomKey = crypto.hkdfExtract(hash, spec.bytes('getSalt'), spec.bytes('getSecret'))
    return fixed(spec.length(), (length) => crypto.hkdfExpand(hash, pseudorandomKey, info, length))
  },
  10: (jcre, object, crypto) => {
    const spec = new Spec(jcre, object, 'TLSKDFExpandLabelSpec')
    const [hash, secret, length] = [spec.hashOrHmac(), spec.bytes('getSecret'), spec.length()]
    const prefix = LABEL_PREFIXES[spec.number('getLabelPrefix', 'S')] ?? failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
    const label = { prefix, label: spec.bytes('getLabel'), context: spec.bytes('getContext') }
    // The length is part of what is derived.
    return fixed(length, (wanted) => crypto.hkdfExpandLabel(hash, secret, label, length).subarray(0, wanted))
  },
}

/** The hash of secret and parameters, once: keys of travel documents are cut from it. */
function digestOnce(crypto: CryptoProvider, hash: HashName, secret: Uint8Array, parameters: Uint8Array): Derivation {
  const output = crypto.kdf1(hash, secret, parameters)
  return fixed(output.length, (length) => output.slice(0, length))
}
