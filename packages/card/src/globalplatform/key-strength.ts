import type { DomainContext } from './context.ts'
import { KEY_TYPE, type KeyComponent } from './domain-keys.ts'
import { GP_SW, requireThat } from './refusal.ts'

/** Which components make a key. @source GPC 2.3.1 tables 11-72 to 11-77 */
const SHAPES: readonly (readonly number[])[] = [
  [KEY_TYPE.des],
  [KEY_TYPE.aes],
  [KEY_TYPE.tlsPsk],
  [KEY_TYPE.hmacSha1],
  [KEY_TYPE.hmacSha1_160],
  [KEY_TYPE.rsaPublicModulus, KEY_TYPE.rsaPublicExponent],
  [KEY_TYPE.rsaPublicModulus, KEY_TYPE.rsaPrivateExponent],
  [KEY_TYPE.rsaPrivateModulus, KEY_TYPE.rsaPrivateExponent],
  [KEY_TYPE.rsaP, KEY_TYPE.rsaQ, KEY_TYPE.rsaPq, KEY_TYPE.rsaDp1, KEY_TYPE.rsaDq1],
  [KEY_TYPE.ecPublic, KEY_TYPE.ecReference],
  [KEY_TYPE.ecPrivate, KEY_TYPE.ecReference],
  ...[KEY_TYPE.ecPublic, KEY_TYPE.ecPrivate, KEY_TYPE.ecReference].map((first) => {
    return [first, KEY_TYPE.ecP, KEY_TYPE.ecA, KEY_TYPE.ecB, KEY_TYPE.ecG, KEY_TYPE.ecN]
  }),
]
/** Symmetric keys: lengths there are, in bytes. */
const LENGTHS: Readonly<Record<number, readonly number[]>> = {
  [KEY_TYPE.des]: [8, 16, 24],
  [KEY_TYPE.aes]: [16, 24, 32],
}
const LONGEST_COMPONENT = 512

/** A key that is made of the right parts, and not weaker than the card's floor. @throws Refusal 6A80 */
export function requireStrong({ gp, crypto }: DomainContext, components: readonly KeyComponent[]): void {
  const types = components.map(({ type }) => type).filter((type) => type !== KEY_TYPE.ecCofactor)
  const isShaped = SHAPES.some((shape) => shape.length === types.length && shape.every((type) => types.includes(type)))
  requireThat(isShaped, GP_SW.wrongData)
  requireThat(
    components.every(({ value }) => value.length > 0 && value.length <= LONGEST_COMPONENT),
    GP_SW.wrongData,
  )
  const { leastKeyBits } = gp.profile
  for (const { type, value } of components) {
    const lengths = LENGTHS[type]
    if (lengths !== undefined) requireThat(lengths.includes(value.length), GP_SW.wrongData)
    const bits = value.length * 8
    if (type === KEY_TYPE.aes) requireThat(bits >= leastKeyBits.aes, GP_SW.wrongData)
    if (type === KEY_TYPE.des) requireThat(bits >= leastKeyBits.des && !isSingleDes(crypto, value), GP_SW.wrongData)
    const isModulus = type === KEY_TYPE.rsaPublicModulus || type === KEY_TYPE.rsaPrivateModulus
    if (isModulus) requireThat(bits >= leastKeyBits.rsa && value[0]! >= 0x80, GP_SW.wrongData)
    if (type === KEY_TYPE.rsaP) requireThat(2 * bits >= leastKeyBits.rsa, GP_SW.wrongData)
    if (type === KEY_TYPE.ecP || type === KEY_TYPE.ecPrivate) requireThat(bits >= leastKeyBits.ec, GP_SW.wrongData)
    if (type === KEY_TYPE.ecPublic) {
      requireThat(value[0] === 0x04 && ((value.length - 1) >> 1) * 8 >= leastKeyBits.ec, GP_SW.wrongData)
    }
  }
}

/** Triple DES whose halves are the same is DES. */
function isSingleDes(crypto: DomainContext['crypto'], key: Uint8Array): boolean {
  return key.length >= 16 && crypto.constantTimeEqual(key.subarray(0, 8), key.subarray(8, 16))
}
