import { equalBytes } from '@gridcard/bytes'
import { type Aare, associateDiagnostics, associationResults, emitAarq, parseAare } from '../apdu/acse.ts'
import { applicationContexts, type MechanismName, mechanisms } from '../apdu/acse-names.ts'
import { emitXdlms, parseXdlms } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { conformanceOf, conforms } from '../apdu/conformance.ts'
import { dlmsVersion, type InitiateResponse, vaaNameLn, vaaNameSn } from '../apdu/initiate.ts'
import { actionResultName, dataAccessResultName } from '../apdu/results.ts'
import type { ReadResponse } from '../apdu/short-name.ts'
import { signingKeyOfPeer } from '../certificates/association-certificates.ts'
import { cosem } from '../cosem/cosem-data.ts'
import { DlmsError } from '../errors.ts'
import { freshChallenge, isServiceLike, isUsableChallenge } from '../security/challenge.ts'
import { FrameProtection, type ProtectionLayers } from '../security/frame-protection.ts'
import { initiateLayers, isSameForm, requestLayers } from '../security/protection-layers.ts'
import { type HlsMechanism, isRefusal, type SecurityRefusal } from '../security/security-module.ts'
import { protections, responseProtections, securityPolicy } from '../security/security-policy.ts'
import {
  type CipheringOptions,
  cipheringOf,
  policyOf,
  type SecuredOptions,
  titledMechanisms,
} from './ciphering-options.ts'
import type { AcseFields, AssociationInfo } from './client-options.ts'
import { exceptionOf, refusalError } from './response-errors.ts'

export interface ClientAssociation {
  readonly info: AssociationInfo
  /** False: the server answers nothing. */
  readonly isConfirmed: boolean
  /** Undefined without ciphering. */
  readonly protection: FrameProtection | undefined
  /** How requests go out. */
  readonly layers: ProtectionLayers
  /** What was proposed, and how it was protected; a protected release repeats it. */
  readonly initiate: Uint8Array
  readonly initiateLayers: ProtectionLayers
  /** What a protected initiate-response must have, see `protections`; it is never signed. */
  readonly requiredOfInitiate: number
}

