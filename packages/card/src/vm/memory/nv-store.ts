/**
 * The one write port of a card's non-volatile memory.
 *
 * `write` is called synchronously and in order for every non-volatile write before the write counts. The bytes are a
 * view of the card's memory, valid only during the call: copy what you keep. A store that throws is a power cut: the
 * card object is dead, and a new `Card.open` over the same store gives the state before or after the command's last
 * atomic step. Of the write that threw, any prefix may have reached the store.
 */
export interface NvStore {
  /** The whole image, or undefined if nothing was ever written. */
  read(): Uint8Array | undefined
  write(offsetBytes: number, bytes: Uint8Array): void
}

/** A store in host memory; `image` may be handed over to start from. */
export function memoryStore(image?: Uint8Array): NvStore {
  let stored = image?.slice()
  return {
    read: () => stored?.slice(),
    write(offsetBytes, bytes) {
      const end = offsetBytes + bytes.length
      if (stored === undefined || end > stored.length) {
        const larger = new Uint8Array(end)
        if (stored) larger.set(stored)
        stored = larger
      }
      stored.set(bytes, offsetBytes)
    },
  }
}
