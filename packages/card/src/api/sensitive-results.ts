import type { Jcre } from '../runtime/jcre.ts'
import type { NativeMethod } from '../vm/link/linked-package.ts'
import type { NativeBinding, NativeImplementation } from '../vm/link/native-library.ts'
import { type JcreMethod, natives } from './native-call.ts'

/** What kind of result is stored for SensitiveResult; none before the first, and after an exception. */
export const SENSITIVE = { unassigned: 0, boolean: 1, short: 2, reference: 3 } as const

/**
 * Methods whose results SensitiveResult asserts, by class and name; all forms of a name.
 * @source API SensitiveResult 3.0.5, "See also"
 */
const SENSITIVE_METHODS: Readonly<Record<string, readonly string[]>> = {
  'javacard/framework/SensitiveArrays': ['isIntegritySensitive', 'isIntegritySensitiveArraysSupported', 'clearArray'],
  'javacard/framework/AID': ['equals', 'partialEquals', 'RIDEquals'],
  'javacard/framework/JCSystem': ['getAID', 'lookupAID', 'getPreviousContextAID', 'getAppletShareableInterfaceObject'],
  'javacard/framework/OwnerPIN': ['getTriesRemaining', 'check', 'isValidated', 'getValidatedFlag'],
  'javacard/framework/OwnerPINx': ['getTryLimit'],
  'javacard/framework/OwnerPINxWithPredecrement': ['decrementTriesRemaining', 'check'],
  'javacard/framework/PIN': ['getTriesRemaining', 'check', 'isValidated'],
  'javacard/framework/Util': ['arrayCopy', 'arrayCopyNonAtomic', 'arrayFill', 'arrayFillNonAtomic', 'arrayCompare'],
  'javacardx/biometry/BioTemplate': ['isValidated', 'getTriesRemaining', 'initMatch', 'match'],
  'javacardx/biometry1toN/BioMatcher': ['isValidated', 'getTriesRemaining', 'initMatch', 'match'],
  'javacardx/framework/math/BigNumber': ['compareTo'],
  'javacard/security/Checksum': ['doFinal'],
  'javacard/security/MessageDigest': ['doFinal'],
  'javacard/security/MessageDigest$OneShot': ['doFinal'],
  'javacard/security/RandomData': ['getAlgorithm', 'nextBytes'],
  'javacard/security/RandomData$OneShot': ['getAlgorithm', 'nextBytes'],
  'javacard/security/Signature': ['sign', 'signPreComputedHash', 'verify', 'verifyPreComputedHash'],
  'javacard/security/Signature$OneShot': ['sign', 'signPreComputedHash', 'verify', 'verifyPreComputedHash'],
  'javacard/security/SignatureMessageRecovery': ['sign', 'verify', 'beginVerify'],
  'javacardx/crypto/Cipher': ['doFinal', 'update'],
  'javacardx/crypto/Cipher$OneShot': ['doFinal', 'update'],
  'javacardx/crypto/AEADCipher': ['doFinal', 'update', 'retrieveTag', 'verifyTag'],
}

function kindOfResult(signature: string): number {
  const type = signature.slice(signature.indexOf(')') + 1)
  if (type === 'Z') return SENSITIVE.boolean
  if (type === 'S' || type === 'B') return SENSITIVE.short
  return type === 'V' ? SENSITIVE.unassigned : SENSITIVE.reference
}

function recording(native: NativeMethod, signature: string): NativeMethod {
  const kind = kindOfResult(signature)
  const inner = native as unknown as JcreMethod // the only host there is is the Jcre
  const outer: JcreMethod = (jcre, at) => {
    jcre.sensitiveKind = SENSITIVE.unassigned
    const result = inner(jcre, at)
    jcre.sensitiveKind = kind
    jcre.sensitiveValue = result
    return result
  }
  return natives({ outer }).outer!
}

const isSensitive = (className: string, signature: string): boolean => {
  return SENSITIVE_METHODS[className]?.includes(signature.slice(0, signature.indexOf('('))) === true
}

/** The same methods, of which the sensitive ones also leave their result. */
export function withSensitiveResults(binding: NativeBinding): NativeBinding {
  const methods = Object.entries(binding.methods).map(([member, native]) => {
    const dot = member.lastIndexOf('.', member.indexOf('('))
    const [simpleName, signature] = [member.slice(0, dot), member.slice(dot + 1)]
    const records = isSensitive(`${binding.package}/${simpleName}`, signature)
    return [member, records ? recording(native, signature) : native] as const
  })
  const implementations = binding.implementations?.map(recordingImplementation)
  return { ...binding, methods: Object.fromEntries(methods), ...(implementations && { implementations }) }
}

function recordingImplementation(one: NativeImplementation): NativeImplementation {
  const supertypes = [...(one.superClass === undefined ? [] : [one.superClass]), ...(one.interfaces ?? [])]
  const methods = Object.entries(one.methods).map(([signature, native]) => {
    const records = supertypes.some((name) => isSensitive(name, signature))
    return [signature, records ? recording(native, signature) : native] as const
  })
  return { ...one, methods: Object.fromEntries(methods) }
}

export function forgetSensitiveResult(jcre: Jcre): void {
  jcre.sensitiveKind = SENSITIVE.unassigned
  jcre.sensitiveValue = 0
}
