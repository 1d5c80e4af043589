import { concatBytes, emitTlv, fromHex } from '@gridcard/bytes'
import type { DomainContext } from './context.ts'
import { channelKeySet, component, KEY_TYPE, versionsOf } from './domain-keys.ts'
import type { SecureChannelOption } from './globalplatform-profile.ts'
import { privilegeBytes } from './privileges.ts'

/** {globalPlatform}: 1.2.840.114283. @source GPC 2.3.1 §H.1.1 */
const OID = fromHex('2A864886FC6B')

/** Arcs below 2^14, which is all there are. */
function oid(...arcs: readonly number[]): Uint8Array {
  const bytes = arcs.flatMap((arc) => (arc < 0x80 ? [arc] : [0x80 | (arc >> 7), arc & 0x7f]))
  return emitTlv(0x06, Uint8Array.of(...OID, ...bytes))
}

const channelOid = ({ protocol, i }: SecureChannelOption) => emitTlv(0x64, oid(4, protocol, i))

/** Objects of tag 73, in card data and in a SELECT answer. @source GPC 2.3.1 tables H-1, H-3 */
export function managementData(context: DomainContext): Uint8Array {
  const version = context.gp.profile.version.split('.').map(Number)
  const channels = usedChannels(context).map(channelOid)
  return concatBytes(oid(1), emitTlv(0x60, oid(2, ...version)), emitTlv(0x63, oid(3)), ...channels)
}

/** Of each protocol the first option is what the domain uses; protocols that it has keys for, if it has any. */
function usedChannels({ gp, owner, domain }: DomainContext): SecureChannelOption[] {
  const all = gp.secureChannelsOf(owner)
  const first = all.filter((one) => all.find(({ protocol }) => protocol === one.protocol) === one)
  const sets = versionsOf(domain.keys).map((kvn) => channelKeySet(domain.keys, kvn)?.type)
  const hasKeys = ({ protocol }: SecureChannelOption) => {
    if (protocol === 0x02) return sets.includes(KEY_TYPE.des)
    if (protocol === 0x03) return sets.includes(KEY_TYPE.aes)
    return domain.keys.some((key) => component(key, KEY_TYPE.ecPrivate) !== undefined)
  }
  const usable = first.filter(hasKeys)
  return usable.length > 0 ? usable : first
}

/** Tag 66. @source GPC 2.3.1 table H-1 */
export function cardData(context: DomainContext): Uint8Array {
  return emitTlv(0x73, managementData(context))
}

/** All signature schemes: RSA 1024 and longer, DES, AES 128 to 256, ECC 256, 384; then ECC 512 and 521. */
const SIGNATURES = Uint8Array.of(0xff, 0x03)
const HASHES = Uint8Array.of(0x01, 0x02, 0x03, 0x04)
const LOAD_FILE_CIPHERS = Uint8Array.of(0x8f)
/** P-256, P-384, P-521, then brainpool 256, 384, 512. @source GPC 2.3.1 table B-2 */
export const CURVE_REFERENCES = [0x00, 0x01, 0x02, 0x03, 0x05, 0x07] as const
const AES_KEYS = Uint8Array.of(0x07)
/** Upgrade of executable load files. @source GPC Amd H 1.1 */
const ELF_UPGRADE = Uint8Array.of(0x01)

/** Tag 67. @source GPC 2.3.1 tables H-5 to H-10 */
export function capabilities({ gp }: DomainContext): Uint8Array {
  const { secureChannels, domainPrivileges, applicationPrivileges } = gp.profile
  const protocols = [...new Set(secureChannels.map((one) => one.protocol))]
  const informations = protocols.map((protocol) => {
    const options = secureChannels.filter((one) => one.protocol === protocol).map(({ i }) => i)
    const keys = protocol === 0x03 ? emitTlv(0x82, AES_KEYS) : new Uint8Array()
    return emitTlv(
      0xa0,
      concatBytes(emitTlv(0x80, Uint8Array.of(protocol)), emitTlv(0x81, Uint8Array.of(...options)), keys),
    )
  })
  return concatBytes(
    ...informations,
    emitTlv(0x81, privilegeBytes(domainPrivileges)),
    emitTlv(0x82, privilegeBytes(applicationPrivileges)),
    emitTlv(0x83, HASHES),
    emitTlv(0x84, LOAD_FILE_CIPHERS),
    emitTlv(0x85, SIGNATURES),
    emitTlv(0x86, SIGNATURES),
    emitTlv(0x87, SIGNATURES),
    emitTlv(0x88, Uint8Array.of(...CURVE_REFERENCES)),
    emitTlv(0x89, ELF_UPGRADE),
  )
}

/** Key information template, the value of E0. @source GPC 2.3.1 tables 11-28, 11-29 */
export function keyInformation({ domain }: DomainContext): Uint8Array {
  return concatBytes(
    ...domain.keys.map(({ id, kvn, components }) => {
      const parts = components
        .filter(
          ({ type }) =>
            !(type >= KEY_TYPE.ecP && type <= KEY_TYPE.ecCofactor) || components[0]!.type === KEY_TYPE.ecReference,
        )
        .flatMap(({ type, value }) => {
          if (type === KEY_TYPE.ecReference) return [type, value[0] ?? 0]
          const length = type === KEY_TYPE.ecPublic ? value.length - 1 : value.length
          return [type, length > 0xff ? 0 : length]
        })
      return emitTlv(0xc0, Uint8Array.of(id, kvn, ...parts))
    }),
  )
}

/** Sequence counter of the default key version, tag C1: two bytes in SCP02, three in SCP03. */
export function sequenceCounter({ domain }: DomainContext): Uint8Array | undefined {
  for (const kvn of versionsOf(domain.keys)) {
    const set = channelKeySet(domain.keys, kvn)
    if (set === undefined) continue
    const { sequenceCounter: count, type } = set
    const bytes = Uint8Array.of(count >>> 16, count >>> 8, count)
    return type === KEY_TYPE.des ? bytes.subarray(1) : bytes
  }
  return undefined
}
