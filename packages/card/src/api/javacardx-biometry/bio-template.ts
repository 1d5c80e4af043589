import type { Jcre } from '../../runtime/jcre.ts'
import type { NativeImplementation } from '../../vm/link/native-library.ts'
import { byteAt, bytesOf, handleAt, type JcreMethod, natives, newObject, shortAt } from '../native-call.ts'
import { inOneStep } from '../one-step.ts'
import { TRIES_BYTES, TRIES_FLAG_CELL, Tries } from '../tries.ts'
import {
  BIO,
  failBio,
  isSupported,
  MATCH,
  NO_MATCH,
  PASSWORD,
  publicData,
  putVersion,
  REFERENCE_ARRAY_CELL,
  REFERENCE_BYTES,
  Reference,
} from './reference.ts'

/** An OwnerBioTemplate of type PASSWORD. Hidden: a reference, then its tries. */

const CLASS_NAME = 'gridcard/PasswordTemplate'
const EXCEPTION = 'javacardx/biometry/BioException'
const TRIES_AT = REFERENCE_BYTES / 2

const referenceOf = (jcre: Jcre, object: number) => new Reference(jcre, object, 0, EXCEPTION)
const triesOf = (jcre: Jcre, object: number) => new Tries(jcre, object, TRIES_AT)

export function buildBioTemplate(hasProvider: boolean): JcreMethod {
  return (jcre, at) => {
    const limit = byteAt(jcre, at + 1)
    if (limit < 1) failBio(jcre, EXCEPTION, BIO.ILLEGAL_VALUE)
    const [rid, parameter] = hasProvider ? [handleAt(jcre, at + 2), byteAt(jcre, at + 3)] : [0, 0]
    if (!isSupported(byteAt(jcre, at), rid, parameter)) failBio(jcre, EXCEPTION, BIO.UNSUPPORTED)
    return inOneStep(jcre, () => {
      const template = newObject(jcre, CLASS_NAME)
      referenceOf(jcre, template).make()
      triesOf(jcre, template).make(limit)
      return template
    })
  }
}

/** A password is one piece: the session ends with the first call. */
const initMatch: JcreMethod = (jcre, at) => {
  const template = handleAt(jcre, at)
  const [reference, tries] = [referenceOf(jcre, template), triesOf(jcre, template)]
  reference.requireReady()
  if (!tries.take()) return NO_MATCH
  const candidate = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const isMatch = reference.matches(candidate)
  candidate.fill(0)
  if (!isMatch) return NO_MATCH
  tries.refill()
  tries.isValidated = true
  return MATCH
}

const match: JcreMethod = (jcre, at) => {
  referenceOf(jcre, handleAt(jcre, at)).requireReady()
  return failBio(jcre, EXCEPTION, BIO.ILLEGAL_USE)
}

/** Enrolment: the flag goes at once, the reference as one step. */
const enrol = (work: (jcre: Jcre, reference: Reference, at: number) => void): JcreMethod => {
  return (jcre, at) => {
    const template = handleAt(jcre, at)
    triesOf(jcre, template).isValidated = false
    inOneStep(jcre, () => work(jcre, referenceOf(jcre, template), at + 1))
    return 0
  }
}

const doFinal: JcreMethod = (jcre, at) => {
  const template = handleAt(jcre, at)
  referenceOf(jcre, template).finish()
  triesOf(jcre, template).refill()
  return 0
}

const resetUnblockAndSetTryLimit: JcreMethod = (jcre, at) => {
  const limit = byteAt(jcre, at + 1)
  if (limit < 1) failBio(jcre, EXCEPTION, BIO.ILLEGAL_VALUE)
  triesOf(jcre, handleAt(jcre, at)).setLimit(limit)
  return 0
}

export const bioTemplateImplementation: NativeImplementation = {
  id: 42,
  name: CLASS_NAME,
  interfaces: ['javacardx/biometry/BioTemplate', 'javacardx/biometry/OwnerBioTemplate'],
  hiddenBytes: REFERENCE_BYTES + TRIES_BYTES,
  hiddenReferences: [REFERENCE_ARRAY_CELL, TRIES_AT + TRIES_FLAG_CELL],
  methods: natives({
    'isValidated()Z': (jcre, at) => (triesOf(jcre, handleAt(jcre, at)).isValidated ? 1 : 0),
    'isInitialized()Z': (jcre, at) => (referenceOf(jcre, handleAt(jcre, at)).isReady ? 1 : 0),
    'getPublicTemplateData(S[BSS)S': (jcre, at) => publicData(jcre, referenceOf(jcre, handleAt(jcre, at)), at + 1),
    'getBioType()B': () => PASSWORD,
    'getVersion([BS)S': (jcre, at) => putVersion(jcre, at + 1),
    'reset()V': (jcre, at) => {
      triesOf(jcre, handleAt(jcre, at)).isValidated = false
      return 0
    },
    'getTriesRemaining()B': (jcre, at) => {
      referenceOf(jcre, handleAt(jcre, at)).requireReady()
      return triesOf(jcre, handleAt(jcre, at)).left
    },
    'initMatch([BSS)S': initMatch,
    'match([BSS)S': match,
    'init([BSS)V': enrol((_, reference, at) => reference.begin(at)),
    'update([BSS)V': enrol((_, reference, at) => reference.continue(at)),
    'doFinal()V': doFinal,
    'resetUnblockAndSetTryLimit(B)V': resetUnblockAndSetTryLimit,
    'clear()V': enrol((_, reference) => reference.clear()),
  }),
}
