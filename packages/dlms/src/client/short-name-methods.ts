/**
 * Where the methods of a class begin behind its base name; each is 8 further on. Attributes begin at 0.
 * @source Green Book ed. 8 §10.2, table of short names
 */
export const firstMethodOffset: ReadonlyMap<number, number> = new Map([
  [3, 0x28],
  [4, 0x38],
  [5, 0x48],
  [6, 0x30],
  [7, 0x58],
  [8, 0x60],
  [9, 0x20],
  [11, 0x10],
  [12, 0x20],
  [17, 0x20],
  [18, 0x40],
  [20, 0x50],
  [40, 0x38],
  [42, 0x60],
  [61, 0x28],
  [64, 0x30],
  [70, 0x20],
  [72, 0x60],
])
