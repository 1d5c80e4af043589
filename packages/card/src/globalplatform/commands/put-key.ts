import { concatBytes } from '@gridcard/bytes'
import { aesKeyCheckValue, desKeyCheckValue } from '@gridcard/crypto'
import { type Answer, answer, type DomainCommand, type DomainContext } from '../context.ts'
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
import type { SecureChannelSession } from '../secure-channel/session.ts'
import { CommandFields } from '../tlv-objects.ts'

const P2_MULTIPLE = 0x80
const EXTENDED = 0xff

/** Components that come encrypted under the DEK. */
const SECRET_TYPES: readonly number[] = [
  KEY_TYPE.des,
  KEY_TYPE.tlsPsk,
  KEY_TYPE.aes,
  KEY_TYPE.hmacSha1,
  KEY_TYPE.hmacSha1_160,
  KEY_TYPE.rsaPrivateModulus,
  KEY_TYPE.rsaPrivateExponent,
  KEY_TYPE.rsaP,
  KEY_TYPE.rsaQ,
  KEY_TYPE.rsaPq,
  KEY_TYPE.rsaDp1,
  KEY_TYPE.rsaDq1,
  KEY_TYPE.ecPrivate,
]
const CLEAR_TYPES: readonly number[] = [
  KEY_TYPE.rsaPublicExponent,
  KEY_TYPE.rsaPublicModulus,
  KEY_TYPE.ecPublic,
  KEY_TYPE.ecP,
  KEY_TYPE.ecA,
  KEY_TYPE.ecB,
  KEY_TYPE.ecG,
  KEY_TYPE.ecN,
  KEY_TYPE.ecCofactor,
  KEY_TYPE.ecReference,
]

interface ReceivedKey {
  readonly components: readonly KeyComponent[]
  readonly checkValue: Uint8Array
  readonly usage: number
  readonly access: number | undefined
}

/** PUT KEY: adds keys, or replaces them; all of a command or none. @source GPC 2.3.1 §11.8 */
export function putKey(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { registry, domain, channel, gp } = context
  requireThat(!gp.isCardClosed, GP_SW.conditions)
  const session = channel.secureChannel ?? refuse(GP_SW.securityStatus)
  const fields = new CommandFields(data)
  const kvn = fields.u8()
  requireThat(kvn >= 0x01 && kvn <= 0x7f, GP_SW.wrongData)
  const received: ReceivedKey[] = []
  do received.push(readKey(fields, session))
  while (!fields.isAtEnd)
  const isMultiple = (p2 & P2_MULTIPLE) !== 0
  requireThat(received.length === 1 || isMultiple, GP_SW.wrongData)
  const firstId = p2 & 0x7f
  const added = received.map((key, i) => {
    requireStrong(context, key.components)
    requireCheckValue(context, key)
    return newKey(key, { kvn, id: firstId + i })
  })
  requireThat(firstId + received.length - 1 <= 0x7f, GP_SW.wrongData)
  const keys = placed(domain.keys, added, { replacedVersion: p1 & 0x7f, kvn })
  registry.saveDomain({ ...domain, keys })
  return answer(concatBytes(Uint8Array.of(kvn), ...received.map(({ checkValue }) => checkValue)))
}

function newKey(key: ReceivedKey, { kvn, id }: { kvn: number; id: number }): DomainKey {
  const isChannelKey = kvn >= 0x01 && kvn <= 0x3f && id >= 1 && id <= 3
  const access = key.access ?? (isChannelKey ? KEY_ACCESS.any : KEY_ACCESS.domain)
  return { kvn, id, components: key.components, usage: key.usage, access, sequenceCounter: 0 }
}

/**
 * The domain's keys with the new ones in their places. A set that comes whole begins to count anew, one key of it does not
 * (GPC Amd D §6.2.2.1): with the others unchanged, sessions that were recorded before could be played again. For SCP02,
 * GPC 2.3.1 §E.1.2 would begin anew with any key; the card does as in SCP03.
 * @source GPC 2.3.1 §11.8.2.2, §11.8.2.3.3
 */
