import { DlmsError } from '../errors.ts'
import type { DataLimits } from './cosem-data.ts'

/** What one decoding may still use of its limits. */
export class DataBudget {
  readonly #maxDepth: number
  #elementsLeft: number
  #depth = 0

  constructor(limits: DataLimits) {
    this.#maxDepth = limits.maxDepth
    this.#elementsLeft = limits.maxElements
  }

  /** One value more. */
  count(): void {
    if (--this.#elementsLeft < 0) throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'more values than allowed')
  }

  /** One level deeper while `read` runs. */
  nested<T>(read: () => T): T {
    if (++this.#depth > this.#maxDepth) throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'nested deeper than allowed')
    const value = read()
    this.#depth--
    return value
  }
}

/** `count` is foreign, so nothing is allocated ahead: each reading must find its octets first. */
export function repeat<T>(count: number, read: () => T): T[] {
  const values: T[] = []
  for (let i = 0; i < count; i++) values.push(read())
  return values
}
