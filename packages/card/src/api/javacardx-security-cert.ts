import { BytesError } from '@gridcard/bytes'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { JAVA_THROW } from '../vm/machine.ts'
import { CLEAR_ON_RESET } from '../vm/memory/card-memory.ts'
import { BYTE_ARRAY_TYPE, JCRE_OWNER, TYPE } from '../vm/memory/handle-entry.ts'
import { callInterface } from './call-interface.ts'
import { reasonedException } from './card-exceptions.ts'
import {
  type CertifiedKey,
  certificateScheme,
  certifiedKey,
  newCertifiedKey,
  putCertifiedKey,
} from './certificate-keys.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { GatheredMessage } from './gathered-message.ts'
import { newTransient } from './javacard-framework/jc-system.ts'
import {
  bytesOf,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  lengthOf,
  natives,
  newByteArray,
  newObject,
  newReferenceArray,
  putHiddenShort,
  putResult,
  requireOwnObject,
  requireWritten,
  shortAt,
} from './native-call.ts'
import { spendOnKey } from './native-cost.ts'
import { eddsaVerify, requireFittingKey, verifierOf } from './signature-keys.ts'
import { familyOf, hashOf } from './signature-schemes.ts'
import { algorithmOf, bitStringContent, contentOf, parseX509, X509_FIELD, type X509Parts } from './x509.ts'

/**
 * javacardx.security.cert: X.509 certificates in DER. A certificate object keeps the fields and extensions that its handler
 * wanted, each in an array; without a handler for them, all. Fields are whole elements, with tag and length; extensions are
 * what their octet string holds, found by the content of their object identifier.
 *
 * @source API javacardx.security.cert 3.1: names and types; see docs/sources.md for what no text confirmed
 */
const PACKAGE = 'javacardx/security/cert'
const PARSER_CLASS = 'gridcard/CertificateParser'
const CERTIFICATE_CLASS = 'gridcard/X509Certificate'
const TYPE_X509_DER = 1

const REASON = {
  INVALID_ENCODING: 1,
  INVALID_PARAM: 2,
  MISSING_DATA: 3,
  INVALID_SIGNATURE: 4,
  HANDLER_EXCEPTION: 5,
  HANDLER_INVALID_KEY: 6,
} as const

/** Hidden cells of a certificate: version, public key, arrays of kept fields and of extensions (name, value, flag). */
const VERSION = 0
const PUBLIC_KEY = 1
const FIELDS = 2
const EXTENSIONS = 3

const FIELD_IDS = Object.values(X509_FIELD)

const failCertificate = (jcre: Jcre, reason: number): never => {
  return jcre.machine.throwNew('javacardx/security/cert/CertificateException', reason)
}

// ---- handlers

const KEY_HANDLER = {
  interfaceName: `${PACKAGE}/CertificateParser$KeyHandler`,
  signature: 'onKey(BS)Ljavacard/security/PublicKey;',
}
const EXTENSION_HANDLER = {
  interfaceName: `${PACKAGE}/X509Certificate$ExtensionHandler`,
  signature: 'onExtension([BZ[B)Z',
}
const FIELD_HANDLER = { interfaceName: `${PACKAGE}/X509Certificate$FieldHandler`, signature: 'onField(S[B)Z' }

type Handler = typeof KEY_HANDLER

/** One object may handle several things. */
function handles(jcre: Jcre, handler: number, kind: Handler): boolean {
  return handler !== 0 && jcre.machine.classOf(handler).isKindOf(jcre.requireClass(kind.interfaceName))
}

/** What a handler throws ends the parser with PARSER_HANDLER_EXCEPTION. */
function ask(jcre: Jcre, handler: number, kind: Handler, args: readonly number[]): number {
  try {
    return callInterface(jcre, handler, kind, args)
  } catch (error) {
    if (error === JAVA_THROW) return failCertificate(jcre, REASON.HANDLER_EXCEPTION)
    throw error
  }
}

