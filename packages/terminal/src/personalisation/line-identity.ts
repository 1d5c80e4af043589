import { fromAscii } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'

const MOST_NUMBER = 99_999_999
const maker = fromAscii('GRC')
const ORGANISATION = 0xf0
const ELECTRICITY_METER = 0x01

const numbered = (kind: number, number: number): Uint8Array => {
  const title = new Uint8Array(8)
  title.set(maker)
  title[3] = kind
  new DataView(title.buffer).setUint32(4, number)
  return title
}

/** The serial number and the EUI-64 of a card's device, which is its system title. */
export function lineIdentity(number: number): { readonly serial: string; readonly title: Uint8Array } {
  if (!Number.isInteger(number) || number < 0 || number > MOST_NUMBER) {
    throw new TerminalError('TERMINAL_LINE_DAMAGED', `card numbers are 0 to ${MOST_NUMBER}`)
  }
  return { serial: `GC${String(number).padStart(8, '0')}`, title: numbered(ELECTRICITY_METER, number) }
}

/** EUI-64 of an organisation: 0 the line itself, 1 the access controller, 2 its first owner; others have the high bit. */
export const organisationEntity = (number: number): Uint8Array => numbered(ORGANISATION, number)

export const lineOrganisations = { root: 0, accessController: 1, firstOwner: 2 } as const

/** Refused names would be other places in the file system. */
export function requireOwnerName(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) return name
  throw new TerminalError('TERMINAL_LINE_DAMAGED', 'an owner is named in small letters, digits and hyphens, 32 at most')
}
