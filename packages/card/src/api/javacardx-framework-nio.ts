import { BIG_ENDIAN_HANDLE, LITTLE_ENDIAN_HANDLE } from '../vm/jcre-objects.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { bufferMethods } from './javacardx-framework-nio/buffer.ts'
import { BUFFER_HIDDEN_BYTES, BUFFER_REFERENCES } from './javacardx-framework-nio/buffer-state.ts'
import { byteBufferImplementation, byteBufferMethods } from './javacardx-framework-nio/byte-buffer.ts'
import { natives } from './native-call.ts'

/** javacardx.framework.nio: byte buffers over arrays, and over RAM of their own. */
export const javacardxFrameworkNio: NativeBinding = {
  package: 'javacardx/framework/nio',
  methods: natives({
    'BufferOverflowException.<init>()V': () => 0,
    'BufferUnderflowException.<init>()V': () => 0,
    'ReadOnlyBufferException.<init>()V': () => 0,
    ...bufferMethods,
    ...byteBufferMethods,
  }),
  staticFields: {
    'ByteOrder.BIG_ENDIAN': BIG_ENDIAN_HANDLE,
    'ByteOrder.LITTLE_ENDIAN': LITTLE_ENDIAN_HANDLE,
  },
  hiddenBytes: { Buffer: BUFFER_HIDDEN_BYTES },
  hiddenReferences: { Buffer: BUFFER_REFERENCES },
  implementations: [byteBufferImplementation],
}
