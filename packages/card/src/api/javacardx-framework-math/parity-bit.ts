import { byteAt, byteRange, bytesOf, handleAt, type JcreMethod, putResult, shortAt } from '../native-call.ts'

/** javacardx.framework.math.ParityBit: the last bit of each byte makes the number of its ones even, or odd. */

function ones(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}

const set: JcreMethod = (jcre, at) => {
  const array = handleAt(jcre, at)
  const offset = shortAt(jcre, at + 1)
  const length = shortAt(jcre, at + 2)
  const wanted = byteAt(jcre, at + 3) !== 0 ? 0 : 1
  const address = byteRange(jcre, array, offset, length)
  const bytes = bytesOf(jcre, array, offset, length).map((byte) => {
    const data = byte & 0xfe
    return ones(data) % 2 === wanted ? data : data | 1
  })
  putResult(jcre, address, bytes)
  return 0
}

export const parityBitMethods: Readonly<Record<string, JcreMethod>> = {
  'ParityBit.<init>()V': () => 0,
  'ParityBit.set([BSSZ)V': set,
}
