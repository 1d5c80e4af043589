import { concatBytes, emitTlv, equalBytes, GridcardError, parseTlvs, toHex } from '@gridcard/bytes'
import { associateDiagnostics } from '../apdu/acse.ts'
import { node, type XmlNode } from './xml-node.ts'
import { malformed, numberIn, octetsIn } from './xml-text.ts'

/*
 * ACSE APDUs, BER: the fields by tag. What is wrapped in a tag of its own once more (EXPLICIT) has that tag here.
 * @source Green Book ed. 9 §9.4.2, §9.5 (ACSE-APDU)
 */

interface Content {
  /** The contents of the innermost tag. */
  text(octets: Uint8Array): string
  octets(text: string): Uint8Array
}

interface AcseField {
  readonly name: string
  readonly tag: number
  /** Of an EXPLICIT tag: the one inside, and the element it makes, if any. */
  readonly inner?: readonly { readonly tag: number; readonly content: Content; readonly name?: string }[]
  readonly content?: Content
}

const hex: Content = { text: toHex, octets: octetsIn }

const oid: Content = {
  text(octets) {
    const arcs: number[] = []
    let arc = 0
    for (const octet of octets) {
      arc = arc * 128 + (octet & 0x7f)
      if (octet < 0x80) {
        arcs.push(arc)
        arc = 0
      }
    }
    const [first = 0, ...rest] = arcs
    const root = Math.min(Math.trunc(first / 40), 2)
    return [root, first - root * 40, ...rest].join('.')
  },
  octets(text) {
    if (!/^\d{1,9}(\.\d{1,9}){1,20}$/.test(text)) throw malformed('an object identifier')
    const [root = 0, second = 0, ...rest] = text.split('.').map(Number)
    return Uint8Array.from([root * 40 + second, ...rest].flatMap(base128))
  },
}

function base128(arc: number): number[] {
  const digits = [arc % 128]
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left % 128) | 0x80)
  return digits
}

/** Whole numbers of one to four octets, as short as they go. */
const integer: Content = {
  text: (octets) =>
    String(octets.length > 0 ? octets.reduce((sum, octet) => sum * 256 + octet, octets[0]! > 127 ? -1 : 0) : ''),
  octets(text) {
    const value = numberIn(text)
    if (value < -0x80000000 || value > 0x7fffffff) throw malformed('a number of four octets')
    const octets = [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff).reverse()
    while (octets.length > 1 && (octets[0] === 0 ? octets[1]! < 128 : octets[0] === 255 && octets[1]! > 127))
      octets.shift()
    return Uint8Array.from(octets)
  },
}

/** A number with names. */
const enumerated = (names: Readonly<Record<string, number>>): Content => ({
  text(octets) {
    const text = integer.text(octets)
    return Object.keys(names).find((name) => String(names[name]) === text) ?? text
  },
  octets: (text) => integer.octets(String(names[text] ?? text)),
})

/** How many bits of the last octet do not count, then the octets. */
const bits: Content = {
  text(octets) {
    const all = [...octets.subarray(1)].map((octet) => octet.toString(2).padStart(8, '0')).join('')
    return all.slice(0, all.length - (octets[0] ?? 0))
  },
  octets(text) {
    if (!/^[01]{1,64}$/.test(text)) throw malformed('bits')
    const octets = text.match(/.{1,8}/g) ?? []
    return Uint8Array.from([
      octets.length * 8 - text.length,
      ...octets.map((each) => Number.parseInt(each.padEnd(8, '0'), 2)),
    ])
  },
}

const explicit = (name: string, tag: number, innerTag: number, content: Content): AcseField => ({
  name,
  tag,
  inner: [{ tag: innerTag, content }],
})
const OBJECT_IDENTIFIER = 0x06
const OCTET_STRING = 0x04
const INTEGER = 0x02

const authenticationValue = (name: string, tag: number): AcseField => ({
  name,
  tag,
  inner: [
    { tag: 0x80, name: 'charstring', content: hex },
    { tag: 0x81, name: 'bitstring', content: hex },
    { tag: 0xa2, name: 'external', content: hex },
    { tag: 0xa3, name: 'other', content: hex },
  ],
})
const common = {
  protocolVersion: { name: 'protocol-version', tag: 0x80, content: bits },
  applicationContextName: explicit('application-context-name', 0xa1, OBJECT_IDENTIFIER, oid),
  implementationInformation: { name: 'implementation-information', tag: 0xbd, content: hex },
  userInformation: explicit('user-information', 0xbe, OCTET_STRING, hex),
} satisfies Record<string, AcseField>
const names = ['AP-title', 'AE-qualifier', 'AP-invocation-identifier', 'AE-invocation-identifier']
const peer = (who: string, firstTag: number): AcseField[] =>
  names.map((name, i) =>
    explicit(`${who}-${name}`, firstTag + i, i < 2 ? OCTET_STRING : INTEGER, i < 2 ? hex : integer),
  )

const release = (reasons: Readonly<Record<string, number>>): AcseField[] => [
  { name: 'reason', tag: 0x80, content: enumerated(reasons) },
  common.userInformation,
]

