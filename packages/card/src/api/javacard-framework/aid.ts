import { equalBytes } from '@gridcard/bytes'
import type { Jcre } from '../../runtime/jcre.ts'
import { fieldFault } from '../../vm/firewall.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  type JcreMethod,
  putResult,
  requireObject,
  shortAt,
} from '../native-call.ts'

/** javacard.framework.AID. Hidden state: length, then up to 16 bytes. */
export const AID_HIDDEN_BYTES = 18

const ILLEGAL_VALUE = 1 // SystemException
const SHORTEST = 5
const LONGEST = 16
const RID_BYTES = 5
const CLASS_NAME = 'javacard/framework/AID'

export function aidBytes(jcre: Jcre, handle: number): Uint8Array {
  const at = jcre.machine.hiddenAddress(handle)
  return jcre.memory.u8.slice(at + 1, at + 1 + jcre.memory.u8[at]!)
}

export function writeAid(jcre: Jcre, handle: number, aid: Uint8Array): void {
  jcre.memory.putBytes(jcre.machine.hiddenAddress(handle), Uint8Array.of(aid.length, ...aid))
}

const construct: JcreMethod = (jcre, at) => {
  const length = byteAt(jcre, at + 3)
  const bytes = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  if (length < SHORTEST || length > LONGEST) {
    jcre.machine.throwNew('javacard/framework/SystemException', ILLEGAL_VALUE)
  }
  writeAid(jcre, handleAt(jcre, at), bytes)
  return 0
}

/** Another AID object, or undefined for null and for anything else; a foreign object is a SecurityException. */
function otherAid(jcre: Jcre, handle: number): Uint8Array | undefined {
  if (handle === 0) return undefined
  if (fieldFault(jcre.machine, handle) !== 0) requireObject(jcre, handle, CLASS_NAME)
  const isAid = !jcre.machine.isArray(handle) && jcre.machine.classOf(handle).isKindOf(jcre.requireClass(CLASS_NAME))
  return isAid ? aidBytes(jcre, handle) : undefined
}

const equalsObject: JcreMethod = (jcre, at) => {
  const other = otherAid(jcre, handleAt(jcre, at + 1))
  return other !== undefined && equalBytes(aidBytes(jcre, handleAt(jcre, at)), other) ? 1 : 0
}

const ridEquals: JcreMethod = (jcre, at) => {
  const other = otherAid(jcre, handleAt(jcre, at + 1))?.subarray(0, RID_BYTES)
  return other !== undefined && equalBytes(aidBytes(jcre, handleAt(jcre, at)).subarray(0, RID_BYTES), other) ? 1 : 0
}

/** null compares false; a range outside of the array is ArrayIndexOutOfBoundsException. */
function equalsArray(isPrefix: boolean): JcreMethod {
  return (jcre, at) => {
    const array = handleAt(jcre, at + 1)
    if (array === 0) return 0
    const length = byteAt(jcre, at + 3)
    const bytes = bytesOf(jcre, array, shortAt(jcre, at + 2), length)
    const own = aidBytes(jcre, handleAt(jcre, at))
    return equalBytes(isPrefix ? own.subarray(0, length) : own, bytes) ? 1 : 0
  }
}

const getBytes: JcreMethod = (jcre, at) => {
  const own = aidBytes(jcre, handleAt(jcre, at))
  putResult(jcre, byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), own.length), own)
  return own.length
}

/** Length 0 asks for all the rest. */
const getPartialBytes: JcreMethod = (jcre, at) => {
  const own = aidBytes(jcre, handleAt(jcre, at))
  const from = shortAt(jcre, at + 1)
  const wanted = byteAt(jcre, at + 4)
  const length = wanted === 0 ? own.length - from : wanted
  if (from < 0 || length < 0 || from + length > own.length) {
    jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  }
  const to = byteRange(jcre, handleAt(jcre, at + 2), shortAt(jcre, at + 3), length)
  putResult(jcre, to, own.subarray(from, from + length))
  return length
}

export const aidMethods: Readonly<Record<string, JcreMethod>> = {
  'AID.<init>([BSB)V': construct,
  'AID.equals(Ljava/lang/Object;)Z': equalsObject,
  'AID.equals([BSB)Z': equalsArray(false),
  'AID.partialEquals([BSB)Z': equalsArray(true),
  'AID.RIDEquals(Ljavacard/framework/AID;)Z': ridEquals,
  'AID.getBytes([BS)B': getBytes,
  'AID.getPartialBytes(S[BSB)B': getPartialBytes,
}
