/**
 * First octet of every APDU that can stand on a DLMS connection, with its standard name.
 * @source Green Book ed. 8 §9.5 (XDLMS-APDU, ACSE-APDU)
 */
export const apduTags = {
  'initiate-request': 0x01,
  'read-request': 0x05,
  'write-request': 0x06,
  'initiate-response': 0x08,
  'read-response': 0x0c,
  'write-response': 0x0d,
  'confirmed-service-error': 0x0e,
  'data-notification': 0x0f,
  'unconfirmed-write-request': 0x16,
  'information-report-request': 0x18,
  'glo-initiate-request': 0x21,
  'glo-read-request': 0x25,
  'glo-write-request': 0x26,
  'glo-initiate-response': 0x28,
  'glo-read-response': 0x2c,
  'glo-write-response': 0x2d,
  'glo-confirmed-service-error': 0x2e,
  'glo-unconfirmed-write-request': 0x36,
  'glo-information-report-request': 0x38,
  'ded-initiate-request': 0x41,
  'ded-read-request': 0x45,
  'ded-write-request': 0x46,
  'ded-initiate-response': 0x48,
  'ded-read-response': 0x4c,
  'ded-write-response': 0x4d,
  'ded-confirmed-service-error': 0x4e,
  'ded-unconfirmed-write-request': 0x56,
  'ded-information-report-request': 0x58,
  aarq: 0x60,
  aare: 0x61,
  rlrq: 0x62,
  rlre: 0x63,
  'get-request': 0xc0,
  'set-request': 0xc1,
  'event-notification-request': 0xc2,
  'action-request': 0xc3,
  'get-response': 0xc4,
  'set-response': 0xc5,
  'action-response': 0xc7,
  'glo-get-request': 0xc8,
  'glo-set-request': 0xc9,
  'glo-event-notification-request': 0xca,
  'glo-action-request': 0xcb,
  'glo-get-response': 0xcc,
  'glo-set-response': 0xcd,
  'glo-action-response': 0xcf,
  'ded-get-request': 0xd0,
  'ded-set-request': 0xd1,
  'ded-event-notification-request': 0xd2,
  'ded-action-request': 0xd3,
  'ded-get-response': 0xd4,
  'ded-set-response': 0xd5,
  'ded-action-response': 0xd7,
  'exception-response': 0xd8,
  'access-request': 0xd9,
  'access-response': 0xda,
  'general-glo-ciphering': 0xdb,
  'general-ded-ciphering': 0xdc,
  'general-ciphering': 0xdd,
  'general-signing': 0xdf,
  'general-block-transfer': 0xe0,
} as const

export type ApduName = keyof typeof apduTags

const namesByTag = new Map<number, ApduName>(
  (Object.keys(apduTags) as ApduName[]).map((name) => [apduTags[name], name]),
)

export const apduNameOf = (tag: number): ApduName | undefined => namesByTag.get(tag)

/**
 * Services with a tag of their own when ciphered: plain, under the global key, under the dedicated key. ACCESS and
 * DATA-NOTIFICATION have none; they go in a general form.
 */
export const cipheredTags = {
  'initiate-request': [0x01, 0x21, 0x41],
  'read-request': [0x05, 0x25, 0x45],
  'write-request': [0x06, 0x26, 0x46],
  'initiate-response': [0x08, 0x28, 0x48],
  'read-response': [0x0c, 0x2c, 0x4c],
  'write-response': [0x0d, 0x2d, 0x4d],
  'confirmed-service-error': [0x0e, 0x2e, 0x4e],
  'unconfirmed-write-request': [0x16, 0x36, 0x56],
  'information-report-request': [0x18, 0x38, 0x58],
  'get-request': [0xc0, 0xc8, 0xd0],
  'set-request': [0xc1, 0xc9, 0xd1],
  'event-notification-request': [0xc2, 0xca, 0xd2],
  'action-request': [0xc3, 0xcb, 0xd3],
  'get-response': [0xc4, 0xcc, 0xd4],
  'set-response': [0xc5, 0xcd, 0xd5],
  'action-response': [0xc7, 0xcf, 0xd7],
} as const satisfies Partial<Record<ApduName, readonly [plain: number, glo: number, ded: number]>>

/** Which key a service-specific tag stands for. */
export type TagKey = 'glo' | 'ded'

const rows = Object.values(cipheredTags)
const byPlain = {
  glo: new Map<number, number>(rows.map(([plain, glo]) => [plain, glo])),
  ded: new Map<number, number>(rows.map(([plain, , ded]) => [plain, ded])),
}
const byCiphered = {
  glo: new Map<number, number>(rows.map(([plain, glo]) => [glo, plain])),
  ded: new Map<number, number>(rows.map(([plain, , ded]) => [ded, plain])),
}

export const cipheredTagOf = (plainTag: number, key: TagKey): number | undefined => byPlain[key].get(plainTag)

/** The plain tag behind a service-specific ciphered one. */
export function plainTagOf(cipheredTag: number): { readonly tag: number; readonly key: TagKey } | undefined {
  const glo = byCiphered.glo.get(cipheredTag)
  if (glo !== undefined) return { tag: glo, key: 'glo' }
  const ded = byCiphered.ded.get(cipheredTag)
  return ded === undefined ? undefined : { tag: ded, key: 'ded' }
}
