import { apduTags } from '../apdu/apdu-tags.ts'
import type { DataNotification, EventNotification } from '../apdu/data-notification.ts'
import { requireCertificates } from '../certificates/association-certificates.ts'
import { logicalNameBytes } from '../cosem/obis-code.ts'
import { DlmsError } from '../errors.ts'
import type { CosemObject } from '../interface-classes/cosem-object.ts'
import { protections, requestProtections, securityPolicy } from '../security/security-policy.ts'
import type { Wpdu } from '../wrapper/wrapper.ts'
import { smallestPduBytes } from './judge-aarq.ts'
import { genericRefusal, refusedAare } from './refusals.ts'
import { type AssociationHost, ServerAssociation } from './server-association.ts'
import {
  type AssociationConfig,
  type DlmsServerOptions,
  policyOf,
  type SecurityEvent,
  type SecurityEventKind,
} from './server-options.ts'

const DEFAULT_MAX_PDU_BYTES = 1024
const DEFAULT_MAX_RESPONSE_BYTES = 4 * 1024 * 1024

/**
 * A logical device: its objects and the associations it offers. Does no I/O; each transport connection gets a
 * `connection()` and feeds it.
 * @throws DlmsError `DLMS_CONFIGURATION` for an object or association given twice, or a secured one without keys
 */
export class DlmsServer {
  readonly maxPduBytes: number
  /** What is longer is not even answered with `pdu-too-long`: it ends a stream, and no transport keeps it. */
  readonly longestRequestBytes: number
  readonly #host: AssociationHost
  readonly #associations: readonly AssociationConfig[]
  readonly #onSecurityEvent: (event: SecurityEvent) => void
  /** Those that can send unasked. */
  readonly #connections = new Set<DlmsServerConnection>()

