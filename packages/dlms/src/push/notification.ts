import { emitXdlms } from '../apdu/apdu.ts'
import type { DataNotification, EventNotification } from '../apdu/data-notification.ts'
import { unconfirmedBlocks } from '../block-transfer/unconfirmed-blocks.ts'
import { refusalError } from '../client/response-errors.ts'
import { DlmsError } from '../errors.ts'
import { FrameProtection, generalGloLayers, type ProtectionLayers } from '../security/frame-protection.ts'
import { isRefusal, type SecurityModule } from '../security/security-module.ts'
import type { SecuritySuiteId } from '../security/security-suite.ts'

export interface NotificationOptions {
  readonly notification: DataNotification | EventNotification
  /** With it the notification goes out authenticated and encrypted under the keys of `slot`, else in clear. */
  readonly security?: SecurityModule
  readonly slot?: number
  /** Default 0. */
  readonly suite?: SecuritySuiteId
  /** Default general-glo-ciphering, authenticated and encrypted. */
  readonly layers?: ProtectionLayers
  /** Named in general-ciphering and general-signing, which need it. */
  readonly recipientSystemTitle?: Uint8Array
}

/**
 * The same cut into blocks of general block transfer, none longer than `maxPduBytes`, for what is longer than one APDU may be.
 * @throws DlmsError as `notificationApdu`, `DLMS_LIMIT_EXCEEDED`
 */
export async function notificationBlocks(
  options: NotificationOptions & { readonly maxPduBytes: number },
): Promise<readonly Uint8Array[]> {
  const apdu = await notificationApdu(options)
  if (apdu.length <= options.maxPduBytes) return [apdu]
  const blocks = unconfirmedBlocks(apdu, options.maxPduBytes)
  if (blocks !== undefined) return blocks
  throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'notification longer than blocks carry', { lengthBytes: apdu.length })
}

/**
 * One notification as an APDU, ready for `sendPush`, a UI frame or any other way; a protected one is a
 * general-glo-ciphering, because it stands in no association and has to name its sender.
 * @throws DlmsError `DLMS_SECURITY_REFUSED`, `DLMS_NOT_REPRESENTABLE`
 * @source Green Book ed. 8 §9.3.10 (DataNotification), §9.3.9 (EventNotification)
 */
export async function notificationApdu(options: NotificationOptions): Promise<Uint8Array> {
  const { notification, security, slot = 0, suite, layers = generalGloLayers, recipientSystemTitle } = options
  const plaintext = emitXdlms(notification)
  if (security === undefined) return plaintext
  // Only the protecting half is used; general-glo-ciphering names no peer.
  const peerSystemTitle = recipientSystemTitle ?? security.systemTitle
  const protection = new FrameProtection({ security, slot, peerSystemTitle, suite, required: () => 0 })
  const secured = await protection.protect(plaintext, layers)
  if (isRefusal(secured)) throw refusalError(secured)
  return secured
}
