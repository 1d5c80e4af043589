import { fromAscii } from '@gridcard/bytes'
import { type CosemObject, cosem, dataObject, defineMeter } from '@gridcard/dlms'
import { isSoftwareRefusal } from './device-integrity.ts'
import { versionText } from './meter-releases.ts'
import type { MeterSoftware } from './meter-software.ts'

/** Objects of the loader, there whatever software runs. @source Blue Book ed. 14 §6.2.3 (firmware), §4.4.6 (class 18) */
export const softwareLogicalNames = {
  imageTransfer: '0.0.44.0.0.255',
  activeFirmware: '1.0.0.2.0.255',
  activeFirmwareSignature: '1.0.0.2.8.255',
  /** Maker's own: the responsible party's word for the image that is to be activated. */
  activation: '0.128.96.1.0.255',
  /** Maker's own: a nonce goes in, a quote and the head of the event log come out. */
  quote: '0.128.96.2.0.255',
} as const

/** Bytes of an image at most, and of a block. */
const largestImageBytes = 256 * 1024
const imageBlockBytes = 800

export interface SoftwareObjectsOptions {
  readonly software: MeterSoftware
  nowMs(): number
  /** Verification failed or activation was refused: for the log. */
  onRefused(step: 'verify' | 'activate', reason: string): void
  onVerified(): void
  /** The next boot runs it. */
  onActivated(): void
}

export function softwareObjects({ software, nowMs, ...told }: SoftwareObjectsOptions): readonly CosemObject[] {
  const name = softwareLogicalNames
  let activation: Uint8Array | undefined
  let nonce: Uint8Array | undefined
  const nowSeconds = () => Math.floor(nowMs() / 1000)
  const transfer = defineMeter({
    ports: {
      nowMs,
      image: {
        largestBytes: largestImageBytes,
        blockBytes: imageBlockBytes,
        accepts: () => software.running !== undefined,
        async verify(_identifier, image) {
          const reason = await software.verifyUpdate(image)
          if (reason === undefined) told.onVerified()
          else told.onRefused('verify', reason)
          return reason === undefined
        },
        async activate(_identifier, image) {
          const word = activation
          activation = undefined
          const reason =
            word === undefined ? 'nobody has authorised it' : await software.activateUpdate(image, nowSeconds(), word)
          if (reason === undefined) told.onActivated()
          else told.onRefused('activate', reason)
          return reason === undefined
        },
      },
    },
    objects: [
      {
        class: 'Image transfer',
        logicalName: name.imageTransfer,
        attributes: { image_transfer_enabled: cosem.boolean(true) },
      },
    ],
  })
  const running = () => software.running?.image
  return [
    ...transfer.objects,
    dataObject({
      logicalName: name.activeFirmware,
      value: () => cosem.octetString(fromAscii(versionText(running()?.header.version ?? 0))),
    }),
    dataObject({
      logicalName: name.activeFirmwareSignature,
      value: () => cosem.octetString(running()?.signedHeader.slice(-64) ?? new Uint8Array(0)),
    }),
    dataObject({
      logicalName: name.activation,
      value: () => cosem.octetString(activation ?? new Uint8Array(0)),
      write(value) {
        if (value.type !== 'octet-string' || value.value.length > 540) return { refused: 'type-unmatched' }
        activation = value.value.slice()
        return undefined
      },
    }),
    dataObject({
      logicalName: name.quote,
      async value() {
        const asked = nonce
        nonce = undefined
        if (asked === undefined) return { refused: 'temporary-failure' }
        const answer = await software.quote(asked, nowSeconds())
        if (isSoftwareRefusal(answer)) return { refused: 'temporary-failure' }
        return cosem.structure(cosem.octetString(answer.quote), cosem.octetString(answer.eventHead))
      },
      write(value) {
        if (value.type !== 'octet-string' || value.value.length !== 16) return { refused: 'type-unmatched' }
        nonce = value.value.slice()
        return undefined
      },
    }),
  ]
}
