import { GridcardError } from '@gridcard/bytes'

/** 0 done, 1 it failed, 2 it could not begin: something the user can mend. */
export const exitCodes = { done: 0, failed: 1, cannotBegin: 2 } as const

const cannotBegin = new Set([
  'GRIDCARD_BAD_OPTION',
  'GRIDCARD_DATA_UNUSABLE',
  'GRIDCARD_STREET_DAMAGED',
  'GRIDCARD_CARD_DAMAGED',
  'GRIDCARD_CARD_IN_USE',
  'GRIDCARD_APPLET_MISSING',
  'GRIDCARD_LINE_EXPOSED',
  'GRIDCARD_LINE_IN_USE',
  'TERMINAL_LINE_LOCKED',
  'GRIDCARD_APPLET_CONFIG',
  'GRIDCARD_APPLET_NO_SOURCES',
  'GRIDCARD_JDK_MISSING',
  'GRIDCARD_SCRIPT_SYNTAX',
  'GRIDCARD_PROJECT_REFUSED',
  'GRIDCARD_KEY_FILE_EXPOSED',
  'GRIDCARD_KEY_FILE_UNUSABLE',
  'GRIDCARD_COUNTERS_UNUSABLE',
  'GRIDCARD_COUNTERS_LOCKED',
  'GRIDCARD_COUNTER_START_UNKNOWN',
  'GRIDCARD_MODEL_INVALID',
  'GRIDCARD_CANNOT_LISTEN',
  'GRIDCARD_UNREACHABLE',
  'GRIDCARD_GP_NO_KEYS',
  'GRIDCARD_DEBUG_REFUSED',
  'TERMINAL_GP_BAD_INPUT',
  'TERMINAL_PCSC_NO_READER',
  'TERMINAL_PCSC_UNAVAILABLE',
  'DEVICES_STATE_DAMAGED',
  'DEVICES_STATE_FOREIGN',
  'DEVICES_STATE_VERSION',
  'DEVICES_STORE_FAILED',
  'HEADEND_BAD_OPTION',
  'HEADEND_DATA_DAMAGED',
  'HEADEND_DATA_LOCKED',
  'HEADEND_KEYSTORE_LOCKED',
  'HEADEND_METER_CONFLICT',
  'HEADEND_PORT_TAKEN',
])

export function exitCodeFor(error: unknown): number {
  return error instanceof GridcardError && cannotBegin.has(error.code) ? exitCodes.cannotBegin : exitCodes.failed
}

/** What to do about it here, where the room that throws cannot know. */
const advice: Readonly<Record<string, string>> = {
  HEADEND_PORT_TAKEN: 'choose another with --port, 0 takes a free one',
  HEADEND_DATA_LOCKED: 'stop it, or name another folder with --data',
  HEADEND_DATA_DAMAGED: 'restore it, or name another folder with --data',
  HEADEND_KEYSTORE_LOCKED: 'set GRIDCARD_KEYSTORE_PASSPHRASE to the passphrase it was made with',
  HEADEND_METER_CONFLICT: 'restore the card image that belongs to it, or name another folder with --data',
  DEVICES_STATE_DAMAGED: 'restore the file, or name another folder with --data',
  DLMS_ASSOCIATION_REFUSED: 'check SAPs, keys and system titles, a meter does not tell which of them is wrong',
  DLMS_EXCEPTION_RESPONSE:
    'if it was ciphered: wrong keys or titles, or a counter below the one the meter expects (--counter-from-meter)',
  DLMS_TIMEOUT: 'is it a DLMS meter, and are the SAPs right?',
  DLMS_MALFORMED: 'it may not speak DLMS with the TCP wrapper',
}

/** What the user sees of an error: one line for what we throw on purpose, the stack for a bug. */
export function describeError(error: unknown): string {
  if (error instanceof GridcardError) {
    const what = advice[error.code]
    return `${error.message}${what === undefined ? '' : `; ${what}`} (${error.code})`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
