import { equalBytes } from '@gridcard/bytes'
import {
  type Aarq,
  associateDiagnostics,
  associationResults,
  emitAare,
  emitRelease,
  parseAarq,
  parseRelease,
} from '../apdu/acse.ts'
import { mechanisms } from '../apdu/acse-names.ts'
import type { ActionRequestNormal } from '../apdu/action.ts'
import { emitXdlms, parseXdlms } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { conforms } from '../apdu/conformance.ts'
import type { DataNotification, EventNotification } from '../apdu/data-notification.ts'
import { dlmsVersion, type InitiateRequest, vaaNameLn } from '../apdu/initiate.ts'
import { actionResults } from '../apdu/results.ts'
import { BlockSender } from '../block-transfer/block-sender.ts'
import { unconfirmedBlocks } from '../block-transfer/unconfirmed-blocks.ts'
import { signingKeyOfPeer } from '../certificates/association-certificates.ts'
import { refusalError } from '../client/response-errors.ts'
import { cosem } from '../cosem/cosem-data.ts'
import { DlmsError } from '../errors.ts'
import type { Caller, CosemObject } from '../interface-classes/cosem-object.ts'
import { freshChallenge, isServiceLike } from '../security/challenge.ts'
import { FrameProtection, overheadBytesOf, type ProtectionLayers } from '../security/frame-protection.ts'
import { answerLayers, initiateLayers, withGeneralTags } from '../security/protection-layers.ts'
import { type HlsMechanism, isRefusal, type SecurityModule, type SecurityRefusal } from '../security/security-module.ts'
import { protections, requestProtections, responseProtections } from '../security/security-policy.ts'
import { BlockService } from './block-service.ts'
import { faultOfAarq, type Negotiated, negotiate, titledMechanisms } from './judge-aarq.ts'
import { ObjectAccess } from './object-access.ts'
import { blockRefused, genericRefusal, pduTooLong, refusedAare, unknownService } from './refusals.ts'
import { initiateIn, isConfirmed, isContinuing, isReplyToHls, parsed } from './requests.ts'
import { type AssociationConfig, policyOf, type SecurityEventKind } from './server-options.ts'
import { Services } from './services.ts'

/** What an association needs of its server. */
export interface AssociationHost {
  readonly objects: ReadonlyMap<string, readonly CosemObject[]>
  readonly security: SecurityModule | undefined
  readonly maxPduBytes: number
  readonly maxResponseBytes: number
  report(config: AssociationConfig, kind: SecurityEventKind, reason: string): void
  opened(config: AssociationConfig): void
  closed(config: AssociationConfig): void
  isAssociated(config: AssociationConfig): boolean
}

interface Session {
  readonly caller: Caller
  /** From the client's certificate, where it sent one that counts. */
  readonly peerSigningKey: Uint8Array | undefined
  /** False: the client has said that it takes no responses. */
  readonly isConfirmed: boolean
  /** Undefined in associations without ciphering. */
  readonly protection: FrameProtection | undefined
  readonly services: Services
  readonly blocks: BlockService
}

type State =
  | { readonly name: 'idle' }
  /** AARE sent, the client has still to prove itself. */
  | {
      readonly name: 'pending'
      readonly session: Session
      readonly clientChallenge: Uint8Array
      readonly serverChallenge: Uint8Array
    }
  | { readonly name: 'associated'; readonly session: Session }

const hasBlocks = ({ caller }: Session): boolean => conforms(caller.conformance, 'general-block-transfer')

/**
 * Several clients (Gurux of 2026 among them) fill a request up to what was agreed and put the header of general block
 * transfer, or of ciphering, around that.
 */
const UNCOUNTED_BYTES = 64

/**
 * One association of one connection: idle, then pending while the client proves itself (HLS), then associated. Every
 * refusal that touches security is answered alike and reported with its reason.
 * @source Green Book ed. 8 §9.3.2 (association), §9.2.7.4 (HLS), §9.4.4
 */
