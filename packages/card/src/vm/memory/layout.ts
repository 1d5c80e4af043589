/**
 * Where things stand in the image. All numbers are little-endian, as the typed arrays of every host that runs this are.
 *
 * ```
 * 0        header        magic, format, sizes, profile hash; written once
 * 32       root slot A   the two roots take turns; the valid one with the later sequence number counts
 * 64       root slot B
 * 96       undo journal  commitCapacityBytes
 *          heap          grows up: packages, static fields, objects
 *          free
 *          handle table  grows down from nvSizeBytes, 8 bytes per handle
 * nv size  RAM           not part of the image
 * ```
 */
export const HEADER = {
  magic: 0, // u32 'GCRD'
  formatVersion: 4, // u16
  nvSizeBytes: 8, // u32
  ramSizeBytes: 12, // u32
  profileHash: 16, // 8 bytes
  sizeBytes: 32,
} as const

export const IMAGE_MAGIC = 0x4452_4347 // 'GCRD' as stored
export const IMAGE_FORMAT_VERSION = 1

/** Fields of a root slot, offsets in it. */
export const ROOT = {
  sequence: 0, // u32, of the last commit
  heapTop: 4, // u32, first free byte behind the heap
  handleCount: 8, // u16, handles in use or free, the null handle included
  nextClassId: 10, // u16
  resetTop: 12, // u32, first free RAM byte behind the CLEAR_ON_RESET arrays
  deselectBottom: 16, // u32, lowest RAM byte of the CLEAR_ON_DESELECT arrays
  bootCount: 20, // u32
  nextOwner: 24, // u8
  nextPackageSlot: 25, // u8
  isCollecting: 26, // u8, 1: what nothing refers to may stand in the heap and is to be freed
  cardLifeCycle: 27, // u8, GPC 2.3.1 table 11-6; 0: a card without GlobalPlatform
  check: 28, // u32, CRC-32 of the bytes before
  sizeBytes: 32,
} as const

export const ROOT_SLOT_OFFSETS = [HEADER.sizeBytes, HEADER.sizeBytes + ROOT.sizeBytes] as const
export const JOURNAL_OFFSET = HEADER.sizeBytes + 2 * ROOT.sizeBytes

/** Objects begin on even addresses: their cells are read as 16-bit words. */
export const OBJECT_ALIGNMENT = 2
export const HANDLE_ENTRY_BYTES = 8
/** Handles are 16-bit words on the operand stack; 0 is null. */
export const MAX_HANDLES = 0xffff
/** A handle entry holds 24-bit addresses over NV and RAM together. */
export const MAX_ADDRESS = 0xff_ffff
