import type { EcCurveName, EddsaCurve, XdhCurve } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import {
  handleAt,
  hiddenShort,
  type JcreMethod,
  newObject,
  putHiddenShort,
  requireObject,
  shortAt,
} from './native-call.ts'
import { ownObjects } from './own-objects.ts'

/** NamedParameterSpec. One hidden cell: the name. */
const CLASS_NAME = 'javacard/security/NamedParameterSpec'
const NAME = 0
export const NAMED_PARAMETERS_HIDDEN_BYTES = 2

/** Lengths of encoded keys in bytes. */
export type NamedCurve =
  | { readonly family: 'montgomery'; readonly name: XdhCurve; readonly bits: number; readonly lengths: Lengths }
  | { readonly family: 'edwards'; readonly name: EddsaCurve; readonly bits: number; readonly lengths: Lengths }
  | { readonly family: 'weierstrass'; readonly name: EcCurveName; readonly bits: number; readonly lengths: Lengths }

interface Lengths {
  readonly private: number
  readonly public: number
}

function weierstrass(name: EcCurveName, bits: number): NamedCurve {
  const field = Math.ceil(bits / 8)
  return { family: 'weierstrass', name, bits, lengths: { private: field, public: 1 + 2 * field } }
}

/** By the constants of NamedParameterSpec; FRP256V1 and SM2 are not there. */
export const NAMED_CURVES: Readonly<Record<number, NamedCurve>> = {
  257: { family: 'edwards', name: 'Ed25519', bits: 255, lengths: { private: 32, public: 32 } },
  514: { family: 'edwards', name: 'Ed448', bits: 448, lengths: { private: 57, public: 57 } },
  259: { family: 'montgomery', name: 'X25519', bits: 255, lengths: { private: 32, public: 32 } },
  516: { family: 'montgomery', name: 'X448', bits: 448, lengths: { private: 56, public: 56 } },
  4097: weierstrass('P-192', 192),
  4098: weierstrass('P-224', 224),
  4099: weierstrass('P-256', 256),
  4100: weierstrass('P-384', 384),
  4101: weierstrass('P-521', 521),
  8195: weierstrass('brainpoolP192r1', 192),
  8196: weierstrass('brainpoolP192t1', 192),
  8197: weierstrass('brainpoolP224r1', 224),
  8198: weierstrass('brainpoolP224t1', 224),
  8199: weierstrass('brainpoolP256r1', 256),
  8200: weierstrass('brainpoolP256t1', 256),
  8201: weierstrass('brainpoolP320r1', 320),
  8202: weierstrass('brainpoolP320t1', 320),
  8203: weierstrass('brainpoolP384r1', 384),
  8204: weierstrass('brainpoolP384t1', 384),
  8205: weierstrass('brainpoolP512r1', 512),
  8206: weierstrass('brainpoolP512t1', 512),
}

/** The applet's object of a name; one is enough, for it cannot change. */
export function namedParameters(jcre: Jcre, name: number): number {
  const known = ownObjects(jcre, CLASS_NAME).find((handle) => hiddenShort(jcre, handle, NAME) === name)
  if (known !== undefined) return known
  const spec = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, spec, NAME, name)
  return spec
}

const getInstance: JcreMethod = (jcre, at) => {
  const name = shortAt(jcre, at)
  return NAMED_CURVES[name] === undefined ? failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM) : namedParameters(jcre, name)
}

/** The name in an AlgorithmParameterSpec that should be a NamedParameterSpec; undefined if it is something else. */
export function nameOfParameters(jcre: Jcre, spec: number): number | undefined {
  requireObject(jcre, spec, 'javacard/security/AlgorithmParameterSpec')
  return jcre.machine.classOf(spec).name === CLASS_NAME ? hiddenShort(jcre, spec, NAME) : undefined
}

export const namedParametersMethods: Readonly<Record<string, JcreMethod>> = {
  'NamedParameterSpec.getInstance(S)Ljavacard/security/NamedParameterSpec;': getInstance,
  'NamedParameterSpec.getName()S': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), NAME),
}