/** An array for a handler to look at; it ends with the command. */
function lent(jcre: Jcre, bytes: Uint8Array): number {
  const array = newTransient(jcre, JCRE_OWNER, BYTE_ARRAY_TYPE | TYPE.global, bytes.length, CLEAR_ON_RESET)
  jcre.memory.u8.set(bytes, jcre.memory.addressOf(array))
  return array
}

// ---- parsing

interface Kept {
  readonly fields: ReadonlyMap<number, Uint8Array>
  readonly extensions: X509Parts['extensions']
  readonly publicKey: number
}

function parsed(jcre: Jcre, at: number): X509Parts {
  const bytes = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  return decoded(jcre, () => parseX509(bytes))
}

function decoded<T>(jcre: Jcre, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof BytesError) return failCertificate(jcre, REASON.INVALID_ENCODING)
    throw error
  }
}

/** Null, or one of the caller's own. */
function handlerAt(jcre: Jcre, at: number): number {
  const handler = handleAt(jcre, at + 4)
  if (handler !== 0) requireOwnObject(jcre, handler, `${PACKAGE}/CertificateParser$ParserHandler`)
  return handler
}

function publicKeyFor(jcre: Jcre, parts: X509Parts, handler: number, isBuilding: boolean): number {
  const key = decoded(jcre, () => certifiedKey(parts.publicKey))
  if (key === undefined) return 0
  if (handles(jcre, handler, KEY_HANDLER)) return keyOfHandler(jcre, key, handler)
  if (!isBuilding) return 0
  const made = newCertifiedKey(jcre, key)
  return putCertifiedKey(jcre, made, key) ? made : 0
}

function keyOfHandler(jcre: Jcre, key: CertifiedKey, handler: number): number {
  const given = ask(jcre, handler, KEY_HANDLER, [key.type, key.bits]) & 0xffff
  if (given === 0) return 0
  requireOwnObject(jcre, given, 'javacard/security/Key')
  return putCertifiedKey(jcre, given, key) ? given : failCertificate(jcre, REASON.HANDLER_INVALID_KEY)
}

/** Shows a certificate to its handlers, in the order of its fields; what they want is kept. */
function shown(jcre: Jcre, parts: X509Parts, handler: number, isBuilding: boolean): Kept {
  const asksFields = handles(jcre, handler, FIELD_HANDLER)
  const asksExtensions = handles(jcre, handler, EXTENSION_HANDLER)
  const fields = new Map<number, Uint8Array>()
  for (const [id, bytes] of parts.fields) {
    if (!asksFields || ask(jcre, handler, FIELD_HANDLER, [id, lent(jcre, bytes)]) !== 0) fields.set(id, bytes)
  }
  const extensions = parts.extensions.filter(({ oid, isCritical, value }) => {
    if (!asksExtensions) return true
    return ask(jcre, handler, EXTENSION_HANDLER, [lent(jcre, oid), isCritical ? 1 : 0, lent(jcre, value)]) !== 0
  })
  return { fields, extensions, publicKey: publicKeyFor(jcre, parts, handler, isBuilding) }
}

// ---- signatures

/** ILLEGAL_VALUE for a key that does not fit the algorithm, NO_SUCH_ALGORITHM for one that Signature does not have. */
function isSigned(jcre: Jcre, key: number, fields: (id: number) => Uint8Array): boolean {
  const { oid } = decoded(jcre, () => algorithmOf(contentOf(fields(X509_FIELD.CERTIFICATE_SIGNATURE_ALG))))
  const scheme = certificateScheme(oid)
  if (scheme === undefined) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  requireFittingKey(jcre, scheme, key, false)
  const message = fields(X509_FIELD.CERTIFICATE_TBS)
  const signature = decoded(jcre, () => bitStringContent(contentOf(fields(X509_FIELD.CERTIFICATE_SIGNATURE))))
  if (familyOf(scheme) === 'eddsa') return eddsaVerify(jcre, scheme, key, message, signature)
  const gathered = new GatheredMessage(jcre.crypto, hashOf(scheme))
  gathered.update(message)
  spendOnKey(jcre, key)
  return verifierOf(jcre, scheme, key, 0).verify(gathered, signature)
}

