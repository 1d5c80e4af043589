import { concatBytes, emitTlv } from '@gridcard/bytes'
import type { Application } from './content-registry.ts'
import type { DomainContext } from './context.ts'
import { GP_SW, refuse, requireThat } from './refusal.ts'
import { lengthField } from './secure-channel/channel-cipher.ts'
import { keyFor, sign, verifySignature } from './signatures.ts'
import { commandTlvs, findTlv } from './tlv-objects.ts'

/** Operations that can be switched off for good, coded as tag D9. @source GPC 2.3.1 table 11-53 */
export const OPERATION = {
  delete: 0x01,
  load: 0x02,
  install: 0x04,
  makeSelectable: 0x08,
  extradition: 0x10,
  personalization: 0x20,
  registryUpdate: 0x40,
} as const

/**
 * Whether the domain at work may manage content at all.
 * @returns true: on its own authority; false: delegated, so only with a token
 * @source GPC 2.3.1 §9.1.3, §9.3 to §9.5
 */
export function requireAuthority(context: DomainContext, operations: number): boolean {
  const { gp, registry, domain } = context
  requireThat(!gp.isCardClosed, GP_SW.conditions)
  const restricted = registry.card.restrictions | domain.restrictions
  requireThat((restricted & operations) === 0, GP_SW.conditions)
  if (context.has('authorizedManagement')) return true
  requireThat(context.has('delegatedManagement'), GP_SW.conditions)
  return false
}

/** What a token is a signature of. @source GPC 2.3.1 tables C-4 to C-9 */
export function tokenInput(p1: number, p2: number, dataWithoutToken: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(p1, p2), lengthField(dataWithoutToken.length), dataWithoutToken)
}

/**
 * Checks a token where one is needed, refuses one where none is.
 * @param isAuthorized as `requireAuthority` said
 * @param parameters TLVs that may name the verifying domain in B6
 * @source GPC 2.3.1 §9.2.3, §C.4
 */
export function requireToken(
  context: DomainContext,
  o: { isAuthorized: boolean; token: Uint8Array; input: Uint8Array; parameters: Uint8Array },
): void {
  const { registry, crypto } = context
  if (o.isAuthorized) {
    requireThat(o.token.length === 0, GP_SW.conditions)
    return
  }
  requireThat(o.token.length > 0, GP_SW.securityStatus)
  const verifier = registry.withPrivilege('tokenVerification').find((one) => isNamed(context, one, o.parameters))
  requireThat(verifier !== undefined, GP_SW.conditions)
  const { keys } = registry.domain(verifier.entry.owner)
  const key = keyFor(keys, 'token')
  requireThat(key !== undefined, GP_SW.conditions)
  requireThat(verifySignature(crypto, key, keys, o.input, o.token), GP_SW.securityStatus)
}

/** B6 in the parameters may say whose token it is: 42 and 45 of the domain. */
function isNamed({ registry }: DomainContext, { entry }: Application, parameters: Uint8Array): boolean {
  const template = findTlv(commandTlvs(parameters), 0xb6)
  if (template === undefined) return true
  const { objects } = registry.domain(entry.owner)
  return commandTlvs(template).every(({ tag, value }) => {
    if (tag !== 0x42 && tag !== 0x45) return true
    const own = findTlv(objects, tag)
    return own !== undefined && own.length === value.length && own.every((byte, i) => byte === value[i])
  })
}

/** Of an INSTALL or DELETE, for its confirmation. */
export function tokenIdentifier(parameters: Uint8Array): Uint8Array | undefined {
  const template = findTlv(commandTlvs(parameters), 0xb6)
  return template && findTlv(commandTlvs(template), 0x93)
}

/**
 * The answer to a delegated operation: a confirmation with its receipt, if the domain with Receipt Generation has a key
 * for it; else a single 00. The counter is stored before the receipt leaves.
 *
 * @param fields AIDs of what was done, each with a length
 * @source GPC 2.3.1 §11.1.6, §C.5
 */
export function confirmation(
  context: DomainContext,
  isAuthorized: boolean,
  o: { fields: readonly Uint8Array[]; identifier: Uint8Array | undefined },
): Uint8Array {
  const { registry, crypto } = context
  const generator = isAuthorized ? undefined : registry.withPrivilege('receiptGeneration')[0]
  const entry = generator && registry.domain(generator.entry.owner)
  const key = entry && keyFor(entry.keys, 'receipt')
  if (entry === undefined || key === undefined) return Uint8Array.of(0)
  const counter = entry.confirmationCounter + 1
  if (counter > MOST_CONFIRMATIONS) return Uint8Array.of(0)
  registry.saveDomain({ ...entry, confirmationCounter: counter })
  const unique = concatBytes(findTlv(entry.objects, 0x42) ?? NONE, findTlv(entry.objects, 0x45) ?? NONE)
  const identifier = o.identifier ? Uint8Array.of(o.identifier.length, ...o.identifier) : NONE
  const confirmed = Uint8Array.of(2, counter >> 8, counter, unique.length, ...unique, ...identifier)
  const message = concatBytes(confirmed, ...o.fields.map((aid) => Uint8Array.of(aid.length, ...aid)))
  const receipt = sign(crypto, key, entry.keys, message) ?? refuse(GP_SW.conditions)
  const { length } = receipt
  const lengthBytes = length < 0x80 ? [length] : [0x81, length]
  const whole = Uint8Array.of(...lengthBytes, ...receipt, ...confirmed)
  return whole.length < 0x80 ? Uint8Array.of(whole.length, ...whole) : emitTlv(0x81, whole).subarray(1)
}

const NONE = new Uint8Array()
const MOST_CONFIRMATIONS = 0x7fff