  constructor(options: DlmsServerOptions) {
    this.maxPduBytes = options.maxPduBytes ?? DEFAULT_MAX_PDU_BYTES
    requireConfigured(
      Number.isInteger(this.maxPduBytes) && this.maxPduBytes >= smallestPduBytes && this.maxPduBytes <= 0xffff,
      'maxPduBytes is outside 64..65535',
    )
    this.longestRequestBytes = Math.min(2 * this.maxPduBytes, 0xffff)
    for (const association of options.associations) requireUsable(association, options)
    const pairs = options.associations.map(pairOf)
    requireConfigured(new Set(pairs).size === pairs.length, 'two associations for one pair of SAPs')
    this.#associations = options.associations
    this.#onSecurityEvent = options.onSecurityEvent ?? (() => {})
    const open = new Map<AssociationConfig, number>()
    const count = (config: AssociationConfig, change: number) => open.set(config, (open.get(config) ?? 0) + change)
    this.#host = {
      objects: indexObjects(options.objects),
      security: options.security,
      maxPduBytes: this.maxPduBytes,
      maxResponseBytes: options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
      report: (config, kind, reason) => this.#report(config, config.name, kind, reason),
      opened: (config) => count(config, 1),
      closed: (config) => count(config, -1),
      isAssociated: (config) => (open.get(config) ?? 0) > 0,
    }
  }

  /** Where associations are offered. */
  get serverSaps(): readonly number[] {
    return [...new Set(this.#associations.map(({ serverSap }) => serverSap))]
  }

  /** Whether any association is offered at this SAP; HDLC does not answer for others. */
  serves(serverSap: number): boolean {
    return this.#associations.some((association) => association.serverSap === serverSap)
  }

  /** @param post sends an APDU unasked; without it this connection carries no notifications */
  connection(post?: (wpdu: Wpdu) => void): DlmsServerConnection {
    const connection = new DlmsServerConnection({
      configs: this.#associations,
      host: this.#host,
      post,
      reportStray: ({ sourceWPort, destinationWPort }, kind, reason) =>
        this.#report({ clientSap: sourceWPort, serverSap: destinationWPort }, undefined, kind, reason),
      onClose: () => this.#connections.delete(connection),
    })
    if (post !== undefined) this.#connections.add(connection)
    return connection
  }

  /**
   * Sends a notification to every client that is associated now, has agreed to notifications and is wanted.
   * @returns how many it went to
   * @throws DlmsError `DLMS_LIMIT_EXCEEDED`, `DLMS_NOT_REPRESENTABLE`, `DLMS_SECURITY_REFUSED`
   */
  async notify(
    notification: DataNotification | EventNotification,
    wanted: (association: AssociationConfig) => boolean = () => true,
  ): Promise<number> {
    let count = 0
    for (const connection of this.#connections) count += await connection.notify(notification, wanted)
    return count
  }

  #report(
    saps: { readonly clientSap: number; readonly serverSap: number },
    association: string | undefined,
    kind: SecurityEventKind,
    reason: string,
  ): void {
    this.#onSecurityEvent({ kind, reason, clientSap: saps.clientSap, serverSap: saps.serverSap, association })
  }
}

interface ConnectionOptions {
  readonly configs: readonly AssociationConfig[]
  readonly host: AssociationHost
  readonly post: ((wpdu: Wpdu) => void) | undefined
  readonly reportStray: (wpdu: Wpdu, kind: SecurityEventKind, reason: string) => void
  readonly onClose: () => void
}

/** One transport connection; its associations end with it. */
export class DlmsServerConnection {
  readonly #configs: readonly AssociationConfig[]
  readonly #host: AssociationHost
  readonly #reportStray: (wpdu: Wpdu, kind: SecurityEventKind, reason: string) => void
  readonly #post: ((wpdu: Wpdu) => void) | undefined
  readonly #onClose: () => void
  /** At most one per configured association. */
  readonly #associations = new Map<AssociationConfig, ServerAssociation>()
  #queue: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor({ configs, host, post, reportStray, onClose }: ConnectionOptions) {
    this.#configs = configs
    this.#host = host
    this.#post = post
    this.#reportStray = reportStray
    this.#onClose = onClose
  }

  /**
   * The APDUs to send back, in order; none for an empty APDU, an unconfirmed service, a closed connection. Never rejects,
   * whatever the bytes. Requests that come while one is being served wait; the transport bounds how many.
   */
  handle(wpdu: Wpdu): Promise<readonly Uint8Array[]> {
    const answer = this.#queue.then(() => this.#answer(wpdu))
    this.#queue = answer
    return answer
  }

  /** Waits until the request under way has its answer. See `DlmsServer.notify`. */
  notify(
    notification: DataNotification | EventNotification,
    wanted: (association: AssociationConfig) => boolean,
  ): Promise<number> {
    const told = this.#queue.then(() => this.#notify(notification, wanted))
    this.#queue = told.catch(() => {})
    return told
  }

  async #notify(
    notification: DataNotification | EventNotification,
    wanted: (association: AssociationConfig) => boolean,
  ): Promise<number> {
    let count = 0
    for (const [config, association] of this.#associations) {
      const apdus = wanted(config) ? await association.notify(notification) : undefined
      if (apdus === undefined || this.#isClosed) continue
      for (const apdu of apdus) {
        this.#post?.({ sourceWPort: config.serverSap, destinationWPort: config.clientSap, apdu })
      }
      count++
    }
    return count
  }

  close(): void {
    this.#isClosed = true
    this.#onClose()
    for (const association of this.#associations.values()) association.close('connection closed')
    this.#associations.clear()
  }

  async #answer(wpdu: Wpdu): Promise<readonly Uint8Array[]> {
    if (this.#isClosed || wpdu.apdu.length === 0) return []
    const config = this.#configs.find(
      ({ clientSap, serverSap }) => clientSap === wpdu.sourceWPort && serverSap === wpdu.destinationWPort,
    )
    if (config === undefined) return [this.#answerStray(wpdu)]
    const association = this.#associationFor(config)
    try {
      const answer = await association.handle(wpdu.apdu)
      if (!this.#isClosed) return answer
      association.close('connection closed')
      return []
    } catch (error) {
      // Only a security module that throws, or a fault of ours, gets here; either way nothing may stay half open.
      association.close('failed')
      this.#host.report(config, 'security-unavailable', error instanceof Error ? error.name : 'unknown')
      return this.#isClosed ? [] : [genericRefusal]
    }
  }

  #answerStray(wpdu: Wpdu): Uint8Array {
    if (wpdu.apdu[0] !== apduTags.aarq) return genericRefusal
    this.#reportStray(wpdu, 'association-refused', 'no association for these SAPs')
    return refusedAare(undefined)
  }

  #associationFor(config: AssociationConfig): ServerAssociation {
    const known = this.#associations.get(config)
    if (known !== undefined) return known
    const association = new ServerAssociation(config, this.#host)
    this.#associations.set(config, association)
    return association
  }
}

const pairOf = ({ clientSap, serverSap }: AssociationConfig): string => `${clientSap}:${serverSap}`

function requireUsable(association: AssociationConfig, options: DlmsServerOptions): void {
  const { name, mechanism, ciphered, suite = 0, slot, password } = association
  if (mechanism === 'lls') {
    requireConfigured(options.allowsPasswordsInClear === true, `association ${name} would take a password in clear`)
    requireConfigured(password !== undefined, `association ${name} needs a password`)
  }
  const isBroken = mechanism === 'hls-md5' || mechanism === 'hls-sha1'
  requireConfigured(!isBroken || options.allowsBrokenHashes === true, `association ${name} would trust a broken hash`)
  requireCertificates(association.certificates, suite, `association ${name}`)
  if (!ciphered && (mechanism === 'none' || mechanism === 'lls')) return
  const { security } = options
  if (security === undefined) throw new DlmsError('DLMS_CONFIGURATION', `association ${name} needs a security module`)
  requireConfigured(slot !== undefined, `association ${name} needs a key slot`)
  const { suites, mechanisms } = security.capabilities
  requireConfigured(!ciphered || suites.includes(suite), `the security module of ${name} does not know suite ${suite}`)
  const isKnown = mechanism === 'none' || mechanism === 'lls' || mechanisms.includes(mechanism)
  requireConfigured(isKnown, `the security module of ${name} does not know ${mechanism}`)
  requireConfigured(mechanism !== 'hls-ecdsa' || suite > 0, `association ${name} needs suite 1 or 2 for ${mechanism}`)
  if (!ciphered) return
  const required = requestProtections(policyOf(association))
  const isProved = (required & protections.authenticated) !== 0
  requireConfigured(
    isProved || association.allowsUnauthenticated === true,
    `association ${name} would take requests that nobody has authenticated`,
  )
  const isSigned = (policyOf(association) & (securityPolicy.signedRequest | securityPolicy.signedResponse)) !== 0
  requireConfigured(!isSigned || security.signatures !== undefined, `the security module of ${name} does not sign`)
}

function indexObjects(objects: readonly CosemObject[]): Map<string, CosemObject[]> {
  const byName = new Map<string, CosemObject[]>()
  for (const object of objects) {
    // The text of the map is the canonical one.
    const name = logicalNameBytes(object.logicalName).join('.')
    requireConfigured(name === object.logicalName, `logical name ${object.logicalName} is not written a.b.c.d.e.f`)
    const same = byName.get(name) ?? []
    requireConfigured(!same.some(({ classId }) => classId === object.classId), `object ${name} twice`)
    byName.set(name, [...same, object])
  }
  return byName
}

function requireConfigured(condition: boolean, message: string): void {
  if (!condition) throw new DlmsError('DLMS_CONFIGURATION', message)
}
