import { concatBytes, fromHex, type Tlv } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import type { AppletRecord } from '../runtime/applet-registry.ts'
import { deletePackage } from '../runtime/deletion.ts'
import type { Jcre } from '../runtime/jcre.ts'
import type { Open } from '../runtime/open.ts'
import type { LinkedPackage } from '../vm/link/linked-package.ts'
import type { PendingLoad } from './commands/load.ts'
import { withObject } from './content-entries.ts'
import { ContentRegistry } from './content-registry.ts'
import { GlobalCvm } from './cvm.ts'
import { ElfUpgrade } from './elf-upgrade.ts'
import type { GlobalPlatformProfile, SecureChannelOption } from './globalplatform-profile.ts'
import { HISTORICAL_BYTES_TAG, withHistoricalBytes } from './historical-bytes.ts'
import { APPLICATION_STATE, CARD_STATE, isLocked } from './life-cycle.ts'
import { MemoryGrants } from './memory-grants.ts'
import type { Privileges } from './privileges.ts'
import { GP_SW } from './refusal.ts'
import type { Scp11Certificates } from './secure-channel/scp11.ts'
import type { SecureChannelSession } from './secure-channel/session.ts'
import { SECURITY_DOMAIN_MODULE_AID, securityDomainPackage } from './security-domain.ts'

/** What an application session on a channel has going on; forgotten with it. */
export interface ChannelState {
  secureChannel?: SecureChannelSession | undefined
  /** Certificates of the host, for SCP11. */
  certificates?: Scp11Certificates | undefined
  /** Rest of a GET STATUS answer. */
  listing?: readonly Uint8Array[] | undefined
  load?: PendingLoad | undefined
  /** Owner of the application that STORE DATA goes to. */
  personalized?: number | undefined
  storeData?: { readonly nextBlock: number; readonly bytes: Uint8Array } | undefined
  /** Commands of a chain before its last. */
  chain?: { readonly header: string; readonly bytes: Uint8Array } | undefined
  /** What GET RESPONSE is to bring. */
  response?: { readonly bytes: Uint8Array; readonly statusWord: number } | undefined
}

/** What an installation under way will put into the registry. */
export interface PendingInstallation {
  readonly domain: number
  readonly privileges: Privileges
  readonly objects: readonly Tlv[]
  /** Of a new security domain. */
  readonly domainObjects?: readonly Tlv[]
  /** On which it is selected by itself. */
  readonly channels?: readonly number[]
  /** More that belongs to the same step. */
  readonly alongside?: () => void
}

export interface PendingPackage {
  readonly domain: number
  readonly objects: readonly Tlv[]
}

/** GlobalPlatform on one card. @source GPC 2.3.1 ch. 6 */
export class GlobalPlatform implements Open {
  readonly jcre: Jcre
  readonly profile: GlobalPlatformProfile
  readonly registry: ContentRegistry
  readonly securityDomainPackage: LinkedPackage = securityDomainPackage()
  installation: PendingInstallation | undefined
  loadingPackage: PendingPackage | undefined
  readonly cvm: GlobalCvm
  readonly upgrade: ElfUpgrade
  readonly grants: MemoryGrants
  readonly #channels = new Map<number, ChannelState>()

  constructor(jcre: Jcre, profile: GlobalPlatformProfile) {
    this.jcre = jcre
    this.profile = profile
    this.registry = new ContentRegistry(jcre)
    this.cvm = new GlobalCvm(jcre, this.registry)
    this.grants = new MemoryGrants(jcre, this.registry)
    this.upgrade = new ElfUpgrade(jcre, this.registry, this.grants)
  }

  // ---- the card

  get cardState(): number {
    return this.jcre.memory.root.cardLifeCycle
  }

  /** In the root, so in one write. */
  set cardState(state: number) {
    this.jcre.memory.root.cardLifeCycle = state
    this.jcre.memory.commitRoot()
  }

  /** Card content stays as it is in these states. */
  get isCardClosed(): boolean {
    return this.cardState === CARD_STATE.cardLocked || this.cardState === CARD_STATE.terminated
  }

