import type { CryptoProvider } from '@gridcard/crypto'
import { DlmsError } from '../errors.ts'
import type { CounterStore } from './counter-store.ts'
import type {
  Protected,
  ProtectRequest,
  SecurityModule,
  SecurityRefusal,
  SlotCounters,
  Unprotected,
  UnprotectRequest,
} from './security-module.ts'

/** Keys of one peer. Unicast encryption key and authentication key, 16 bytes each (suite 0). */
export interface KeySet {
  readonly blockCipherKey: Uint8Array
  readonly authenticationKey: Uint8Array
  /** 8 bytes; what this peer calls itself. */
  readonly peerSystemTitle: Uint8Array
}

export interface SoftwareSecurityModuleOptions {
  readonly crypto: CryptoProvider
  readonly systemTitle: Uint8Array
  /** Asked at each use, so that keys can change or come from a sealed store; not kept here. */
  readonly slots: (slot: number) => KeySet | undefined | Promise<KeySet | undefined>
  readonly counters: CounterStore
}

const wip = (): Promise<never> => Promise.reject(new DlmsError('DLMS_CONFIGURATION', 'under construction'))

export class SoftwareSecurityModule implements SecurityModule {
  readonly systemTitle: Uint8Array
  readonly options: SoftwareSecurityModuleOptions
  constructor(options: SoftwareSecurityModuleOptions) {
    this.options = options
    this.systemTitle = options.systemTitle
  }
  protect(_request: ProtectRequest): Promise<Protected | SecurityRefusal> {
    return wip()
  }
  unprotect(_request: UnprotectRequest): Promise<Unprotected | SecurityRefusal> {
    return wip()
  }
  hlsChallenge(_slot: number, _lengthBytes: number): Promise<Uint8Array | SecurityRefusal> {
    return wip()
  }
  hlsAnswer(_slot: number, _peerChallenge: Uint8Array): Promise<Uint8Array | SecurityRefusal> {
    return wip()
  }
  hlsVerify(_slot: number, _token: Uint8Array): Promise<{ readonly ok: true } | SecurityRefusal> {
    return wip()
  }
  counters(_slot: number): Promise<SlotCounters | SecurityRefusal> {
    return wip()
  }
}
