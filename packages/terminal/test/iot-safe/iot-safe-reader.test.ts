import { fromHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { afterAll, describe, expect, it } from 'vitest'
import {
  emitPrivileges,
  GlobalPlatformClient,
  IotSafeClient,
  iotSafeAid,
  iotSafeBlocks,
  iotSafeEnd,
  iotSafeInstallData,
  iotSafeModuleAid,
  iotSafePackageAid,
  namedSecurityLevels,
} from '../../src/index.ts'
import { connectPcscReader, type PcscCardLink } from '../../src/node.ts'
import { cap, most, plan } from './iot-safe-bench.ts'
import { describeIotSafe, type SuiteCard } from './iot-safe-suite.ts'

/**
 * The same suite on a card in a reader of this system: GRIDCARD_PCSC_READER is its name, or a part of it, GRIDCARD_GP_KEY the
 * key of its issuer security domain in hex. The applet is loaded and installed on it, and deleted afterwards.
 */
const reader = process.env['GRIDCARD_PCSC_READER']
const key = process.env['GRIDCARD_GP_KEY']

if (reader === undefined || key === undefined) {
  describe('IoT SAFE on a physical card', () => {
    it.skip('GRIDCARD_PCSC_READER and GRIDCARD_GP_KEY name no card', () => {})
  })
} else {
  let link: PcscCardLink | undefined
  const issuerOf = async (card: PcscCardLink): Promise<GlobalPlatformClient> => {
    const issuer = new GlobalPlatformClient(card, { crypto: nodeCrypto })
    await issuer.select()
    const bytes = fromHex(key)
    await issuer.open({ keys: { enc: bytes, mac: bytes, dek: bytes }, level: namedSecurityLevels['mac+enc'] })
    return issuer
  }
  let made: Promise<SuiteCard> | undefined
  const make = async (): Promise<SuiteCard> => {
    link = await connectPcscReader(reader)
    await link.powerOn()
    const card = link
    const issuer = await issuerOf(card)
    await issuer.load({ loadFileAid: iotSafePackageAid, dataBlock: emitComponents(parseCapFile(cap)) })
    await issuer.install({
      loadFileAid: iotSafePackageAid,
      moduleAid: iotSafeModuleAid,
      instanceAid: iotSafeAid,
      privileges: emitPrivileges([]),
      appletParameters: iotSafeInstallData({ most }),
    })
    await issuer.personalize(iotSafeAid, [...iotSafeBlocks(plan), iotSafeEnd])
    return {
      link: card,
      async restart() {
        await card.powerOn() // resets it; powerOff lets go of it
        await new IotSafeClient(card).select()
      },
    }
  }
  afterAll(async () => {
    if (link === undefined) return
    await link.powerOn()
    await (await issuerOf(link)).delete(iotSafePackageAid, { withInstances: true })
    await link.close()
  }, 240_000)
  describeIotSafe(`the card in ${reader}`, () => {
    made ??= make()
    return made
  })
  it('was there', () => expect(link).toBeDefined())
}
