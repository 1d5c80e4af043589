/**
 * The part of a device's secure element that keeps the head of the chain over its log: what was once entered cannot be left out or
 * changed any more without being seen.
 */
export interface LogSealer {
  /** Entries ever; undefined when it does not answer. */
  entries(): Promise<number | undefined>
  /** @param digest SHA-256 of an entry. @returns whether it is in the chain now */
  extend(digest: Uint8Array): Promise<boolean>
  /** Signature over title, number of entries, head, time and nonce. @param nonce 8..32 bytes */
  seal(nowSeconds: number, nonce: Uint8Array): Promise<Uint8Array | undefined>
}
