import type { AttributeRef, MethodRef, SelectiveAccess } from '../apdu/references.ts'
import type { DataAccessResult } from '../apdu/results.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import { DlmsError } from '../errors.ts'
import type { SecurityModule } from '../security/security-module.ts'

/** One request, one response. Rejects with DLMS_TIMEOUT or DLMS_TRANSPORT_CLOSED; addressing is its business. */
export interface DlmsTransport {
  send(apdu: Uint8Array): Promise<Uint8Array>
  close(): void
}

export interface DlmsClientOptions {
  readonly transport: Pick<DlmsTransport, 'send'>
  /** `none`: public client, nothing ciphered. `hls-gmac`: mechanism 5, every APDU authenticated and encrypted. */
  readonly mechanism: 'none' | 'hls-gmac'
  /** Needed for `hls-gmac`. */
  readonly security?: SecurityModule
  readonly slot?: number
  /** The title the server must answer with, 8 bytes; needed for `hls-gmac`. */
  readonly serverSystemTitle?: Uint8Array
  /** Largest APDU this client takes, 64..65535, default 65535. */
  readonly maxPduBytes?: number
  /** Bound of one reassembled value, default 4 MiB. */
  readonly maxValueBytes?: number
}

/** What the server agreed to. */
export interface AssociationInfo {
  readonly conformance: number
  readonly serverMaxPduBytes: number
  readonly serverSystemTitle: Uint8Array | undefined
}

export type GetResult =
  | { readonly ok: true; readonly data: CosemData }
  | { readonly ok: false; readonly result: DataAccessResult | number }

export class DlmsClient {
  readonly options: DlmsClientOptions

  constructor(options: DlmsClientOptions) {
    this.options = options
  }

  /** Opens the association. @throws DlmsError `DLMS_ASSOCIATION_REFUSED`, `DLMS_AUTHENTICATION_FAILED`, ... */
  associate(): Promise<AssociationInfo> {
    return underConstruction()
  }

  /** @throws DlmsError `DLMS_ACCESS_REFUSED` with `place.result` */
  get(_attribute: AttributeRef, _selection?: SelectiveAccess): Promise<CosemData> {
    return underConstruction()
  }

  /** One request for several attributes; each has its own answer. */
  getWithList(
    _items: readonly { readonly attribute: AttributeRef; readonly selection?: SelectiveAccess }[],
  ): Promise<GetResult[]> {
    return underConstruction()
  }

  /** @throws DlmsError `DLMS_ACCESS_REFUSED` */
  set(_attribute: AttributeRef, _value: CosemData): Promise<void> {
    return underConstruction()
  }

  /** Gives what the method returned, undefined for nothing. @throws DlmsError `DLMS_ACTION_REFUSED` with `place.result` */
  action(_method: MethodRef, _parameter?: CosemData): Promise<CosemData | undefined> {
    return underConstruction()
  }

  /** Leaves the association; the transport stays open. */
  release(): Promise<void> {
    return underConstruction()
  }
}

function underConstruction(): Promise<never> {
  return Promise.reject(new DlmsError('DLMS_NOT_ASSOCIATED', 'under construction'))
}
