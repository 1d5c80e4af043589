import type { DomainContext } from '../context.ts'
import {
  type DomainKey,
  findKey,
  isAlike,
  isWholeSet,
  KEY_ACCESS,
  KEY_TYPE,
  type KeyComponent,
  withoutFactoryKeys,
} from '../domain-keys.ts'
import { requireStrong } from '../key-strength.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { commandTlvs, findTlv } from '../tlv-objects.ts'
import { checkValueOf } from './put-key.ts'
import type { DataGroup } from './store-data.ts'

/** Data groups with a key component each; true: encrypted under the DEK. @source GPC 2.3.1 tables 11-93 to 11-105 */
const GROUPS: readonly {
  readonly identifier: number
  readonly types: readonly number[]
  readonly isSecret: boolean
}[] = [
  { identifier: 0x8113, types: [KEY_TYPE.des, KEY_TYPE.aes, KEY_TYPE.tlsPsk, KEY_TYPE.hmacSha1], isSecret: true },
  { identifier: 0x0010, types: [KEY_TYPE.rsaPublicModulus, KEY_TYPE.rsaPrivateModulus], isSecret: false },
  { identifier: 0x0011, types: [KEY_TYPE.rsaPublicExponent], isSecret: false },
  { identifier: 0x8112, types: [KEY_TYPE.rsaPrivateExponent], isSecret: true },
  { identifier: 0x8121, types: [KEY_TYPE.rsaPq], isSecret: true },
  { identifier: 0x8122, types: [KEY_TYPE.rsaDq1], isSecret: true },
  { identifier: 0x8123, types: [KEY_TYPE.rsaDp1], isSecret: true },
  { identifier: 0x8124, types: [KEY_TYPE.rsaQ], isSecret: true },
  { identifier: 0x8125, types: [KEY_TYPE.rsaP], isSecret: true },
  { identifier: 0x0036, types: [KEY_TYPE.ecPublic], isSecret: false },
  { identifier: 0x8137, types: [KEY_TYPE.ecPrivate], isSecret: true },
  { identifier: 0x0030, types: [KEY_TYPE.ecP], isSecret: false },
  { identifier: 0x0031, types: [KEY_TYPE.ecA], isSecret: false },
  { identifier: 0x0032, types: [KEY_TYPE.ecB], isSecret: false },
  { identifier: 0x0033, types: [KEY_TYPE.ecG], isSecret: false },
  { identifier: 0x0034, types: [KEY_TYPE.ecN], isSecret: false },
  { identifier: 0x0035, types: [KEY_TYPE.ecCofactor], isSecret: false },
]

/** One control reference template: what the next group is. */
interface Announced {
  readonly usage: number
  readonly access: number
  readonly type: number
  readonly lengthBytes: number
  readonly id: number
  readonly kvn: number
  readonly checkValue: Uint8Array
  readonly reference: Uint8Array | undefined
}

/** A template of type F0 says the curve of the key before it, and no group follows for it. @source GPC 2.3.1 table 11-102 */
function parseTemplates(value: Uint8Array): Announced[] {
  const announced: Announced[] = []
  for (const { tag, value: template } of commandTlvs(value)) {
    requireThat(tag === 0xb9, GP_SW.wrongData)
    const reference = findTlv(commandTlvs(template), 0x80)?.[0] === KEY_TYPE.ecReference
    const last = announced.at(-1)
    if (!reference) announced.push(parseTemplate(template))
    else if (last === undefined) refuse(GP_SW.wrongData)
    else announced[announced.length - 1] = { ...last, reference: findTlv(commandTlvs(template), 0x85) }
  }
  return announced
}

