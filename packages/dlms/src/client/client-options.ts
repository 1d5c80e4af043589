import type { Aarq } from '../apdu/acse.ts'
import type { MechanismName } from '../apdu/acse-names.ts'
import type { DataNotification, EventNotification } from '../apdu/data-notification.ts'
import type { AssociationCertificates } from '../certificates/association-certificates.ts'
import type { SecurityModule } from '../security/security-module.ts'
import type { CipheringOptions } from './ciphering-options.ts'
import type { DlmsTransport } from './dlms-transport.ts'

export interface DlmsClientOptions {
  readonly transport: Omit<DlmsTransport, 'close'>
  /**
   * `none`: public client. `lls`: mechanism 1 for old meters; the password goes over the line in clear. `hls` to
   * `hls-ecdsa` are mechanisms 2 to 7; `hls-md5` and `hls-sha1` need `allowsBrokenHashes`.
   */
  readonly mechanism: MechanismName
  /**
   * What every APDU of a ciphered association is protected with; `false` for one that is not ciphered, `{}` for suite 0,
   * authenticated and encrypted. Default: `{}` with `hls-gmac`, `hls-sha256` and `hls-ecdsa`, `false` with the others.
   */
  readonly ciphering?: CipheringOptions | false
  /** Mechanisms 3 and 4 trust hashes that are broken. Default false. */
  readonly allowsBrokenHashes?: boolean
  /** Needed for `lls`, 1..64 octets. */
  readonly password?: Uint8Array
  /** Needed for every HLS mechanism and for ciphering. */
  readonly security?: SecurityModule
  readonly slot?: number
  /** The title the server must answer with, 8 bytes; needed where titles are proved, and for ciphering. */
  readonly serverSystemTitle?: Uint8Array
  /** Of suites 1 and 2: what the AARQ carries, and what one in the AARE is believed by. */
  readonly certificates?: AssociationCertificates
  /**
   * `false`: the AARQ says that no response is allowed, and has none; nothing is negotiated, and only unconfirmed services
   * pass. For broadcasts, without HLS. Default true.
   */
  readonly isConfirmed?: boolean
  /** The user of this client, 0..255, where the server keeps a list of them. */
  readonly userId?: number
  /** Other fields of the AARQ, for servers that ask for them. */
  readonly acse?: AcseFields
  /**
   * Offers general block transfer, for requests and answers longer than one APDU. Default false: some servers then use it
   * for everything.
   */
  readonly generalBlockTransfer?: boolean | BlockTransferOptions
  /**
   * Gets what the server sends unasked in this association, protected as agreed; needs a transport with `next` and
   * `onWaiting`. Without it such an APDU is an answer to the wrong question.
   */
  readonly onNotification?: (notification: DataNotification | EventNotification) => void
  /** Largest APDU this client takes, 64..65535, default 65535. */
  readonly maxPduBytes?: number
  /** Bound of one reassembled value, default 4 MiB. */
  readonly maxValueBytes?: number
}

/** What an AARQ may say besides; see `Aarq`. */
export type AcseFields = Pick<
  Aarq,
  | 'protocolVersion'
  | 'calledApTitle'
  | 'calledAeQualifier'
  | 'calledApInvocationId'
  | 'calledAeInvocationId'
  | 'apInvocationId'
  | 'implementationInformation'
>

/** How blocks of general block transfer go; they need a transport with `post` and `next`, else they go one by one. */
export interface BlockTransferOptions {
  /** Blocks the server may send in a row, 1..63; default 8. */
  readonly window?: number
  /** Silence after which blocks count as lost and are asked for again; default 1 s, over HDLC its timeout. */
  readonly quietMs?: number
  /** Silences in a row after which the transfer is given up, default 5. */
  readonly maxRetries?: number
}

/** What the server agreed to. */
export interface AssociationInfo {
  readonly conformance: number
  readonly serverMaxPduBytes: number
  readonly serverSystemTitle: Uint8Array | undefined
  /** X.509 in DER, as it came; believed only where there is `certificates.trust`. */
  readonly serverCertificate: Uint8Array | undefined
  readonly implementationInformation: Uint8Array | undefined
}
