import type { MechanismName } from '../apdu/acse-names.ts'
import type { SignedForm } from '../apdu/general-signing.ts'
import type { AssociationCertificates } from '../certificates/association-certificates.ts'
import type { AccessKind, CosemObject } from '../interface-classes/cosem-object.ts'
import type { SecurityModule } from '../security/security-module.ts'
import { securityPolicy } from '../security/security-policy.ts'
import type { SecuritySuiteId } from '../security/security-suite.ts'

/** One association a server offers: who may come in how, and what they may do. */
export interface AssociationConfig {
  /** For logs and events, `public`, `management`. */
  readonly name: string
  readonly clientSap: number
  readonly serverSap: number
  /**
   * `none` is lowest level security; `hls-gmac` is mechanism 5. `lls` is mechanism 1, a password in clear that anybody
   * on the line can keep and use: the server refuses to offer it unless `allowsPasswordsInClear` is set. `hls-md5` and
   * `hls-sha1` need `allowsBrokenHashes`.
   */
  readonly mechanism: MechanismName
  /** For `lls`: asked at each AARQ, 1..64 octets. */
  readonly password?: () => Uint8Array
  /** True: context LN with ciphering, and every request and response protected as `policy` says. */
  readonly ciphered: boolean
  /** Key slot of the security module; needed when `ciphered` and for every HLS mechanism. */
  readonly slot?: number
  /** Of that slot; default 0. */
  readonly suite?: SecuritySuiteId
  /**
   * Least protection both ways, in bits of `security_policy`; asked at each request, so that it can get stricter.
   * Default 0x6C, authenticated and encrypted both ways. One that takes requests without authentication needs
   * `allowsUnauthenticated`. With 0x10 in use, remember that an HLS token of mechanism 5 is made like a message.
   */
  readonly policy?: number | (() => number)
  readonly allowsUnauthenticated?: boolean
  /** Default false: whoever breaks one meter can send under the broadcast key to all. */
  readonly allowsBroadcastKey?: boolean
  /**
   * A wrapped or agreed key of general-ciphering holds until the association ends, and what follows may come without key
   * information; answers go so too. Default false: that is refused.
   */
  readonly keepsGeneralKey?: boolean
  /** What the signatures of this client cover; default `whole`. */
  readonly signedForm?: SignedForm
  /** Of suites 1 and 2: what the AARE carries, and what one in the AARQ is believed by. */
  readonly certificates?: AssociationCertificates
  /** The implementation-information of the AARE, where the client sends one too. */
  readonly implementationInformation?: Uint8Array
  /**
   * What this attribute or method needs beyond the policy: bits 2 to 7 of the access modes of association version 3,
   * which are those of `security_policy`. Default 0.
   */
  protection?(object: CosemObject, index: number, kind: AccessKind): number
  /**
   * Who may come in, by the calling-AE-invocation-id of the AARQ; it is a name, not a proof. An empty list lets everybody
   * in, as none does.
   */
  readonly users?: AssociationUsers
  /** Asked for each access and for the object list. `index` is an attribute index, or a method index for `invoke`. */
  access(object: CosemObject, index: number, kind: AccessKind): boolean
}

/** @source Blue Book ed. 14 §4.4.4, user_list */
export interface AssociationUser {
  /** 0..255 */
  readonly id: number
  readonly name: string
}

/** Changes are durable before the answer. */
export interface AssociationUsers {
  list(): readonly AssociationUser[]
  add(user: AssociationUser): void | Promise<void>
  remove(user: AssociationUser): void | Promise<void>
}

export interface DlmsServerOptions {
  readonly objects: readonly CosemObject[]
  readonly associations: readonly AssociationConfig[]
  readonly security?: SecurityModule
  /** Needed for an association with `lls`, which must not be ciphered. Default false. */
  readonly allowsPasswordsInClear?: boolean
  /** Needed for an association with `hls-md5` or `hls-sha1`. Default false. */
  readonly allowsBrokenHashes?: boolean
  /** Largest APDU taken and given, 64..65535; ciphered APDUs count with tag and counter. Default 1024. */
  readonly maxPduBytes?: number
  /** Bound of a long response before it is cut into blocks, default 4 MiB. */
  readonly maxResponseBytes?: number
  readonly onSecurityEvent?: (event: SecurityEvent) => void
}

export type SecurityEventKind =
  | 'association-opened'
  | 'association-closed'
  | 'association-refused'
  /** A frame whose tag, key or peer is wrong, or a plain request where a ciphered one is due. */
  | 'decryption-failed'
  | 'counter-replayed'
  | 'hls-failed'
  /** Read, write or action outside the association's rights. */
  | 'access-denied'
  /** The security module did not answer or is exhausted. */
  | 'security-unavailable'
  /** An object threw; a fault of ours, not an attack. */
  | 'object-failed'

/** What the outside is not told. */
export interface SecurityEvent {
  readonly kind: SecurityEventKind
  /** For the log, without keys or readings. */
  readonly reason: string
  readonly clientSap: number
  readonly serverSap: number
  /** Name of the association, where one is configured for the SAPs. */
  readonly association: string | undefined
}

/** Of an association that is not ciphered it is 0. */
export function policyOf({ ciphered, policy }: AssociationConfig): number {
  if (!ciphered) return 0
  return (typeof policy === 'function' ? policy() : policy) ?? securityPolicy.everythingCiphered
}
