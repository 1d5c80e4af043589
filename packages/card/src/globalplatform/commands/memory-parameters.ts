import type { Tlv } from '@gridcard/bytes'
import { GP_SW, refuse } from '../refusal.ts'
import { findTlv } from '../tlv-objects.ts'

/** Bytes that a memory parameter says, two or four; 0 without it. @source GPC 2.3.1 §11.5.2.3.7 */
export function requiredBytes(objects: readonly Tlv[], tag: number): number {
  return memoryParameter(objects, tag) ?? 0
}

export function memoryParameter(objects: readonly Tlv[], tag: number): number | undefined {
  const value = findTlv(objects, tag)
  if (value === undefined) return undefined
  if (value.length !== 2 && value.length !== 4) refuse(GP_SW.wrongData)
  return value.reduce((number, byte) => number * 256 + byte, 0)
}