  get issuerSecurityDomain(): AppletRecord {
    return this.jcre.registry.ownedBy(this.registry.card.issuer)!
  }

  /** The only application of a locked card. */
  get finalApplication(): AppletRecord {
    return this.registry.withPrivilege('finalApplication')[0]?.applet ?? this.issuerSecurityDomain
  }

  // ---- selection; GPC 2.3.1 §6.4

  isSelectable({ state, packageSlot }: AppletRecord): boolean {
    return state >= APPLICATION_STATE.selectable && !isLocked(state) && !this.isPaused(packageSlot)
  }

  isPaused(packageSlot: number): boolean {
    return this.upgrade.isPaused(packageSlot)
  }

  lockedStatus(applet?: AppletRecord): number | undefined {
    if (!this.isCardClosed || (applet && applet === this.finalApplication)) return undefined
    return GP_SW.functionNotSupported
  }

  selectWarning(): number | undefined {
    return this.cardState === CARD_STATE.cardLocked ? GP_SW.cardLockedWarning : undefined
  }

  // ---- channels

  channel(number: number): ChannelState {
    let state = this.#channels.get(number)
    if (state === undefined) {
      state = {}
      this.#channels.set(number, state)
    }
    return state
  }

  /** An SCP11c session of the domain is open on some channel. */
  hasReplayableSession(domain: number): boolean {
    return [...this.#channels.values()].some(({ secureChannel: one }) => {
      return one?.domain === domain && one.isReplayable && one.isOpen
    })
  }

  endApplicationSession(channel: number): void {
    this.#channels.get(channel)?.secureChannel?.close()
    this.#channels.delete(channel)
  }

  answerToReset(ofProfile: Uint8Array): Uint8Array {
    const historical = this.registry.card.objects.find(({ tag }) => tag === HISTORICAL_BYTES_TAG)?.value
    return historical ? withHistoricalBytes(ofProfile, historical) : ofProfile.slice()
  }

  reset(): void {
    this.cvm.reset()
    for (const channel of this.#channels.keys()) this.endApplicationSession(channel)
  }

  /** A personalization session of a domain ends when the domain is selected anywhere. @source GPC 2.3.1 §11.11.1 */
  endPersonalizations(domain: number): void {
    for (const [number, state] of this.#channels) {
      if (this.jcre.channels.activeOn(number)?.owner !== domain) continue
      state.personalized = undefined
      state.storeData = undefined
    }
  }

  // ---- memory quotas; GPC 2.3.1 §9.7

  installing(owner: number): void {
    this.#setQuota(owner, this.installation?.objects ?? [])
    this.grants.newcomer = { owner, domain: this.installation?.domain ?? this.registry.card.issuer }
  }

  #setQuota(owner: number, objects: readonly Tlv[]): void {
    const [persistentBytes, transientBytes] = [quotaOf(objects, 0xc8), quotaOf(objects, 0xc7)]
    const [reservedPersistentBytes, reservedTransientBytes] = [quotaOf(objects, 0xd8) ?? 0, quotaOf(objects, 0xd7) ?? 0]
    const { quotas } = this.jcre.memory
    const isPlain = reservedPersistentBytes === 0 && reservedTransientBytes === 0
    if (persistentBytes === undefined && transientBytes === undefined && isPlain) quotas.delete(owner)
    else quotas.set(owner, { persistentBytes, transientBytes, reservedPersistentBytes, reservedTransientBytes })
  }

  /** Of all applications of an image. */
  restoreQuotas(): void {
    this.grants.forget()
    this.grants.newcomer = undefined
    this.jcre.memory.quotas.clear()
    for (const { entry } of this.registry.applications()) this.#setQuota(entry.owner, entry.objects)
  }

  // ---- registration

  loading(slot: number): void {
    this.restoreQuotas() // an owner number may be somebody else's now
    const { domain, objects } = this.loadingPackage ?? { domain: this.registry.card.issuer, objects: [] }
    this.registry.newLoadFile({ slot, domain, objects })
    if (this.grants.isExceededIn(domain)) {
      throw new CardError('CARD_MEMORY_FULL', 'more code than what is granted to the security domain')
    }
  }

  registering(applet: Omit<AppletRecord, 'handle'>): void {
    const { owner, packageSlot } = applet
    const pending = this.installation ?? { domain: this.registry.card.issuer, privileges: 0, objects: [] }
    const { domain, privileges, objects, domainObjects = [], channels = [], alongside } = pending
    this.registry.newApplication({ owner, domain: domain || owner, privileges, objects })
    const isDomain = this.jcre.machine.packages[packageSlot]?.linked === this.securityDomainPackage
    if (isDomain) {
      const counters = { confirmationCounter: 0, failedAuthentications: 0, restrictions: 0 }
      this.registry.newDomain({ owner, ...counters, keys: [], objects: domainObjects })
    }
    for (const channel of channels) {
      this.jcre.registry.setDefault(channel, undefined)
      applet.defaultOn |= 1 << channel
    }
    alongside?.()
  }

  /** An applet's code runs for a command of a domain: for it there is no command. */
  asideOfCommand<T>(act: () => T): T {
    const { jcre } = this
    const { apdu, isProcessing } = jcre
    jcre.apdu = undefined
    jcre.isProcessing = false
    try {
      return act()
    } finally {
      jcre.apdu = apdu
      jcre.isProcessing = isProcessing
    }
  }

  // ---- a load file and its application that come together

  /** Until `endCombined` a card that is opened again takes the load file away. */
  beginCombined(aid: Uint8Array): void {
    const { registry } = this
    registry.saveCard({ ...registry.card, objects: withObject(registry.card.objects, COMBINED_TAG, aid) })
  }

  endCombined(): void {
    const { registry } = this
    registry.saveCard({ ...registry.card, objects: withObject(registry.card.objects, COMBINED_TAG, NOTHING) })
  }

  /** After a restart: what a power cut left of a combined load and installation. */
  recover(): void {
    this.restoreQuotas()
    this.upgrade.syncPaused()
    const aid = this.registry.card.objects.find(({ tag }) => tag === COMBINED_TAG)?.value
    if (aid === undefined) return
    if (this.registry.loadFileByAid(aid) === undefined) this.endCombined()
    else deletePackage(this.jcre, aid, { withApplets: true, alongside: () => this.endCombined() })
  }

  // ---- secure channel options

  /** Of a domain, or of the card. */
  secureChannelsOf(domain: number): readonly SecureChannelOption[] {
    const own = this.registry.domain(domain).objects.find(({ tag }) => tag === SCP_LIST_TAG)?.value
    return own ? parseSecureChannels(own) : this.profile.secureChannels
  }
}

