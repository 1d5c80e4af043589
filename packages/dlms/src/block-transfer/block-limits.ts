/** Tag, control, both numbers and the longest length field. */
export const blockOverheadBytes = 1 + 1 + 2 + 2 + 3

/** Six bits of the block control. */
export const largestWindow = 63

/** Sixteen bits. */
export const largestBlockNumber = 0xffff
