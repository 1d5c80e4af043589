import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { keyImplementations } from './key-implementations.ts'
import { type KeyShape, keyInput, newKey, partGetter, putPart, requireKey, requirePart, sizeOf } from './key-parts.ts'
import { type KeyKind, xecKeyType } from './key-types.ts'
import { NAMED_CURVES, type NamedCurve, namedParameters, nameOfParameters } from './named-parameters.ts'
import { handleAt, type JcreMethod, requireObject, shortAt } from './native-call.ts'

/**
 * XECPublicKey and XECPrivateKey, over the curves that NamedParameterSpec names: encoded as RFC 7748 and RFC 8032 say,
 * or an uncompressed point and a big-endian number for short Weierstrass curves. The cell for the size holds the name.
 */
const lengthsOf = (name: number) => NAMED_CURVES[name]!.lengths

export const xecPublicKeyShape: KeyShape = {
  className: 'gridcard/XecPublicKey',
  extendedClassName: 'gridcard/XecPublicKey',
  parts: [{ maxBytes: (name) => lengthsOf(name).public }],
}
export const xecPrivateKeyShape: KeyShape = {
  className: 'gridcard/XecPrivateKey',
  extendedClassName: 'gridcard/XecPrivateKey',
  parts: [{ maxBytes: (name) => lengthsOf(name).private }],
}

export const isXecKind = (kind: KeyKind): boolean => kind === 'xec-public' || kind === 'xec-private'

export interface XecKey {
  readonly curve: NamedCurve
  readonly isPrivate: boolean
  /** Encoded; the caller wipes it. */
  readonly value: Uint8Array
}

/** @returns a key that the caller may use; ILLEGAL_VALUE for other kinds, UNINITIALIZED_KEY */
export function takeXecKey(jcre: Jcre, key: number): XecKey {
  const kind = requireKey(jcre, key)
  if (!isXecKind(kind)) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const isPrivate = kind === 'xec-private'
  const value = requirePart(jcre, isPrivate ? xecPrivateKeyShape : xecPublicKeyShape, key, 0)
  return { curve: NAMED_CURVES[sizeOf(jcre, key)]!, isPrivate, value }
}

export const curveOfXecKey = (jcre: Jcre, key: number): NamedCurve => NAMED_CURVES[sizeOf(jcre, key)]!

const PRIVATE_ATTRIBUTE = 0x8000
const MEMORY_ATTRIBUTES = 0x7fff

/** `buildXECKey(NamedParameterSpec, short attributes, boolean)` */
export const buildXecKey: JcreMethod = (jcre, at) => {
  const spec = handleAt(jcre, at)
  requireObject(jcre, spec, 'javacard/security/NamedParameterSpec')
  const name = nameOfParameters(jcre, spec) ?? 0
  const attributes = shortAt(jcre, at + 1)
  const type = xecKeyType((attributes & PRIVATE_ATTRIBUTE) !== 0, attributes & MEMORY_ATTRIBUTES)
  if (NAMED_CURVES[name] === undefined || type === undefined) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  const isPrivate = (attributes & PRIVATE_ATTRIBUTE) !== 0
  return newKey(jcre, isPrivate ? xecPrivateKeyShape : xecPublicKeyShape, type, name)
}

/** Points of short Weierstrass curves in a shorter form are refused: a key is as long as its curve says. */
const setEncoded =
  (shape: KeyShape): JcreMethod =>
  (jcre, at) => {
    const key = handleAt(jcre, at)
    const bytes = keyInput(jcre, key, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
    try {
      if (bytes.length !== shape.parts[0]!.maxBytes(sizeOf(jcre, key))) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
      putPart(jcre, shape, key, 0, bytes)
    } finally {
      bytes.fill(0)
    }
    return 0
  }

const xecMethods = (shape: KeyShape): Readonly<Record<string, JcreMethod>> => ({
  'getSize()S': (jcre, at) => curveOfXecKey(jcre, handleAt(jcre, at)).bits,
  'getParams()Ljavacard/security/NamedParameterSpec;': (jcre, at) => {
    return namedParameters(jcre, sizeOf(jcre, handleAt(jcre, at)))
  },
  'getEncodingLength()S': (jcre, at) => shape.parts[0]!.maxBytes(sizeOf(jcre, handleAt(jcre, at))),
  'getEncoded([BS)S': partGetter(shape, 0),
  'setEncoded([BSS)V': setEncoded(shape),
})

export const xecKeyImplementations: readonly NativeImplementation[] = [
  ...keyImplementations({
    shape: xecPublicKeyShape,
    ids: [undefined, 18],
    interfaces: ['javacard/security/XECPublicKey'],
    methods: xecMethods(xecPublicKeyShape),
  }),
  ...keyImplementations({
    shape: xecPrivateKeyShape,
    ids: [undefined, 19],
    interfaces: ['javacard/security/XECPrivateKey'],
    methods: xecMethods(xecPrivateKeyShape),
  }),
]
