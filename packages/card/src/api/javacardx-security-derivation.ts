import type { Jcre } from '../runtime/jcre.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { DERIVATIONS, type Derivation } from './derivation-specs.ts'
import {
  byteAt,
  byteRange,
  handleAt,
  hiddenShort,
  type JcreMethod,
  natives,
  newObject,
  putHiddenShort,
  putResult,
  shortAt,
} from './native-call.ts'
import { oneShotMethods, openOneShot } from './one-shot.ts'
import { putSecretKey, secretKeyCapacity } from './secret-keys.ts'

/**
 * javacardx.security.derivation. A DerivationFunction has one hidden cell, the algorithm; what init read and how far the
 * output was given out is the session, so a reset asks for another init.
 */
const CLASS_NAME = 'gridcard/DerivationFunction'
const PACKAGE = 'javacardx/security/derivation'
const ONE_SHOT = 'DerivationFunction$OneShot'
const ALGORITHM = 0
const HIDDEN_BYTES = 2

interface DerivationSession {
  readonly derivation: Derivation
  given: number
}

function requireAlgorithm(jcre: Jcre, algorithm: number): void {
  if (DERIVATIONS[algorithm] === undefined) failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
}

const getInstance: JcreMethod = (jcre, at) => {
  const algorithm = shortAt(jcre, at)
  requireAlgorithm(jcre, algorithm)
  const derivation = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, derivation, ALGORITHM, algorithm)
  return derivation
}

const init: JcreMethod = (jcre, at) => {
  const [handle, spec] = [handleAt(jcre, at), handleAt(jcre, at + 1)]
  const read = DERIVATIONS[hiddenShort(jcre, handle, ALGORITHM)]!
  const derivation = orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => {
    const made = read(jcre, spec, jcre.crypto)
    made.derive(1).fill(0)
    return made
  })
  const session: DerivationSession = { derivation, given: 0 }
  jcre.sessions.set(handle, session)
  return 0
}

/** The next bytes of the output; INVALID_INIT before init, ILLEGAL_USE beyond the length that the parameters name. */
function next(jcre: Jcre, handle: number, length: number, isLast: boolean): Uint8Array {
  const session = jcre.sessions.get(handle) as DerivationSession | undefined
  if (session === undefined) return failCrypto(jcre, CRYPTO.INVALID_INIT)
  const end = session.given + length
  if (end > session.derivation.mostBytes) failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  const output = orFail(jcre, CRYPTO.ILLEGAL_USE, () => session.derivation.derive(end))
  const result = output.slice(session.given, end)
  output.fill(0)
  // After the last the function is as after init.
  session.given = isLast ? 0 : end
  return result
}

const bytes =
  (isLast: boolean): JcreMethod =>
  (jcre, at) => {
    const length = shortAt(jcre, at + 3)
    const to = byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
    const result = next(jcre, handleAt(jcre, at), length, isLast)
    putResult(jcre, to, result)
    result.fill(0)
    return length
  }

/** A key as long as it can be. */
const intoKey =
  (isLast: boolean): JcreMethod =>
  (jcre, at) => {
    const key = handleAt(jcre, at + 1)
    const length = secretKeyCapacity(jcre, key)
    const result = next(jcre, handleAt(jcre, at), length, isLast)
    try {
      putSecretKey(jcre, key, result)
    } finally {
      result.fill(0)
    }
    return length
  }

const methods: Readonly<Record<string, JcreMethod>> = {
  'init(Ljavacard/security/AlgorithmParameterSpec;)V': init,
  'getAlgorithm()S': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), ALGORITHM),
  'nextBytes([BSS)S': bytes(false),
  'nextBytes(Ljavacard/security/SecretKey;)S': intoKey(false),
  'lastBytes([BSS)S': bytes(true),
  'lastBytes(Ljavacard/security/SecretKey;)S': intoKey(true),
}

const open: JcreMethod = (jcre, at) => {
  const algorithm = byteAt(jcre, at)
  requireAlgorithm(jcre, algorithm)
  const oneShot = openOneShot(jcre, `${PACKAGE}/${ONE_SHOT}`)
  putHiddenShort(jcre, oneShot, ALGORITHM, algorithm)
  return oneShot
}

export const javacardxSecurityDerivation: NativeBinding = {
  package: PACKAGE,
  methods: natives({
    'DerivationFunction.<init>()V': () => 0,
    [`DerivationFunction.getInstance(SZ)L${PACKAGE}/DerivationFunction;`]: getInstance,
    [`${ONE_SHOT}.open(B)L${PACKAGE}/${ONE_SHOT};`]: open,
    ...oneShotMethods(ONE_SHOT, methods, []),
  }),
  hiddenBytes: { [ONE_SHOT]: HIDDEN_BYTES },
  hiddenReferences: { [ONE_SHOT]: [] },
  implementations: [
    {
      id: 28,
      name: CLASS_NAME,
      superClass: `${PACKAGE}/DerivationFunction`,
      hiddenBytes: HIDDEN_BYTES,
      hiddenReferences: [],
      methods: natives(methods),
    },
  ],
}
