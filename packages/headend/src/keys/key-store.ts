/** The keys of one meter's management association, suite 0: 16 bytes each. */
export interface MeterKeys {
  /** Global unicast encryption key. */
  readonly blockCipherKey: Uint8Array
  readonly authenticationKey: Uint8Array
}

/** Where meter keys lie. A sealed file here; a hardware module can stand behind the same port. */
export interface KeyStore {
  /** Serials that have keys. */
  serials(): readonly string[]
  /** A fresh copy, for the caller to wipe after use; undefined for a meter without keys. */
  find(serial: string): MeterKeys | undefined
  /**
   * Keeps the keys of a meter, durable when the promise resolves. The same keys again change nothing.
   * @throws HeadendError `HEADEND_KEY_REFUSED`, `HEADEND_METER_CONFLICT` when other keys are there
   */
  put(serial: string, keys: MeterKeys): Promise<void>
  /** Forgets what unlocks it. */
  close(): void
}

export function wipeKeys(keys: MeterKeys): void {
  keys.blockCipherKey.fill(0)
  keys.authenticationKey.fill(0)
}
