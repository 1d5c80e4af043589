import { ByteWriter, parseTlvs, type Tlv, writeTlv } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'
import { parseExactly } from '../malformed.ts'
import { apduTags } from './apdu-tags.ts'

// BER, context-specific tags; lengths in definite form. @source Green Book ed. 8 §9.4.2, §9.5 (ACSE-APDU)

/** Fields that AARQ and AARE have under different tags. Names are the value octets of an object identifier. */
interface AssociateFields {
  /** The content of the bit string, as it came; absent for version1, the default. Who sends one mostly sends 02 84. */
  readonly protocolVersion?: Uint8Array | undefined
  readonly applicationContextName: Uint8Array
  /** System title, 8 bytes: the client's in an AARQ, the server's in an AARE. */
  readonly apTitle?: Uint8Array | undefined
  /** The certificate of the signing key, X.509 in DER, where suites 1 and 2 send one. */
  readonly aeQualifier?: Uint8Array | undefined
  readonly apInvocationId?: number | undefined
  /** The user of the client, in an AARQ. */
  readonly aeInvocationId?: number | undefined
  /** True: the authentication functional unit is asked for. */
  readonly acseRequirements?: boolean | undefined
  readonly mechanismName?: Uint8Array | undefined
  /** Password or challenge. */
  readonly authenticationValue?: Uint8Array | undefined
  readonly implementationInformation?: Uint8Array | undefined
  /** A whole xDLMS APDU: initiate, or its ciphered form, or confirmed-service-error. */
  readonly userInformation?: Uint8Array | undefined
}

export interface Aarq extends AssociateFields {
  readonly kind: 'aarq'
  readonly calledApTitle?: Uint8Array | undefined
  readonly calledAeQualifier?: Uint8Array | undefined
  readonly calledApInvocationId?: number | undefined
  readonly calledAeInvocationId?: number | undefined
}

export interface Aare extends AssociateFields {
  readonly kind: 'aare'
  readonly result: number
  readonly diagnostic: AssociateDiagnostic
}

export interface AssociateDiagnostic {
  readonly source: 'acse-service-user' | 'acse-service-provider'
  readonly code: number
}

export const associationResults = { accepted: 0, 'rejected-permanent': 1, 'rejected-transient': 2 } as const

/** Codes of diagnostics whose source is the acse-service-user. */
export const associateDiagnostics = {
  null: 0,
  'no-reason-given': 1,
  'application-context-name-not-supported': 2,
  'calling-AP-title-not-recognized': 3,
  'calling-AP-invocation-identifier-not-recognized': 4,
  'calling-AE-qualifier-not-recognized': 5,
  'calling-AE-invocation-identifier-not-recognized': 6,
  'called-AP-title-not-recognized': 7,
  'called-AP-invocation-identifier-not-recognized': 8,
  'called-AE-qualifier-not-recognized': 9,
  'called-AE-invocation-identifier-not-recognized': 10,
  'authentication-mechanism-name-not-recognised': 11,
  'authentication-mechanism-name-required': 12,
  'authentication-failure': 13,
  'authentication-required': 14,
} as const

/** RLRQ and RLRE. Reason 0 is normal. */
export interface Release {
  readonly kind: 'rlrq' | 'rlre'
  readonly reason?: number | undefined
  readonly userInformation?: Uint8Array | undefined
}

const OID = 0x06
const OCTET_STRING = 0x04
const INTEGER = 0x02
/** authentication-value as GraphicString. */
const CHARSTRING = 0x80
/** Bit string of one bit, set: authentication. */
const authenticationUnit = Uint8Array.of(0x07, 0x80)
const noUnit = Uint8Array.of(7, 0)

/** Absent, or there without the unit: a peer may say that too. */
const requirements = ({ acseRequirements }: { readonly acseRequirements?: boolean | undefined }) =>
  acseRequirements === undefined ? undefined : acseRequirements ? authenticationUnit : noUnit

class FieldReader {
  readonly #elements: Map<number, Uint8Array>
  readonly #what: string

  constructor(what: string, tlvs: readonly Tlv[]) {
    this.#what = what
    this.#elements = new Map(tlvs.map(({ tag, value }) => [tag, value]))
    if (this.#elements.size !== tlvs.length) throw this.#malformed('a field twice')
  }

  #malformed(problem: string): DlmsError {
    return new DlmsError('DLMS_MALFORMED', `${this.#what}: ${problem}`)
  }

  raw(tag: number): Uint8Array | undefined {
    const value = this.#elements.get(tag)
    this.#elements.delete(tag)
    return value
  }

