/** What a class byte says. @source JCRE 3.1 §4.3; ISO/IEC 7816-4 §5.4.1 */

/** CLA 00-1F and 40-7F: first and further interindustry values, with secure messaging and chaining bits. */
export function isInterindustry(cla: number): boolean {
  return (cla & 0xe0) === 0 || (cla & 0xc0) === 0x40
}

const TYPE_4_CHANNELS = 4
const MOST_CHANNELS = 20

/**
 * 0 to 19; 0 also for values that carry no channel. To a card that has no channels beyond the first four, C0 to FE are
 * proprietary values like any other, as on the cards that wallets with CLA E0 were written for.
 *
 * @param channels how many the card has
 */
export function channelOf(cla: number, channels = MOST_CHANNELS): number {
  const isProprietary = (cla & 0xc0) === 0xc0
  const isFurther = (cla & 0xc0) === 0x40 || (isProprietary && cla !== 0xff && channels > TYPE_4_CHANNELS)
  if (isFurther) return (cla & 0x0f) + TYPE_4_CHANNELS
  const hasNone = (cla & 0xe0) === 0x20 || isProprietary
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
