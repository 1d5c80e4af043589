import { DlmsError } from '../errors.ts'

/**
 * Carries APDUs between one client and one server; addressing is its business. `send` is enough for a client that asks and
 * is answered; with `post` and `next` an answer may be several APDUs (blocks of a window), a request may have none
 * (unconfirmed services), and the server may speak first (notifications).
 */
export interface DlmsTransport {
  /**
   * Sends an APDU and gives the next one that comes; what was waiting is dropped. Rejects with DLMS_TIMEOUT, and then cuts
   * the line, or with DLMS_TRANSPORT_CLOSED.
   */
  send(apdu: Uint8Array): Promise<Uint8Array>
  /** Sends an APDU and waits for nothing. */
  post?(apdu: Uint8Array): Promise<void>
  /**
   * Sends an APDU that has no answer, and that no link below acknowledges either (HDLC: UI frames). Where it is missing,
   * `post` does.
   */
  postUnconfirmed?(apdu: Uint8Array): Promise<void>
  /** The next APDU that comes, or that waits already; undefined after `quietMs` without one. The line stays open. */
  next?(quietMs: number): Promise<Uint8Array | undefined>
  /** Silence after which something counts as lost, where the line knows better than the client. */
  readonly quietMs?: number
  /** Called when an APDU came that nobody waited for; `next` gives it. Without a listener that is an error. */
  onWaiting?(listener: () => void): void
  close(): void
}

/** One that can say and hear several APDUs in a row. */
export type ConversingTransport = Pick<DlmsTransport, 'send'> & Required<Pick<DlmsTransport, 'post' | 'next'>>

export const isConversing = (
  transport: Pick<DlmsTransport, 'send' | 'post' | 'next'>,
): transport is ConversingTransport => transport.post !== undefined && transport.next !== undefined

/** Sends what has no answer. @throws DlmsError `DLMS_CONFIGURATION` where the transport knows answers only */
export async function postUnanswered(
  transport: Pick<DlmsTransport, 'post' | 'postUnconfirmed'>,
  apdu: Uint8Array,
): Promise<void> {
  const post = transport.postUnconfirmed ?? transport.post
  if (post === undefined) throw new DlmsError('DLMS_CONFIGURATION', 'this transport carries nothing that has no answer')
  await post.call(transport, apdu)
}
