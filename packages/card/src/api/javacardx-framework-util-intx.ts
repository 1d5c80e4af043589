import { ACCESS } from '../vm/firewall.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { ELEMENT, TYPE } from '../vm/memory/handle-entry.ts'
import { makeView } from './javacard-framework/array-views.ts'
import { makeTransient } from './javacard-framework/jc-system.ts'
import { byteAt, byteRange, handleAt, intAt, type JcreMethod, natives, shortAt, writeAtomic } from './native-call.ts'

/** javacardx.framework.util.intx: ints out of smaller numbers, big-endian. @source API 3.0.5 JCint */

const getInt: JcreMethod = (jcre, at) => {
  const address = byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), 4, ACCESS.read)
  const { i8, u8 } = jcre.memory
  return (i8[address]! << 24) | (u8[address + 1]! << 16) | (u8[address + 2]! << 8) | u8[address + 3]!
}

const setInt: JcreMethod = (jcre, at) => {
  const offset = shortAt(jcre, at + 1)
  const address = byteRange(jcre, handleAt(jcre, at), offset, 4)
  const value = intAt(jcre, at + 2)
  writeAtomic(jcre, address, Uint8Array.of(value >> 24, value >> 16, value >> 8, value))
  return offset + 4
}

const makeIntOfBytes: JcreMethod = (jcre, at) => {
  const [first, second, third, last] = [0, 1, 2, 3].map((i) => byteAt(jcre, at + i) & 0xff) as [
    number,
    number,
    number,
    number,
  ]
  return (first << 24) | (second << 16) | (third << 8) | last
}

export const javacardxFrameworkUtilIntx: NativeBinding = {
  package: 'javacardx/framework/util/intx',
  methods: natives({
    'JCint.makeInt(BBBB)I': makeIntOfBytes,
    'JCint.makeInt(SS)I': (jcre, at) => intAt(jcre, at),
    'JCint.getInt([BS)I': getInt,
    'JCint.setInt([BSI)S': setInt,
    'JCint.makeTransientIntArray(SB)[I': makeTransient(TYPE.array | ELEMENT.int),
    'JCint.makeIntArrayView([ISSSLjavacard/framework/Shareable;)[I': makeView(ELEMENT.int),
  }),
}
