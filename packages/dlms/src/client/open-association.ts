import { equalBytes } from '@gridcard/bytes'
import { type Aare, associateDiagnostics, associationResults, emitAarq, parseAare } from '../apdu/acse.ts'
import { applicationContexts, mechanisms } from '../apdu/acse-names.ts'
import { emitXdlms, parseXdlms } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { conformanceOf, conforms } from '../apdu/conformance.ts'
import { dlmsVersion, type InitiateResponse, vaaNameLn } from '../apdu/initiate.ts'
import { actionResultName } from '../apdu/results.ts'
import { cosem } from '../cosem/cosem-data.ts'
import { DlmsError } from '../errors.ts'
import { FrameProtection } from '../security/frame-protection.ts'
import { isRefusal, type SecurityModule, type SecurityRefusal } from '../security/security-module.ts'
import type { AssociationInfo } from './dlms-client.ts'
import { exceptionOf, refusalError } from './response-errors.ts'

export interface ClientAssociation {
  readonly info: AssociationInfo
  /** Undefined without ciphering. */
  readonly protection: FrameProtection | undefined
  /** What was proposed; a protected release repeats it. */
  readonly initiate: Uint8Array
}

export interface OpenAssociationOptions {
  readonly send: (apdu: Uint8Array) => Promise<Uint8Array>
  readonly mechanism: 'none' | 'lls' | 'hls-gmac'
  readonly password?: Uint8Array
  readonly generalBlockTransfer?: boolean
  readonly security?: SecurityModule
  readonly slot?: number
  readonly serverSystemTitle?: Uint8Array
  readonly maxPduBytes: number
}

/** What the client asks for; blocks and lists only help, so a server may leave them out. */
const proposedConformance = conformanceOf(
  'block-transfer-with-get-or-read',
  'block-transfer-with-set-or-write',
  'block-transfer-with-action',
  'multiple-references',
  'access',
  'get',
  'set',
  'selective-access',
  'action',
)

const proposedBy = ({ generalBlockTransfer }: Pick<OpenAssociationOptions, 'generalBlockTransfer'>): number =>
  generalBlockTransfer === true ? proposedConformance | conformanceOf('general-block-transfer') : proposedConformance

const CHALLENGE_BYTES = 16
const CHALLENGE_MIN_BYTES = 8
const CHALLENGE_MAX_BYTES = 64
const replyToHls = { classId: 15, logicalName: '0.0.40.0.0.255', methodIndex: 1 } as const
/** Confirmed, high priority, invoke id 0: before the first request of the association. */
const REPLY_INVOKE_ID = 0xc0

/**
 * AARQ and AARE, and with `hls-gmac` the two passes after them. Nothing the server says counts before it is checked:
 * application context, mechanism, its system title, the ciphered initiate-response, at last its answer to our challenge.
 * @source Green Book ed. 8 §9.3.2, §9.2.7.4
 */
export async function openAssociation(options: OpenAssociationOptions): Promise<ClientAssociation> {
  const initiate = emitXdlms({
    kind: 'initiate-request',
    responseAllowed: true,
    dlmsVersion,
    conformance: proposedBy(options),
    maxPduBytes: options.maxPduBytes,
  })
  return options.mechanism === 'hls-gmac' ? openWithHls(options, initiate) : openInClear(options, initiate)
}

async function openInClear(options: OpenAssociationOptions, initiate: Uint8Array): Promise<ClientAssociation> {
  const applicationContextName = applicationContexts.ln
  const password =
    options.mechanism === 'lls'
      ? { acseRequirements: true as const, mechanismName: mechanisms.lls, authenticationValue: options.password! }
      : {}
  const answer = await options.send(emitAarq({ applicationContextName, ...password, userInformation: initiate }))
  const aare = acceptedAare(answer, applicationContextName)
  if (aare.diagnostic.code !== associateDiagnostics.null) throw unexpected('authentication asked for')
  const response = initiateResponseOf(aare.userInformation ?? new Uint8Array(0))
  return { info: infoOf(options, response, aare.apTitle), protection: undefined, initiate }
}

async function openWithHls(options: OpenAssociationOptions, initiate: Uint8Array): Promise<ClientAssociation> {
  // The client's constructor has checked that these are there.
  const security = options.security!
  const slot = options.slot!
  const serverSystemTitle = options.serverSystemTitle!
  const protection = new FrameProtection(security, slot, serverSystemTitle)
  const applicationContextName = applicationContexts['ln-ciphered']
  const clientChallenge = granted(await security.hlsChallenge(slot, CHALLENGE_BYTES))
  const answer = await options.send(
    emitAarq({
      applicationContextName,
      apTitle: security.systemTitle,
      acseRequirements: true,
      mechanismName: mechanisms['hls-gmac'],
      authenticationValue: clientChallenge,
      userInformation: granted(await protection.protect(initiate, 'glo')),
    }),
  )
  const aare = acceptedAare(answer, applicationContextName)
  const serverChallenge = serverChallengeOf(aare, serverSystemTitle, clientChallenge)
  const opened = granted(await protection.unprotect(aare.userInformation ?? new Uint8Array(0)))
  const response = initiateResponseOf(opened.plaintext)
  const token = granted(await security.hlsAnswer(slot, serverChallenge))
  const serverToken = await exchangeTokens(options, protection, token)
  granted(await security.hlsVerify(slot, serverToken))
  return { info: infoOf(options, response, serverSystemTitle), protection, initiate }
}