const fieldOfParts =
  (parts: X509Parts) =>
  (id: number): Uint8Array =>
    parts.fields.get(id) ?? new Uint8Array()

// ---- the certificate object

function keptArray(jcre: Jcre, bytes: Uint8Array): number {
  const array = newByteArray(jcre, bytes.length)
  putResult(jcre, jcre.memory.addressOf(array), bytes)
  return array
}

function putReference(jcre: Jcre, array: number, index: number, value: number): void {
  requireWritten(jcre, jcre.memory.putShort(jcre.memory.addressOf(array) + 2 * index, value))
}

const referenceAt = (jcre: Jcre, array: number, index: number): number => {
  return jcre.memory.i16[(jcre.memory.addressOf(array) >> 1) + index]! & 0xffff
}

/** Cells of an extension. */
const EXTENSION_CELLS = 3

function newCertificate(jcre: Jcre, parts: X509Parts, kept: Kept): number {
  const fields = newReferenceArray(jcre, FIELD_IDS.length)
  for (const [id, bytes] of kept.fields) {
    putReference(jcre, fields, FIELD_IDS.indexOf(id as (typeof FIELD_IDS)[number]), keptArray(jcre, bytes))
  }
  const extensions = newReferenceArray(jcre, EXTENSION_CELLS * kept.extensions.length)
  for (const [index, { oid, isCritical, value }] of kept.extensions.entries()) {
    const flag = Uint8Array.of(isCritical ? 1 : 0)
    for (const [cell, bytes] of [oid, value, flag].entries()) {
      putReference(jcre, extensions, EXTENSION_CELLS * index + cell, keptArray(jcre, bytes))
    }
  }
  const certificate = newObject(jcre, CERTIFICATE_CLASS)
  putHiddenShort(jcre, certificate, VERSION, parts.version)
  putHiddenShort(jcre, certificate, PUBLIC_KEY, kept.publicKey)
  putHiddenShort(jcre, certificate, FIELDS, fields)
  putHiddenShort(jcre, certificate, EXTENSIONS, extensions)
  return certificate
}

/** The array of a kept field, 0 if there is none; INVALID_PARAM for what is no field. */
function fieldArray(jcre: Jcre, certificate: number, id: number): number {
  const index = FIELD_IDS.indexOf(id as (typeof FIELD_IDS)[number])
  if (index < 0) failCertificate(jcre, REASON.INVALID_PARAM)
  return referenceAt(jcre, hiddenHandle(jcre, certificate, FIELDS), index)
}

const contentsOf = (jcre: Jcre, array: number): Uint8Array => {
  const address = jcre.memory.addressOf(array)
  return jcre.memory.u8.slice(address, address + lengthOf(jcre, array))
}

const verify: JcreMethod = (jcre, at) => {
  const certificate = handleAt(jcre, at)
  const isRight = isSigned(jcre, handleAt(jcre, at + 1), (id) => {
    const array = fieldArray(jcre, certificate, id)
    return array === 0 ? failCertificate(jcre, REASON.MISSING_DATA) : contentsOf(jcre, array)
  })
  return isRight ? 1 : 0
}

const extensionCount = (jcre: Jcre, certificate: number): number => {
  return lengthOf(jcre, hiddenHandle(jcre, certificate, EXTENSIONS)) / EXTENSION_CELLS
}

/** Null if there is none of that name. */
const getExtension: JcreMethod = (jcre, at) => {
  const certificate = handleAt(jcre, at)
  const oid = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const extensions = hiddenHandle(jcre, certificate, EXTENSIONS)
  for (let i = 0; i < extensionCount(jcre, certificate); i++) {
    const name = contentsOf(jcre, referenceAt(jcre, extensions, EXTENSION_CELLS * i))
    if (jcre.crypto.constantTimeEqual(name, oid)) return referenceAt(jcre, extensions, EXTENSION_CELLS * i + 1)
  }
  return 0
}

