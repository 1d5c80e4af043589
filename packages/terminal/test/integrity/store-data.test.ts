import { fromHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { Card, type CardProfile } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { expect, test } from 'vitest'
import {
  emitDataGroup,
  emitPrivileges,
  GlobalPlatformClient,
  IntegrityClient,
  inProcessLink,
  integrityAppletAid,
  integrityDataGroups,
  integrityPackageAid,
  namedSecurityLevels,
} from '../../src/index.ts'
import { boot, cap, expectRefused, personalisation, profile, require } from './integrity-bench.ts'

const issuerKey = fromHex('404142434445464748494A4B4C4D4E4F')
const cardProfile: CardProfile = {
  ...profile,
  name: 'integrity applet under GlobalPlatform',
  nvSizeBytes: 64 * 1024,
  globalPlatform: {
    version: '2.3.1',
    issuerAid: fromHex('A000000151000000'),
    initialState: 'opReady',
    issuerKeys: { from: 'well-known', keyVersion: 1, type: 'aes', lengthBytes: 16 },
    secureChannels: [{ protocol: 0x03, i: 0x70 }],
    issuerPrivileges: 0x9e_fe80,
    domainPrivileges: 0,
    applicationPrivileges: 0,
    mostFailedAuthentications: 0,
    leastKeyBits: { aes: 128, des: 112, rsa: 1024, ec: 256 },
  },
}

test('the security domain hands personalisation on from whoever has its keys; nobody else gets a word in', async () => {
  const card = Card.create({ profile: cardProfile, crypto: nodeCrypto })
  card.powerOn()
  const link = inProcessLink(card)
  const domain = new GlobalPlatformClient(link, { crypto: nodeCrypto })
  const keys = { enc: issuerKey, mac: issuerKey, dek: issuerKey }
  await domain.select()
  await domain.open({ keys, level: namedSecurityLevels['mac+enc'] })
  await domain.load({ loadFileAid: integrityPackageAid, dataBlock: emitComponents(parseCapFile(cap)), hash: 'sha256' })
  await domain.install({
    loadFileAid: integrityPackageAid,
    moduleAid: integrityAppletAid,
    instanceAid: integrityAppletAid,
    privileges: emitPrivileges([]),
  })
  const client = new IntegrityClient(link)
  await client.select()
  for (const one of integrityDataGroups(personalisation)) expectRefused(await client.putData(one), 0x6982)

  await domain.select()
  await domain.open({ keys, level: namedSecurityLevels['mac+enc'] })
  const groups = integrityDataGroups(personalisation).map(emitDataGroup)
  await expect(domain.personalize(integrityAppletAid, [groups[0]!.slice(0, -1)])).rejects.toThrow()
  await domain.personalize(integrityAppletAid, groups)
  await client.select()
  expect(await client.status()).toMatchObject({ lifeCycle: 'operational', systemTitle: personalisation.systemTitle })
  await boot({ client })

  await domain.select()
  await domain.open({ keys, level: namedSecurityLevels['mac+enc'] })
  await expect(domain.personalize(integrityAppletAid, groups)).rejects.toThrow()
  await client.select()
  expect(require(await client.publicKey('manufacturer'))).toEqual(personalisation.manufacturerKey)
})
