/** A Buffer is a Uint8Array whose slice() is a view: callers get a real one, over the same memory. */
export const plain = (buffer: Uint8Array): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