export class ServerAssociation {
  readonly #config: AssociationConfig
  readonly #host: AssociationHost
  #state: State = { name: 'idle' }
  /** Protection that the objects of the current request ask for the answer. */
  #demanded = 0
  #afterAnswer: (() => Promise<void>)[] = []
  /** The current request came while the client had still to prove itself. */
  #isPass = false

  constructor(config: AssociationConfig, host: AssociationHost) {
    this.#config = config
    this.#host = host
  }

  /** @param reason for the log */
  close(reason: string): void {
    if (this.#state.name === 'associated') {
      this.#host.closed(this.#config)
      this.#report('association-closed', reason)
    }
    if (this.#state.name !== 'idle') this.#state.session.protection?.close()
    this.#state = { name: 'idle' }
  }

  /** What to send back, in order: nothing for what asks for no answer, several blocks of a window, else one APDU. */
  handle(apdu: Uint8Array): Promise<readonly Uint8Array[]> {
    if (!this.#isSilent || apdu[0] === apduTags.aarq) return this.#handle(apdu)
    return this.#handle(apdu).then(() => [])
  }

  /** Whatever comes has no answer, refusals neither. */
  get #isSilent(): boolean {
    return this.#state.name !== 'idle' && !this.#state.session.isConfirmed
  }

  async #handle(apdu: Uint8Array): Promise<readonly Uint8Array[]> {
    if (apdu.length > this.#host.maxPduBytes + UNCOUNTED_BYTES) return [pduTooLong]
    switch (apdu[0]) {
      case apduTags.aarq:
        return this.#associate(apdu)
      case apduTags.rlrq:
        return [await this.#release(apdu)]
      case apduTags['general-block-transfer']:
        return this.#block(apdu)
      default:
        return this.#whole(apdu)
    }
  }

  /**
   * A notification for the client of this association, protected as its answers are, in a general form.
   * One longer than the client takes goes in general block transfer, where that was agreed on.
   * @returns undefined when nobody is associated, or has not agreed to notifications
   * @throws DlmsError `DLMS_LIMIT_EXCEEDED` for one longer than the client takes, `DLMS_SECURITY_REFUSED`
   */
  async notify(notification: DataNotification | EventNotification): Promise<readonly Uint8Array[] | undefined> {
    if (this.#state.name !== 'associated') return undefined
    const { session } = this.#state
    const { caller, isConfirmed, protection } = session
    if (!isConfirmed) return undefined
    const bit = notification.kind === 'data-notification' ? 'data-notification' : 'event-notification'
    if (!conforms(caller.conformance, bit)) return undefined
    const plaintext = emitXdlms(notification)
    const required = responseProtections(policyOf(this.#config))
    const layers = protection === undefined ? [] : withGeneralTags(answerLayers([], required, plaintext))
    const apdu = protection === undefined ? plaintext : await protection.protect(plaintext, layers)
    if (isRefusal(apdu)) throw refusalError(apdu)
    const room = this.#roomFor([])
    if (apdu.length <= room) return [apdu]
    const blocks = hasBlocks(session) ? unconfirmedBlocks(apdu, room) : undefined
    if (blocks !== undefined) return blocks
    throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'notification longer than the client takes', {
      lengthBytes: apdu.length,
    })
  }

  // ---- general block transfer, outside of all protection

  async #block(apdu: Uint8Array): Promise<readonly Uint8Array[]> {
    const session = this.#state.name === 'associated' ? this.#state.session : undefined
    // Not agreed on, it is a request like any other that is not protected or not known.
    if (session === undefined || !hasBlocks(session)) return this.#whole(apdu)
    const block = parsed(() => parseXdlms(apdu))
    if (block?.kind !== 'general-block-transfer') return [unknownService]
    const room = this.#roomFor([])
    const taken = session.blocks.take(block)
    if (taken === undefined) return [blockRefused]
    if ('send' in taken) return taken.send
    const answer = await this.#request(taken.apdu)
    // What was asked for in blocks is answered in blocks, however short.
    return answer === undefined ? [] : session.blocks.begin(answer, room)
  }

  async #whole(apdu: Uint8Array): Promise<readonly Uint8Array[]> {
    const session = this.#state.name === 'associated' ? this.#state.session : undefined
    session?.blocks.abort()
    const room = this.#roomFor([])
    const answer = await this.#request(apdu)
    if (answer === undefined) return []
    return session !== undefined && answer.length > room ? session.blocks.begin(answer, room) : [answer]
  }

  // ---- opening

  /** Nothing goes back to who allows no response, once that could be read. */
  async #associate(apdu: Uint8Array): Promise<readonly Uint8Array[]> {
    this.close('associating anew')
    const aarq = parsed(() => parseAarq(apdu))
    if (aarq === undefined) return [this.#refuse('malformed AARQ')]
    const inClear = initiateIn(aarq.userInformation)
    const fault = faultOfAarq(aarq, this.#config)
    if (fault !== undefined) {
      const refused = this.#refuse(fault)
      return inClear?.responseAllowed === false ? [] : [refused]
    }
    const protection = this.#protectionFor(aarq)
    const initiate = await this.#openInitiate(aarq.userInformation ?? new Uint8Array(0), protection)
    if (isRefusal(initiate)) return [this.#refuseFrame(initiate, refusedAare(this.#config))]
    const answer = await this.#admit(aarq, initiate, protection)
    return initiate.responseAllowed ? [answer] : []
  }

  async #admit(aarq: Aarq, initiate: InitiateRequest, protection: FrameProtection | undefined): Promise<Uint8Array> {
    if (!initiate.responseAllowed && isHlsMechanism(this.#config.mechanism)) {
      return this.#refuse('no response allowed, and proofs needed')
    }
    const negotiated = negotiate(initiate)
    if ('fault' in negotiated) return this.#refuse(negotiated.fault)
    if (this.#config.mechanism === 'hls-gmac' && isServiceLike(aarq.authenticationValue!)) {
      return this.#refuse('a challenge that is a service')
    }
    const { certificates, suite = 0 } = this.#config
    const signing = await signingKeyOfPeer(aarq.aeQualifier, { systemTitle: aarq.apTitle, suite }, certificates)
    if ('fault' in signing) return this.#refuse(`certificate: ${signing.fault}`)
    const keyFault = await this.#takeDedicatedKey(initiate, protection)
    if (keyFault !== undefined) return this.#refuse(keyFault)
    if (signing.publicKey !== undefined) protection?.usePeerSigningKey(signing.publicKey)
    const session = this.#sessionFor(aarq, protection, {
      ...negotiated,
      peerSigningKey: signing.publicKey,
      isConfirmed: initiate.responseAllowed,
    })
    const answer = await this.#accept(aarq, protection, session)
    if (this.#state.name === 'idle') protection?.close()
    return answer
  }

  #protectionFor(aarq: Aarq): FrameProtection | undefined {
    const config = this.#config
    if (!config.ciphered) return undefined
    return new FrameProtection({
      security: this.#security,
      slot: this.#slot,
      suite: config.suite,
      peerSystemTitle: aarq.apTitle!,
      required: () => requestProtections(policyOf(config)),
      allowsBroadcastKey: config.allowsBroadcastKey,
      signedForm: config.signedForm,
      keepsGeneralKey: config.keepsGeneralKey,
    })
  }

  /** @returns why the dedicated key of this initiate-request is of no use; undefined also when there is none */
  async #takeDedicatedKey(
    { dedicatedKey }: InitiateRequest,
    protection: FrameProtection | undefined,
  ): Promise<string | undefined> {
    if (dedicatedKey === undefined) return undefined
    // Who could read the request has the key.
    const isSecret = (requestProtections(policyOf(this.#config)) & protections.encrypted) !== 0
    if (protection === undefined || !isSecret) return 'dedicated key in clear'
    const handle = await this.#security.sessionKeys?.openDedicated(this.#slot, dedicatedKey)
    if (handle === undefined || isRefusal(handle)) return `dedicated key: ${handle?.refused ?? 'unsupported'}`
    protection.useDedicatedKey(handle)
    return undefined
  }

  async #openInitiate(
    userInformation: Uint8Array,
    protection: FrameProtection | undefined,
  ): Promise<InitiateRequest | SecurityRefusal> {
    const required = requestProtections(policyOf(this.#config)) & ~protections.signed
    const opened =
      protection === undefined ? { plaintext: userInformation } : await protection.unprotect(userInformation, required)
    if (isRefusal(opened)) return opened
    return initiateIn(opened.plaintext) ?? { refused: 'malformed' }
  }

  #sessionFor(
    aarq: Aarq,
    protection: FrameProtection | undefined,
    {
      peerSigningKey,
      isConfirmed,
      ...negotiated
    }: Negotiated & { readonly peerSigningKey: Uint8Array | undefined; readonly isConfirmed: boolean },
  ): Session {
    const access = new ObjectAccess(this.#host.objects, (kind, reason) => this.#report(kind, reason))
    const caller: Caller = {
      association: this.#config,
      clientSap: this.#config.clientSap,
      serverSap: this.#config.serverSap,
      clientSystemTitle: aarq.apTitle,
      user: this.#config.users?.list().find(({ id }) => id === aarq.aeInvocationId),
      conformance: negotiated.conformance,
      clientMaxPduBytes: negotiated.clientMaxPduBytes,
      serverMaxPduBytes: this.#host.maxPduBytes,
      protection: 0,
      demandOfAnswer: () => {},
      afterAnswer: () => {},
      isAssociated: (config) => this.#host.isAssociated(config),
    }
    return {
      caller,
      peerSigningKey,
      isConfirmed,
      protection,
      services: new Services(access, this.#host.maxResponseBytes, (logicalName) =>
        this.#report('object-failed', `${logicalName}: answer does not fit`),
      ),
      blocks: new BlockService({ isEachRequestNew: protection !== undefined }),
    }
  }

  async #accept(aarq: Aarq, protection: FrameProtection | undefined, session: Session): Promise<Uint8Array> {
    const { mechanism } = this.#config
    const isHls = isHlsMechanism(mechanism)
    let serverChallenge: Uint8Array | undefined
    if (isHls) {
      const challenge = await freshChallenge(this.#security, this.#slot, mechanism)
      if (isRefusal(challenge)) return this.#refuseFrame(challenge, refusedAare(this.#config))
      if (equalBytes(challenge, aarq.authenticationValue!)) return this.#refuse('its challenge is our own')
      serverChallenge = challenge
    }
    const initiate = this.#initiateResponse(session)
    const userInformation = await this.#protectedInitiate(initiate, protection)
    if (isRefusal(userInformation)) return this.#refuseFrame(userInformation, refusedAare(this.#config))
    if (serverChallenge === undefined) this.#enter(session)
    else this.#state = { name: 'pending', session, clientChallenge: aarq.authenticationValue!, serverChallenge }
    return emitAare({
      applicationContextName: aarq.applicationContextName,
      result: associationResults.accepted,
      diagnostic: {
        source: 'acse-service-user',
        code: isHls ? associateDiagnostics['authentication-required'] : associateDiagnostics.null,
      },
      apTitle: protection !== undefined || titledMechanisms.has(mechanism) ? this.#security.systemTitle : undefined,
      aeQualifier: this.#config.certificates?.own,
      implementationInformation:
        aarq.implementationInformation === undefined ? undefined : this.#config.implementationInformation,
      acseRequirements: isHls ? true : undefined,
      mechanismName: isHls ? mechanisms[mechanism] : undefined,
      authenticationValue: serverChallenge,
      userInformation,
    })
  }

  async #protectedInitiate(
    initiate: Uint8Array,
    protection: FrameProtection | undefined,
  ): Promise<Uint8Array | SecurityRefusal> {
    if (protection === undefined) return initiate
    const policy = policyOf(this.#config)
    const required = responseProtections(policy) & ~protections.signed
    return protection.protect(initiate, answerLayers(initiateLayers(policy), required, initiate))
  }

  #initiateResponse({ caller }: Session): Uint8Array {
    return emitXdlms({
      kind: 'initiate-response',
      dlmsVersion,
      conformance: caller.conformance,
      maxPduBytes: this.#host.maxPduBytes,
      vaaName: vaaNameLn,
    })
  }

  #enter(session: Session): void {
    this.#state = { name: 'associated', session }
    this.#host.opened(this.#config)
    this.#report('association-opened', `client ${this.#config.clientSap}`)
  }

  #refuse(reason: string): Uint8Array {
    this.#report('association-refused', reason)
    return refusedAare(this.#config)
  }

  // ---- closing

  async #release(apdu: Uint8Array): Promise<Uint8Array> {
    const request = parsed(() => parseRelease(apdu))
    if (request === undefined) return unknownService
    const session = this.#state.name === 'idle' ? undefined : this.#state.session
    let userInformation: Uint8Array | undefined
    if (session?.protection !== undefined) {
      // The initiate-request once more, protected, proves who asks; a release without it is a plain request.
      const required = requestProtections(policyOf(this.#config)) & ~protections.signed
      const opened = await session.protection.unprotect(request.userInformation ?? new Uint8Array(0), required)
      if (isRefusal(opened)) return this.#refuseFrame(opened, genericRefusal)
      if (opened.plaintext[0] !== apduTags['initiate-request']) return genericRefusal
      const secured = await this.#protectedInitiate(this.#initiateResponse(session), session.protection)
      if (isRefusal(secured)) return this.#refuseFrame(secured, genericRefusal)
      userInformation = secured
    }
    this.close('released')
    return emitRelease({ kind: 'rlre', reason: 0, userInformation })
  }

  // ---- services

  /** @returns undefined for an unconfirmed service, served or not */
  async #request(apdu: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#state.name === 'idle') return genericRefusal
    const { protection } = this.#state.session
    if (protection === undefined) return this.#serve(apdu, this.#roomFor([]), 0)
    const opened = await protection.unprotect(apdu, this.#required())
    if (isRefusal(opened)) return this.#refuseFrame(opened, genericRefusal)
    // What this answer needs is known when its objects were asked; the room is reckoned with all there can be.
    this.#isPass = this.#state.name === 'pending'
    const most = answerLayers(opened.layers, this.#mostOfAnswer(), opened.plaintext)
    const answer = await this.#serve(opened.plaintext, this.#roomFor(most), opened.applied)
    if (answer === undefined) {
      for (const act of this.#afterAnswer.splice(0)) await act()
      return undefined
    }
    // There is no ciphered exception-response: the client must not take one for more than a hint.
    if (answer[0] === apduTags['exception-response']) return answer
    const required = this.#requiredOfAnswer() | this.#demanded
    const layers = answerLayers(opened.layers, required, answer)
    const secured = await protection.protect(answer, layers, opened.transactionId)
    for (const act of this.#afterAnswer.splice(0)) await act()
    return isRefusal(secured) ? this.#refuseFrame(secured, genericRefusal) : secured
  }

  /** The passes of HLS are proofs themselves, and no peer signs them. */
  #required(): number {
    const required = requestProtections(policyOf(this.#config))
    return this.#state.name === 'pending' ? required & ~protections.signed : required
  }

  #requiredOfAnswer(): number {
    const required = responseProtections(policyOf(this.#config))
    return this.#isPass ? required & ~protections.signed : required
  }

  /** A signature is reckoned with only where an object could ask for one. */
  #mostOfAnswer(): number {
    const policy = responseProtections(policyOf(this.#config))
    return this.#config.protection === undefined ? policy : policy | protections.signed
  }

  /** Octets that a plain response may have. */
  #roomFor(layers: ProtectionLayers): number {
    const clientMaxPduBytes = this.#state.name === 'idle' ? 0 : this.#state.session.caller.clientMaxPduBytes
    const room = Math.min(clientMaxPduBytes, this.#host.maxPduBytes)
    return room - overheadBytesOf(layers, this.#config.suite)
  }

  /** Octets that a plain response may have which goes in general block transfer. */
  #roomInBlocks(): number {
    const allLayersBytes = 512
    return Math.min(this.#host.maxResponseBytes, BlockSender.capacityBytes(this.#roomFor([])) - allLayersBytes)
  }

  async #serve(plaintext: Uint8Array, maxPduBytes: number, applied: number): Promise<Uint8Array | undefined> {
    const request = parsed(() => parseXdlms(plaintext))
    const state = this.#state
    if (state.name === 'pending') {
      if (request?.kind === 'action-request-normal' && isReplyToHls(request)) {
        return this.#replyToHls(request, state)
      }
      this.#report('hls-failed', 'another request than reply_to_HLS_authentication')
      return genericRefusal
    }
    if (state.name === 'idle') return genericRefusal
    if (request === undefined) return unknownService
    if (this.#isSilent && isConfirmed(request)) {
      this.#report('access-denied', 'a confirmed request in an association without confirmation')
      return undefined
    }
    // Later blocks of an answer are asked for without naming the objects in it.
    if (!isContinuing(request)) this.#demanded = 0
    const caller: Caller = {
      ...state.session.caller,
      protection: applied,
      demandOfAnswer: (protection) => {
        this.#demanded |= protection
      },
      afterAnswer: (act) => {
        this.#afterAnswer.push(act)
      },
    }
    const { session } = state
    const roomInBlocks = hasBlocks(session) ? this.#roomInBlocks() : undefined
    const answer = await session.services.serve(request, caller, maxPduBytes, roomInBlocks)
    return isConfirmed(request) ? answer : undefined
  }

  async #replyToHls(request: ActionRequestNormal, pending: Extract<State, { name: 'pending' }>): Promise<Uint8Array> {
    const { session, clientChallenge, serverChallenge } = pending
    this.#state = { name: 'idle' }
    const mechanism = this.#config.mechanism as HlsMechanism // nobody else is ever pending
    const token = request.parameter?.type === 'octet-string' ? request.parameter.value : new Uint8Array(0)
    const verified = await this.#security.hlsVerify(this.#slot, token, {
      mechanism,
      otherChallenge: clientChallenge,
      peerSigningKey: session.peerSigningKey,
    })
    if (isRefusal(verified)) {
      const kind = verified.refused === 'counter-replayed' ? 'counter-replayed' : 'hls-failed'
      this.#report(kind, `HLS token: ${verified.refused}`)
      session.protection?.close()
      return genericRefusal
    }
    const exchange = { mechanism, otherChallenge: serverChallenge }
    const answer = await this.#security.hlsAnswer(this.#slot, clientChallenge, exchange)
    if (isRefusal(answer)) {
      session.protection?.close()
      return this.#refuseFrame(answer, genericRefusal)
    }
    this.#enter(session)
    return emitXdlms({
      kind: 'action-response-normal',
      invokeIdAndPriority: request.invokeIdAndPriority,
      result: actionResults.success,
      returned: { data: cosem.octetString(answer) },
    })
  }

  // ---- refusals

  #refuseFrame(refusal: SecurityRefusal, answer: Uint8Array): Uint8Array {
    this.#report(eventKinds[refusal.refused] ?? 'decryption-failed', refusal.refused)
    return answer
  }

  #report(kind: SecurityEventKind, reason: string): void {
    this.#host.report(this.#config, kind, reason)
  }

  /** The server's constructor has checked that a security module is there where one is needed. */
  get #security(): SecurityModule {
    return this.#host.security!
  }

  get #slot(): number {
    return this.#config.slot!
  }
}

const eventKinds: Partial<Record<SecurityRefusal['refused'], SecurityEventKind>> = {
  'counter-replayed': 'counter-replayed',
  'counter-exhausted': 'security-unavailable',
  unavailable: 'security-unavailable',
}

const isHlsMechanism = (mechanism: string): mechanism is HlsMechanism => mechanism !== 'none' && mechanism !== 'lls'
