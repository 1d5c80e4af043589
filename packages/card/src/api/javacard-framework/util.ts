import { ACCESS } from '../../vm/firewall.ts'
import {
  byteAt,
  byteRange,
  copyAtomic,
  fillAtomic,
  handleAt,
  isPersistent,
  type JcreMethod,
  requireByteArray,
  shortAt,
} from '../native-call.ts'

/** javacard.framework.Util. Every check is done before anything is written. */

/** Access to both arrays is looked at before the ranges in them, as on the reference card. */
function copy(isAtomic: boolean): JcreMethod {
  return (jcre, at) => {
    const length = shortAt(jcre, at + 4)
    const to = shortAt(jcre, at + 3)
    requireByteArray(jcre, handleAt(jcre, at), ACCESS.read)
    requireByteArray(jcre, handleAt(jcre, at + 2), ACCESS.write)
    const source = byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), length, ACCESS.read)
    const destination = byteRange(jcre, handleAt(jcre, at + 2), to, length)
    if (isAtomic) copyAtomic(jcre, source, destination, length)
    else if (isPersistent(jcre, destination)) jcre.memory.copyNonAtomic(source, destination, length)
    else jcre.memory.u8.copyWithin(destination, source, source + length)
    return to + length
  }
}

function fill(isAtomic: boolean): JcreMethod {
  return (jcre, at) => {
    const offset = shortAt(jcre, at + 1)
    const length = shortAt(jcre, at + 2)
    const value = byteAt(jcre, at + 3)
    const address = byteRange(jcre, handleAt(jcre, at), offset, length)
    if (isAtomic) fillAtomic(jcre, address, length, value)
    else if (isPersistent(jcre, address)) jcre.memory.fillNonAtomic(address, length, value)
    else jcre.memory.u8.fill(value, address, address + length)
    return offset + length
  }
}

/** Signed bytes, as the reference card compares them; the documentation leaves it open. */
const arrayCompare: JcreMethod = (jcre, at) => {
  const length = shortAt(jcre, at + 4)
  const left = byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), length, ACCESS.read)
  const right = byteRange(jcre, handleAt(jcre, at + 2), shortAt(jcre, at + 3), length, ACCESS.read)
  const { i8 } = jcre.memory
  for (let i = 0; i < length; i++) {
    if (i8[left + i]! !== i8[right + i]!) return i8[left + i]! < i8[right + i]! ? -1 : 1
  }
  return 0
}

const getShort: JcreMethod = (jcre, at) => {
  const address = byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), 2, ACCESS.read)
  return (jcre.memory.i8[address]! << 8) | jcre.memory.u8[address + 1]!
}

const setShort: JcreMethod = (jcre, at) => {
  const offset = shortAt(jcre, at + 1)
  const address = byteRange(jcre, handleAt(jcre, at), offset, 2)
  // From the operand stack, where the value is an argument, low byte first, into the array, high byte first.
  const { i16, u8 } = jcre.memory
  const value = i16[at + 2]!
  i16[at + 2] = (value << 8) | ((value >> 8) & 0xff)
  const source = (at + 2) * 2
  if (isPersistent(jcre, address)) copyAtomic(jcre, source, address, 2)
  else u8.copyWithin(address, source, source + 2)
  return offset + 2
}

export const utilMethods: Readonly<Record<string, JcreMethod>> = {
  'Util.arrayCopy([BS[BSS)S': copy(true),
  'Util.arrayCopyNonAtomic([BS[BSS)S': copy(false),
  'Util.arrayFill([BSSB)S': fill(true),
  'Util.arrayFillNonAtomic([BSSB)S': fill(false),
  'Util.arrayCompare([BS[BSS)B': arrayCompare,
  'Util.getShort([BS)S': getShort,
  'Util.setShort([BSS)S': setShort,
  'Util.makeShort(BB)S': (jcre, at) => (byteAt(jcre, at) << 8) | (byteAt(jcre, at + 1) & 0xff),
}
