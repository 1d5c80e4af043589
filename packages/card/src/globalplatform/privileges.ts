/** Privileges by number; bit 8 of byte 1 is number 0. @source GPC 2.3.1 table 6-1, tables 11-7 to 11-9 */
export const PRIVILEGE = {
  securityDomain: 0,
  dapVerification: 1,
  delegatedManagement: 2,
  cardLock: 3,
  cardTerminate: 4,
  cardReset: 5,
  cvmManagement: 6,
  mandatedDapVerification: 7,
  trustedPath: 8,
  authorizedManagement: 9,
  tokenVerification: 10,
  globalDelete: 11,
  globalLock: 12,
  globalRegistry: 13,
  finalApplication: 14,
  globalService: 15,
  receiptGeneration: 16,
  cipheredLoadFileDataBlock: 17,
  contactlessActivation: 18,
  contactlessSelfActivation: 19,
} as const

export type PrivilegeName = keyof typeof PRIVILEGE

/** A set of privileges: bit 23 is privilege 0, as the three bytes read as one number. */
export type Privileges = number

const bit = (name: PrivilegeName): Privileges => 0x80_0000 >>> PRIVILEGE[name]

export function privileges(...names: readonly PrivilegeName[]): Privileges {
  return names.reduce((set, name) => set | bit(name), 0)
}

export function hasPrivilege(set: Privileges, name: PrivilegeName): boolean {
  return (set & bit(name)) !== 0
}

export function privilegeNames(set: Privileges): PrivilegeName[] {
  return (Object.keys(PRIVILEGE) as PrivilegeName[]).filter((name) => hasPrivilege(set, name))
}

export function privilegeBytes(set: Privileges): Uint8Array {
  return Uint8Array.of(set >>> 16, set >>> 8, set)
}

/** What the issuer security domain has in OP_READY. @source GPC 2.3.1 §6.6.2 */
export const ISSUER_PRIVILEGES = privileges(
  'securityDomain',
  'authorizedManagement',
  'globalRegistry',
  'globalLock',
  'globalDelete',
  'tokenVerification',
  'cardLock',
  'cardTerminate',
  'trustedPath',
  'cvmManagement',
  'cardReset',
  'finalApplication',
  'receiptGeneration',
)

/** Only one application has each of them. */
export const SINGLE_PRIVILEGES = ['cardReset', 'finalApplication'] as const

/** @returns undefined for a length other than 1 or 3. One byte: the rest by table 6-2. @source GPC 2.3.1 §6.6.2 */
export function parsePrivileges(bytes: Uint8Array): Privileges | undefined {
  if (bytes.length !== 1 && bytes.length !== 3) return undefined
  const set = (bytes[0]! << 16) | ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0)
  const isOldDomain = bytes.length === 1 && hasPrivilege(set, 'securityDomain')
  return isOldDomain ? set | bit('trustedPath') : set
}

/** Each needs the ones behind it. @source GPC 2.3.1 table 6-1 */
const NEEDS: readonly (readonly [PrivilegeName, ...PrivilegeName[]])[] = [
  ['dapVerification', 'securityDomain'],
  ['delegatedManagement', 'securityDomain'],
  ['mandatedDapVerification', 'securityDomain', 'dapVerification'],
  ['trustedPath', 'securityDomain'],
  ['authorizedManagement', 'securityDomain'],
  ['tokenVerification', 'securityDomain'],
  ['receiptGeneration', 'securityDomain'],
  ['cipheredLoadFileDataBlock', 'securityDomain'],
]

/** Nobody has both. @source GPC 2.3.1 §6.6.2 */
const EXCLUSIVE: readonly (readonly [PrivilegeName, PrivilegeName])[] = [
  ['authorizedManagement', 'delegatedManagement'],
  ['tokenVerification', 'delegatedManagement'],
  ['receiptGeneration', 'delegatedManagement'],
]

/** Whether an application may have this set, whoever it is. */
export function isConsistent(set: Privileges): boolean {
  if ((set & 0x0f) !== 0) return false // RFU
  const needs = NEEDS.every(([one, ...needed]) => !hasPrivilege(set, one) || needed.every((n) => hasPrivilege(set, n)))
  return needs && EXCLUSIVE.every(([a, b]) => !(hasPrivilege(set, a) && hasPrivilege(set, b)))
}

/** Removes from one what only one can have. */
export function without(set: Privileges, ...names: readonly PrivilegeName[]): Privileges {
  return set & ~privileges(...names)
}
