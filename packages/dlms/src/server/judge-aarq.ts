import { equalBytes } from '@gridcard/bytes'
import type { Aarq } from '../apdu/acse.ts'
import { applicationContexts, mechanisms } from '../apdu/acse-names.ts'
import { conformanceOf, conforms } from '../apdu/conformance.ts'
import { dlmsVersion, type InitiateRequest } from '../apdu/initiate.ts'
import { isUsableChallenge } from '../security/challenge.ts'
import type { AssociationConfig } from './server-options.ts'

/** What this server can do at all; less is agreed when the client asks for less. */
export const serverConformance = conformanceOf(
  'general-protection',
  'general-block-transfer',
  'block-transfer-with-get-or-read',
  'block-transfer-with-set-or-write',
  'block-transfer-with-action',
  'multiple-references',
  'data-notification',
  'access',
  'get',
  'set',
  'selective-access',
  'event-notification',
  'action',
)

/** Below this not even a block with one octet of data passes, ciphered. */
export const smallestPduBytes = 64

/** Why these ACSE fields do not fit the association; undefined if they do. For the log, not for the client. */
export function faultOfAarq(aarq: Aarq, config: AssociationConfig): string | undefined {
  const context = config.ciphered ? applicationContexts['ln-ciphered'] : applicationContexts.ln
  if (!equalBytes(aarq.applicationContextName, context)) return 'another application context'
  if (config.mechanism === 'lls') {
    if (aarq.mechanismName === undefined || !equalBytes(aarq.mechanismName, mechanisms.lls)) {
      return 'another authentication mechanism'
    }
    if (!isSamePassword(aarq.authenticationValue, config.password?.())) return 'wrong password'
  } else if (config.mechanism === 'none') {
    const mechanism = aarq.mechanismName
    if (mechanism !== undefined && !equalBytes(mechanism, mechanisms.none)) return 'another authentication mechanism'
  } else {
    if (aarq.mechanismName === undefined || !equalBytes(aarq.mechanismName, mechanisms[config.mechanism])) {
      return 'another authentication mechanism'
    }
    if (!isUsableChallenge(aarq.authenticationValue, config.mechanism)) return 'no usable challenge'
  }
  const users = config.users?.list() ?? []
  if (users.length > 0 && !users.some(({ id }) => id === aarq.aeInvocationId)) return 'unknown user'
  const needsTitle = config.ciphered || titledMechanisms.has(config.mechanism)
  return needsTitle && aarq.apTitle?.length !== 8 ? 'no client system title' : undefined
}

/** The mechanisms whose proofs cover the titles. */
export const titledMechanisms: ReadonlySet<string> = new Set(['hls-gmac', 'hls-sha256', 'hls-ecdsa'])

/** Takes as long for every guess of one length. */
function isSamePassword(given: Uint8Array | undefined, password: Uint8Array | undefined): boolean {
  if (given === undefined || password === undefined || password.length === 0) return false
  let difference = given.length ^ password.length
  for (let i = 0; i < given.length; i++) difference |= given[i]! ^ password[i % password.length]!
  return difference === 0
}

export interface Negotiated {
  readonly conformance: number
  readonly clientMaxPduBytes: number
}

/** What both can do, or why there is nothing. */
export function negotiate(request: InitiateRequest): Negotiated | { readonly fault: string } {
  if (request.dlmsVersion !== dlmsVersion) return { fault: 'another DLMS version' }
  const conformance = request.conformance & serverConformance
  if (!conforms(conformance, 'get')) return { fault: 'no common service' }
  const clientMaxPduBytes = request.maxPduBytes === 0 ? 0xffff : request.maxPduBytes
  if (clientMaxPduBytes < smallestPduBytes) return { fault: 'PDU size too small' }
  return { conformance, clientMaxPduBytes }
}
