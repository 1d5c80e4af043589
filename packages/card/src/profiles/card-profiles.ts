import { fromHex } from '@gridcard/bytes'
import { type CardProfile, requireProfile } from '../card-profile.ts'
import { CardError } from '../errors.ts'
import type { GlobalPlatformProfile } from '../globalplatform/globalplatform-profile.ts'
import {
  ISSUER_PRIVILEGES,
  PRIVILEGE,
  type PrivilegeName,
  type Privileges,
  privileges,
} from '../globalplatform/privileges.ts'
import developer from './developer.json' with { type: 'json' }
import metering from './metering.json' with { type: 'json' }
import minimal from './minimal-2.2.2.json' with { type: 'json' }

/** A card profile as a file has it; `card-profile.schema.json` tells its form. */
export interface CardProfileFile extends Omit<CardProfile, 'atr' | 'globalPlatform' | 'protocols'> {
  readonly $schema?: string
  /** Hex */
  readonly atr: string
  readonly globalPlatform?: GlobalPlatformProfileFile
}

type PrivilegesFile = 'issuer' | 'all' | readonly PrivilegeName[]

interface GlobalPlatformProfileFile
  extends Omit<
    GlobalPlatformProfile,
    'issuerAid' | 'secureChannels' | 'issuerPrivileges' | 'domainPrivileges' | 'applicationPrivileges'
  > {
  /** Hex */
  readonly issuerAid: string
  readonly secureChannels: readonly { readonly protocol: 'SCP02' | 'SCP03' | 'SCP11'; readonly i: string }[]
  readonly issuerPrivileges: PrivilegesFile
  readonly domainPrivileges: PrivilegesFile
  readonly applicationPrivileges: PrivilegesFile
}

/** Every privilege there is. */
const ALL = privileges(...(Object.keys(PRIVILEGE) as PrivilegeName[]))

function parsePrivilegeNames(names: PrivilegesFile): Privileges {
  if (names === 'all') return ALL
  if (names === 'issuer') return ISSUER_PRIVILEGES
  const unknown = names.find((name) => !(name in PRIVILEGE))
  if (unknown !== undefined) throw new CardError('CARD_BAD_PROFILE', `there is no privilege ${unknown}`)
  return privileges(...names)
}

/** @throws CardError `CARD_BAD_PROFILE` */
export function parseCardProfile(file: CardProfileFile): CardProfile {
  const { $schema: _, atr, globalPlatform: gp, ...rest } = file
  const profile: CardProfile = {
    ...rest,
    atr: parseHex(atr),
    ...(gp && {
      globalPlatform: {
        ...gp,
        issuerAid: parseHex(gp.issuerAid),
        secureChannels: gp.secureChannels.map(({ protocol, i }) => ({
          protocol: Number.parseInt(protocol.slice(3), 16),
          i: Number.parseInt(i, 16),
        })),
        issuerPrivileges: parsePrivilegeNames(gp.issuerPrivileges),
        domainPrivileges: parsePrivilegeNames(gp.domainPrivileges),
        applicationPrivileges: parsePrivilegeNames(gp.applicationPrivileges),
      },
    }),
  }
  requireProfile(profile)
  return profile
}

function parseHex(text: string): Uint8Array {
  if (/^([0-9A-Fa-f]{2})+$/.test(text)) return fromHex(text)
  throw new CardError('CARD_BAD_PROFILE', `not hex: ${text}`)
}

// The compiler widens words to string; a test holds each file against the schema.
const FILES = { developer, metering, minimal } as unknown as Readonly<Record<string, CardProfileFile>>

export const cardProfileNames = ['developer', 'metering', 'minimal'] as const
export type CardProfileName = (typeof cardProfileNames)[number]

/** A profile that comes with Gridcard: a roomy card for developers, one for meters, a small old one. */
export function cardProfile(name: CardProfileName): CardProfile {
  return parseCardProfile(FILES[name]!)
}