function placed(
  keys: readonly DomainKey[],
  added: readonly DomainKey[],
  o: { readonly replacedVersion: number; readonly kvn: number },
): DomainKey[] {
  const { replacedVersion, kvn } = o
  if (replacedVersion === 0) {
    for (const key of added) requireThat(findKey(keys, kvn, key.id) === undefined, GP_SW.wrongData)
    return [...withoutFactoryKeys(keys, added), ...added]
  }
  return added.reduce<DomainKey[]>(
    (all, key) => {
      const at = all.findIndex((one) => one.kvn === replacedVersion && one.id === key.id)
      const old = all[at] ?? refuse(GP_SW.referencedDataNotFound)
      requireThat(isAlike(old, key), GP_SW.wrongData)
      requireThat(kvn === replacedVersion || findKey(keys, kvn, key.id) === undefined, GP_SW.wrongData)
      all[at] = { ...key, sequenceCounter: isWholeSet(added) ? 0 : old.sequenceCounter }
      return all
    },
    [...keys],
  )
}

/** Basic or extended format. @source GPC 2.3.1 tables 11-68, 11-69 */
function readKey(fields: CommandFields, session: SecureChannelSession): ReceivedKey {
  const first = fields.u8()
  const isExtended = first === EXTENDED
  const components: KeyComponent[] = []
  let type = isExtended ? fields.u8() : first
  for (;;) {
    components.push({ type, value: readComponent(type, fields.long(), session) })
    const next = fields.u8()
    // A length of a check value is below 80, a key type above.
    if (next < 0x80) {
      const checkValue = fields.take(next)
      const qualifier = isExtended ? fields.short() : new Uint8Array()
      const access = isExtended ? fields.short() : new Uint8Array()
      requireThat(qualifier.length <= 2 && access.length <= 1, GP_SW.wrongData)
      const usage = ((qualifier[0] ?? 0) << 8) | (qualifier[1] ?? 0)
      return { components, checkValue, usage, access: access[0] }
    }
    requireThat(isExtended === (next === EXTENDED), GP_SW.wrongData)
    type = isExtended ? fields.u8() : next
  }
}

/** @source GPC 2.3.1 §11.8.2.3.2, §11.8.2.3.3; Amd D §7.2 */
function readComponent(type: number, block: Uint8Array, session: SecureChannelSession): Uint8Array {
  if (CLEAR_TYPES.includes(type)) {
    requireThat(block.length > 0, GP_SW.wrongData)
    return block
  }
  requireThat(SECRET_TYPES.includes(type), GP_SW.wrongData)
  const { sensitiveBlockBytes } = session
  if (block.length > 0 && block.length % sensitiveBlockBytes === 0) return session.decryptSensitive(block)
  const fields = new CommandFields(block)
  const length = fields.length()
  const encrypted = block.slice(fields.offsetBytes)
  requireThat(encrypted.length > 0 && encrypted.length % sensitiveBlockBytes === 0, GP_SW.wrongData)
  requireThat(
    length > 0 && length <= encrypted.length && encrypted.length - length < sensitiveBlockBytes,
    GP_SW.wrongData,
  )
  const padded = session.decryptSensitive(encrypted)
  const value = padded.slice(0, length)
  padded.fill(0)
  return value
}

/** DES and AES keys have one, and it is checked; where one is sent without being defined, it is not. @source GPC 2.3.1 §B.6 */
function requireCheckValue({ crypto }: DomainContext, { components, checkValue }: ReceivedKey): void {
  const expected = checkValueOf(crypto, components[0]!)
  if (expected === undefined) {
    requireThat(checkValue.length === 0, GP_SW.wrongData)
    return
  }
  requireThat(
    checkValue.length === expected.length && crypto.constantTimeEqual(checkValue, expected),
    GP_SW.securityStatus,
  )
}

export function checkValueOf(crypto: DomainContext['crypto'], { type, value }: KeyComponent): Uint8Array | undefined {
  if (type === KEY_TYPE.des) return desKeyCheckValue(crypto, value)
  if (type === KEY_TYPE.aes) return aesKeyCheckValue(crypto, value)
  return undefined
}
