import { fromHex } from '@gridcard/bytes'
import type { CardProfile } from '@gridcard/card'

/**
 * The card in the meters of streets that were made before cards judged commands: the MeterSecurity applet on a card without
 * security domains of its own. Its answer to reset (ISO/IEC 7816-3 §8.2, 7816-4 §12.1): TS 3B, T0 8A (TD1 and ten historical
 * bytes), TD1 01 (T=1), category 80, pre-issuing data "GRIDCARD" as COMPACT-TLV 68, check byte.
 */
export const meterSecurityCardProfile: CardProfile = {
  name: 'metering',
  nvSizeBytes: 64 * 1024,
  ramSizeBytes: 8 * 1024,
  commitCapacityBytes: 2 * 1024,
  atr: fromHex('3B8A01 80 68 4752494443415244 6F'),
}
