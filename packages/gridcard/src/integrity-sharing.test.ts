import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { parseExportFile } from '@gridcard/cap'
import { Card } from '@gridcard/card'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  IntegrityClient,
  inProcessLink,
  integrityAppletAid,
  integrityInstallData,
  integrityPackageAid,
  registersDigest,
} from '@gridcard/terminal'
import { expect, test } from 'vitest'
import { buildApplet, buildAppletFolder } from './applet-build.ts'
import { findJavac } from './javac.ts'

const APPLETS = join(import.meta.dirname, '../../../applets')
const javac = await findJavac()

/** Asks for the state: P1 is the parameter, INS 0 the flags, INS 1 the digest of the registers in P2. */
const ASKER = `package asker;
  import javacard.framework.*;
  import org.gridcard.integrity.SoftwareState;
  public class Asker extends Applet {
    private static final byte[] SERVER = { (byte) 0xF0, 0x47, 0x52, 0x49, 0x44, 0x43, 0x41, 0x52, 0x44, 0x03, 0x01 };
    public static void install(byte[] b, short o, byte l) { new Asker().register(b, (short) (o + 1), b[o]); }
    public void process(APDU apdu) {
      if (selectingApplet()) return;
      byte[] buffer = apdu.getBuffer();
      Shareable given = JCSystem.getAppletShareableInterfaceObject(
          JCSystem.lookupAID(SERVER, (short) 0, (byte) SERVER.length), buffer[ISO7816.OFFSET_P1]);
      if (given == null) ISOException.throwIt((short) 0x6A82);
      SoftwareState state = (SoftwareState) given;
      if (buffer[ISO7816.OFFSET_INS] == 0) {
        buffer[0] = state.state();
        apdu.setOutgoingAndSend((short) 0, (short) 1);
      } else {
        apdu.setOutgoingAndSend((short) 0, state.digest((short) (buffer[ISO7816.OFFSET_P2] & 0xFF), buffer, (short) 0));
      }
    }
  }`

test.skipIf(!javac)(
  'other applets learn the state of the software if personalisation named them; strangers get nothing',
  {
    timeout: 400_000,
  },
  async () => {
    const integrity = await buildAppletFolder(join(APPLETS, 'integrity'))
    const prebuilt = await readFile(join(APPLETS, 'prebuilt/integrity.cap'))
    expect(
      toHex(integrity.cap) === toHex(prebuilt),
      'applets/prebuilt/integrity.cap is not what its sources give; refresh it: applet build applets/integrity',
    ).toBe(true)
    const folder = await mkdtemp(join(tmpdir(), 'gridcard-asker-'))
    const config = { package: 'asker', packageAid: 'F0475249440A', version: '1.0', level: '3.0.4' } as const
    const applets = [{ class: 'asker.Asker', aid: 'F0475249440A01' }]
    await writeFile(join(folder, 'Asker.java'), ASKER)
    const libraries = [parseExportFile(integrity.exp!)]
    const asker = await buildApplet({ sourceDir: folder, config: { ...config, applets }, libraries })
    await rm(folder, { recursive: true })

    const card = Card.create({
      profile: {
        name: 'sharing',
        nvSizeBytes: 48 * 1024,
        ramSizeBytes: 8192,
        commitCapacityBytes: 2048,
        atr: fromHex('3B8001'),
      },
      crypto: nodeCrypto,
    })
    card.loadPackage(integrity.cap)
    card.installApplet({
      packageAid: integrityPackageAid,
      appletAid: integrityAppletAid,
      parameters: integrityInstallData({ clearPersonalisation: true }),
    })
    card.loadPackage(asker.cap)
    const [friend, stranger] = [fromHex('F0475249440A01'), fromHex('F0475249440A02')]
    for (const instanceAid of [friend, stranger]) {
      card.installApplet({ packageAid: fromHex(config.packageAid), appletAid: fromHex(applets[0]!.aid), instanceAid })
    }
    card.powerOn()
    const client = new IntegrityClient(inProcessLink(card))
    const ask = (aid: Uint8Array, command: string) => {
      card.transmit(Uint8Array.of(0x00, 0xa4, 0x04, 0x00, aid.length, ...aid))
      return toHex(card.transmit(fromHex(command)))
    }
    // Before personalisation ends the applet gives itself to the platform, for STORE DATA, and that is no SoftwareState.
    expect(ask(friend, '80000100')).toBe('6A82')
    expect(ask(friend, '80000000')).toMatch(/^6[^9]/)

    const domain = ecDomain('P-256')
    const publicKey = nodeCrypto.ecPublicKey(domain, nodeCrypto.generateEcPrivateKey(domain))
    await client.select()
    await client.personalise({
      systemTitle: fromHex('4752430100000001'),
      type: fromAscii('GCEM'),
      hardware: 1,
      manufacturerKey: publicKey,
      responsibleKey: publicKey,
      sharers: [friend],
    })
    const measured = await client.measure(4, new Uint8Array(32).fill(7))
    expect(ask(stranger, '80000100')).toBe('6A82')
    expect(ask(stranger, '80000000')).toBe('6A82')
    expect(ask(friend, '80000000')).toBe('6A82')
    expect(ask(friend, '80000100')).toBe('009000')
    const digest = registersDigest(0x10, [measured as Uint8Array], (bytes) => nodeCrypto.sha256(bytes))
    expect(ask(friend, '80010110')).toBe(`${toHex(digest)}9000`)
    expect(ask(friend, '80010100')).toBe('6A86')
  },
)
