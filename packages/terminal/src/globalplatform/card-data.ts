import { ByteReader, parseTlvs, type Tlv, toHex } from '@gridcard/bytes'
import { badAnswer, find, readAnswer, template } from './answers.ts'
import { type PrivilegeName, parsePrivileges } from './privileges.ts'

/** A secure channel protocol and the options i it is offered with; empty where the card does not say. */
export interface OfferedProtocol {
  readonly protocol: number
  readonly options: readonly number[]
}

/** @source GPC 2.3.1 §H.2 */
export interface CardRecognitionData {
  /** Of the Card Specification, "2.3.1". */
  readonly version: string | undefined
  readonly protocols: readonly OfferedProtocol[]
  /** Object identifiers of tags 65 and 66, dotted. */
  readonly configuration: string | undefined
  readonly chip: string | undefined
}

/** @source GPC 2.3.1 §H.4 */
export interface CardCapabilities {
  readonly protocols: readonly (OfferedProtocol & { readonly aesKeyBits: readonly number[] })[]
  readonly domainPrivileges: readonly PrivilegeName[]
  readonly applicationPrivileges: readonly PrivilegeName[]
  /** Names of hashes for load files. */
  readonly loadFileHashes: readonly string[]
}

/** One component of one key. @source GPC 2.3.1 table 11-28 */
export interface KeyInformation {
  readonly identifier: number
  readonly version: number
  readonly components: readonly { readonly type: number; readonly typeName: string; readonly lengthBytes: number }[]
}

/** Dotted object identifier. @source X.690 §8.19 */
export function objectIdentifier(bytes: Uint8Array): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    if (arcs.length === 0) arcs.push(Math.min(Math.floor(arc / 40), 2), arc - 40 * Math.min(Math.floor(arc / 40), 2))
    else arcs.push(arc)
    arc = 0
  }
  return arcs.join('.')
}

const GLOBAL_PLATFORM = '1.2.840.114283'

/** Object identifiers in `elements` under `tag`, each inside an element 06. */
function identifiersUnder(elements: readonly Tlv[], tag: number): string[] {
  return elements
    .filter((element) => element.tag === tag)
    .map(({ value }) => objectIdentifier(find(parseTlvs(value), 0x06) ?? new Uint8Array()))
}

/** @param bytes 66, or 73 of the answer to SELECT */
export function parseCardRecognitionData(bytes: Uint8Array): CardRecognitionData {
  const what = 'card recognition data'
  return readAnswer(what, () => {
    const [outer] = parseTlvs(bytes)
    const elements = outer?.tag === 0x66 ? template(what, outer.value, 0x73) : template(what, bytes, 0x73)
    if (objectIdentifier(find(elements, 0x06) ?? new Uint8Array()) !== `${GLOBAL_PLATFORM}.1`) throw badAnswer(what)
    const versionPrefix = `${GLOBAL_PLATFORM}.2.`
    const version = identifiersUnder(elements, 0x60).find((oid) => oid.startsWith(versionPrefix))
    const protocols = identifiersUnder(elements, 0x64).map((oid) => {
      const [protocol, ...options] = oid.slice(`${GLOBAL_PLATFORM}.4.`.length).split('.').map(Number)
      return { protocol: protocol ?? 0, options }
    })
    return {
      version: version?.slice(versionPrefix.length),
      protocols,
      configuration: identifiersUnder(elements, 0x65)[0],
      chip: identifiersUnder(elements, 0x66)[0],
    }
  })
}

const LOAD_FILE_HASHES = { 1: 'SHA-1', 2: 'SHA-256', 3: 'SHA-384', 4: 'SHA-512' } as const
const AES_KEY_BITS = [
  [0x01, 128],
  [0x02, 192],
  [0x04, 256],
] as const

