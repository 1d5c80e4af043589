import type { ProtectedApdu } from '../apdu/apdu.ts'
import { FrameProtection } from './frame-protection.ts'
import { isRefusal, type SecurityModule, type SecurityRefusal } from './security-module.ts'
import type { SecuritySuiteId } from './security-suite.ts'

/**
 * Takes one layer of protection off an APDU that was sent between two others, for traces: with the receiver's keys, under
 * any control, and with the dedicated key where it is known. Give the module counters of its own; they move.
 */
export async function openProtectedApdu(
  frame: ProtectedApdu,
  options: {
    readonly security: SecurityModule
    readonly slot: number
    readonly peerSystemTitle: Uint8Array
    readonly suite?: SecuritySuiteId
    readonly dedicatedKey?: Uint8Array | undefined
  },
): Promise<{ readonly content: Uint8Array } | SecurityRefusal> {
  const { security, slot, dedicatedKey } = options
  const protection = new FrameProtection({ ...options, required: () => 0, allowsBroadcastKey: true })
  if (dedicatedKey !== undefined) {
    const handle = await security.sessionKeys?.openDedicated(slot, dedicatedKey)
    if (handle !== undefined && !isRefusal(handle)) protection.useDedicatedKey(handle)
  }
  try {
    return await protection.openLayer(frame)
  } finally {
    protection.close()
  }
}
