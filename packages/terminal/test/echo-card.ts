import { concatBytes, fromHex } from '@gridcard/bytes'
import type { CardLink } from '../src/card-link.ts'

export const echoAtr = fromHex('3B8A01806847524944434152446F')

/** A card that sends every command back with 9000, and counts its resets. */
export class EchoCard implements CardLink {
  resets = 0
  isPowered = false

  async powerOn(): Promise<Uint8Array> {
    this.resets++
    this.isPowered = true
    return echoAtr
  }

  async transmit(command: Uint8Array): Promise<Uint8Array> {
    if (!this.isPowered) throw new Error('no power')
    return concatBytes(command, Uint8Array.of(0x90, 0x00))
  }

  async powerOff(): Promise<void> {
    this.isPowered = false
  }
}
