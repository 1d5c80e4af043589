import { DevicesError } from '../errors.ts'
import { hash32, hashText } from '../household/hash-noise.ts'
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
  readonly seed: string
  /** One sky for all of them. */
  readonly weatherSeed: number
  readonly homes: readonly HomePlan[]
}

const stream = { weather: 1, home: 2, serialBlock: 3, deviceId: 16 } as const

/** A street's serials are neighbours; two seeds rarely give the same ones. */
const serialBlockSize = 10_000
const serialBlocks = 10_000

/**
 * The street of a seed (any text), always the same; a longer one begins with the shorter one. Nothing in it is secret:
 * keys are made elsewhere, by a real random generator.
 *
 * @throws DevicesError `DEVICES_BAD_OPTION`
 */
export function planStreet({ seed, meters }: { readonly seed: string; readonly meters: number }): StreetPlan {
  if (!Number.isInteger(meters) || meters < 1 || meters > serialBlocks * serialBlockSize) {
    throw new DevicesError('DEVICES_BAD_OPTION', 'a street has 1 to 100000000 meters')
  }
  const firstNumber = (hashText(seed, stream.serialBlock) % serialBlocks) * serialBlockSize + 1
  const homesSeed = hashText(seed, stream.home)
  const deviceIdSeeds = [0, 1, 2, 3].map((word) => hashText(seed, stream.deviceId + word))
  const homes = Array.from({ length: meters }, (_, index): HomePlan => {
    const homeSeed = hash32(homesSeed, index)
    const number = (firstNumber + index) % (serialBlocks * serialBlockSize)
    const identity = numberedIdentity(number, drawDeviceId(deviceIdSeeds, index))
    return { index, identity, seed: homeSeed, traits: householdTraits(homeSeed) }
  })
  return { seed, weatherSeed: hashText(seed, stream.weather), homes }
}

function drawDeviceId(wordSeeds: readonly number[], index: number): Uint8Array {
  const deviceId = new Uint8Array(4 * wordSeeds.length)
  const view = new DataView(deviceId.buffer)
  wordSeeds.forEach((seed, word) => {
    view.setUint32(4 * word, hash32(seed, index))
  })
  return deviceId
}
