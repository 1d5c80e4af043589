import { fromHex } from '@gridcard/bytes'
import type { CardProfile } from '@gridcard/card'

/**
 * A roomy card for trying applets. Answer to reset as of the metering card, but for its name: T=1, category 80, pre-issuing
 * data "GRIDDEV1" as COMPACT-TLV 68, check byte. @source ISO/IEC 7816-3 §8.2, 7816-4 §12.1
 */
export const developerCardProfile: CardProfile = {
  name: 'developer',
  nvSizeBytes: 512 * 1024,
  ramSizeBytes: 32 * 1024,
  commitCapacityBytes: 8 * 1024,
  atr: fromHex('3B8A01 80 68 4752494444455631 1D'),
}
