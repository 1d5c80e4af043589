import { fromAscii, toAscii } from '@gridcard/bytes'
import { DevicesError } from '../errors.ts'

/** Three letters of the maker; in front of system titles and logical device names. Not a registered one. */
export const manufacturerId = 'GRC'

export interface MeterIdentity {
  /** `GC` and 8 digits. */
  readonly serial: string
  /** 8 bytes, the first three the maker's letters. Part of every IV: no two meters may share one. */
  readonly systemTitle: Uint8Array
  /** 16 characters, the first three the maker's letters. */
  readonly logicalDeviceName: string
  /** 16 bytes the card is bound to. A name, not a secret: who holds the card and knows it can bind the card. */
  readonly deviceId: Uint8Array
}

/** @throws DevicesError `DEVICES_BAD_OPTION` for an identity that no meter of this maker has */
export function requireIdentity(identity: MeterIdentity): MeterIdentity {
  const { serial, systemTitle, logicalDeviceName, deviceId } = identity
  if (!/^GC\d{8}$/.test(serial)) throw bad('a serial is GC and 8 digits')
  if (systemTitle.length !== 8 || toAscii(systemTitle.subarray(0, 3)) !== manufacturerId) {
    throw bad(`a system title is ${manufacturerId} and 5 bytes`)
  }
  if (!/^GRC[ -~]{13}$/.test(logicalDeviceName))
    throw bad(`a logical device name is ${manufacturerId} and 13 characters`)
  if (deviceId.length !== 16) throw bad('a device id has 16 bytes')
  return { serial, systemTitle: systemTitle.slice(), logicalDeviceName, deviceId: deviceId.slice() }
}

const electricityMeter = 0x01

/**
 * The identity of the meter with this number, 0..99999999, apart from its device id: the serial, and the same number
 * in the system title (after a byte for the kind of device) and in the logical device name.
 */
export function numberedIdentity(number: number, deviceId: Uint8Array): MeterIdentity {
  if (!Number.isInteger(number) || number < 0 || number > 99_999_999) throw bad('a meter number is 0..99999999')
  const serial = `GC${String(number).padStart(8, '0')}`
  const systemTitle = new Uint8Array(8)
  systemTitle.set(fromAscii(manufacturerId))
  systemTitle[3] = electricityMeter
  new DataView(systemTitle.buffer).setUint32(4, number)
  return { serial, systemTitle, logicalDeviceName: `${manufacturerId}EM1${serial}`, deviceId: deviceId.slice() }
}

function bad(message: string): DevicesError {
  return new DevicesError('DEVICES_BAD_OPTION', message)
}
