/** Why a critical command is refused. Outside nobody is told which; the log is. */
export type CommandRefusalReason =
  /** Nobody has signed a word for it. */
  | 'unauthorised'
  /** No signed command; signature or MAC is wrong. */
  | 'not-genuine'
  | 'other-device'
  /** Unknown party, not for this party, too many in a while, not now that the device was opened; or the element is locked. */
  | 'not-allowed'
  | 'old-counter'
  /** Outside its window, or time went back. */
  | 'not-now'
  /** Signed was another method, other parameters, or a class that the method is not of. */
  | 'other-payload'
  | 'unavailable'

export interface CommandRefusal {
  readonly refused: CommandRefusalReason
}

export const isCommandRefusal = (answer: object): answer is CommandRefusal => 'refused' in answer

/**
 * The part of a device's secure element that judges critical commands. What it accepts it accepts once: counter, time and count
 * are stored before the ticket comes out.
 */
export interface CommandJudge {
  /** @param command header, signature, and where the policy asks for it the MAC of the access controller */
  verify(
    nowSeconds: number,
    command: Uint8Array,
  ): Promise<{ readonly ticket: Uint8Array; readonly commandClass: number } | CommandRefusal>
  /** Good once, for the payload that was signed: then the device acts. */
  redeem(ticket: Uint8Array, payload: Uint8Array): Promise<{ readonly ok: true } | CommandRefusal>
  /** The element's word on what became of the command redeemed last. @param result 0..65535 */
  signResponse(result: number, nowSeconds: number): Promise<{ readonly response: Uint8Array } | CommandRefusal>
}