const apdus: Readonly<Record<string, { readonly tag: number; readonly fields: readonly AcseField[] }>> = {
  aarq: {
    tag: 0x60,
    fields: [
      common.protocolVersion,
      common.applicationContextName,
      ...peer('called', 0xa2),
      ...peer('calling', 0xa6),
      { name: 'sender-acse-requirements', tag: 0x8a, content: bits },
      { name: 'mechanism-name', tag: 0x8b, content: oid },
      authenticationValue('calling-authentication-value', 0xac),
      common.implementationInformation,
      common.userInformation,
    ],
  },
  aare: {
    tag: 0x61,
    fields: [
      common.protocolVersion,
      common.applicationContextName,
      explicit('result', 0xa2, INTEGER, enumerated({ accepted: 0, 'rejected-permanent': 1, 'rejected-transient': 2 })),
      {
        name: 'result-source-diagnostic',
        tag: 0xa3,
        inner: [
          { tag: 0xa1, name: 'acse-service-user', content: wrapped(enumerated(associateDiagnostics)) },
          {
            tag: 0xa2,
            name: 'acse-service-provider',
            content: wrapped(enumerated({ null: 0, 'no-reason-given': 1, 'no-common-acse-version': 2 })),
          },
        ],
      },
      ...peer('responding', 0xa4),
      { name: 'responder-acse-requirements', tag: 0x88, content: bits },
      { name: 'mechanism-name', tag: 0x89, content: oid },
      authenticationValue('responding-authentication-value', 0xaa),
      common.implementationInformation,
      common.userInformation,
    ],
  },
  rlrq: { tag: 0x62, fields: release({ normal: 0, urgent: 1, 'user-defined': 30 }) },
  rlre: { tag: 0x63, fields: release({ normal: 0, 'not-finished': 1, 'user-defined': 30 }) },
}

/** An INTEGER with a tag around it. */
function wrapped(content: Content): Content {
  return {
    text: (octets) => content.text(only(parseTlvs(octets), INTEGER)),
    octets: (text) => emitTlv(INTEGER, content.octets(text)),
  }
}

function only(tlvs: ReturnType<typeof parseTlvs>, tag: number): Uint8Array {
  const [tlv, ...more] = tlvs
  if (tlv?.tag !== tag || more.length > 0) throw malformed('an ACSE APDU that is understood here')
  return tlv.value
}

export const isAcseTag = (tag: number | undefined): boolean => Object.values(apdus).some((apdu) => apdu.tag === tag)
export const isAcseName = (name: string): boolean => Object.hasOwn(apdus, name)

/** @throws BytesError, DlmsError `DLMS_MALFORMED` */
export function acseNode(octets: Uint8Array): XmlNode {
  const found = Object.entries(apdus).find(([, apdu]) => apdu.tag === octets[0])
  if (found === undefined) throw malformed('an ACSE APDU')
  const [name, { tag, fields }] = found
  return node(
    name,
    parseTlvs(only(parseTlvs(octets), tag)).map((tlv) => {
      const field = fields.find((each) => each.tag === tlv.tag)
      if (field === undefined) throw malformed('a field of ACSE that is known')
      if (field.content !== undefined) return contentNode(field.name, field.content, tlv.value)
      const [inside] = parseTlvs(tlv.value)
      const inner = field.inner?.find((each) => each.tag === inside?.tag)
      if (inner === undefined) throw malformed(field.name)
      const value = only(parseTlvs(tlv.value), inner.tag)
      if (inner.name === undefined) return contentNode(field.name, inner.content, value)
      return node(field.name, [contentNode(inner.name, inner.content, value)])
    }),
  )
}

/** What its type would not give back, an object identifier that breaks off say, keeps its octets. */
function contentNode(name: string, content: Content, octets: Uint8Array): XmlNode {
  try {
    const text = content.text(octets)
    if (equalBytes(content.octets(text), octets)) return node(name, text)
  } catch (error) {
    if (!(error instanceof GridcardError)) throw error
  }
  return node(name, toHex(octets), { form: 'hex' })
}

const contentOctets = (content: Content, { text, attributes }: XmlNode): Uint8Array =>
  attributes['form'] === 'hex' ? octetsIn(text) : content.octets(text.trim())

/** @throws DlmsError `DLMS_MALFORMED` */
export function acseOctets(from: XmlNode): Uint8Array {
  const apdu = Object.hasOwn(apdus, from.name) ? apdus[from.name] : undefined
  if (apdu === undefined) throw malformed('an ACSE APDU')
  return emitTlv(apdu.tag, concatBytes(...from.children.map((child) => fieldOctets(apdu.fields, child))))
}

function fieldOctets(fields: readonly AcseField[], from: XmlNode): Uint8Array {
  const field = fields.find((each) => each.name === from.name)
  if (field === undefined) throw malformed('a field of ACSE that is known')
  if (field.content !== undefined) return emitTlv(field.tag, contentOctets(field.content, from))
  const chosen = from.children[0] ?? from
  const inner = field.inner?.find((each) => each.name === undefined || each.name === chosen.name)
  if (inner === undefined) throw malformed(field.name)
  return emitTlv(field.tag, emitTlv(inner.tag, contentOctets(inner.content, chosen)))
}
