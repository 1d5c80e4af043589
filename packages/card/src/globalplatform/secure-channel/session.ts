import { isSecureMessaging } from '../../runtime/cla.ts'
import { type ChannelCipher, type ProtectedCommand, SECURITY_LEVEL } from './channel-cipher.ts'

/** Levels that a host may ask EXTERNAL AUTHENTICATE for. @source GPC Amd D table 7-3; GPC 2.3.1 table E-11 */
const LEVELS = [0x00, 0x01, 0x03, 0x10, 0x11, 0x13, 0x33]

const AUTHENTICATION = SECURITY_LEVEL.authenticated | SECURITY_LEVEL.anyAuthenticated

/** Warnings carry an answer, so they are protected like 9000. @source GPC Amd D §6.2.5 */
function isProtectedStatus(statusWord: number): boolean {
  const first = statusWord >> 8
  return statusWord === 0x9000 || first === 0x62 || first === 0x63
}

/**
 * A secure channel session of one application on one logical channel: it is begun by INITIALIZE UPDATE or its like, open
 * after authentication, and aborted by the first security error; then it refuses everything until a new one begins.
 *
 * @source GPC 2.3.1 §10.2.3; GPC Amd D §5.6
 */
export class SecureChannelSession {
  /** Owner of the security domain whose keys these are. */
  readonly domain: number
  /** Owner of the application that was selected when it began. */
  readonly application: number
  readonly keyVersion: number
  readonly keyId: number
  /** Levels that the protocol's options allow beyond C-MAC and C-DECRYPTION. */
  readonly #responseLevels: number
  readonly #cipher: ChannelCipher
  /** The same commands open it and pass it again: SCP11c. @source GPC Amd F 1.4 §4.6 */
  readonly isReplayable: boolean
  #level: number = SECURITY_LEVEL.none
  /** As authenticated, for the end of an R-MAC session. */
  #initialLevel: number = SECURITY_LEVEL.none
  #state: 'begun' | 'open' | 'aborted' = 'begun'

  constructor(o: {
    domain: number
    application: number
    keyVersion: number
    keyId: number
    cipher: ChannelCipher
    responseLevels: number
    isReplayable?: boolean
  }) {
    this.domain = o.domain
    this.application = o.application
    this.keyVersion = o.keyVersion
    this.keyId = o.keyId
    this.#cipher = o.cipher
    this.#responseLevels = o.responseLevels
    this.isReplayable = o.isReplayable ?? false
  }

  get protocol(): number {
    return this.#cipher.protocol
  }

  /** The Current Security Level. */
  get level(): number {
    return this.#level
  }

  get isAuthenticated(): boolean {
    return (this.#level & SECURITY_LEVEL.authenticated) !== 0
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get isBegun(): boolean {
    return this.#state === 'begun'
  }

  get isAborted(): boolean {
    return this.#state === 'aborted'
  }

  get macLengthBytes(): number {
    return this.#cipher.macLengthBytes
  }

  /** Whether the host may ask for a level here. */
  allows(level: number): boolean {
    return LEVELS.includes(level) && (level & 0x30 & ~this.#responseLevels) === 0
  }

  /** EXTERNAL AUTHENTICATE. Anything but success aborts. */
  authenticate(command: ProtectedCommand): 'authentic' | 'wrong cryptogram' | 'wrong MAC' {
    const outcome = this.#cipher.authenticate(command)
    if (outcome === 'authentic') this.open(SECURITY_LEVEL.authenticated | command.p1)
    else this.abort()
    return outcome
  }

  open(level: number): void {
    this.#state = 'open'
    this.#level = level
    this.#initialLevel = level
  }

  abort(): void {
    this.#state = 'aborted'
    this.#level = SECURITY_LEVEL.none
    this.#cipher.wipe()
  }

  /** Its end, by whatever event. */
  close(): void {
    this.abort()
  }

  /**
   * The data of a command in clear, with its security checked against the current level. A security error aborts.
   * @returns undefined for a security error
   */
  unwrap(command: ProtectedCommand): Uint8Array | undefined {
    if (this.#state !== 'open') return undefined
    const isMacced = isSecureMessaging(command.cla)
    const needsMac = (this.#level & SECURITY_LEVEL.cMac) !== 0
    if (!isMacced && !needsMac) {
      this.#cipher.skip()
      return command.data
    }
    const isEncrypted = (this.#level & SECURITY_LEVEL.cDecryption) !== 0
    const data = isMacced ? this.#cipher.unwrap(command, isEncrypted) : undefined
    if (data === undefined) this.abort()
    return data
  }

  /** Response data as it leaves; unchanged when the level asks for nothing, or for an error. */
  wrap(data: Uint8Array, statusWord: number): Uint8Array {
    const hasMac = (this.#level & SECURITY_LEVEL.rMac) !== 0
    if (!hasMac) return data
    if (!isProtectedStatus(statusWord)) {
      this.#cipher.chainError?.(statusWord)
      return data
    }
    return this.#cipher.wrap(data, statusWord, (this.#level & SECURITY_LEVEL.rEncryption) !== 0)
  }

  /** Whether BEGIN R-MAC SESSION may raise the responses' level. @source GPC Amd D §7.1.3.7 */
  mayBeginRMac(p1: number): boolean {
    const { cMac, cDecryption, rMac, rEncryption } = SECURITY_LEVEL
    const level = this.#level
    if (p1 !== rMac && p1 !== (rMac | rEncryption)) return false
    if ((p1 & ~this.#responseLevels) !== 0 || (level & rEncryption) !== 0 || (level & cMac) === 0) return false
    if (p1 === rMac) return (level & rMac) === 0
    return (level & cDecryption) !== 0
  }

  beginRMac(p1: number): void {
    this.#level |= p1
  }

  endRMac(): void {
    this.#level = this.#initialLevel
  }

  get isInRMacSession(): boolean {
    return this.#level !== this.#initialLevel
  }

  /**
   * The application that owns the session asks for more security, or for less again, but never for less than the host began
   * with; who is authenticated is not for it to say.
   * @returns false if it is not a level, the protocol's option does not have it, or it is below the session's
   * @source API SecureChannelx.setSecurityLevel
   */
  setLevel(level: number): boolean {
    const compulsory = this.#initialLevel
    const isAbove = (level & compulsory) === compulsory
    const isSameHost = (level & AUTHENTICATION) === (compulsory & AUTHENTICATION)
    if (!isAbove || !isSameHost || !this.allows(level & ~AUTHENTICATION)) return false
    this.#level = level
    return true
  }

  get sensitiveBlockBytes(): number {
    return this.#cipher.sensitiveBlockBytes
  }

  decryptSensitive(blocks: Uint8Array): Uint8Array {
    return this.#cipher.decryptSensitive(blocks)
  }

  encryptSensitive(blocks: Uint8Array): Uint8Array {
    return this.#cipher.encryptSensitive(blocks)
  }
}
