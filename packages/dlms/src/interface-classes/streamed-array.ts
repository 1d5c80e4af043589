import type { CosemData } from '../cosem/cosem-data.ts'
import { cosem } from '../cosem/cosem-data.ts'
import { DlmsError } from '../errors.ts'

/**
 * An array that is never whole in memory: a profile buffer larger than that. An array begins with its length, so how many
 * elements there are has to be known before the first of them.
 */
export interface StreamedArray {
  readonly count: number
  /** Exactly `count`; taken once, and left early when the client goes away. */
  readonly elements: Iterable<CosemData> | AsyncIterable<CosemData>
}

export const isStreamedArray = (value: object): value is StreamedArray => 'elements' in value

/** @throws DlmsError `DLMS_NOT_REPRESENTABLE` when there are not as many elements as were told */
export async function collected({ count, elements }: StreamedArray): Promise<CosemData> {
  const values: CosemData[] = []
  for await (const element of elements) values.push(element)
  if (values.length !== count) throw miscounted(count)
  return cosem.array(values)
}

export const miscounted = (count: number): DlmsError =>
  new DlmsError('DLMS_NOT_REPRESENTABLE', 'a stream has another number of elements than it told', { count })