function parseTemplate(template: Uint8Array): Announced {
  const objects = commandTlvs(template)
  const number = (wanted: number) => findTlv(objects, wanted)?.reduce((n, byte) => n * 256 + byte, 0)
  const usageBytes = findTlv(objects, 0x95) ?? refuse(GP_SW.wrongData)
  const [type, lengthBytes, id, kvn] = [number(0x80), number(0x81), number(0x82), number(0x83)]
  if (type === undefined || id === undefined || kvn === undefined) return refuse(GP_SW.wrongData)
  requireThat(usageBytes.length >= 1 && usageBytes.length <= 2, GP_SW.wrongData)
  return {
    usage: (usageBytes[0]! << 8) | (usageBytes[1] ?? 0),
    access: number(0x96) ?? KEY_ACCESS.any,
    type,
    lengthBytes: lengthBytes ?? 0,
    id,
    kvn,
    checkValue: findTlv(objects, 0x84) ?? new Uint8Array(),
    reference: undefined,
  }
}

/**
 * Keys in data groups, behind the group that announces them.
 * @param sender whose secure channel brought them
 * @returns groups that were used up
 * @source GPC 2.3.1 §11.11.4
 */
export function storeKeys(
  sender: DomainContext,
  domain: DomainContext,
  templates: Uint8Array,
  following: readonly DataGroup[],
): number {
  const announced = parseTemplates(templates)
  requireThat(following.length >= announced.length && announced.length > 0, GP_SW.wrongData)
  const parts = announced.map((one, i) => ({ ...one, value: componentOf(sender, one, following[i]!) }))
  const entry = domain.domain
  const names = new Set(parts.map(({ kvn, id }) => `${kvn} ${id}`))
  const added = [...names].map((name) => {
    return keyOf(
      domain,
      parts.filter(({ kvn, id }) => `${kvn} ${id}` === name),
    )
  })
  const keys = [...withoutFactoryKeys(entry.keys, added)]
  for (const key of added) {
    const old = findKey(keys, key.kvn, key.id)
    if (old === undefined) keys.push(key)
    else {
      requireThat(isAlike(old, key), GP_SW.wrongData)
      const ofVersion = added.filter(({ kvn }) => kvn === key.kvn)
      const sequenceCounter = isWholeSet(ofVersion) ? 0 : old.sequenceCounter
      keys[keys.indexOf(old)] = { ...key, sequenceCounter }
    }
  }
  domain.registry.saveDomain({ ...entry, keys })
  return announced.length
}

/** One key of its components; only keys of a single one have a check value (GPC 2.3.1 §B.6). */
function keyOf(domain: DomainContext, own: readonly (Announced & { readonly value: Uint8Array })[]): DomainKey {
  const { kvn, id, usage, access, reference, checkValue } = own[0]!
  requireThat(
    own.every((one) => one.usage === usage && one.access === access),
    GP_SW.wrongData,
  )
  requireThat(kvn >= 0x01 && kvn <= 0x7f && id <= 0x7f, GP_SW.wrongData)
  const components: KeyComponent[] = own.map(({ type, value }) => ({ type, value }))
  if (reference) components.push({ type: KEY_TYPE.ecReference, value: reference })
  requireStrong(domain, components)
  const expected = checkValueOf(domain.crypto, components[0]!)
  if (expected) requireThat(domain.crypto.constantTimeEqual(expected, checkValue), GP_SW.securityStatus)
  return { kvn, id, components, usage, access, sequenceCounter: 0 }
}

function componentOf({ channel }: DomainContext, { type, lengthBytes }: Announced, group: DataGroup): Uint8Array {
  const known = GROUPS.find((one) => one.identifier === group.identifier)
  requireThat(known?.types.includes(type) ?? false, GP_SW.wrongData)
  if (!known!.isSecret) return group.value
  const session = channel.secureChannel ?? refuse(GP_SW.securityStatus)
  const { length } = group.value
  requireThat(length > 0 && length % session.sensitiveBlockBytes === 0 && lengthBytes <= length, GP_SW.wrongData)
  return session.decryptSensitive(group.value).slice(0, lengthBytes || length)
}
