import { apiPackages } from '@gridcard/cap'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { type JcreMethod, natives } from './native-call.ts'

/**
 * Interfaces that no object of ours has: keys that KeyBuilder never gives, and what only applets implement. Applets
 * that try algorithms and catch NO_SUCH_ALGORITHM call through them further on, or through one for objects of their
 * own; the calls have to link. No object of this class is made.
 */
const SECURITY = ['KoreanSEEDKey', 'SM4Key', 'SM2KeyAgreementParameterSpec', 'PrimalityTestParamSpec'] as const
const DERIVATION = [
  'KDFAnsiX963Spec',
  'KDFCounterModeSpec',
  'KDFDoublePipelineIterationModeSpec',
  'KDFFeedbackModeSpec',
  'KDFHmacSpec',
  'KDFIcaoMrtdSpec',
  'KDFIeee1363Spec',
  'TLSPseudoRandomFunctionSpec',
  'TLSKDFExpandLabelSpec',
] as const
const CERTIFICATES = [
  'CertificateParser$KeyHandler',
  'X509Certificate$ExtensionHandler',
  'X509Certificate$FieldHandler',
] as const
const NAMES: readonly string[] = [
  ...SECURITY.map((name) => `javacard/security/${name}`),
  ...DERIVATION.map((name) => `javacardx/security/derivation/${name}`),
  ...CERTIFICATES.map((name) => `javacardx/security/cert/${name}`),
]

const absent: JcreMethod = (jcre) => failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)

function methodsOfInterfaces(): Readonly<Record<string, JcreMethod>> {
  const classes = apiPackages('3.2.0').flatMap((one) => one.classes)
  const methods = classes.filter((one) => NAMES.includes(one.name)).flatMap((one) => one.methods)
  return Object.fromEntries(methods.map((one) => [one.name + one.desc, absent]))
}

export const absentKeyImplementation: NativeImplementation = {
  id: 17,
  name: 'gridcard/AbsentKey',
  interfaces: NAMES,
  hiddenBytes: 0,
  methods: natives(methodsOfInterfaces()),
}
