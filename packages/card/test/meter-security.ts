import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { Card, type CardProfile, type NvStore } from '../src/index.ts'

/** Our own applet, as it is shipped. */
export const METER_SECURITY_CAP = new Uint8Array(
  readFileSync(new URL('../../../applets/prebuilt/meter-security.cap', import.meta.url)),
)
export const PACKAGE_AID = fromHex('F0475249444341524401')
export const APPLET_AID = fromHex('F047524944434152440101')
export const METER_PROFILE: CardProfile = {
  name: 'meter-test',
  nvSizeBytes: 16384,
  ramSizeBytes: 8192,
  commitCapacityBytes: 512,
  atr: fromHex('3B8001'),
}

// Key set of the Green Book, suite 0.
export const ENCRYPTION_KEY = fromHex('000102030405060708090A0B0C0D0E0F')
export const AUTHENTICATION_KEY = fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF')
export const OWN_TITLE = '4D4D4D0000BC614E'
export const PEER_TITLE = '4D4D4D0000000001'
export const DEVICE_ID = '00112233445566778899AABBCCDDEEFF'

export const SELECT = `00A404000B${toHex(APPLET_AID)}`
export const SET_IDENTITY = `8010000018${OWN_TITLE}${DEVICE_ID}`
export const PUT_KEY_SLOT = `8012000028${PEER_TITLE}${toHex(ENCRYPTION_KEY)}${toHex(AUTHENTICATION_KEY)}`
export const ACTIVATE = '801E0000'
export const BIND = `8020000010${DEVICE_ID}`
export const READ_COUNTERS = '8004000000'

export const command = (head: string, data: string, le = ''): string => {
  const length = data.length / 2
  if (length <= 255) return head + length.toString(16).padStart(2, '0') + data + le
  return `${head}00${length.toString(16).padStart(4, '0')}${data}${le && '0000'}`
}

export class MeterCard {
  readonly card: Card

  constructor(card: Card) {
    this.card = card
  }

  static blank(o: { crypto?: CryptoProvider; store?: NvStore } = {}): MeterCard {
    const { crypto = nodeCrypto, store } = o
    const card = Card.create({ profile: METER_PROFILE, crypto, ...(store && { store }) })
    card.loadPackage(METER_SECURITY_CAP)
    card.installApplet({ packageAid: PACKAGE_AID, appletAid: APPLET_AID })
    return new MeterCard(card)
  }

  /** Operational, selected and bound, with the Green Book keys in slot 0. */
  static ready(o: { crypto?: CryptoProvider; store?: NvStore } = {}): MeterCard {
    const meter = MeterCard.blank(o)
    meter.card.powerOn()
    for (const one of [SELECT, SET_IDENTITY, PUT_KEY_SLOT, ACTIVATE, BIND]) meter.send(one)
    return meter
  }

  static open(image: Uint8Array): MeterCard {
    return new MeterCard(Card.open({ profile: METER_PROFILE, crypto: nodeCrypto, image }))
  }

  send(hex: string): string {
    return toHex(this.card.transmit(fromHex(hex)))
  }

  /** Powers on, selects, binds, and asks for send counter, message floor and token floor of slot 0. */
  counters(): string {
    this.card.powerOn()
    this.send(SELECT)
    this.send(BIND)
    return this.send(READ_COUNTERS)
  }
}
