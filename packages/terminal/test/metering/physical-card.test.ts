import { fromHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import {
  emitPrivileges,
  GlobalPlatformClient,
  MeteringClient,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
  namedSecurityLevels,
  partyCells,
} from '../../src/index.ts'
import { connectPcscReader, type PcscCardLink } from '../../src/node.ts'
import { expectCovered, recorded, runRows } from '../command-table.ts'
import { operationRows, personalisationRows } from './command-rows.ts'
import { capName, meteringCap } from './metering-bench.ts'

/**
 * Every command, allowed and refused, on a card in a reader of this system: GRIDCARD_PCSC_READER is its name, or a part of it,
 * GRIDCARD_GP_KEY the key of its issuer security domain in hex. The Metering applet (or another build of it, by
 * GRIDCARD_METERING_CAP) is loaded and installed on it, used, zeroised, and deleted.
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

async function install(link: PcscCardLink): Promise<void> {
  const issuer = await issuerOf(link)
  const dataBlock = emitComponents(parseCapFile(meteringCap(capName)))
  await issuer.load({ loadFileAid: meteringPackageAid, dataBlock })
  const { root, supplier, networkOperator, changeOfSupplier } = partyCells
  await issuer.install({
    loadFileAid: meteringPackageAid,
    moduleAid: meteringAppletAid,
    instanceAid: meteringAppletAid,
    privileges: emitPrivileges([]),
    appletParameters: meteringInstallData({
      suites: [0, 1, 2],
      cells: [root, supplier, networkOperator, changeOfSupplier],
      quotas: 2,
      clearPersonalisation: true,
    }),
  })
}

describe.skipIf(reader === undefined || key === undefined)('a card in a reader', () => {
  it(`${reader}: every command is allowed and refused, every status word answered`, { timeout: 600_000 }, async () => {
    const link = await connectPcscReader(reader!)
    try {
      await link.powerOn()
      await install(link)
      const recording = recorded(link)
      const client = new MeteringClient(recording.link)
      await client.select()
      await runRows([...personalisationRows, ...operationRows()], { ...recording, client })
      expect((await client.status()).lifeCycle).toBe('zeroised')
      expectCovered('metering', recording.seen)
      await (await issuerOf(link)).delete(meteringPackageAid, { withInstances: true })
    } finally {
      await link.close()
    }
  })
})

it.skipIf(reader !== undefined && key !== undefined)('no card in a reader is tested', (context) => {
  context.skip('GRIDCARD_PCSC_READER and GRIDCARD_GP_KEY name no card')
})
