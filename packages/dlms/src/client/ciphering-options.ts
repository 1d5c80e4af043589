import type { MechanismName } from '../apdu/acse-names.ts'
import type { SignedForm } from '../apdu/general-signing.ts'
import { type AssociationCertificates, requireCertificates } from '../certificates/association-certificates.ts'
import { DlmsError } from '../errors.ts'
import type { GeneralKey } from '../security/frame-protection.ts'
import type { SecurityModule } from '../security/security-module.ts'
import { protections, requestProtections, securityPolicy } from '../security/security-policy.ts'
import type { SecuritySuiteId } from '../security/security-suite.ts'

/** How the APDUs of a ciphered association are protected. */
export interface CipheringOptions {
  /** Of the slot; default 0. */
  readonly suite?: SecuritySuiteId
  /** `service` (default): a tag per service; `general`: general-glo- or general-ded-ciphering; or general-ciphering. */
  readonly form?: 'service' | 'general' | 'general-ciphering'
  /** Which key general-ciphering is under; default `unicast`. */
  readonly key?: Exclude<GeneralKey, 'established'>
  /**
   * A wrapped or agreed key is told in the first APDU and holds for the association: what follows has no key information.
   * Default false: each APDU has a key of its own.
   */
  readonly keepsKey?: boolean
  /** Makes a key for this one association and sends it in the initiate-request. Default false. */
  readonly dedicatedKey?: boolean
  /**
   * What requests are protected with and what answers must have at least: bits of `security_policy`. Default 0x6C,
   * authenticated and encrypted both ways; 0x10 and 0x80 add signatures. Answers that nobody has authenticated need
   * `allowsUnauthenticated`.
   */
  readonly policy?: number
  readonly allowsUnauthenticated?: boolean
  /** What signatures cover; default `whole`. */
  readonly signedForm?: SignedForm
}

/** What an association needs of the client's options. */
export interface SecuredOptions {
  readonly mechanism: MechanismName
  readonly ciphering?: CipheringOptions | false
  readonly allowsBrokenHashes?: boolean
  readonly password?: Uint8Array
  readonly security?: SecurityModule
  readonly slot?: number
  readonly serverSystemTitle?: Uint8Array
  readonly certificates?: AssociationCertificates
}

const cipheredByDefault: ReadonlySet<MechanismName> = new Set(['hls-gmac', 'hls-sha256', 'hls-ecdsa'])
/** The mechanisms whose proofs cover the titles. */
export const titledMechanisms = cipheredByDefault

/** Undefined for an association that is not ciphered. */
export function cipheringOf({ mechanism, ciphering }: SecuredOptions): CipheringOptions | undefined {
  if (ciphering === false) return undefined
  return ciphering ?? (cipheredByDefault.has(mechanism) ? {} : undefined)
}

export const policyOf = ({ policy }: CipheringOptions): number => policy ?? securityPolicy.everythingCiphered

/** @throws DlmsError `DLMS_CONFIGURATION` */
export function requireSecurable(options: SecuredOptions): void {
  const { mechanism, security } = options
  const ciphering = cipheringOf(options)
  requireCertificates(options.certificates, ciphering?.suite ?? 0, 'this client')
  const passwordBytes = options.password?.length ?? 0
  require(mechanism !== 'lls' || (passwordBytes >= 1 && passwordBytes <= 64), 'lls needs a password of 1..64 octets')
  const isBroken = mechanism === 'hls-md5' || mechanism === 'hls-sha1'
  require(!isBroken || options.allowsBrokenHashes === true, `${mechanism} trusts a broken hash`)
  const isHls = mechanism !== 'none' && mechanism !== 'lls'
  if (!isHls && ciphering === undefined) return
  const needsTitle = ciphering !== undefined || titledMechanisms.has(mechanism)
  const hasTitle = !needsTitle || options.serverSystemTitle?.length === 8
  if (security === undefined || options.slot === undefined || !hasTitle) {
    const whom = isHls ? mechanism : 'ciphering'
    throw new DlmsError('DLMS_CONFIGURATION', `${whom} needs a security module, a slot and the title of the server`)
  }
  const { capabilities } = security
  require(!isHls || capabilities.mechanisms.includes(mechanism), `the security module does not know ${mechanism}`)
  require(mechanism !== 'hls-ecdsa' || (ciphering?.suite ?? 0) > 0, 'hls-ecdsa needs suite 1 or 2')
  if (ciphering !== undefined) requireCiphering(ciphering, security)
}

function requireCiphering(ciphering: CipheringOptions, security: SecurityModule): void {
  const {
    suite = 0,
    form = 'service',
    key = 'unicast',
    dedicatedKey = false,
    allowsUnauthenticated = false,
  } = ciphering
  const policy = policyOf(ciphering)
  require(security.capabilities.suites.includes(suite), `the security module does not know suite ${suite}`)
  const isProved = (policy & securityPolicy.authenticatedResponse) !== 0
  require(isProved || allowsUnauthenticated, 'answers would be taken that nobody has authenticated')
  const isSigned = (policy & (securityPolicy.signedRequest | securityPolicy.signedResponse)) !== 0
  require(!isSigned || (suite > 0 && security.signatures !== undefined), 'the security module does not sign')
  const isSecret = (requestProtections(policy) & protections.encrypted) !== 0
  const isTold = form === 'general-ciphering' && key !== 'unicast' && key !== 'broadcast'
  require(ciphering.keepsKey !== true || isTold, 'only a wrapped or agreed key can be kept')
  require(!dedicatedKey || isSecret, 'a dedicated key would go in clear')
  require(!dedicatedKey || form !== 'general-ciphering', 'general-ciphering has no dedicated key')
  const needsKeys = dedicatedKey || (form === 'general-ciphering' && key !== 'unicast' && key !== 'broadcast')
  require(!needsKeys || security.sessionKeys !== undefined, 'the security module has no session keys')
  const isAgreed = form === 'general-ciphering' && (key === 'one-pass' || key === 'static')
  require(!isAgreed || suite > 0, 'suite 0 agrees on no keys')
}

function require(condition: boolean, message: string): void {
  if (!condition) throw new DlmsError('DLMS_CONFIGURATION', message)
}
