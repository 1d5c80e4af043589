import { cosem } from '../cosem/cosem-data.ts'
import { securityPolicy } from '../security/security-policy.ts'
import { buildObject } from './build-object.ts'
import type { CosemObject } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'

/**
 * Class 64: which protection is in force and whose titles count. Keys and policy cannot be changed through it yet:
 * every method answers `other-reason`.
 * @source Blue Book ed. 14 §4.4.7
 */
export function securitySetupObject(parts: {
  readonly logicalName: string
  readonly policy?: number
  /** 0: AES-128-GCM. */
  readonly suite?: number
  readonly clientSystemTitle: Uint8Array
  readonly serverSystemTitle: Uint8Array
}): CosemObject {
  const methods = interfaceClasses.securitySetup.methods.map((_name, i) => [
    i + 1,
    () => ({ result: 'other-reason' }) as const,
  ])
  return buildObject({
    interfaceClass: interfaceClasses.securitySetup,
    logicalName: parts.logicalName,
    attributes: {
      2: { read: () => cosem.enumeration(parts.policy ?? securityPolicy.everythingCiphered) },
      3: { read: () => cosem.enumeration(parts.suite ?? 0) },
      4: { read: () => cosem.octetString(parts.clientSystemTitle) },
      5: { read: () => cosem.octetString(parts.serverSystemTitle) },
      6: { read: () => cosem.array([]) },
    },
    methods: Object.fromEntries(methods),
  })
}
