import { emitXdlms } from '../apdu/apdu.ts'
import type { DataNotification, EventNotification } from '../apdu/data-notification.ts'
import { refusalError } from '../client/response-errors.ts'
import { FrameProtection } from '../security/frame-protection.ts'
import { isRefusal, type SecurityModule } from '../security/security-module.ts'

export interface NotificationOptions {
  readonly notification: DataNotification | EventNotification
  /** With it the notification goes out authenticated and encrypted under the keys of `slot`, else in clear. */
  readonly security?: SecurityModule
  readonly slot?: number
}

/**
 * One notification as an APDU, ready for `sendPush`, a UI frame or any other way; a protected one is a
 * general-glo-ciphering, because it stands in no association and has to name its sender.
 * @throws DlmsError `DLMS_SECURITY_REFUSED`, `DLMS_NOT_REPRESENTABLE`
 * @source Green Book ed. 8 §9.3.10 (DataNotification), §9.3.9 (EventNotification)
 */
export async function notificationApdu({ notification, security, slot }: NotificationOptions): Promise<Uint8Array> {
  const plaintext = emitXdlms(notification)
  if (security === undefined) return plaintext
  // Only the protecting half is used, which names no peer.
  const secured = await new FrameProtection(security, slot ?? 0, security.systemTitle).protect(plaintext, 'general-glo')
  if (isRefusal(secured)) throw refusalError(secured)
  return secured
}
