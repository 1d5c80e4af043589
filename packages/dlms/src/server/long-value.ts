import { ByteWriter, concatBytes, writeBerLength } from '@gridcard/bytes'
import { emitData } from '../cosem/data-codec.ts'
import { dataTags } from '../cosem/data-tags.ts'
import { miscounted, type StreamedArray } from '../interface-classes/streamed-array.ts'

/** An encoded value, front to back in pieces. */
export interface LongValue {
  /**
   * As many octets as asked for, fewer only at the end.
   * @throws whatever the object throws whose value it is
   */
  take(mostBytes: number): Promise<{ readonly octets: Uint8Array; readonly isLast: boolean }>
  /** Nobody wants the rest. */
  leave(): void
}

export function longValueOf(encoded: Uint8Array): LongValue {
  let at = 0
  return {
    async take(mostBytes) {
      const octets = encoded.slice(at, at + mostBytes)
      at += octets.length
      return { octets, isLast: at === encoded.length }
    },
    leave() {},
  }
}

/** Encodes elements as they are asked for; keeps no more than one block and one element. */
export function streamedValueOf({ count, elements }: StreamedArray): LongValue {
  const head = new ByteWriter().u8(dataTags.array)
  writeBerLength(head, count)
  let waiting: Uint8Array[] = [head.toBytes()]
  let waitingBytes = waiting[0]!.length
  let given = 0
  let isEnded = false
  const iterator = Symbol.asyncIterator in elements ? elements[Symbol.asyncIterator]() : elements[Symbol.iterator]()
  const next = async () => {
    const { done, value } = await iterator.next()
    if (done === true) {
      if (given !== count) throw miscounted(count)
      isEnded = true
      return
    }
    if (++given > count) throw miscounted(count)
    const encoded = emitData(value)
    waiting.push(encoded)
    waitingBytes += encoded.length
  }
  return {
    async take(mostBytes) {
      // One octet more than asked for, to know whether this is the end.
      while (!isEnded && waitingBytes <= mostBytes) await next()
      const all = waiting.length === 1 ? waiting[0]! : concatBytes(...waiting)
      const octets = all.slice(0, mostBytes)
      waiting = [all.slice(octets.length)]
      waitingBytes = waiting[0]!.length
      return { octets, isLast: isEnded && waitingBytes === 0 }
    },
    leave() {
      isEnded = true
      const left = iterator.return?.()
      if (left instanceof Promise) left.catch(() => {})
    },
  }
}
