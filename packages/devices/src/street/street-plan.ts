import { DevicesError } from '../errors.ts'
import { hash32 } from '../household/hash-noise.ts'
import { type HouseholdTraits, householdTraits } from '../household/traits.ts'
import { type MeterIdentity, numberedIdentity } from '../meter/meter-identity.ts'

/** One house of a street: which meter it gets and who lives there. */
export interface HomePlan {
  /** House number minus one. */
  readonly index: number
  readonly identity: MeterIdentity
  /** Of the household, 32 bits. */
  readonly seed: number
  readonly traits: HouseholdTraits
}

export interface StreetPlan {
  readonly seed: number
  /** One sky for all of them. */
  readonly weatherSeed: number
  readonly homes: readonly HomePlan[]
}

const stream = { weather: 1, home: 2, deviceId: 3, serialBlock: 4 } as const

/** Streets of one seed get neighbouring serials; two seeds rarely the same ones. */
const serialBlockSize = 10_000
const serialBlocks = 10_000

/**
 * The street of a seed, always the same; a longer one begins with the shorter one. Nothing in it is secret: keys are
 * made elsewhere, by a real random generator.
 *
 * @throws DevicesError `DEVICES_BAD_OPTION`
 */
export function planStreet({ seed, meters }: { readonly seed: number; readonly meters: number }): StreetPlan {
  if (!Number.isInteger(meters) || meters < 1 || meters > serialBlocks * serialBlockSize) {
    throw new DevicesError('DEVICES_BAD_OPTION', 'a street has 1 to 100000000 meters')
  }
  const block = hash32(seed, stream.serialBlock) % serialBlocks
  const homes = Array.from({ length: meters }, (_, index): HomePlan => {
    const homeSeed = hash32(seed, stream.home, index)
    const number = (block * serialBlockSize + index + 1) % (serialBlocks * serialBlockSize)
    const identity = numberedIdentity(number, drawDeviceId(seed, index))
    return { index, identity, seed: homeSeed, traits: householdTraits(homeSeed) }
  })
  return { seed, weatherSeed: hash32(seed, stream.weather), homes }
}

function drawDeviceId(seed: number, index: number): Uint8Array {
  const deviceId = new Uint8Array(16)
  const view = new DataView(deviceId.buffer)
  for (let word = 0; word < 4; word++) view.setUint32(4 * word, hash32(seed, stream.deviceId, index, word))
  return deviceId
}