export interface OpenAssociationOptions extends SecuredOptions {
  readonly send: (apdu: Uint8Array) => Promise<Uint8Array>
  /** Sends what has no answer. */
  readonly post: (apdu: Uint8Array) => Promise<void>
  readonly isConfirmed?: boolean
  /** Whether something can be sent that has no answer: short names have a bit for that. */
  readonly hasPost?: boolean
  readonly userId?: number
  readonly acse?: AcseFields
  readonly generalBlockTransfer?: boolean | object
  readonly onNotification?: unknown
  readonly maxPduBytes: number
  /** How objects are named. Default: `ln`. */
  readonly referencing?: 'ln' | 'sn'
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

const proposedShortNames = conformanceOf(
  'read',
  'write',
  'block-transfer-with-get-or-read',
  'block-transfer-with-set-or-write',
  'multiple-references',
  'information-report',
  'parameterized-access',
)

function proposedBy(
  { generalBlockTransfer, referencing, onNotification, hasPost }: OpenAssociationOptions,
  ciphering: CipheringOptions | undefined,
): number {
  const isGeneral =
    ciphering !== undefined && ((ciphering.form ?? 'service') !== 'service' || requestLayersAreSigned(ciphering))
  return (
    (referencing === 'sn' ? proposedShortNames : proposedConformance) |
    (referencing === 'sn' && hasPost === true ? conformanceOf('unconfirmed-write') : 0) |
    (generalBlockTransfer !== undefined && generalBlockTransfer !== false
      ? conformanceOf('general-block-transfer')
      : 0) |
    (onNotification !== undefined ? conformanceOf('data-notification', 'event-notification') : 0) |
    (isGeneral ? conformanceOf('general-protection') : 0)
  )
}

const requestLayersAreSigned = (ciphering: CipheringOptions): boolean =>
  (policyOf(ciphering) & (securityPolicy.signedRequest | securityPolicy.signedResponse)) !== 0

/** Offset of reply_to_HLS_authentication in the Association SN object. @source Blue Book ed. 14 §4.4.3 */
const REPLY_TO_HLS_OFFSET = 0x58

const replyToHls = { classId: 15, logicalName: '0.0.40.0.0.255', methodIndex: 1 } as const
/** Confirmed, high priority, invoke id 0: before the first request of the association. */
const REPLY_INVOKE_ID = 0xc0

/**
 * AARQ and AARE, and with HLS the two passes after them. Nothing the server says counts before it is checked:
 * application context, mechanism, its system title, the ciphered initiate-response, at last its answer to our challenge.
 * @source Green Book ed. 8 §9.3.2, §9.2.7.4
 */
export async function openAssociation(options: OpenAssociationOptions): Promise<ClientAssociation> {
  const ciphering = cipheringOf(options)
  const protection = ciphering === undefined ? undefined : protectionOf(options, ciphering)
  try {
    return await open(options, ciphering, protection)
  } catch (error) {
    protection?.close()
    throw error
  }
}

async function open(
  options: OpenAssociationOptions,
  ciphering: CipheringOptions | undefined,
  protection: FrameProtection | undefined,
): Promise<ClientAssociation> {
  const { mechanism, isConfirmed = true } = options
  const policy = ciphering === undefined ? 0 : policyOf(ciphering)
  const layersOfInitiate = initiateLayers(policy)
  const requiredOfInitiate = responseProtections(policy) & ~protections.signed
  const dedicated = ciphering?.dedicatedKey === true ? await createDedicated(options) : undefined
  if (dedicated !== undefined) protection!.useDedicatedKey(dedicated.handle)
  const initiate = emitXdlms({
    kind: 'initiate-request',
    ...(dedicated && { dedicatedKey: dedicated.key }),
    responseAllowed: isConfirmed,
    dlmsVersion,
    conformance: proposedBy(options, ciphering),
    maxPduBytes: options.maxPduBytes,
  })
  const applicationContextName = contextOf(options, ciphering)
  const needsTitle = ciphering !== undefined || titledMechanisms.has(mechanism)
  const challenge = isHls(mechanism)
    ? granted(await freshChallenge(options.security!, options.slot!, mechanism))
    : undefined
  const aarq = emitAarq({
    ...options.acse,
    applicationContextName,
    ...(needsTitle && { apTitle: options.security!.systemTitle }),
    aeQualifier: options.certificates?.own,
    ...(options.userId !== undefined && { aeInvocationId: options.userId }),
    ...(mechanism !== 'none' && {
      acseRequirements: true,
      mechanismName: mechanisms[mechanism],
      authenticationValue: challenge ?? options.password!,
    }),
    userInformation:
      protection === undefined ? initiate : granted(await protection.protect(initiate, layersOfInitiate)),
  })
  const layers =
    ciphering === undefined
      ? []
      : requestLayers({
          form: ciphering.form ?? 'service',
          key: ciphering.key ?? 'unicast',
          isDedicated: dedicated !== undefined,
          policy,
        })
  const opened = { protection, isConfirmed, layers, initiate, initiateLayers: layersOfInitiate, requiredOfInitiate }
  if (!isConfirmed) {
    await options.post(aarq)
    return { ...opened, info: proposedInfo(options, ciphering) }
  }
  const answer = await options.send(aarq)
  const aare = acceptedAare(answer, applicationContextName)
  requireTitle(aare, needsTitle ? options.serverSystemTitle : undefined)
  const serverChallenge = challenge === undefined ? undefined : serverChallengeOf(aare, mechanism, challenge)
  const peerSigningKey = await signingKeyOf(aare, options, ciphering)
  if (peerSigningKey !== undefined) protection?.usePeerSigningKey(peerSigningKey)
  if (serverChallenge === undefined && aare.diagnostic.code !== associateDiagnostics.null) {
    throw unexpected('authentication asked for')
  }
  const response = initiateResponseOf(await openedInitiate(aare, protection, requiredOfInitiate), options.referencing)
  if (challenge !== undefined && serverChallenge !== undefined) {
    // The dedicated key is spoken from the first request of the association on.
    const passLayers = ciphering === undefined ? [] : passLayersOf(ciphering, policy)
    await authenticate(options, protection, passLayers, { own: challenge, server: serverChallenge, peerSigningKey })
  }
  return { ...opened, info: infoOf(options, ciphering, response, aare) }
}

function contextOf(
  { referencing = 'ln' }: OpenAssociationOptions,
  ciphering: CipheringOptions | undefined,
): Uint8Array {
  return applicationContexts[ciphering === undefined ? referencing : (`${referencing}-ciphered` as const)]
}

function protectionOf(options: OpenAssociationOptions, ciphering: CipheringOptions): FrameProtection {
  const required = responseProtections(policyOf(ciphering))
  // The client's constructor has checked that these are there.
  return new FrameProtection({
    security: options.security!,
    slot: options.slot!,
    peerSystemTitle: options.serverSystemTitle!,
    suite: ciphering.suite,
    required: () => required,
    signedForm: ciphering.signedForm,
    keepsGeneralKey: ciphering.keepsKey,
  })
}

const createDedicated = async ({ security, slot }: OpenAssociationOptions) =>
  granted((await security!.sessionKeys?.createDedicated(slot!)) ?? { refused: 'unsupported' as const })

/** The passes of HLS are proofs themselves, and no peer signs them. */
const passLayersOf = ({ form = 'service', key = 'unicast' }: CipheringOptions, policy: number): ProtectionLayers =>
  requestLayers({ form, key, isDedicated: false, policy: policy & ~securityPolicy.signedRequest })

async function openedInitiate(
  aare: Aare,
  protection: FrameProtection | undefined,
  required: number,
): Promise<Uint8Array> {
  const userInformation = aare.userInformation ?? new Uint8Array(0)
  if (protection === undefined) return userInformation
  return granted(await protection.unprotect(userInformation, required)).plaintext
}

/** The two passes of HLS after the AARE. */
async function authenticate(
  options: OpenAssociationOptions,
  protection: FrameProtection | undefined,
  layers: ProtectionLayers,
  challenges: {
    readonly own: Uint8Array
    readonly server: Uint8Array
    readonly peerSigningKey: Uint8Array | undefined
  },
): Promise<void> {
  const security = options.security!
  const slot = options.slot!
  const mechanism = options.mechanism as HlsMechanism // there are challenges
  const token = granted(
    await security.hlsAnswer(slot, challenges.server, { mechanism, otherChallenge: challenges.own }),
  )
  const serverToken = await exchangeTokens(options, protection, layers, token)
  const { server: otherChallenge, peerSigningKey } = challenges
  granted(await security.hlsVerify(slot, serverToken, { mechanism, otherChallenge, peerSigningKey }))
}

/** Sends our answer to the server's challenge, gives its answer to ours. */
async function exchangeTokens(
  options: OpenAssociationOptions,
  protection: FrameProtection | undefined,
  layers: ProtectionLayers,
  token: Uint8Array,
): Promise<Uint8Array> {
  const parameter = cosem.octetString(token)
  const request = emitXdlms(
    options.referencing === 'sn'
      ? {
          kind: 'read-request',
          variables: [{ kind: 'parameterized-access', name: vaaNameSn + REPLY_TO_HLS_OFFSET, selector: 1, parameter }],
        }
      : { kind: 'action-request-normal', invokeIdAndPriority: REPLY_INVOKE_ID, method: replyToHls, parameter },
  )
  const sent = protection === undefined ? request : granted(await protection.protect(request, layers))
  const answer = await options.send(sent)
  if (answer[0] === apduTags['exception-response']) throw exceptionOf(answer)
  const required = responseProtections(policyOf(cipheringOf(options) ?? {})) & ~protections.signed
  const opened = protection === undefined ? undefined : granted(await protection.unprotect(answer, required))
  if (opened !== undefined && !isSameForm(layers, opened.layers)) throw refusalError({ refused: 'not-permitted' })
  const response = parseXdlms(opened?.plaintext ?? answer)
  if (response.kind === 'read-response' && options.referencing === 'sn') return tokenOf(response)
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

function tokenOf({ results }: ReadResponse): Uint8Array {
  const [result] = results
  if (result !== undefined && 'data' in result && result.data.type === 'octet-string') return result.data.value
  const code = result !== undefined && 'accessResult' in result ? result.accessResult : undefined
  const name = code === undefined ? 'no octets' : (dataAccessResultName(code) ?? code)
  throw new DlmsError('DLMS_AUTHENTICATION_FAILED', `the server did not take our answer: ${name}`)
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

/** The title must be the one we know the server by, where titles count. */
function requireTitle({ apTitle }: Aare, serverSystemTitle: Uint8Array | undefined): void {
  if (serverSystemTitle === undefined) return
  if (apTitle === undefined || !equalBytes(apTitle, serverSystemTitle)) {
    throw new DlmsError('DLMS_AUTHENTICATION_FAILED', 'the server answers under another system title')
  }
}

/** From the certificate in the AARE, where it is to be judged. */
async function signingKeyOf(
  { aeQualifier }: Aare,
  { serverSystemTitle, certificates }: OpenAssociationOptions,
  ciphering: CipheringOptions | undefined,
): Promise<Uint8Array | undefined> {
  const peer = { systemTitle: serverSystemTitle, suite: ciphering?.suite ?? 0 }
  const signing = await signingKeyOfPeer(aeQualifier, peer, certificates)
  if (!('fault' in signing)) return signing.publicKey
  throw new DlmsError('DLMS_AUTHENTICATION_FAILED', `the certificate of the server: ${signing.fault}`)
}

/** Checks what the AARE tells in clear about the authentication, and gives the server's challenge. */
function serverChallengeOf(aare: Aare, mechanism: MechanismName, clientChallenge: Uint8Array): Uint8Array {
  const failed = (reason: string) => new DlmsError('DLMS_AUTHENTICATION_FAILED', reason)
  const { source, code } = aare.diagnostic
  const asks = source === 'acse-service-user' && code === associateDiagnostics['authentication-required']
  if (!asks || aare.acseRequirements !== true) throw failed('the server does not ask for authentication')
  if (aare.mechanismName === undefined || !equalBytes(aare.mechanismName, mechanisms[mechanism])) {
    throw failed('the server answers with another mechanism')
  }
  const challenge = aare.authenticationValue
  if (!isUsableChallenge(challenge, mechanism)) throw failed('the server gives no usable challenge')
  if (equalBytes(challenge, clientChallenge)) throw failed('the server sends our own challenge back')
  if (mechanism === 'hls-gmac' && isServiceLike(challenge)) throw failed('the challenge of the server is a service')
  return challenge
}

const isHls = (mechanism: MechanismName): mechanism is HlsMechanism => mechanism !== 'none' && mechanism !== 'lls'

function initiateResponseOf(plaintext: Uint8Array, referencing: 'ln' | 'sn' = 'ln'): InitiateResponse {
  const response = parseXdlms(plaintext)
  if (response.kind === 'confirmed-service-error') {
    const { service, errorClass, value } = response
    throw new DlmsError('DLMS_ASSOCIATION_REFUSED', 'initiate refused', { service, errorClass, value })
  }
  if (response.kind !== 'initiate-response') throw unexpected('no initiate-response in the AARE')
  const vaaName = referencing === 'sn' ? vaaNameSn : vaaNameLn
  if (response.dlmsVersion !== dlmsVersion || response.vaaName !== vaaName) throw unexpected('another DLMS version')
  // Servers with short names were met that read and write and do not say so.
  if (referencing === 'ln' && !conforms(response.conformance, 'get')) throw unexpected('a server without GET')
  return response
}

function infoOf(
  options: OpenAssociationOptions,
  ciphering: CipheringOptions | undefined,
  response: InitiateResponse,
  { apTitle, aeQualifier, implementationInformation }: Aare,
): AssociationInfo {
  return {
    // A server that grants more than was proposed gets no more.
    conformance: response.conformance & proposedBy(options, ciphering),
    serverMaxPduBytes: response.maxPduBytes === 0 ? 0xffff : response.maxPduBytes,
    serverSystemTitle: apTitle,
    serverCertificate: aeQualifier,
    implementationInformation,
  }
}

/** Nobody has answered: what was proposed holds. */
const proposedInfo = (options: OpenAssociationOptions, ciphering: CipheringOptions | undefined): AssociationInfo => ({
  conformance: proposedBy(options, ciphering),
  serverMaxPduBytes: options.maxPduBytes,
  serverSystemTitle: options.serverSystemTitle,
  serverCertificate: undefined,
  implementationInformation: undefined,
})

function granted<T extends object>(result: T | SecurityRefusal): Exclude<T, SecurityRefusal> {
  if (isRefusal(result)) throw refusalError(result)
  return result as Exclude<T, SecurityRefusal>
}

const unexpected = (message: string): DlmsError => new DlmsError('DLMS_UNEXPECTED_RESPONSE', message)
