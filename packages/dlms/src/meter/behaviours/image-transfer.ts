import { cosem } from '../../cosem/cosem-data.ts'
import { type ClassBehaviour, type MeterContext, refused, success } from '../meter-context.ts'
import type { MeterObject } from '../meter-object.ts'
import { bitsOf, elementOf, intOf, isTrue, octetsOf } from '../values.ts'

/** Values of image_transfer_status. @source Blue Book ed. 14 §4.4.6 */
export const imageTransferStatus = {
  notInitiated: 0,
  initiated: 1,
  verificationInitiated: 2,
  verificationSuccessful: 3,
  verificationFailed: 4,
  activationInitiated: 5,
  activationSuccessful: 6,
  activationFailed: 7,
} as const

/** What has arrived of an image. */
interface Transfer {
  readonly identifier: Uint8Array
  readonly image: Uint8Array
  readonly arrived: boolean[]
}

/**
 * An image comes in blocks, any number of times and in any order; it is verified when all of them are there, and activated
 * after it was verified. What was transferred before is forgotten when another transfer is initiated.
 */
export const imageTransfer: ClassBehaviour = {
  methods: {
    image_transfer_initiate: async (object, parameter, meter) => {
      const { image: port } = meter
      const identifier = octetsOf(elementOf(parameter, 0)).slice()
      const size = intOf(elementOf(parameter, 1))
      if (port === undefined || !isTrue(object.kept('image_transfer_enabled'))) return refused('temporary-failure')
      if (size < 1 || size > port.largestBytes) return refused('scope-of-access-violated')
      if (!(await port.accepts(identifier, size))) return refused('read-write-denied')
      const arrived = Array.from({ length: Math.ceil(size / port.blockBytes) }, () => false)
      object.notes.set('transfer', { identifier, image: new Uint8Array(size), arrived } satisfies Transfer)
      object.keep('image_block_size', cosem.doubleLongUnsigned(port.blockBytes))
      object.keep('image_to_activate_info', cosem.array([]))
      show(object, arrived)
      enter(object, meter, 'initiated')
      return success
    },
    image_block_transfer: (object, parameter, meter) => {
      const transfer = transferOf(object)
      const status = intOf(object.kept('image_transfer_status'))
      if (transfer === undefined || meter.image === undefined || status !== imageTransferStatus.initiated) {
        return refused('temporary-failure')
      }
      const number = intOf(elementOf(parameter, 0))
      const block = octetsOf(elementOf(parameter, 1))
      const at = number * meter.image.blockBytes
      const wanted = Math.min(meter.image.blockBytes, transfer.image.length - at)
      if (number >= transfer.arrived.length || block.length !== wanted) return refused('scope-of-access-violated')
      transfer.image.set(block, at)
      transfer.arrived[number] = true
      show(object, transfer.arrived)
      return success
    },
    image_verify: async (object, _parameter, meter) => {
      const transfer = transferOf(object)
      if (transfer === undefined || meter.image === undefined || !transfer.arrived.every(Boolean)) return refused()
      enter(object, meter, 'verificationInitiated')
      const isGood = await meter.image.verify(transfer.identifier, transfer.image)
      enter(object, meter, isGood ? 'verificationSuccessful' : 'verificationFailed')
      if (!isGood) return refused()
      const size = cosem.doubleLongUnsigned(transfer.image.length)
      const none = cosem.octetString(new Uint8Array(0))
      const info = cosem.structure(size, cosem.octetString(transfer.identifier), none)
      object.keep('image_to_activate_info', cosem.array([info]))
      return success
    },
    image_activate: async (object, _parameter, meter) => {
      const transfer = transferOf(object)
      const status = intOf(object.kept('image_transfer_status'))
      const isVerified = status === imageTransferStatus.verificationSuccessful
      if (transfer === undefined || meter.image === undefined || !isVerified) return refused()
      enter(object, meter, 'activationInitiated')
      const isActive = await meter.image.activate(transfer.identifier, transfer.image)
      enter(object, meter, isActive ? 'activationSuccessful' : 'activationFailed')
      if (isActive) object.notes.delete('transfer')
      return isActive ? success : refused()
    },
  },
}

const transferOf = (object: MeterObject) => object.notes.get('transfer') as Transfer | undefined

function show(object: MeterObject, arrived: readonly boolean[]): void {
  object.keep('image_transferred_blocks_status', bitsOf(arrived))
  const missing = arrived.indexOf(false)
  const first = cosem.doubleLongUnsigned(missing === -1 ? arrived.length : missing)
  object.keep('image_first_not_transferred_block_number', first)
}

function enter(object: MeterObject, meter: MeterContext, status: keyof typeof imageTransferStatus): void {
  object.keep('image_transfer_status', cosem.enumeration(imageTransferStatus[status]))
  meter.onEvent?.({ kind: 'image', object: object.logicalName, detail: status })
}
