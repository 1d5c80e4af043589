/** The keys of one meter's management association, suite 0: 16 bytes each. */
export interface MeterKeys {
  /** Global unicast encryption key. */
  readonly blockCipherKey: Uint8Array
  readonly authenticationKey: Uint8Array
}

/** Keys that are not of a meter's association: of the head-end as a party, of who else runs in its process. */
export interface SecretStore {
  /** A fresh copy, for the caller to wipe after use. */
  findSecret(name: string): Uint8Array | undefined
  /** Durable when the promise resolves. */
  putSecret(name: string, secret: Uint8Array): Promise<void>
}

/** Where meter keys lie. A sealed file here; a hardware module can stand behind the same port. */
export interface KeyStore extends SecretStore {
  /** Serials that have keys. */
  serials(): readonly string[]
  /** A fresh copy, for the caller to wipe after use; undefined for a meter without keys. */
  find(serial: string): MeterKeys | undefined
  /**
   * Keeps the keys of a meter, durable when the promise resolves. The same keys again change nothing.
   * @param cardKeys what else the owner of its card has to know, kept as the secret `card/SERIAL`
   * @throws HeadendError `HEADEND_KEY_REFUSED`, `HEADEND_METER_CONFLICT` when other keys are there
   */
  put(serial: string, keys: MeterKeys, cardKeys?: Uint8Array): Promise<void>
  /** Forgets what unlocks it. */
  close(): void
}

export function wipeKeys(keys: MeterKeys): void {
  keys.blockCipherKey.fill(0)
  keys.authenticationKey.fill(0)
}
