export interface Comparison {
  /** Same time whatever the contents; false at once for unequal lengths, which are public. */
  constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean
}