/** Sends our answer to the server's challenge, gives its answer to ours. */
async function exchangeTokens(
  options: OpenAssociationOptions,
  protection: FrameProtection,
  token: Uint8Array,
): Promise<Uint8Array> {
  const request = emitXdlms({
    kind: 'action-request-normal',
    invokeIdAndPriority: REPLY_INVOKE_ID,
    method: replyToHls,
    parameter: cosem.octetString(token),
  })
  const answer = await options.send(granted(await protection.protect(request, 'glo')))
  if (answer[0] === apduTags['exception-response']) throw exceptionOf(answer)
  const { plaintext, form } = granted(await protection.unprotect(answer))
  if (form !== 'glo') throw refusalError({ refused: 'not-permitted' })
  const response = parseXdlms(plaintext)
  if (response.kind !== 'action-response-normal' || response.invokeIdAndPriority !== REPLY_INVOKE_ID) {
    throw unexpected('not the answer to reply_to_HLS_authentication')
  }
  if (response.result !== 0) {
    const result = actionResultName(response.result) ?? response.result
    throw new DlmsError('DLMS_AUTHENTICATION_FAILED', `the server did not take our answer: ${result}`, { result })
  }
  const returned = response.returned !== undefined && 'data' in response.returned ? response.returned.data : undefined
  if (returned?.type !== 'octet-string') {
    throw new DlmsError('DLMS_AUTHENTICATION_FAILED', 'the server gave no answer to our challenge')
  }
  return returned.value
}

function acceptedAare(answer: Uint8Array, applicationContextName: Uint8Array): Aare {
  if (answer[0] === apduTags['exception-response']) throw exceptionOf(answer)
  if (answer[0] !== apduTags.aare) throw unexpected('not an AARE')
  const aare = parseAare(answer)
  if (aare.result !== associationResults.accepted) {
    const { source, code } = aare.diagnostic
    const diagnostic = diagnosticName(aare)
    throw new DlmsError('DLMS_ASSOCIATION_REFUSED', `association refused: ${diagnostic}`, {
      result: aare.result,
      diagnostic,
      diagnosticSource: source,
      diagnosticCode: code,
    })
  }
  if (!equalBytes(aare.applicationContextName, applicationContextName)) throw unexpected('another application context')
  return aare
}

function diagnosticName({ diagnostic: { source, code } }: Aare): string {
  const names = Object.keys(associateDiagnostics) as (keyof typeof associateDiagnostics)[]
  const name = source === 'acse-service-user' ? names.find((known) => associateDiagnostics[known] === code) : undefined
  return name ?? `${source} ${code}`
}

/** Checks everything about the server that the AARE tells in clear, and gives its challenge. */
function serverChallengeOf(aare: Aare, serverSystemTitle: Uint8Array, clientChallenge: Uint8Array): Uint8Array {
  const failed = (reason: string) => new DlmsError('DLMS_AUTHENTICATION_FAILED', reason)
  const { source, code } = aare.diagnostic
  const asks = source === 'acse-service-user' && code === associateDiagnostics['authentication-required']
  if (!asks || aare.acseRequirements !== true) throw failed('the server does not ask for authentication')
  if (aare.mechanismName === undefined || !equalBytes(aare.mechanismName, mechanisms['hls-gmac'])) {
    throw failed('the server answers with another mechanism')
  }
  if (aare.apTitle === undefined || !equalBytes(aare.apTitle, serverSystemTitle)) {
    throw failed('the server answers under another system title')
  }
  const challenge = aare.authenticationValue
  if (challenge === undefined || challenge.length < CHALLENGE_MIN_BYTES || challenge.length > CHALLENGE_MAX_BYTES) {
    throw failed('the server gives no usable challenge')
  }
  if (equalBytes(challenge, clientChallenge)) throw failed('the server sends our own challenge back')
  return challenge
}

function initiateResponseOf(plaintext: Uint8Array): InitiateResponse {
  const response = parseXdlms(plaintext)
  if (response.kind === 'confirmed-service-error') {
    const { service, errorClass, value } = response
    throw new DlmsError('DLMS_ASSOCIATION_REFUSED', 'initiate refused', { service, errorClass, value })
  }
  if (response.kind !== 'initiate-response') throw unexpected('no initiate-response in the AARE')
  if (response.dlmsVersion !== dlmsVersion || response.vaaName !== vaaNameLn) throw unexpected('another DLMS version')
  if (!conforms(response.conformance, 'get')) throw unexpected('a server without GET')
  return response
}

function infoOf(
  options: OpenAssociationOptions,
  response: InitiateResponse,
  serverSystemTitle: Uint8Array | undefined,
): AssociationInfo {
  return {
    // A server that grants more than was proposed gets no more.
    conformance: response.conformance & proposedBy(options),
    serverMaxPduBytes: response.maxPduBytes === 0 ? 0xffff : response.maxPduBytes,
    serverSystemTitle,
  }
}

function granted<T extends object>(result: T | SecurityRefusal): Exclude<T, SecurityRefusal> {
  if (isRefusal(result)) throw refusalError(result)
  return result as Exclude<T, SecurityRefusal>
}

const unexpected = (message: string): DlmsError => new DlmsError('DLMS_UNEXPECTED_RESPONSE', message)
