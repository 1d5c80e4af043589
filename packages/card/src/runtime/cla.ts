/** What a class byte says. @source JCRE 3.1 §4.3; ISO/IEC 7816-4 §5.4.1 */

/** CLA 00-1F and 40-7F: first and further interindustry values, with secure messaging and chaining bits. */
export function isInterindustry(cla: number): boolean {
  return (cla & 0xe0) === 0 || (cla & 0xc0) === 0x40
}

/** 0 to 19; 0 also for values that carry no channel. */
export function channelOf(cla: number): number {
  const isFurther = (cla & 0xc0) === 0x40 || ((cla & 0xc0) === 0xc0 && cla !== 0xff)
  if (isFurther) return (cla & 0x0f) + 4
  const hasNone = (cla & 0xe0) === 0x20 || cla === 0xff
  return hasNone ? 0 : cla & 0x03
}

export function isSecureMessaging(cla: number): boolean {
  if ((cla & 0xe0) === 0x20 || cla === 0xff) return false
  return (cla & 0x40) === 0 ? (cla & 0x0c) !== 0 : (cla & 0x20) !== 0
}

/** CLA 2X and 3X are reserved, FF is invalid. */
export function isValidCla(cla: number): boolean {
  return (cla & 0xe0) !== 0x20 && cla !== 0xff
}

/** More commands of the chain follow. */
export function isCommandChaining(cla: number): boolean {
  return isValidCla(cla) && (cla & 0x10) !== 0
}
