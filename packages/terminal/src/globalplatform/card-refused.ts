import { TerminalError } from '../errors.ts'
import { describeStatusWord } from '../status-words.ts'

/** What a status word says in one command, where GlobalPlatform says more than ISO 7816-4. @source GPC 2.3.1 chapter 11 */
const inCommand: Readonly<Record<string, string>> = {
  'EXTERNAL AUTHENTICATE 6300': 'the card does not accept these keys; each such try counts',
  'INITIALIZE UPDATE 6A88': 'the card has no such key version',
  'INITIALIZE UPDATE 6983': 'the keys are blocked after too many wrong tries',
  'DELETE 6985': 'something on the card still uses it',
  'DELETE 6A88': 'there is no such thing on the card',
  'INSTALL 6A88': 'the card has no such package, applet or security domain',
  'INSTALL 6A80': 'wrong data: AID taken, privileges not allowed, or the applet refused',
  'INSTALL 6A84': 'not enough memory',
  'LOAD 6A84': 'not enough memory',
  'MANAGE ELF UPGRADE 6D00':
    'this card has no upgrade of packages (Amendment H); install --replace takes the applets away, with their data',
  'MANAGE ELF UPGRADE [start] 6985':
    'an upgrade goes on already, an applet of the package is selected or cannot give its data away, or a package imports it',
  'MANAGE ELF UPGRADE [resume] 6985': 'no upgrade goes on',
  'MANAGE ELF UPGRADE [abort] 6985': 'no upgrade goes on, or the new version is in its place already',
  'MANAGE ELF UPGRADE 6A88': 'there is no such package on the card',
  'SELECT 6A82': 'there is no application with this AID',
  'SELECT 6283': 'the card is locked',
}

/** GlobalPlatform's own status words, in any command. */
const general: Readonly<Record<number, string>> = {
  25088: 'logical channel already closed, or security domain cannot be reached',
  25360: 'more data are there',
  25656: 'imported package not available',
  25985: 'memory failure',
  27271: 'length and P1 or P2 disagree',
  38020: 'algorithm not supported',
  38021: 'invalid key check value',
}

/** @param what name of the command as the standard prints it, perhaps with "[for load]" behind */
export function cardRefused(what: string, sw: number): TerminalError {
  const digits = sw.toString(16).toUpperCase().padStart(4, '0')
  const command = what.replace(/ \[.*/, '')
  const special = inCommand[`${what} ${digits}`] ?? inCommand[`${command} ${digits}`] ?? general[sw]
  const reason = special === undefined ? describeStatusWord(sw) : `${digits} ${special}`
  return new TerminalError('TERMINAL_CARD_REFUSED', `the card refused ${what}: ${reason}`, { sw })
}
