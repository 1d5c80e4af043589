const CODE_LENGTH = 4

/** What must be typed before an order: enough to be sure of the right home, quick enough to be typed with care. */
export function confirmationCode(serial: string): string {
  return serial.slice(-CODE_LENGTH)
}

export function isConfirmed(serial: string, typed: string): boolean {
  return typed.trim().toUpperCase() === confirmationCode(serial)
}

/** `the last four digits`, or characters where a serial ends in letters. */
export function codeName(serial: string): string {
  return /^\d+$/.test(confirmationCode(serial)) ? 'last four digits' : 'last four characters'
}
