import { CardError } from '../errors.ts'
import { CARD_STATE } from './life-cycle.ts'
import type { Privileges } from './privileges.ts'

/** A secure channel protocol with its options, as `i` in card data. */
export interface SecureChannelOption {
  /** 02, 03 or 11 hex. */
  readonly protocol: number
  readonly i: number
}

/**
 * Where the first keys of the issuer security domain come from.
 *
 * - `well-known`: the test key 40 to 4F that every client knows; never in the field.
 * - `card-maker`: `Card.create` is given them. Without them no secure channel opens: the card is of no use to anybody.
 */
export type IssuerKeySource =
  | {
      readonly from: 'well-known'
      readonly keyVersion: number
      readonly type: 'aes' | 'des'
      readonly lengthBytes: 16 | 24 | 32
    }
  | { readonly from: 'card-maker' }

/** What a card of GlobalPlatform is: fixed for its life. */
export interface GlobalPlatformProfile {
  /** Of the card specification, as in card data: `2.3.1`. */
  readonly version: string
  readonly issuerAid: Uint8Array
  readonly initialState: keyof typeof CARD_STATE
  readonly issuerKeys: IssuerKeySource
  /** That domains may use; the first of each protocol is what a domain has unless its installation says another. */
  readonly secureChannels: readonly SecureChannelOption[]
  readonly issuerPrivileges: Privileges
  /** That supplementary security domains, and other applications, may be given. */
  readonly domainPrivileges: Privileges
  readonly applicationPrivileges: Privileges
  /** Failed authentications in a row after which a domain opens no more channels; 0: any number. */
  readonly mostFailedAuthentications: number
  /** The card's floor: weaker keys are refused. */
  readonly leastKeyBits: { readonly aes: number; readonly des: number; readonly rsa: number; readonly ec: number }
}

/** Keys of the card maker for a new card. Copied; the caller wipes its own. */
export interface IssuerKeys {
  readonly keyVersion: number
  readonly type: 'aes' | 'des'
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly dek: Uint8Array
  /** 10 bytes, the first of every answer to INITIALIZE UPDATE; default: zeros. */
  readonly diversificationData?: Uint8Array
}

/** i of SCP02 that are there: explicit, C-MAC on the modified command, ICV encryption; pseudo-random challenge, R-MAC. */
const SCP02_OPTIONS = [0x15, 0x35, 0x55, 0x75]
/** i of SCP03: S16 mode, pseudo-random challenge, R-MAC, R-ENCRYPTION. */
const SCP03_OPTIONS = [0x00, 0x10, 0x20, 0x30, 0x60, 0x70].flatMap((i) => [i, i | 0x01])
/** i of SCP11: a, b and c as three bits, identity checks of certificates. @source GPC Amd F table 5-1 */
const SCP11_OPTIONS = Array.from({ length: 16 }, (_, i) => i)

const OPTIONS = new Map<number, readonly number[]>([
  [0x02, SCP02_OPTIONS],
  [0x03, SCP03_OPTIONS],
  [0x11, SCP11_OPTIONS],
])

/** @throws CardError `CARD_BAD_PROFILE` */
export function requireGlobalPlatformProfile(name: string, gp: GlobalPlatformProfile): void {
  const refuse = (reason: string): never => {
    throw new CardError('CARD_BAD_PROFILE', `profile ${name}: ${reason}`, { profile: name })
  }
  if (gp.issuerAid.length < 5 || gp.issuerAid.length > 16) refuse('an AID has 5 to 16 bytes')
  if (!/^\d+(\.\d+)+$/.test(gp.version)) refuse('the version of the card specification is numbers and dots')
  if (!(gp.initialState in CARD_STATE)) refuse(`there is no card state ${gp.initialState}`)
  if (gp.secureChannels.length === 0) refuse('a card has a secure channel protocol')
  for (const { protocol, i } of gp.secureChannels) {
    if (!OPTIONS.get(protocol)?.includes(i))
      refuse(`SCP${protocol.toString(16)} with i = ${i.toString(16)} is not there`)
  }
  const { mostFailedAuthentications: most } = gp
  if (!Number.isInteger(most) || most < 0 || most > 255) refuse('0 to 255 failed authentications')
}