  /** The content of the one element `innerTag` inside field `tag`. */
  wrapped(tag: number, innerTag: number): Uint8Array | undefined {
    const value = this.raw(tag)
    if (value === undefined) return undefined
    const [inner, ...more] = parseTlvs(value)
    if (inner?.tag !== innerTag || more.length > 0) throw this.#malformed(`content of field ${tag.toString(16)}`)
    return inner.value
  }

  integer(tag: number): number | undefined {
    const value = this.wrapped(tag, INTEGER)
    return value === undefined ? undefined : this.#number(value)
  }

  #number(value: Uint8Array): number {
    if (value.length < 1 || value.length > 4 || value[0]! >= 0x80) throw this.#malformed('integer out of range')
    return value.reduce((sum, octet) => sum * 256 + octet, 0)
  }

  /** IMPLICIT INTEGER of the release reasons. */
  implicitInteger(tag: number): number | undefined {
    const value = this.raw(tag)
    return value === undefined ? undefined : this.#number(value)
  }

  /** One-bit bit strings; other bits are not defined. */
  flag(tag: number): boolean | undefined {
    const value = this.raw(tag)
    if (value === undefined) return undefined
    if (value.length !== 2 || value[0] !== 7 || (value[1]! & 0x7f) !== 0) {
      throw this.#malformed(`bit string in field ${tag.toString(16)}`)
    }
    return value[1] !== 0
  }

  required<T>(value: T | undefined, name: string): T {
    if (value === undefined) throw this.#malformed(`no ${name}`)
    return value
  }

  diagnostic(tag: number): AssociateDiagnostic {
    const [choice, ...more] = parseTlvs(this.required(this.raw(tag), 'result-source-diagnostic'))
    if (choice === undefined || more.length > 0 || (choice.tag !== 0xa1 && choice.tag !== 0xa2)) {
      throw this.#malformed('result-source-diagnostic')
    }
    const [code, ...rest] = parseTlvs(choice.value)
    if (code?.tag !== INTEGER || rest.length > 0) throw this.#malformed('result-source-diagnostic')
    const source = choice.tag === 0xa1 ? 'acse-service-user' : 'acse-service-provider'
    return { source, code: this.#number(code.value) }
  }

  /** Every field was known. */
  end(): void {
    const [tag] = this.#elements.keys()
    if (tag !== undefined) throw this.#malformed(`unknown field ${tag.toString(16)}`)
  }
}

function parseAcse<T>(tag: number, what: string, bytes: Uint8Array, read: (fields: FieldReader) => T): T {
  return parseExactly(what, bytes, (reader) => {
    const [apdu, ...more] = parseTlvs(reader.rest())
    if (apdu?.tag !== tag || more.length > 0) throw new DlmsError('DLMS_MALFORMED', `not one ${what}`)
    const fields = new FieldReader(what, parseTlvs(apdu.value))
    const value = read(fields)
    fields.end()
    return value
  })
}

/** Leaves fields out that are not there, as `exactOptionalPropertyTypes` and comparisons want it. */
function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}

/** @throws DlmsError `DLMS_MALFORMED` */
export function parseAarq(bytes: Uint8Array): Aarq {
  return parseAcse(apduTags.aarq, 'AARQ', bytes, (fields) => {
    return present<Aarq>({
      kind: 'aarq',
      protocolVersion: fields.raw(0x80),
      applicationContextName: fields.required(fields.wrapped(0xa1, OID), 'application-context-name'),
      calledApTitle: fields.wrapped(0xa2, OCTET_STRING),
      calledAeQualifier: fields.wrapped(0xa3, OCTET_STRING),
      calledApInvocationId: fields.integer(0xa4),
      calledAeInvocationId: fields.integer(0xa5),
      apTitle: fields.wrapped(0xa6, OCTET_STRING),
      aeQualifier: fields.wrapped(0xa7, OCTET_STRING),
      apInvocationId: fields.integer(0xa8),
      aeInvocationId: fields.integer(0xa9),
      acseRequirements: fields.flag(0x8a),
      mechanismName: fields.raw(0x8b),
      authenticationValue: fields.wrapped(0xac, CHARSTRING),
      implementationInformation: fields.raw(0xbd),
      userInformation: fields.wrapped(0xbe, OCTET_STRING),
    })
  })
}