function quotaOf(objects: readonly Tlv[], tag: number): number | undefined {
  return objects.find((one) => one.tag === tag)?.value.reduce((bytes, byte) => bytes * 256 + byte, 0)
}

/** Our own tag, in the card's record: load file of a combined installation under way. */
const COMBINED_TAG = 0xdf22
const NOTHING = new Uint8Array()
/** Our own tag, in the domain's record: pairs of protocol and i, as C9 of its installation brought them in tag 81. */
export const SCP_LIST_TAG = 0xdf21

export function parseSecureChannels(bytes: Uint8Array): SecureChannelOption[] {
  const list: SecureChannelOption[] = []
  for (let at = 0; at + 1 < bytes.length; at += 2) list.push({ protocol: bytes[at]!, i: bytes[at + 1]! })
  return list
}

export function emitSecureChannels(list: readonly SecureChannelOption[]): Uint8Array {
  return concatBytes(...list.map(({ protocol, i }) => Uint8Array.of(protocol, i)))
}

/** GlobalPlatform's own AIDs for the load file and module of security domains, as cards in the field have them. */
export const SECURITY_DOMAIN_PACKAGE_AID = fromHex('A0000001515350')
export { SECURITY_DOMAIN_MODULE_AID }

export function globalPlatformOf(jcre: Jcre): GlobalPlatform | undefined {
  // The only Open there is.
  return jcre.open as GlobalPlatform | undefined
}
