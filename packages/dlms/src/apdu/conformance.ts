/**
 * Bits of the conformance block as a 24-bit number, the first bit of the bit string highest.
 * @source Green Book ed. 8 §9.4.6.1
 */
export const conformanceBits = {
  'general-protection': 0x400000,
  'general-block-transfer': 0x200000,
  read: 0x100000,
  write: 0x080000,
  'unconfirmed-write': 0x040000,
  'delta-value-encoding': 0x020000,
  'attribute0-supported-with-set': 0x008000,
  'priority-mgmt-supported': 0x004000,
  'attribute0-supported-with-get': 0x002000,
  'block-transfer-with-get-or-read': 0x001000,
  'block-transfer-with-set-or-write': 0x000800,
  'block-transfer-with-action': 0x000400,
  'multiple-references': 0x000200,
  'information-report': 0x000100,
  'data-notification': 0x000080,
  access: 0x000040,
  'parameterized-access': 0x000020,
  get: 0x000010,
  set: 0x000008,
  'selective-access': 0x000004,
  'event-notification': 0x000002,
  action: 0x000001,
} as const

export type ConformanceBit = keyof typeof conformanceBits

export function conformanceOf(...names: readonly ConformanceBit[]): number {
  return names.reduce((bits, name) => bits | conformanceBits[name], 0)
}

export function conformanceNames(conformance: number): ConformanceBit[] {
  return (Object.keys(conformanceBits) as ConformanceBit[]).filter((name) => conformance & conformanceBits[name])
}

export const conforms = (conformance: number, name: ConformanceBit): boolean =>
  (conformance & conformanceBits[name]) !== 0
