import { emitTlv, fromHex } from '@gridcard/bytes'
import { createMethodPackage, emitComponents, type MethodPackageOptions } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import type { GlobalPlatformProfile } from '../../src/globalplatform/globalplatform-profile.ts'
import { Card, type NvStore } from '../../src/index.ts'
import { GpHost, type OpenOptions } from './gp-host.ts'
import { gpProfile, ISD_AID } from './gp-profiles.ts'

export const SD_PACKAGE = fromHex('A0000001515350')
export const SD_MODULE = fromHex('A000000151535041')
export const SSD_AID = fromHex('F0475249445344')

/** A powered card, its issuer domain selected and a channel to it open. */
export function openCard(o: Partial<GlobalPlatformProfile> = {}, channel: OpenOptions = {}, store?: NvStore): GpHost {
  const card = Card.create({ profile: gpProfile(o), crypto: nodeCrypto, ...(store && { store }) })
  card.powerOn()
  const host = new GpHost(card)
  host.select()
  const status = host.open(channel)
  if (status !== '9000') throw new Error(`no channel: ${status}`)
  return host
}

/** A new secure channel to the issuer's domain, or to another one. */
export function reopen(host: GpHost, aid: Uint8Array = ISD_AID, o: OpenOptions = {}): GpHost {
  const selected = host.select(aid)
  const status = host.open(o)
  if (status !== '9000') throw new Error(`no channel: ${selected} ${status}`)
  return host
}

export interface TestPackage {
  readonly aid: Uint8Array
  readonly module: Uint8Array
  /** As a load file: C4 and the components. */
  readonly loadFile: Uint8Array
  readonly block: Uint8Array
}

/** An applet package; its AID ends in `number`. Its process() answers 9000 unless told otherwise. */
export function testPackage(number: number, o: Partial<MethodPackageOptions> & { process?: string } = {}): TestPackage {
  const aid = Uint8Array.of(...fromHex('F0475249440000'), number)
  const module = Uint8Array.of(...aid, 1)
  const { process = 'return', ...rest } = o
  const { cap } = createMethodPackage({
    packageAid: aid,
    methods: {},
    ...rest,
    applet: { process: { code: process, maxLocals: 4 }, aid: module },
  })
  const block = emitComponents(cap)
  return { aid, module, block, loadFile: emitTlv(0xc4, block) }
}

/** INSTALL [for load] and all LOADs. */
export function loadPackage(host: GpHost, one: TestPackage, domain?: Uint8Array): string {
  const begun = host.installForLoad(one.aid, domain ? { domain } : {})
  return begun === '009000' ? host.load(one.loadFile) : begun
}

/** A new security domain below the one that is open. */
export function installDomain(host: GpHost, aid: Uint8Array = SSD_AID, privileges = '80', parameters = 'C900'): string {
  return host.install({ loadFile: SD_PACKAGE, module: SD_MODULE, instance: aid, privileges, parameters })
}
