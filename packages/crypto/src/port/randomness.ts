export interface Randomness {
  /** `lengthBytes` bytes from the system's generator, or from the source the provider was made with. */
  randomBytes(lengthBytes: number): Uint8Array
}