/** @param bytes the whole 67 */
export function parseCardCapabilities(bytes: Uint8Array): CardCapabilities {
  const what = 'card capability information'
  const elements = template(what, bytes, 0x67)
  return readAnswer(what, () => ({
    protocols: elements.filter(({ tag }) => tag === 0xa0).map(({ value }) => offeredProtocol(parseTlvs(value))),
    domainPrivileges: parsePrivileges(find(elements, 0x81) ?? new Uint8Array()),
    applicationPrivileges: parsePrivileges(find(elements, 0x82) ?? new Uint8Array()),
    loadFileHashes: [...(find(elements, 0x83) ?? [])].map(
      (code) => LOAD_FILE_HASHES[code as keyof typeof LOAD_FILE_HASHES] ?? `hash ${code}`,
    ),
  }))
}

function offeredProtocol(elements: readonly Tlv[]) {
  const sizes = find(elements, 0x82)?.[0] ?? 0
  return {
    protocol: find(elements, 0x80)?.[0] ?? 0,
    options: [...(find(elements, 0x81) ?? [])],
    aesKeyBits: AES_KEY_BITS.filter(([bit]) => sizes & bit).map(([, bits]) => bits),
  }
}

/** @source GPC 2.3.1 table 11-16 */
const KEY_TYPES: Readonly<Record<number, string>> = {
  128: 'DES',
  130: 'DES (CBC)',
  133: 'TLS PSK',
  136: 'AES',
  144: 'HMAC-SHA1',
  145: 'HMAC-SHA1-160',
  160: 'RSA public exponent',
  161: 'RSA modulus',
  162: 'RSA modulus',
  163: 'RSA private exponent',
  176: 'EC public',
  177: 'EC private',
  240: 'EC parameters',
}

/** @param bytes the whole E0 */
export function parseKeyInformation(bytes: Uint8Array): KeyInformation[] {
  const what = 'key information'
  const elements = template(what, bytes, 0xe0)
  return readAnswer(what, () =>
    elements.map(({ tag, value }) => {
      if (tag !== 0xc0) throw badAnswer(what)
      const reader = new ByteReader(value)
      const [identifier, version] = [reader.u8(), reader.u8()]
      const components = []
      while (!reader.isAtEnd) {
        const first = reader.u8()
        // FF announces the extended format: type and length of two bytes, then usage and access, which end the entry.
        const extended = first === 0xff
        const type = extended ? reader.u8() : first
        const lengthBytes = extended ? reader.u16() : reader.u8()
        components.push({ type, typeName: KEY_TYPES[type] ?? `type ${toHex(Uint8Array.of(type))}`, lengthBytes })
        if (extended && reader.remaining > 0 && value[reader.offsetBytes] !== 0xff) break
      }
      return { identifier, version, components }
    }),
  )
}

/** Fields of the card production life cycle data: two bytes each unless said otherwise. @source GPC 2.1.1 appendix, by use */
const CPLC_FIELDS = [
  ['icFabricator', 2],
  ['icType', 2],
  ['operatingSystemId', 2],
  ['operatingSystemReleaseDate', 2],
  ['operatingSystemReleaseLevel', 2],
  ['icFabricationDate', 2],
  ['icSerialNumber', 4],
  ['icBatchIdentifier', 2],
  ['icModuleFabricator', 2],
  ['icModulePackagingDate', 2],
  ['iccManufacturer', 2],
  ['icEmbeddingDate', 2],
  ['icPrePersonalizer', 2],
  ['icPrePersonalizationEquipmentDate', 2],
  ['icPrePersonalizationEquipmentId', 4],
  ['icPersonalizer', 2],
  ['icPersonalizationDate', 2],
  ['icPersonalizationEquipmentId', 4],
] as const

/** Card production life cycle data, in hex. */
export type Cplc = Readonly<Record<(typeof CPLC_FIELDS)[number][0], string>>

/** @param bytes 9F7F, with or without tag and length */
export function parseCplc(bytes: Uint8Array): Cplc {
  return readAnswer('card production life cycle data', () => {
    const whole = new ByteReader(bytes)
    const reader = bytes[0] === 0x9f && bytes[1] === 0x7f ? new ByteReader(parseTlvs(whole.rest())[0]!.value) : whole
    const fields = CPLC_FIELDS.map(([name, lengthBytes]) => [name, toHex(reader.take(lengthBytes))])
    return Object.fromEntries(fields) as Cplc
  })
}
