import { assert } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import {
  APDU_BUFFER_HANDLE,
  APDU_HANDLE,
  BIG_ENDIAN_HANDLE,
  exceptionHandle,
  JCRE_EXCEPTIONS,
  LITTLE_ENDIAN_HANDLE,
} from '../vm/jcre-objects.ts'
import type { NativeLibrary } from '../vm/link/native-library.ts'
import { type CardMemory, CLEAR_ON_RESET } from '../vm/memory/card-memory.ts'
import { BYTE_ARRAY_TYPE, JCRE_OWNER, TYPE } from '../vm/memory/handle-entry.ts'

/** Header, extended Lc and 254 bytes of data; or a whole short command. */
export const APDU_BUFFER_BYTES = 261
const BYTE_ORDER = 'javacardx/framework/nio/ByteOrder'

/** The runtime environment's own objects, on a card just formatted: the APDU, its buffer, one of each exception. */
export function createJcreObjects(memory: CardMemory, natives: NativeLibrary): void {
  memory.begin()
  const entryPoint = (className: string, kind: number = TYPE.temporaryEntryPoint) => {
    const type = natives.requireClassId(className) | kind
    return memory.newTransient(JCRE_OWNER, type, 0, natives.requireClass(className).hiddenBytes, CLEAR_ON_RESET)
  }
  const apdu = entryPoint('javacard/framework/APDU')
  const bufferType = BYTE_ARRAY_TYPE | TYPE.global
  const buffer = memory.newTransient(JCRE_OWNER, bufferType, APDU_BUFFER_BYTES, APDU_BUFFER_BYTES, CLEAR_ON_RESET)
  assert(apdu === APDU_HANDLE && buffer === APDU_BUFFER_HANDLE, 'the first two handles are the APDU and its buffer')
  for (const name of JCRE_EXCEPTIONS) assert(entryPoint(name) === exceptionHandle(name), `the handle of ${name}`)
  entryPoint(BYTE_ORDER, TYPE.permanentEntryPoint)
  assert(entryPoint(BYTE_ORDER, TYPE.permanentEntryPoint) === LITTLE_ENDIAN_HANDLE, 'ByteOrder objects come last')
  memory.commit()
}

/**
 * The runtime's own objects stand in an image where they have to; one of an earlier version may lack exceptions.
 * @throws CardError `CARD_IMAGE_VERSION`
 */
export function requireJcreObjects(memory: CardMemory, natives: NativeLibrary): void {
  const requireEntry = (handle: number, name: string, kind: number) => {
    const type = natives.requireClassId(name) | kind
    const isThere = handle < memory.root.handleCount && memory.word1(handle) >>> 16 === type
    if (!isThere) throw new CardError('CARD_IMAGE_VERSION', `the image has no ${name} of the runtime`, { handle })
  }
  for (const name of JCRE_EXCEPTIONS) requireEntry(exceptionHandle(name), name, TYPE.temporaryEntryPoint)
  for (const handle of [BIG_ENDIAN_HANDLE, LITTLE_ENDIAN_HANDLE]) {
    requireEntry(handle, BYTE_ORDER, TYPE.permanentEntryPoint)
  }
}
