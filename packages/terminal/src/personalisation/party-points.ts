/** A party as its credentials on a card have it. */
export interface PartyPoints {
  /** EUI-64. */
  readonly entity: Uint8Array
  /** Uncompressed. */
  readonly sign: Uint8Array
  readonly agree: Uint8Array
}
