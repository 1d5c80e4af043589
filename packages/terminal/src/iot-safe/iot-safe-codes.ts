import { fromHex } from '@gridcard/bytes'

/** GSMA IoT.05 version 1: where its applet is found, and the numbers of its tables. */
export const iotSafeAid = fromHex('A0000005590010')
/** Package and module of our applet; on a card its instance has `iotSafeAid`. */
export const iotSafePackageAid = fromHex('F0475249444341524404')
export const iotSafeModuleAid = fromHex('F047524944434152440401')

export const iotSafeInstructions = {
  PUT_PUBLIC_KEY_INIT: 0x24,
  COMPUTE_SIGNATURE_INIT: 0x2a,
  COMPUTE_SIGNATURE_UPDATE: 0x2b,
  VERIFY_SIGNATURE_INIT: 0x2c,
  VERIFY_SIGNATURE_UPDATE: 0x2d,
  COMPUTE_DH: 0x46,
  COMPUTE_PRF: 0x48,
  COMPUTE_HKDF: 0x4a,
  GET_RANDOM: 0x84,
  READ_FILE: 0xb0,
  GENERATE_KEY_PAIR: 0xb9,
  GET_DATA: 0xcb,
  READ_PUBLIC_KEY: 0xcd,
  PUT_PUBLIC_KEY_UPDATE: 0xd8,
  STORE_DATA: 0xe2,
} as const

/** What a status word of this applet means beyond ISO/IEC 7816-4. */
export const iotSafeStatusWords = {
  moreData: 0x6300,
  remoteAdministrationDone: 0x63cf,
  storeIntegrity: 0x6400,
  beingUpdated: 0x6984,
  conditions: 0x6985,
  capacity: 0x6989,
  wrongData: 0x6a80,
  notFound: 0x6a82,
  noMemory: 0x6a84,
  signatureMismatch: 0x6d01,
} as const

export const iotSafeTags = {
  version: 0x10,
  appletId: 0x11,
  fileSize: 0x20,
  fileUsage: 0x21,
  offset: 0x22,
  signature: 0x33,
  publicKey: 0x34,
  privateValue: 0x47,
  ecKey: 0x49,
  state: 0x4a,
  keyType: 0x4b,
  keyUsage: 0x4e,
  content: 0x53,
  access: 0x60,
  functions: 0x61,
  agreement: 0x6f,
  cryptographicFunctions: 0x90,
  hash: 0x91,
  signatureAlgorithm: 0x92,
  agreements: 0x93,
  derivation: 0x94,
  lastBlock: 0x9a,
  text: 0x9b,
  intermediateHash: 0x9c,
  bytesHashed: 0x9d,
  hashValue: 0x9e,
  mode: 0xa1,
  mostFiles: 0xb1,
  mostPrivateKeys: 0xb2,
  mostPublicKeys: 0xb3,
  mostSecretKeys: 0xb4,
  sessions: 0xb7,
  privateKeyObject: 0xc1,
  publicKeyObject: 0xc2,
  fileObject: 0xc3,
  secretKeyObject: 0xc4,
  secret: 0xd1,
  labelAndSeed: 0xd2,
  length: 0xd3,
  premaster: 0xd4,
  salt: 0xd5,
  writeFile: 0xb0,
  generate: 0xb9,
  end: 0xcf,
} as const

/** The kinds of objects in the store: tags of the structure, of the id and of the label. */
export const iotSafeKinds = {
  file: { structure: 0xc3, id: 0x83, label: 0x73 },
  privateKey: { structure: 0xc1, id: 0x84, label: 0x74 },
  publicKey: { structure: 0xc2, id: 0x85, label: 0x75 },
  secretKey: { structure: 0xc4, id: 0x86, label: 0x76 },
} as const
export type IotSafeKind = keyof typeof iotSafeKinds

export const iotSafeKeyTypes = {
  rsa2048: 0x03,
  p256: 0x13,
  p256Volatile: 0x14,
  brainpoolP256r1: 0x23,
  brainpoolP256r1Volatile: 0x24,
  hmac: 0xa0,
} as const
export type IotSafeKeyType = keyof typeof iotSafeKeyTypes

export const iotSafeKeyUsages = { general: 1, certificateVerifyTls12: 2, certificateVerifyTls13: 3 } as const
export type IotSafeKeyUsage = keyof typeof iotSafeKeyUsages

export const iotSafeFileUsages = { general: 1, x509: 2 } as const
export type IotSafeFileUsage = keyof typeof iotSafeFileUsages

/** Bits. */
export const iotSafeAccess = { read: 1, update: 2 } as const
export const iotSafeFunctions = { signature: 1, generation: 2, agreement: 4, derivation: 8 } as const
export const iotSafeHashes = { sha256: 1, sha384: 2, sha512: 4 } as const
export const iotSafeDerivations = { prf: 1, hkdf: 2 } as const
export type IotSafeAccess = keyof typeof iotSafeAccess
export type IotSafeFunction = keyof typeof iotSafeFunctions
export type IotSafeHash = keyof typeof iotSafeHashes
export type IotSafeDerivation = keyof typeof iotSafeDerivations

export const iotSafeModes = { fullText: 1, lastBlock: 2, hash: 3 } as const
export const ecdsaAlgorithm = 4

/** @returns the names of the bits that are set */
export function namesOf<T extends string>(table: Readonly<Record<T, number>>, bits: number): T[] {
  return (Object.keys(table) as T[]).filter((name) => (bits & table[name]) !== 0)
}

export function bitsOf<T extends string>(table: Readonly<Record<T, number>>, names: readonly T[]): number {
  return names.reduce((bits, name) => bits | table[name], 0)
}
