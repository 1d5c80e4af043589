/** The three keys of a key set: what a secure channel is opened with. Callers wipe them. */
export interface StaticKeys {
  /** Key-ENC: session encryption and, in SCP02, cryptograms. */
  readonly enc: Uint8Array
  /** Key-MAC. */
  readonly mac: Uint8Array
  /** Key-DEK: keys and other secrets in the data of a command. */
  readonly dek: Uint8Array
}
