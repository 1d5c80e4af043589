/**
 * A card in some reader: in this process, behind PC/SC, behind a socket. Devices know cards only as this.
 */
export interface CardLink {
  /** Cold reset; gives the answer to reset. */
  powerOn(): Promise<Uint8Array>
  /** One command APDU in, one response APDU (data and SW1 SW2) out; commands never overlap. */
  transmit(command: Uint8Array): Promise<Uint8Array>
  powerOff(): Promise<void>
}