/** Shows all that were kept, until the handler has enough. */
const getExtensions: JcreMethod = (jcre, at) => {
  const [certificate, handler] = [handleAt(jcre, at), handleAt(jcre, at + 1)]
  requireOwnObject(jcre, handler, EXTENSION_HANDLER.interfaceName)
  const extensions = hiddenHandle(jcre, certificate, EXTENSIONS)
  for (let i = 0; i < extensionCount(jcre, certificate); i++) {
    const [oid, value, flag] = [0, 1, 2].map((cell) => referenceAt(jcre, extensions, EXTENSION_CELLS * i + cell))
    const isCritical = contentsOf(jcre, flag!)[0]!
    ask(jcre, handler, EXTENSION_HANDLER, [oid!, isCritical, value!])
  }
  return 0
}

// ---- the parser

const getInstance: JcreMethod = (jcre, at) => {
  if (shortAt(jcre, at) !== TYPE_X509_DER) failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  return newObject(jcre, PARSER_CLASS)
}

const build =
  (isVerified: boolean): JcreMethod =>
  (jcre, at) => {
    const parts = parsed(jcre, at)
    const handler = handlerAt(jcre, at)
    if (isVerified && !isSigned(jcre, handleAt(jcre, at + 5), fieldOfParts(parts))) {
      failCertificate(jcre, REASON.INVALID_SIGNATURE)
    }
    return newCertificate(jcre, parts, shown(jcre, parts, handler, true))
  }

const parse: JcreMethod = (jcre, at) => {
  shown(jcre, parsed(jcre, at), handlerAt(jcre, at), false)
  return 0
}

/** Nothing is shown of a certificate whose signature is wrong. */
const parseVerified: JcreMethod = (jcre, at) => {
  const parts = parsed(jcre, at)
  const handler = handlerAt(jcre, at)
  if (!isSigned(jcre, handleAt(jcre, at + 5), fieldOfParts(parts))) return 0
  shown(jcre, parts, handler, false)
  return 1
}

const HANDLED = `[BSSL${PACKAGE}/CertificateParser$ParserHandler;`
const KEY = 'Ljavacard/security/PublicKey;'

export const javacardxSecurityCert: NativeBinding = {
  package: PACKAGE,
  methods: natives({
    ...reasonedException('javacardx/security/cert/CertificateException'),
    [`CertificateParser.getInstance(S)L${PACKAGE}/CertificateParser;`]: getInstance,
  }),
  implementations: [
    {
      id: 29,
      name: PARSER_CLASS,
      superClass: `${PACKAGE}/CertificateParser`,
      hiddenBytes: 0,
      methods: natives({
        [`buildCert(${HANDLED})L${PACKAGE}/Certificate;`]: build(false),
        [`buildCert(${HANDLED}${KEY})L${PACKAGE}/Certificate;`]: build(true),
        [`parseCert(${HANDLED})V`]: parse,
        [`parseCert(${HANDLED}${KEY})Z`]: parseVerified,
      }),
    },
    {
      id: 58,
      name: CERTIFICATE_CLASS,
      interfaces: [`${PACKAGE}/X509Certificate`],
      hiddenBytes: 8,
      hiddenReferences: [PUBLIC_KEY, FIELDS, EXTENSIONS],
      methods: natives({
        'getType()S': () => TYPE_X509_DER,
        [`getPublicKey()${KEY}`]: (jcre, at) => hiddenHandle(jcre, handleAt(jcre, at), PUBLIC_KEY),
        [`verify(${KEY})Z`]: verify,
        'getVersion()S': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), VERSION),
        'getField(S)[B': (jcre, at) => fieldArray(jcre, handleAt(jcre, at), shortAt(jcre, at + 1)),
        'getExtension([BSS)[B': getExtension,
        [`getExtensions(L${PACKAGE}/X509Certificate$ExtensionHandler;)V`]: getExtensions,
      }),
    },
  ],
}
