import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { isRefusal, type KeyManagement, type SecurityModule } from '../security/security-module.ts'
import { policyOfVersion0, policyToVersion0, securityPolicy, suffices } from '../security/security-policy.ts'
import type { SecuritySuiteId } from '../security/security-suite.ts'
import { buildObject, type MethodHandler } from './build-object.ts'
import type { ActionOutcome, Caller, CosemObject } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'
import { type CertificateParts, SetupCertificates } from './security-setup-certificates.ts'
import { enumOf, identificationIn, keyDataIn, keyDataOf, octetsOf, purposeIn } from './security-setup-data.ts'

export interface SecuritySetupParts {
  readonly logicalName: string
  /** Class version, default 1. Version 0 has the first two methods, and a policy without directions. */
  readonly version?: 0 | 1
  /** Bits of `security_policy`, whatever the version; default 0x6C. */
  readonly policy?: number | (() => number)
  /**
   * Makes a stricter policy durable, and the association's. A weaker one never gets here. Without it the policy stands.
   */
  readonly activate?: (policy: number) => void | Promise<void>
  /** 0: AES-128-GCM. */
  readonly suite?: SecuritySuiteId
  readonly clientSystemTitle: Uint8Array
  readonly serverSystemTitle: Uint8Array
  /** The module and slot whose keys can be changed; it needs `keyManagement`. Without them the keys stand. */
  readonly security?: SecurityModule
  readonly slot?: number
  /** Without it there are no certificates. */
  readonly certificates?: CertificateParts
}

const refused: ActionOutcome = { result: 'other-reason' }
const denied: ActionOutcome = { result: 'read-write-denied' }
const mismatched: ActionOutcome = { result: 'type-unmatched' }
const done: ActionOutcome = { result: 'success' }

/**
 * Class 64: which protection is in force, whose titles count, and how keys change. Policies only get stricter. What a
 * module cannot do answers `other-reason`. Everything that changes keys has to come authenticated.
 * @source Blue Book ed. 14 §4.4.7; version 0 in §5
 */
export function securitySetupObject(parts: SecuritySetupParts): CosemObject {
  const { version = 1, suite = 0, certificates, security, slot } = parts
  const policyNow = () =>
    (typeof parts.policy === 'function' ? parts.policy() : parts.policy) ?? securityPolicy.everythingCiphered
  const keys =
    security?.keyManagement === undefined || slot === undefined ? undefined : { keys: security.keyManagement, slot }
  const held =
    certificates === undefined || security === undefined || slot === undefined
      ? undefined
      : new SetupCertificates(certificates, { security, slot, suite, clientSystemTitle: parts.clientSystemTitle })
  const keyMethod = (act: KeyMethod): MethodHandler =>
    authenticated((parameter, caller) => (keys === undefined ? refused : act(keys, parameter, caller)))
  const certificateMethod = (
    act: (held: SetupCertificates, parameter: CosemData | undefined) => Promise<ActionOutcome> | ActionOutcome,
  ): MethodHandler => authenticated((parameter) => (held === undefined ? refused : act(held, parameter)))
  const { securitySetup } = interfaceClasses
  return buildObject({
    interfaceClass: {
      ...securitySetup,
      version,
      attributes: securitySetup.attributes.slice(0, version === 0 ? 5 : 6),
      methods: securitySetup.methods.slice(0, version === 0 ? 2 : 8),
    },
    logicalName: parts.logicalName,
    attributes: {
      2: { read: () => policyData(policyNow(), version) },
      3: { read: () => cosem.enumeration(suite) },
      4: { read: () => cosem.octetString(parts.clientSystemTitle) },
      5: { read: () => cosem.octetString(parts.serverSystemTitle) },
      ...(version === 1 && { 6: { read: () => held?.list() ?? cosem.array([]) } }),
    },
    methods: {
      1: authenticated((parameter) => activate(parts, parameter, policyNow(), version)),
      2: keyMethod(transferKeys),
      ...(version === 1 && {
        3: keyMethod(agreeOnKeys),
        4: keyMethod(generateKeyPair),
        5: certificateMethod((of, parameter) => {
          const purpose = purposeIn(parameter)
          return purpose === undefined ? mismatched : of.request(purpose)
        }),
        6: certificateMethod((of, parameter) => {
          const der = octetsOf(parameter)
          return der === undefined ? mismatched : of.import(der)
        }),
        7: certificateMethod((of, parameter) => {
          const identification = identificationIn(parameter)
          return identification === undefined ? mismatched : of.export(identification)
        }),
        8: certificateMethod((of, parameter) => {
          const identification = identificationIn(parameter)
          return identification === undefined ? mismatched : of.remove(identification)
        }),
      }),
    },
  })
}

interface ManagedKeys {
  readonly keys: KeyManagement
  readonly slot: number
}

type KeyMethod = (
  managed: ManagedKeys,
  parameter: CosemData | undefined,
  caller: Caller,
) => Promise<ActionOutcome> | ActionOutcome

/** Whoever asks has to have proved it, whatever the access rights say. */
function authenticated(act: MethodHandler): MethodHandler {
  return (parameter, caller) => ((caller.protection & 1) === 0 ? denied : act(parameter, caller))
}

function policyData(policy: number, version: 0 | 1): CosemData {
  return cosem.enumeration(version === 0 ? (policyToVersion0(policy) ?? 3) : policy)
}

async function activate(
  parts: SecuritySetupParts,
  parameter: CosemData | undefined,
  now: number,
  version: 0 | 1,
): Promise<ActionOutcome> {
  if (parts.activate === undefined) return refused
  const code = enumOf(parameter)
  if (code === undefined) return mismatched
  const policy = version === 0 ? policyOfVersion0(code) : code
  // Bits 0 and 1 are reserved in version 1; nothing that is in force may fall away.
  if (policy === undefined || (policy & 3) !== 0 || !suffices(policy, now)) return refused
  await parts.activate(policy)
  return done
}

async function transferKeys({ keys, slot }: ManagedKeys, parameter: CosemData | undefined, caller: Caller) {
  const data = keyDataIn(parameter)
  if (data === undefined) return mismatched
  if (isRefusal(await keys.receiveKeys(slot, data))) return refused
  caller.afterAnswer(() => keys.commit(slot))
  return done
}

async function agreeOnKeys(
  { keys, slot }: ManagedKeys,
  parameter: CosemData | undefined,
  caller: Caller,
): Promise<ActionOutcome> {
  const data = keyDataIn(parameter)
  if (data === undefined) return mismatched
  const answer = await keys.answerAgreement(slot, data)
  if (isRefusal(answer)) return refused
  caller.afterAnswer(() => keys.commit(slot))
  return { result: 'success', data: keyDataOf(answer) }
}

async function generateKeyPair({ keys, slot }: ManagedKeys, parameter: CosemData | undefined) {
  const purpose = purposeIn(parameter)
  if (purpose === undefined) return mismatched
  return isRefusal(await keys.generateKeyPair(slot, purpose)) ? refused : done
}
