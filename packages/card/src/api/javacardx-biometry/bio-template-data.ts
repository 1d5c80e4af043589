import type { Jcre } from '../../runtime/jcre.ts'
import type { NativeImplementation } from '../../vm/link/native-library.ts'
import { byteAt, handleAt, type JcreMethod, natives, newObject } from '../native-call.ts'
import { inOneStep } from '../one-step.ts'
import {
  BIO,
  failBio,
  isSupported,
  PASSWORD,
  publicData,
  REFERENCE_ARRAY_CELL,
  REFERENCE_BYTES,
  Reference,
} from './reference.ts'

/** An OwnerBioTemplateData of type PASSWORD: a reference alone. */

export const BIO_TEMPLATE_DATA = 'gridcard/PasswordTemplateData'
export const BIO_1_TO_N_EXCEPTION = 'javacardx/biometry1toN/Bio1toNException'

export const referenceOf = (jcre: Jcre, object: number) => new Reference(jcre, object, 0, BIO_1_TO_N_EXCEPTION)

export function buildBioTemplateData(hasProvider: boolean): JcreMethod {
  return (jcre, at) => {
    if (!isSupported(byteAt(jcre, at), hasProvider ? handleAt(jcre, at + 1) : 0, 0)) {
      failBio(jcre, BIO_1_TO_N_EXCEPTION, BIO.UNSUPPORTED)
    }
    return inOneStep(jcre, () => {
      const data = newObject(jcre, BIO_TEMPLATE_DATA)
      referenceOf(jcre, data).make()
      return data
    })
  }
}

const enrol = (work: (reference: Reference, at: number) => void): JcreMethod => {
  return (jcre, at) => {
    inOneStep(jcre, () => work(referenceOf(jcre, handleAt(jcre, at)), at + 1))
    return 0
  }
}

export const bioTemplateDataImplementation: NativeImplementation = {
  id: 44,
  name: BIO_TEMPLATE_DATA,
  interfaces: ['javacardx/biometry1toN/OwnerBioTemplateData'],
  hiddenBytes: REFERENCE_BYTES,
  hiddenReferences: [REFERENCE_ARRAY_CELL],
  methods: natives({
    'getBioType()B': () => PASSWORD,
    'isInitialized()Z': (jcre, at) => (referenceOf(jcre, handleAt(jcre, at)).isReady ? 1 : 0),
    'getPublicData(S[BSS)S': (jcre, at) => publicData(jcre, referenceOf(jcre, handleAt(jcre, at)), at + 1),
    'init([BSS)V': enrol((reference, at) => reference.begin(at)),
    'update([BSS)V': enrol((reference, at) => reference.continue(at)),
    'doFinal()V': enrol((reference) => reference.finish()),
    'clear()V': enrol((reference) => reference.clear()),
  }),
}
