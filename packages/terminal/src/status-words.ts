/** Status words by the names of `javacard.framework.ISO7816`, with what they mean for people (ISO/IEC 7816-4 §5.6). */
export const statusWords = {
  SW_NO_ERROR: [0x9000, 'done'],
  SW_WARNING_STATE_UNCHANGED: [0x6200, 'done with a warning; nothing was changed'],
  SW_WRONG_LENGTH: [0x6700, 'wrong length'],
  SW_LOGICAL_CHANNEL_NOT_SUPPORTED: [0x6881, 'logical channel not supported or not open'],
  SW_SECURE_MESSAGING_NOT_SUPPORTED: [0x6882, 'secure messaging not supported'],
  SW_LAST_COMMAND_EXPECTED: [0x6883, 'last command of a chain expected'],
  SW_COMMAND_CHAINING_NOT_SUPPORTED: [0x6884, 'command chaining not supported'],
  SW_SECURITY_STATUS_NOT_SATISFIED: [0x6982, 'security status not satisfied'],
  SW_FILE_INVALID: [0x6983, 'authentication method blocked'],
  SW_DATA_INVALID: [0x6984, 'reference data not usable'],
  SW_CONDITIONS_NOT_SATISFIED: [0x6985, 'conditions of use not satisfied'],
  SW_COMMAND_NOT_ALLOWED: [0x6986, 'command not allowed'],
  SW_INCORRECT_SECURE_MESSAGING_DATA: [0x6988, 'secured data incorrect'],
  SW_APPLET_SELECT_FAILED: [0x6999, 'applet selection failed'],
  SW_WRONG_DATA: [0x6a80, 'wrong data'],
  SW_FUNC_NOT_SUPPORTED: [0x6a81, 'function not supported'],
  SW_FILE_NOT_FOUND: [0x6a82, 'file or application not found'],
  SW_RECORD_NOT_FOUND: [0x6a83, 'record not found'],
  SW_FILE_FULL: [0x6a84, 'no space left'],
  SW_INCORRECT_P1P2: [0x6a86, 'wrong P1 or P2'],
  SW_REFERENCED_DATA_NOT_FOUND: [0x6a88, 'referenced data not found'],
  SW_WRONG_P1P2: [0x6b00, 'wrong P1 or P2'],
  SW_INS_NOT_SUPPORTED: [0x6d00, 'instruction not supported'],
  SW_CLA_NOT_SUPPORTED: [0x6e00, 'class not supported'],
  SW_UNKNOWN: [0x6f00, 'no precise diagnosis'],
} as const satisfies Record<string, readonly [number, string]>

export type StatusWordName = keyof typeof statusWords

const byValue = new Map<number, readonly [StatusWordName, string]>(
  Object.entries(statusWords).map(([name, [sw, text]]) => [sw, [name as StatusWordName, text]]),
)

/** `6985 conditions of use not satisfied`; an unknown word is given as its digits and class. */
export function describeStatusWord(sw: number): string {
  const digits = sw.toString(16).toUpperCase().padStart(4, '0')
  const known = byValue.get(sw)
  if (known !== undefined) return `${digits} ${known[1]}`
  if (sw >>> 8 === 0x61) return `${digits} ${sw & 0xff || 256} more bytes to fetch`
  if (sw >>> 8 === 0x6c) return `${digits} wrong Le, ${sw & 0xff || 256} bytes are there`
  if (sw >>> 4 === 0x63c) return `${digits} ${sw & 0xf} tries left`
  return `${digits} unknown status word`
}

export function isSuccess(sw: number): boolean {
  return sw === 0x9000
}
