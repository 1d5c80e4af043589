import { fromHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import {
  emitPrivileges,
  GlobalPlatformClient,
  IntegrityClient,
  integrityAppletAid,
  integrityInstallData,
  integrityPackageAid,
  namedSecurityLevels,
} from '../../src/index.ts'
import { connectPcscReader, type PcscCardLink } from '../../src/node.ts'
import { recorded, runRows } from '../command-table.ts'
import { integrityRows } from './command-rows.ts'
import { cap } from './integrity-bench.ts'

/**
 * Every command, allowed and refused, on a card in a reader of this system: GRIDCARD_PCSC_READER is its name, or a part of it,
 * GRIDCARD_GP_KEY the key of its issuer security domain in hex. The applet is loaded and installed on it, and deleted.
 */
const reader = process.env['GRIDCARD_PCSC_READER']
const key = process.env['GRIDCARD_GP_KEY']

async function issuerOf(link: PcscCardLink): Promise<GlobalPlatformClient> {
  const issuer = new GlobalPlatformClient(link, { crypto: nodeCrypto })
  await issuer.select()
  const bytes = fromHex(key!)
  await issuer.open({ keys: { enc: bytes, mac: bytes, dek: bytes }, level: namedSecurityLevels['mac+enc'] })
  return issuer
}

describe.skipIf(reader === undefined || key === undefined)('a card in a reader', () => {
  it(`${reader}: every command of the Integrity applet`, { timeout: 600_000 }, async () => {
    const link = await connectPcscReader(reader!)
    try {
      await link.powerOn()
      const issuer = await issuerOf(link)
      await issuer.load({ loadFileAid: integrityPackageAid, dataBlock: emitComponents(parseCapFile(cap)) })
      await issuer.install({
        loadFileAid: integrityPackageAid,
        moduleAid: integrityAppletAid,
        instanceAid: integrityAppletAid,
        privileges: emitPrivileges([]),
        appletParameters: integrityInstallData({ clearPersonalisation: true }),
      })
      const recording = recorded(link)
      const client = new IntegrityClient(recording.link)
      await client.select()
      const restart = async () => {
        await link.powerOn() // resets it; powerOff lets go of it
        await client.select()
        await client.status()
      }
      await runRows(integrityRows(), { ...recording, client, restart })
      expect(await client.status()).toMatchObject({ lifeCycle: 'operational', lastOrder: 5n })
      await (await issuerOf(link)).delete(integrityPackageAid, { withInstances: true })
    } finally {
      await link.close()
    }
  })
})

it.skipIf(reader !== undefined && key !== undefined)('no card in a reader is tested', (context) => {
  context.skip('GRIDCARD_PCSC_READER and GRIDCARD_GP_KEY name no card')
})
