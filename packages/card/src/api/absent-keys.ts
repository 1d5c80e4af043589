import { apiPackages } from '@gridcard/cap'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { type JcreMethod, natives } from './native-call.ts'

/**
 * Keys that KeyBuilder never gives. Applets that try algorithms and catch NO_SUCH_ALGORITHM call through these
 * interfaces further on; the calls have to link, and can only ever meet null. No object of this class is made.
 */
const INTERFACES = ['KoreanSEEDKey', 'DSAPrivateKey', 'DSAPublicKey', 'DHPrivateKey', 'DHPublicKey'] as const
const NAMES: readonly string[] = INTERFACES.map((name) => `javacard/security/${name}`)

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
