import { equalBytes } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  isRefusal,
  memoryCounterStore,
  openProtectedApdu,
  type ProtectedApdu,
  type SecurityRefusalReason,
  SoftwareSecurityModule,
} from '@gridcard/dlms'
import { type AssociationKeys, keySetOf } from '../keys/association-keys.ts'

export type Opened =
  | { readonly content: Uint8Array; readonly sender: 'client' | 'server' }
  | { readonly problem: string }

const SLOT = 0

const problems: Partial<Record<SecurityRefusalReason, string>> = {
  'not-permitted': 'of another suite than the keys',
  'unknown-key': 'the key it needs is not in the key file',
  unsupported: 'compressed, or under a key that it does not tell',
  malformed: 'too short, or its parts do not fit',
}

/**
 * Opens one layer of protection with keys of either end. Counters are not looked at, nor moved: what is explained here
 * was sent to somebody else.
 */
export async function openProtected(frame: ProtectedApdu, keys: AssociationKeys): Promise<Opened> {
  const senders = sendersOf(frame, keys)
  if (senders.length === 0) return { problem: 'sent under a system title that is not in the key file' }
  const isSigning = frame.kind === 'general-signing'
  let reason: SecurityRefusalReason = 'authentication-failed'
  for (const sender of senders) {
    const receiver = sender === 'client' ? 'server' : 'client'
    const security = new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: receiver === 'client' ? keys.clientSystemTitle : keys.serverSystemTitle,
      // Without a tag there is nothing to be wrong about: shown, as its control says, encrypted only.
      slots: (slot) => (slot === SLOT ? { ...keySetOf(keys, receiver), allowsEncryptionOnly: true } : undefined),
      counters: memoryCounterStore(),
    })
    const peerSystemTitle = sender === 'client' ? keys.clientSystemTitle : keys.serverSystemTitle
    const { suite, dedicatedKey } = keys
    const opened = await openProtectedApdu(frame, { security, slot: SLOT, peerSystemTitle, suite, dedicatedKey })
    if (!isRefusal(opened)) return { content: opened.content, sender }
    reason = opened.refused
  }
  if (reason === 'authentication-failed') {
    return {
      problem: `the ${isSigning ? 'signature' : 'tag'} is wrong: other keys, another sender, or changed on its way`,
    }
  }
  return { problem: problems[reason] ?? reason }
}

function sendersOf(frame: ProtectedApdu, keys: AssociationKeys): readonly ('client' | 'server')[] {
  switch (frame.kind) {
    case 'glo-ciphered':
    case 'ded-ciphered':
      // Requests come from the client, responses and events from the server; what is neither is tried both ways.
      return [0x21, 0xc8, 0xc9, 0xcb, 0x41, 0xd0, 0xd1, 0xd3].includes(frame.tag)
        ? ['client', 'server']
        : ['server', 'client']
    case 'general-glo-ciphering':
    case 'general-ded-ciphering':
      return sendersNamed(frame.systemTitle, keys)
    default:
      return sendersNamed(frame.originatorSystemTitle, keys)
  }
}

function sendersNamed(title: Uint8Array, keys: AssociationKeys): readonly ('client' | 'server')[] {
  if (equalBytes(title, keys.clientSystemTitle)) return ['client']
  return equalBytes(title, keys.serverSystemTitle) ? ['server'] : []
}