export function emitAarq(aarq: Omit<Aarq, 'kind'>): Uint8Array {
  return emitAcse(apduTags.aarq, [
    [0x80, aarq.protocolVersion],
    [0xa1, wrap(OID, aarq.applicationContextName)],
    [0xa2, wrap(OCTET_STRING, aarq.calledApTitle)],
    [0xa3, wrap(OCTET_STRING, aarq.calledAeQualifier)],
    [0xa4, wrap(INTEGER, integerOctets(aarq.calledApInvocationId))],
    [0xa5, wrap(INTEGER, integerOctets(aarq.calledAeInvocationId))],
    [0xa6, wrap(OCTET_STRING, aarq.apTitle)],
    [0xa7, wrap(OCTET_STRING, aarq.aeQualifier)],
    [0xa8, wrap(INTEGER, integerOctets(aarq.apInvocationId))],
    [0xa9, wrap(INTEGER, integerOctets(aarq.aeInvocationId))],
    [0x8a, requirements(aarq)],
    [0x8b, aarq.mechanismName],
    [0xac, wrap(CHARSTRING, aarq.authenticationValue)],
    [0xbd, aarq.implementationInformation],
    [0xbe, wrap(OCTET_STRING, aarq.userInformation)],
  ])
}

/** @throws DlmsError `DLMS_MALFORMED` */
export function parseAare(bytes: Uint8Array): Aare {
  return parseAcse(apduTags.aare, 'AARE', bytes, (fields) => {
    return present<Aare>({
      kind: 'aare',
      protocolVersion: fields.raw(0x80),
      applicationContextName: fields.required(fields.wrapped(0xa1, OID), 'application-context-name'),
      result: fields.required(fields.integer(0xa2), 'result'),
      diagnostic: fields.diagnostic(0xa3),
      apTitle: fields.wrapped(0xa4, OCTET_STRING),
      aeQualifier: fields.wrapped(0xa5, OCTET_STRING),
      apInvocationId: fields.integer(0xa6),
      aeInvocationId: fields.integer(0xa7),
      acseRequirements: fields.flag(0x88),
      mechanismName: fields.raw(0x89),
      authenticationValue: fields.wrapped(0xaa, CHARSTRING),
      implementationInformation: fields.raw(0xbd),
      userInformation: fields.wrapped(0xbe, OCTET_STRING),
    })
  })
}

export function emitAare(aare: Omit<Aare, 'kind'>): Uint8Array {
  const diagnosticTag = aare.diagnostic.source === 'acse-service-user' ? 0xa1 : 0xa2
  return emitAcse(apduTags.aare, [
    [0x80, aare.protocolVersion],
    [0xa1, wrap(OID, aare.applicationContextName)],
    [0xa2, wrap(INTEGER, integerOctets(aare.result))],
    [0xa3, wrap(diagnosticTag, wrap(INTEGER, integerOctets(aare.diagnostic.code)))],
    [0xa4, wrap(OCTET_STRING, aare.apTitle)],
    [0xa5, wrap(OCTET_STRING, aare.aeQualifier)],
    [0xa6, wrap(INTEGER, integerOctets(aare.apInvocationId))],
    [0xa7, wrap(INTEGER, integerOctets(aare.aeInvocationId))],
    [0x88, requirements(aare)],
    [0x89, aare.mechanismName],
    [0xaa, wrap(CHARSTRING, aare.authenticationValue)],
    [0xbd, aare.implementationInformation],
    [0xbe, wrap(OCTET_STRING, aare.userInformation)],
  ])
}

/** RLRQ (0x62) or RLRE (0x63). @throws DlmsError `DLMS_MALFORMED` */
export function parseRelease(bytes: Uint8Array): Release {
  const kind = bytes[0] === apduTags.rlrq ? 'rlrq' : 'rlre'
  return parseAcse(apduTags[kind], kind.toUpperCase(), bytes, (fields) =>
    present<Release>({
      kind,
      reason: fields.implicitInteger(0x80),
      userInformation: fields.wrapped(0xbe, OCTET_STRING),
    }),
  )
}

export function emitRelease(release: Release): Uint8Array {
  return emitAcse(apduTags[release.kind], [
    [0x80, integerOctets(release.reason)],
    [0xbe, wrap(OCTET_STRING, release.userInformation)],
  ])
}

function emitAcse(
  tag: number,
  fields: readonly (readonly [tag: number, content: Uint8Array | undefined])[],
): Uint8Array {
  const content = new ByteWriter()
  for (const [fieldTag, value] of fields) if (value !== undefined) writeTlv(content, fieldTag, value)
  const apdu = new ByteWriter()
  writeTlv(apdu, tag, content.toBytes())
  return apdu.toBytes()
}

function wrap(tag: number, value: Uint8Array | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined
  const writer = new ByteWriter()
  writeTlv(writer, tag, value)
  return writer.toBytes()
}

/** Non-negative, shortest form. */
function integerOctets(value: number | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined
  const octets: number[] = []
  for (let rest = value; rest > 0 || octets.length === 0; rest = Math.floor(rest / 256)) octets.unshift(rest & 0xff)
  if (octets[0]! >= 0x80) octets.unshift(0)
  return Uint8Array.from(octets)
}
