const oid = (...last: readonly [group: number, id: number]): Uint8Array =>
  Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, ...last)

/**
 * Application context names: the value octets of object identifiers 2.16.756.5.8.1.x.
 * @source Green Book ed. 8 §9.4.2.2.2
 */
export const applicationContexts = {
  ln: oid(1, 1),
  sn: oid(1, 2),
  'ln-ciphered': oid(1, 3),
  'sn-ciphered': oid(1, 4),
} as const

/** Authentication mechanism names, 2.16.756.5.8.2.x. @source Green Book ed. 8 §9.4.2.2.3 */
export const mechanisms = {
  none: oid(2, 0),
  lls: oid(2, 1),
  hls: oid(2, 2),
  'hls-md5': oid(2, 3),
  'hls-sha1': oid(2, 4),
  'hls-gmac': oid(2, 5),
  'hls-sha256': oid(2, 6),
  'hls-ecdsa': oid(2, 7),
} as const

export type ApplicationContextName = keyof typeof applicationContexts
export type MechanismName = keyof typeof mechanisms
