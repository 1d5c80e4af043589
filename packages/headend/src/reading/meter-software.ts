import { fromAscii } from '@gridcard/bytes'
import { type AttributeRef, type CosemData, cosem, type DlmsClient, DlmsError } from '@gridcard/dlms'
import { HeadendError } from '../errors.ts'
import { meterNames } from './meter-names.ts'

const data = (logicalName: string): AttributeRef => ({ classId: 1, logicalName, attributeIndex: 2 })
const transfer = { classId: 18, logicalName: meterNames.imageTransfer }
const method = (methodIndex: number) => ({ ...transfer, methodIndex })
const zero = cosem.integer(0)

/** What a meter proves of its software, for one nonce. Nothing of it is judged yet. */
export interface SoftwareProof {
  readonly nonce: Uint8Array
  readonly quote: Uint8Array
  readonly eventHead: Uint8Array
}

/** @returns undefined when the meter gives no quote */
export async function askForQuote(client: DlmsClient, nonce: Uint8Array): Promise<SoftwareProof | undefined> {
  try {
    await client.set(data(meterNames.softwareQuote), cosem.octetString(nonce))
    const answer = await client.get(data(meterNames.softwareQuote))
    const [quote, head] = answer.type === 'structure' ? answer.value : []
    if (quote?.type !== 'octet-string' || head?.type !== 'octet-string') return undefined
    return { nonce, quote: quote.value, eventHead: head.value }
  } catch (error) {
    if (error instanceof DlmsError && error.code === 'DLMS_ACCESS_REFUSED') return undefined
    throw error
  }
}

/** How far an update came. */
export type UpdateStep = 'transfer' | 'verify' | 'activate' | 'done'

/**
 * The seven steps of image transfer; the meter starts again when the session is over.
 *
 * @returns the step that the meter refused, or `done`
 * @source Blue Book ed. 14 §4.4.6
 */
export async function updateMeterSoftware(
  client: DlmsClient,
  o: { readonly image: Uint8Array; readonly version: string; readonly activation: Uint8Array },
): Promise<UpdateStep> {
  let step: UpdateStep = 'transfer'
  try {
    const size = cosem.doubleLongUnsigned(o.image.length)
    await client.action(method(1), cosem.structure(cosem.octetString(fromAscii(o.version)), size))
    const blockBytes = numberOf(await client.get({ ...transfer, attributeIndex: 2 }))
    if (blockBytes < 1) throw new HeadendError('HEADEND_METER_UNREADABLE', 'the meter tells no size of image blocks')
    for (let n = 0; n * blockBytes < o.image.length; n++) {
      const block = cosem.octetString(o.image.slice(n * blockBytes, (n + 1) * blockBytes))
      await client.action(method(2), cosem.structure(cosem.doubleLongUnsigned(n), block))
    }
    const missing = numberOf(await client.get({ ...transfer, attributeIndex: 4 }))
    if (missing < Math.ceil(o.image.length / blockBytes)) return step
    step = 'verify'
    await client.action(method(3), zero)
    const info = await client.get({ ...transfer, attributeIndex: 7 })
    if (info.type !== 'array' || info.value.length !== 1) return step
    step = 'activate'
    await client.set(data(meterNames.softwareActivation), cosem.octetString(o.activation))
    await client.action(method(4), zero)
    return 'done'
  } catch (error) {
    const isRefusal =
      error instanceof DlmsError && (error.code === 'DLMS_ACTION_REFUSED' || error.code === 'DLMS_ACCESS_REFUSED')
    if (isRefusal) return step
    throw error
  }
}

const numberOf = (value: CosemData): number => (value.type === 'double-long-unsigned' ? value.value : 0)
