import { equalBytes } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { isRefusal, memoryCounterStore, type SecurityRefusalReason, SoftwareSecurityModule } from '@gridcard/dlms'
import type { AssociationKeys } from '../keys/association-keys.ts'

export interface CipheredBody {
  /** First octet of the APDU. */
  readonly tag: number
  /** Where the frame tells it. */
  readonly systemTitle: Uint8Array | undefined
  readonly securityControl: number
  readonly invocationCounter: number
  readonly body: Uint8Array
}

export type Opened =
  | { readonly plaintext: Uint8Array; readonly sender: 'client' | 'server' }
  | { readonly problem: string }

const SLOT = 0

const problems: Partial<Record<SecurityRefusalReason, string>> = {
  'authentication-failed': 'the tag is wrong: other keys, another sender, or changed on its way',
  'not-permitted': 'not authenticated, so not opened',
  malformed: 'too short for a tag',
}

/**
 * Opens a ciphered APDU with keys of either end. Counters are not looked at, nor moved: what is explained here was sent
 * to somebody else.
 */
export async function openCiphered(frame: CipheredBody, keys: AssociationKeys): Promise<Opened> {
  const { systemTitle } = frame
  const senders = systemTitle === undefined ? sendersOf(frame.tag) : sendersNamed(systemTitle, keys)
  if (senders.length === 0) return { problem: 'sent under a system title that is not in the key file' }
  if ((frame.securityControl & 0x0f) !== 0) return { problem: 'security suite 0 only is opened here' }
  if ((frame.securityControl & 0xc0) !== 0) return { problem: 'broadcast keys and compression are not opened here' }
  let reason: SecurityRefusalReason = 'authentication-failed'
  for (const sender of senders) {
    const [own, peer] =
      sender === 'client'
        ? [keys.serverSystemTitle, keys.clientSystemTitle]
        : [keys.clientSystemTitle, keys.serverSystemTitle]
    const module = new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: own,
      slots: (slot) => (slot === SLOT ? { ...keys, peerSystemTitle: peer } : undefined),
      counters: memoryCounterStore(),
    })
    const opened = await module.unprotect({ slot: SLOT, peerSystemTitle: peer, ...frame })
    if (!isRefusal(opened)) return { plaintext: opened.plaintext, sender }
    reason = opened.refused
  }
  return { problem: problems[reason] ?? reason }
}

function sendersNamed(title: Uint8Array, keys: AssociationKeys): readonly ('client' | 'server')[] {
  if (equalBytes(title, keys.clientSystemTitle)) return ['client']
  return equalBytes(title, keys.serverSystemTitle) ? ['server'] : []
}

/** Requests come from the client, responses and events from the server; what is neither is tried both ways. */
function sendersOf(tag: number): readonly ('client' | 'server')[] {
  if ([0x21, 0xc8, 0xc9, 0xcb].includes(tag)) return ['client', 'server']
  return ['server', 'client']
}
