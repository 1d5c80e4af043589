import type { AccessKind, CosemObject } from '../interface-classes/cosem-object.ts'
import type { SecurityModule } from '../security/security-module.ts'

/** One association a server offers: who may come in how, and what they may do. */
export interface AssociationConfig {
  /** For logs and events, `public`, `management`. */
  readonly name: string
  readonly clientSap: number
  readonly serverSap: number
  /**
   * `none` is lowest level security; `hls-gmac` is mechanism 5. `lls` is mechanism 1, a password in clear that anybody
   * on the line can keep and use: the server refuses to offer it unless `allowsPasswordsInClear` is set.
   */
  readonly mechanism: 'none' | 'lls' | 'hls-gmac'
  /** For `lls`: asked at each AARQ, 1..64 octets. */
  readonly password?: () => Uint8Array
  /** True: context LN with ciphering, and every request and response authenticated and encrypted. */
  readonly ciphered: boolean
  /** Key slot of the security module; needed when `ciphered` or `hls-gmac`. */
  readonly slot?: number
  /** Asked for each access and for the object list. `index` is an attribute index, or a method index for `invoke`. */
  access(object: CosemObject, index: number, kind: AccessKind): boolean
}

export interface DlmsServerOptions {
  readonly objects: readonly CosemObject[]
  readonly associations: readonly AssociationConfig[]
  readonly security?: SecurityModule
  /** Needed for an association with `lls`, which must not be ciphered. Default false. */
  readonly allowsPasswordsInClear?: boolean
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
