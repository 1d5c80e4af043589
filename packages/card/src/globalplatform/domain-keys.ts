import { ByteReader, ByteWriter, concatBytes, emitTlv } from '@gridcard/bytes'

/** Key types. @source GPC 2.3.1 table 11-16 */
export const KEY_TYPE = {
  des: 0x80,
  tlsPsk: 0x85,
  aes: 0x88,
  hmacSha1: 0x90,
  hmacSha1_160: 0x91,
  rsaPublicExponent: 0xa0,
  rsaPublicModulus: 0xa1,
  rsaPrivateModulus: 0xa2,
  rsaPrivateExponent: 0xa3,
  rsaP: 0xa4,
  rsaQ: 0xa5,
  rsaPq: 0xa6,
  rsaDp1: 0xa7,
  rsaDq1: 0xa8,
  ecPublic: 0xb0,
  ecPrivate: 0xb1,
  ecP: 0xb2,
  ecA: 0xb3,
  ecB: 0xb4,
  ecG: 0xb5,
  ecN: 0xb6,
  ecCofactor: 0xb7,
  ecReference: 0xf0,
} as const

/** Who may use a key. @source GPC 2.3.1 table 11-19 */
export const KEY_ACCESS = { any: 0x00, domain: 0x01, application: 0x02 } as const

export interface KeyComponent {
  readonly type: number
  readonly value: Uint8Array
}

/** A key of a security domain. */
export interface DomainKey {
  /** Key version number, 01 to 7F. */
  readonly kvn: number
  readonly id: number
  readonly components: readonly KeyComponent[]
  /** Qualifier, two bytes as one number; 0: not given when the key came. */
  readonly usage: number
  readonly access: number
  /** Of secure channels opened with its key set; kept in the set's first key. */
  readonly sequenceCounter: number
}

const KEY_TAG = 0xe1

export function emitKeys(keys: readonly DomainKey[]): Uint8Array {
  return concatBytes(...keys.map((key) => emitTlv(KEY_TAG, emitKey(key))))
}

function emitKey({ kvn, id, usage, access, sequenceCounter, components }: DomainKey): Uint8Array {
  const writer = new ByteWriter()
  writer.u8(kvn).u8(id).u16(usage).u8(access)
  writer.u8(sequenceCounter >>> 16).u16(sequenceCounter & 0xffff)
  for (const { type, value } of components) writer.u8(type).u16(value.length).bytes(value)
  return writer.toBytes()
}

export function isKeyTag(tag: number): boolean {
  return tag === KEY_TAG
}

export function parseKey(bytes: Uint8Array): DomainKey {
  const reader = new ByteReader(bytes)
  const head = { kvn: reader.u8(), id: reader.u8(), usage: reader.u16(), access: reader.u8() }
  const sequenceCounter = (reader.u8() << 16) | reader.u16()
  const components: KeyComponent[] = []
  while (!reader.isAtEnd) {
    const type = reader.u8()
    components.push({ type, value: reader.take(reader.u16()) })
  }
  return { ...head, sequenceCounter, components }
}

export function component(key: DomainKey, type: number): Uint8Array | undefined {
  return key.components.find((one) => one.type === type)?.value
}

export function findKey(keys: readonly DomainKey[], kvn: number, id: number): DomainKey | undefined {
  return keys.find((one) => one.kvn === kvn && one.id === id)
}

/** Same size and algorithm: what replaces a key must be like it. @source GPC 2.3.1 §11.8.2.3.3 */
export function isAlike(a: DomainKey, b: DomainKey): boolean {
  const shape = ({ components }: DomainKey) => components.map(({ type, value }) => `${type}:${value.length}`).join()
  return shape(a) === shape(b)
}

/** The three keys of a secure channel, ids 1 to 3. */
export interface ChannelKeySet {
  readonly kvn: number
  readonly type: typeof KEY_TYPE.des | typeof KEY_TYPE.aes
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly dek: Uint8Array
  readonly sequenceCounter: number
}

/** Undefined if a key is missing, or they differ in type or length. @source GPC Amd D §6.1, §7.1.1; GPC 2.3.1 §E.4.1 */
export function channelKeySet(keys: readonly DomainKey[], kvn: number): ChannelKeySet | undefined {
  const set = [1, 2, 3].map((id) => findKey(keys, kvn, id))
  const [enc, mac, dek] = set
  if (!enc || !mac || !dek) return undefined
  const type = enc.components[0]!.type
  if (type !== KEY_TYPE.des && type !== KEY_TYPE.aes) return undefined
  if (!isAlike(enc, mac) || !isAlike(enc, dek)) return undefined
  const value = (key: DomainKey) => key.components[0]!.value
  const { sequenceCounter } = enc
  return { kvn, type, enc: value(enc), mac: value(mac), dek: value(dek), sequenceCounter }
}

/** A key version of the factory, which no command can name: the first keys of the owner take its place. */
export const FACTORY_VERSION = 0xff

/**
 * The domain's keys, without those of the factory if a whole set of another version came.
 * @param added identifiers that came together, with the version they have now
 */
export function withoutFactoryKeys(keys: readonly DomainKey[], added: readonly DomainKey[]): readonly DomainKey[] {
  return isWholeSet(added) ? keys.filter((one) => one.kvn !== FACTORY_VERSION) : keys
}

/** The three keys of one version: what a sequence counter belongs to. @source GPC Amd D §6.2.2.1 */
export function isWholeSet(added: readonly DomainKey[]): boolean {
  const kvn = added[0]?.kvn
  return [1, 2, 3].every((id) => added.some((key) => key.id === id && key.kvn === kvn))
}

/** Key version numbers in the order the keys came. */
export function versionsOf(keys: readonly DomainKey[]): number[] {
  return [...new Set(keys.map((one) => one.kvn))]
}
