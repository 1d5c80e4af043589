import { toHex } from '@gridcard/bytes'
import { serialPattern } from './api/schema.ts'
import { HeadendError } from './errors.ts'
import { type MeterKeys, wipeKeys } from './keys/key-store.ts'
import { keepCardSigningKey } from './store/meter-cards.ts'
import { keepAttestationKey } from './store/meter-software.ts'
import { findMeter, type MeterRow, registerMeterRow } from './store/meters.ts'
import type { Stores } from './store/open-stores.ts'

/** A meter as whoever installed it makes it known. */
export interface MeterToRegister {
  readonly serial: string
  /** 8 bytes. */
  readonly systemTitle: Uint8Array
  readonly host: string
  readonly port: number
  /** Default 1. */
  readonly clientSap?: number
  /** Default 1. */
  readonly serverSap?: number
  /** Needed once; afterwards the sealed ones are used. Not kept, and not changed. */
  readonly keys?: MeterKeys
}

/** What its owner knows of a meter's card beside the keys of the association. */
export interface MeterCard {
  /** Point of the key with which it signs quotes of the meter's software. */
  readonly attestationKey?: Uint8Array | undefined
  /** Point of the key with which it signs what became of commands. With it the switch is moved by signed commands only. */
  readonly signingKey?: Uint8Array | undefined
  /** Secret; sealed beside the keys, as they come. */
  readonly ownerKeys?: Uint8Array | undefined
}

const serialForm = new RegExp(serialPattern)

/**
 * Puts a meter with its keys into the stores, or gives a known one its new address.
 * @throws HeadendError `HEADEND_BAD_OPTION`, `HEADEND_METER_CONFLICT`, `HEADEND_KEY_REFUSED`, `HEADEND_KEYS_MISSING`
 */
export async function register(stores: Stores, meter: MeterToRegister): Promise<{ meter: MeterRow; isNew: boolean }> {
  requireSensible(meter)
  const { serial, host, port, clientSap = 1, serverSap = 1 } = meter
  const systemTitle = toHex(meter.systemTitle)
  const held = await findMeter(stores.db, serial)
  if (held !== undefined && held.system_title !== systemTitle) {
    throw new HeadendError('HEADEND_METER_CONFLICT', `${serial} is registered with another system title`, { serial })
  }
  await keepKeys(stores, serial, meter.keys)
  await registerMeterRow(stores.db, { serial, systemTitle, host, port, clientSap, serverSap })
  return { meter: (await findMeter(stores.db, serial))!, isNew: held === undefined }
}

/**
 * Seals a meter's keys. Counters first: keys without them would be unusable, counters without keys are nothing.
 * @throws HeadendError `HEADEND_BAD_OPTION`, `HEADEND_KEY_REFUSED`, `HEADEND_KEYS_MISSING`, `HEADEND_METER_CONFLICT`
 */
export async function keepKeys(
  { db, keys, counterFile }: Stores,
  serial: string,
  given: MeterKeys | undefined,
  card: MeterCard = {},
): Promise<void> {
  requireSerial(serial)
  const mayReplace = !keys.serials().includes(serial)
  const { attestationKey, signingKey, ownerKeys } = card
  if (attestationKey !== undefined) await keepAttestationKey(db, serial, toHex(attestationKey), mayReplace)
  if (signingKey !== undefined) await keepCardSigningKey(db, serial, toHex(signingKey), mayReplace)
  if (given === undefined) {
    if (keys.serials().includes(serial)) return
    throw new HeadendError('HEADEND_KEYS_MISSING', `there are no keys for ${serial}`, { serial })
  }
  const own = { blockCipherKey: given.blockCipherKey.slice(), authenticationKey: given.authenticationKey.slice() }
  try {
    if (counterFile.find(serial) === undefined) {
      await counterFile.save(serial, { sendLimit: 0, messageFloor: 0, tokenFloor: 0 })
    }
    await keys.put(serial, own, ownerKeys)
  } finally {
    wipeKeys(own)
  }
}

function requireSensible({ serial, systemTitle, port }: MeterToRegister): void {
  requireSerial(serial)
  if (systemTitle.length !== 8) throw badOption('a system title has 8 bytes')
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw badOption('a port is 1 to 65535')
}

function requireSerial(serial: string): void {
  if (!serialForm.test(serial)) throw badOption('a serial number has 4 to 24 capital letters and digits')
}

const badOption = (why: string) => new HeadendError('HEADEND_BAD_OPTION', `meter not registered: ${why}`)
