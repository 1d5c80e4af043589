import { type CosemData, type CosemObject, cosem, dataObject } from '@gridcard/dlms'
import type { SecureElement, SecureElementStatus } from './secure-element.ts'

export const cardStatusLogicalName = '0.128.96.0.0.255'

/**
 * The meter's card, for its owner: what applet it is, how full it is, where its counters stand. Maker's own object
 * (value group B 128 and above is free for that, Blue Book §6).
 */
export function cardStatusObject(element: Pick<SecureElement, 'status'>): CosemObject {
  return dataObject({
    logicalName: cardStatusLogicalName,
    value: async () => {
      const status = await element.status()
      return status === undefined ? { refused: 'temporary-failure' } : cardStatusData(status)
    },
  })
}

function cardStatusData(status: SecureElementStatus) {
  return cosem.structure(
    cosem.octetString(status.appletAid),
    cosem.unsigned(status.appletVersion),
    cosem.enumeration(status.lifeCycle),
    cosem.boolean(status.bound),
    bytesOrNull(status.appletBytes),
    bytesOrNull(status.freePersistentBytes),
    bytesOrNull(status.freeTransientBytes),
    cosem.array(
      status.slots.map(({ slot, send, messageFloor, tokenFloor }) =>
        cosem.structure(
          cosem.unsigned(slot),
          cosem.doubleLongUnsigned(send),
          cosem.doubleLongUnsigned(messageFloor),
          cosem.doubleLongUnsigned(tokenFloor),
        ),
      ),
    ),
  )
}

const bytesOrNull = (bytes: number | undefined): CosemData =>
  bytes === undefined ? cosem.nullData : cosem.doubleLongUnsigned(bytes)
