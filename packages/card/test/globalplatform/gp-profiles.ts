import { fromHex } from '@gridcard/bytes'
import type { CardProfile } from '../../src/card-profile.ts'
import type { GlobalPlatformProfile } from '../../src/globalplatform/globalplatform-profile.ts'
import { ISSUER_PRIVILEGES } from '../../src/globalplatform/privileges.ts'

export const ISD_AID = fromHex('A000000151000000')
export const TEST_KEY = fromHex('404142434445464748494A4B4C4D4E4F')

const ALL_PRIVILEGES = 0xff_fff0

/** A card of everything, with the well-known key; tests change what they are about. */
export function gpProfile(o: Partial<GlobalPlatformProfile> = {}): CardProfile {
  return {
    name: 'gp test',
    nvSizeBytes: 128 * 1024,
    ramSizeBytes: 16 * 1024,
    commitCapacityBytes: 4096,
    atr: fromHex('3B8001'),
    globalPlatform: {
      version: '2.3.1',
      issuerAid: ISD_AID,
      initialState: 'opReady',
      issuerKeys: { from: 'well-known', keyVersion: 1, type: 'aes', lengthBytes: 16 },
      secureChannels: [
        { protocol: 0x03, i: 0x70 },
        { protocol: 0x02, i: 0x55 },
      ],
      issuerPrivileges: ISSUER_PRIVILEGES,
      domainPrivileges: ALL_PRIVILEGES,
      applicationPrivileges: 0x1e_1ff0 & ALL_PRIVILEGES,
      mostFailedAuthentications: 0,
      leastKeyBits: { aes: 128, des: 112, rsa: 1024, ec: 256 },
      ...o,
    },
  }
}
