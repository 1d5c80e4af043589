import type { Jcre } from '../../runtime/jcre.ts'
import type { NativeImplementation } from '../../vm/link/native-library.ts'
import {
  byteAt,
  bytesOf,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  lengthOf,
  natives,
  newObject,
  newReferenceArray,
  putHiddenShort,
  requireOwnObject,
  requireWritten,
  shortAt,
} from '../native-call.ts'
import { inOneStep } from '../one-step.ts'
import { TRIES_BYTES, TRIES_FLAG_CELL, Tries } from '../tries.ts'
import { BIO_1_TO_N_EXCEPTION, BIO_TEMPLATE_DATA, referenceOf } from './bio-template-data.ts'
import { BIO, failBio, isSupported, MATCH, NO_MATCH, PASSWORD, putVersion } from './reference.ts'

/** An OwnerBioMatcher of type PASSWORD. Hidden: its tries, an array of references, the index of the last match. */

const CLASS_NAME = 'gridcard/PasswordMatcher'
const CAPACITY_EXCEEDED = 6
const MOST_TEMPLATES = 255
const TEMPLATES = TRIES_BYTES / 2
const LAST_MATCH = TEMPLATES + 1
const HIDDEN_BYTES = TRIES_BYTES + 4

const fail = (jcre: Jcre, reason: number): never => failBio(jcre, BIO_1_TO_N_EXCEPTION, reason)
const triesOf = (jcre: Jcre, matcher: number) => new Tries(jcre, matcher, 0)

export function buildBioMatcher(hasProvider: boolean): JcreMethod {
  return (jcre, at) => {
    const [count, limit] = [shortAt(jcre, at), byteAt(jcre, at + 2)]
    if (count < 1 || limit < 1) fail(jcre, BIO.ILLEGAL_VALUE)
    if (count > MOST_TEMPLATES) fail(jcre, CAPACITY_EXCEEDED)
    const [rid, parameter] = hasProvider ? [handleAt(jcre, at + 3), byteAt(jcre, at + 4)] : [0, 0]
    if (!isSupported(byteAt(jcre, at + 1), rid, parameter)) fail(jcre, BIO.UNSUPPORTED)
    return inOneStep(jcre, () => {
      const matcher = newObject(jcre, CLASS_NAME)
      triesOf(jcre, matcher).make(limit)
      putHiddenShort(jcre, matcher, TEMPLATES, newReferenceArray(jcre, count))
      return matcher
    })
  }
}

/** Index: as they were put; 0 for none. */
function templatesOf(jcre: Jcre, matcher: number): number[] {
  const array = hiddenHandle(jcre, matcher, TEMPLATES)
  const first = jcre.memory.addressOf(array) >> 1
  return Array.from({ length: lengthOf(jcre, array) }, (_, i) => jcre.memory.i16[first + i]! & 0xffff)
}

function requireEnrolled(jcre: Jcre, matcher: number): number[] {
  const templates = templatesOf(jcre, matcher)
  return templates.some((one) => one !== 0) ? templates : fail(jcre, BIO.NOT_ENROLLED)
}

/** All templates are compared, whichever matches: time tells nothing. */
const initMatch: JcreMethod = (jcre, at) => {
  const matcher = handleAt(jcre, at)
  const templates = requireEnrolled(jcre, matcher)
  const tries = triesOf(jcre, matcher)
  if (!tries.take()) return NO_MATCH
  const candidate = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const matching = templates.flatMap((one, i) => {
    const reference = one === 0 ? undefined : referenceOf(jcre, one)
    return reference?.isReady && reference.matches(candidate) ? [i] : []
  })
  candidate.fill(0)
  if (matching.length === 0) return NO_MATCH
  tries.refill()
  tries.isValidated = true
  putHiddenShort(jcre, matcher, LAST_MATCH, matching[0]!)
  return MATCH
}

const match: JcreMethod = (jcre, at) => {
  requireEnrolled(jcre, handleAt(jcre, at))
  return fail(jcre, BIO.ILLEGAL_USE)
}

/** null takes the one there away. */
const putBioTemplateData: JcreMethod = (jcre, at) => {
  const [matcher, index, template] = [handleAt(jcre, at), shortAt(jcre, at + 1), handleAt(jcre, at + 2)]
  const array = hiddenHandle(jcre, matcher, TEMPLATES)
  if (index < 0 || index >= lengthOf(jcre, array)) fail(jcre, BIO.ILLEGAL_VALUE)
  if (template !== 0) {
    requireOwnObject(jcre, template, BIO_TEMPLATE_DATA)
    referenceOf(jcre, template).requireReady()
  }
  requireWritten(jcre, jcre.memory.putShort(jcre.memory.addressOf(array) + 2 * index, template))
  return 0
}

/** A match is known as long as the flag is. */
const getIndexOfLastMatch: JcreMethod = (jcre, at) => {
  const matcher = handleAt(jcre, at)
  return triesOf(jcre, matcher).isValidated ? hiddenShort(jcre, matcher, LAST_MATCH) : fail(jcre, BIO.ILLEGAL_USE)
}

const getBioTemplateData: JcreMethod = (jcre, at) => {
  return templatesOf(jcre, handleAt(jcre, at))[shortAt(jcre, at + 1)] ?? 0
}

export const bioMatcherImplementation: NativeImplementation = {
  id: 43,
  name: CLASS_NAME,
  interfaces: ['javacardx/biometry1toN/BioMatcher', 'javacardx/biometry1toN/OwnerBioMatcher'],
  hiddenBytes: HIDDEN_BYTES,
  hiddenReferences: [TRIES_FLAG_CELL, TEMPLATES],
  methods: natives({
    'isInitialized()Z': (jcre, at) => (templatesOf(jcre, handleAt(jcre, at)).some((one) => one !== 0) ? 1 : 0),
    'isValidated()Z': (jcre, at) => (triesOf(jcre, handleAt(jcre, at)).isValidated ? 1 : 0),
    'reset()V': (jcre, at) => {
      triesOf(jcre, handleAt(jcre, at)).isValidated = false
      return 0
    },
    'getTriesRemaining()B': (jcre, at) => {
      requireEnrolled(jcre, handleAt(jcre, at))
      return triesOf(jcre, handleAt(jcre, at)).left
    },
    'getBioType()B': () => PASSWORD,
    'getVersion([BS)S': (jcre, at) => putVersion(jcre, at + 1),
    'initMatch([BSS)S': initMatch,
    'match([BSS)S': match,
    'getMaxNbOfBioTemplateData()S': (jcre, at) => lengthOf(jcre, hiddenHandle(jcre, handleAt(jcre, at), TEMPLATES)),
    'getIndexOfLastMatchingBioTemplateData()S': getIndexOfLastMatch,
    'getBioTemplateData(S)Ljavacardx/biometry1toN/BioTemplateData;': getBioTemplateData,
    'getBioTemplateData(S)Ljavacardx/biometry1toN/OwnerBioTemplateData;': getBioTemplateData,
    'putBioTemplateData(SLjavacardx/biometry1toN/BioTemplateData;)V': putBioTemplateData,
    'resetUnblockAndSetTryLimit(B)V': (jcre, at) => {
      const limit = byteAt(jcre, at + 1)
      if (limit < 1) fail(jcre, BIO.ILLEGAL_VALUE)
      triesOf(jcre, handleAt(jcre, at)).setLimit(limit)
      return 0
    },
  }),
}
