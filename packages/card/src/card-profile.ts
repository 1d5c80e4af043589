import type { CryptoProvider } from '@gridcard/crypto'
import { CardError } from './errors.ts'
import { type GlobalPlatformProfile, requireGlobalPlatformProfile } from './globalplatform/globalplatform-profile.ts'
import { protocolsOfAtr, type TransmissionProtocol } from './runtime/answer-to-reset.ts'
import { MOST_CHANNELS } from './runtime/logical-channels.ts'
import { JOURNAL_OFFSET, MAX_ADDRESS } from './vm/memory/layout.ts'

/** What a product is: fixed for the life of a card, and part of its image by hash. */
export interface CardProfile {
  readonly name: string
  /** Multiple of 8; with RAM below 16 MiB. */
  readonly nvSizeBytes: number
  /** Multiple of 8. */
  readonly ramSizeBytes: number
  /** Commit buffer: old bytes of a transaction, each entry with 10 bytes of bookkeeping. */
  readonly commitCapacityBytes: number
  readonly atr: Uint8Array
  /** Part of RAM for frames: locals, operand stacks and 12 bytes per call. Default: a quarter of RAM, at most 4096. */
  readonly stackSizeBytes?: number
  /** 1 (the basic one only) to 20. Default: 20. Like `partialSelection` no part of the image's hash. */
  readonly logicalChannels?: number
  /**
   * A package is loaded only if the verifier finds no violation in it; with `proved` only if nothing is unproven either: it
   * has a Descriptor, and imports only packages whose types the verifier knows. Default: false. No part of the hash.
   */
  readonly requireVerified?: boolean | 'proved'
  /** What the ATR offers, its first one first; has to agree with it. Default: read from the ATR. No part of the hash. */
  readonly protocols?: readonly TransmissionProtocol[]
  /** SELECT takes the beginning of an AID, 5 bytes or more, and "next occurrence". Default: false. */
  readonly partialSelection?: boolean
  /** Without it the card has no GlobalPlatform: packages and applets come through the host alone. */
  readonly globalPlatform?: GlobalPlatformProfile
}

/** The runtime's own needs beside applets: handle entries, APDU buffer, some room to load a package. */
const LEAST_NV_BYTES = 4096
const LEAST_RAM_BYTES = 1024
const LEAST_STACK_BYTES = 256
const LEAST_COMMIT_BYTES = 64

export function stackSizeBytes(profile: CardProfile): number {
  return profile.stackSizeBytes ?? Math.max(LEAST_STACK_BYTES, Math.min(4096, (profile.ramSizeBytes >> 2) & ~7))
}

/** @throws CardError `CARD_BAD_PROFILE` */
export function requireProfile(profile: CardProfile): void {
  const { nvSizeBytes, ramSizeBytes, commitCapacityBytes } = profile
  const refuse = (reason: string): never => {
    throw new CardError('CARD_BAD_PROFILE', `profile ${profile.name}: ${reason}`, { profile: profile.name })
  }
  const stack = stackSizeBytes(profile)
  for (const size of [nvSizeBytes, ramSizeBytes, stack]) {
    if (!Number.isInteger(size) || size % 8 !== 0) refuse('memory sizes are multiples of 8 bytes')
  }
  if (nvSizeBytes < LEAST_NV_BYTES) refuse(`nvSizeBytes is at least ${LEAST_NV_BYTES}`)
  if (ramSizeBytes < LEAST_RAM_BYTES) refuse(`ramSizeBytes is at least ${LEAST_RAM_BYTES}`)
  if (nvSizeBytes + ramSizeBytes > MAX_ADDRESS) refuse('NV and RAM together stay below 16 MiB')
  if (stack < LEAST_STACK_BYTES || stack > ramSizeBytes / 2) refuse('the stack takes 256 bytes to half of RAM')
  if (!Number.isInteger(commitCapacityBytes) || commitCapacityBytes < LEAST_COMMIT_BYTES) {
    refuse(`commitCapacityBytes is at least ${LEAST_COMMIT_BYTES}`)
  }
  if (JOURNAL_OFFSET + commitCapacityBytes > nvSizeBytes / 2) refuse('the commit buffer leaves no room for applets')
  const { logicalChannels = MOST_CHANNELS } = profile
  if (!Number.isInteger(logicalChannels) || logicalChannels < 1 || logicalChannels > MOST_CHANNELS) {
    refuse(`a card has 1 to ${MOST_CHANNELS} logical channels`)
  }
  const offered = protocolsOfAtr(profile.atr)
  if (profile.protocols?.length === 0 || profile.protocols?.some((one) => !offered.includes(one))) {
    refuse(`the ATR offers ${offered.join(' and ')}`)
  }
  if (profile.globalPlatform) requireGlobalPlatformProfile(profile.name, profile.globalPlatform)
  if (profile.atr.length < 2 || profile.atr.length > 33) refuse('an ATR has 2 to 33 bytes')
}

const hashes = new WeakMap<CardProfile, Uint8Array>()

/** First 8 bytes of a hash over everything that shapes the image; worked out once for a profile. */
export function profileHash(profile: CardProfile, crypto: CryptoProvider): Uint8Array {
  const known = hashes.get(profile)
  if (known) return known
  const { name, nvSizeBytes, ramSizeBytes, commitCapacityBytes, atr } = profile
  const shape = [name, nvSizeBytes, ramSizeBytes, commitCapacityBytes, [...atr], stackSizeBytes(profile)]
  const text = JSON.stringify(profile.globalPlatform ? [...shape, 'GlobalPlatform'] : shape)
  const hash = crypto.sha256(new TextEncoder().encode(text)).slice(0, 8)
  hashes.set(profile, hash)
  return hash
}
