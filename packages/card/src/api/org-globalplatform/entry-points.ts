import { equalBytes } from '@gridcard/bytes'
import type { GlobalPlatform } from '../../globalplatform/globalplatform.ts'
import { globalPlatformOf } from '../../globalplatform/globalplatform.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import { JCRE_OWNER, TYPE } from '../../vm/memory/handle-entry.ts'

/** Objects of GlobalPlatform that applets get: permanent entry points of the JCRE, one for each different hidden state. */

const CONDITIONS_NOT_SATISFIED = 0x6985
const NO_RESOURCE = 5

export function failIso(jcre: Jcre, statusWord: number): never {
  return jcre.machine.throwNew('javacard/framework/ISOException', (statusWord << 16) >> 16)
}

/** A card without GlobalPlatform has the classes, but nothing behind them: 6985. */
export function requireGlobalPlatform(jcre: Jcre): GlobalPlatform {
  return globalPlatformOf(jcre) ?? failIso(jcre, CONDITIONS_NOT_SATISFIED)
}

/** The object of the class with this hidden state; made when it is asked for first. */
export function entryPoint(jcre: Jcre, className: string, hidden: Uint8Array): number {
  const { memory, machine } = jcre
  const linked = jcre.requireClass(className)
  const type = machine.classIdOf(linked) | TYPE.permanentEntryPoint
  for (let handle = 1; handle < memory.root.handleCount; handle++) {
    if (memory.word1(handle) >>> 16 !== type || memory.word0(handle) >>> 24 !== JCRE_OWNER) continue
    const at = memory.addressOf(handle)
    if (equalBytes(memory.u8.subarray(at, at + hidden.length), hidden)) return handle
  }
  const handle = memory.newPersistent(JCRE_OWNER, type, 0, linked.hiddenBytes)
  if (handle === 0) machine.throwNew('javacard/framework/SystemException', NO_RESOURCE)
  memory.putBytes(memory.addressOf(handle), hidden)
  return handle
}

export function hiddenBytesOf(jcre: Jcre, handle: number, length: number): Uint8Array {
  const at = jcre.machine.hiddenAddress(handle)
  return jcre.memory.u8.slice(at, at + length)
}
