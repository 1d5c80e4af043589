import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { GCM } from '@gridcard/crypto/testing'
import { emitCommand, parseResponse } from '@gridcard/terminal'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildApplet } from './applet-build.ts'
import { findJavac } from './javac.ts'

const javac = await findJavac()

/** What the build of the Metering applet for API 3.0.4 has in the place of the platform's GCM, and nothing around it. */
const SOURCE = join(import.meta.dirname, '../../../applets/metering-304/src/org/gridcard/metering/Gcm.java')

/** P1: 1 decrypts, 2 encrypts. Data: key, IV, first and second part of the additional data, text, tag, each with its length. */
const PROBE = `package org.gridcard.metering;
  import javacard.framework.*;
  import javacard.security.*;
  public class Probe extends Applet {
    private final Gcm gcm = new Gcm();
    private final AESKey key128 = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);
    private final AESKey key256 = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_256, false);
    public static void install(byte[] b, short o, byte l) { new Probe().register(b, (short) (o + 1), b[o]); }
    public void process(APDU apdu) {
      if (selectingApplet()) return;
      byte[] b = apdu.getBuffer();
      apdu.setIncomingAndReceive();
      byte mode = b[ISO7816.OFFSET_P1];
      short at = ISO7816.OFFSET_CDATA;
      AESKey key = b[at] == 16 ? key128 : key256;
      key.setKey(b, (short) (at + 1));
      at += (short) (1 + b[at]);
      gcm.init(key, mode, b, (short) (at + 1), b[at]);
      at += (short) (1 + b[at]);
      for (short i = 0; i < 2; i++) {
        gcm.updateAAD(b, (short) (at + 1), (short) (b[at] & 0xFF));
        at += (short) (1 + (b[at] & 0xFF));
      }
      short length = (short) (b[at] & 0xFF);
      short text = (short) (at + 1);
      gcm.doFinal(b, text, length, b, text);
      at = (short) (text + length);
      if (mode == 2) gcm.retrieveTag(b, at, (short) 16);
      else if (!gcm.verifyTag(b, (short) (at + 1), b[at])) ISOException.throwIt((short) 0x6988);
      apdu.setOutgoingAndSend(text, mode == 2 ? (short) (length + 16) : length);
    }
  }`

let card: Card

interface Message {
  readonly key: Uint8Array
  readonly iv: Uint8Array
  readonly aad: readonly [Uint8Array, Uint8Array]
  readonly text: Uint8Array
  readonly tag?: Uint8Array
}

function answer({ key, iv, aad, text, tag }: Message) {
  const parts = [key, iv, ...aad, text, ...(tag ? [tag] : [])].flatMap((part) => [Uint8Array.of(part.length), part])
  return parseResponse(
    card.transmit(emitCommand({ cla: 0x80, ins: 0, p1: tag ? 1 : 2, p2: 0, data: concatBytes(...parts), ne: 256 })),
  )
}

describe.skipIf(!javac)('AES-GCM of the Metering applet for Java Card 3.0.4', () => {
  beforeAll(async () => {
    const sourceDir = await mkdtemp(join(tmpdir(), 'gridcard-gcm-'))
    await copyFile(SOURCE, join(sourceDir, 'Gcm.java'))
    await writeFile(join(sourceDir, 'Probe.java'), PROBE)
    const [packageAid, aid] = ['F0475249440B', 'F0475249440B01']
    const applets = [{ class: 'org.gridcard.metering.Probe', aid }]
    const config = { package: 'org.gridcard.metering', packageAid, version: '1.0', level: '3.0.4', applets } as const
    const { cap } = await buildApplet({ sourceDir, config })
    await rm(sourceDir, { recursive: true })
    const sizes = { nvSizeBytes: 16 * 1024, ramSizeBytes: 4096, commitCapacityBytes: 512 }
    card = Card.create({ profile: { name: 'gcm', ...sizes, atr: fromHex('3B8001') }, crypto: nodeCrypto })
    card.loadPackage(cap)
    card.installApplet({ packageAid: fromHex(packageAid), appletAid: fromHex(aid) })
    card.powerOn()
    card.transmit(emitCommand({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: fromHex(aid) }))
  }, 240_000)

  test.each(GCM.filter(({ iv, key }) => iv.length === 24 && key.length !== 48))('$source', (vector) => {
    const [key, iv, aad, plaintext, ciphertext, tag] = (
      ['key', 'iv', 'aad', 'plaintext', 'ciphertext', 'tag'] as const
    ).map((name) => fromHex(vector[name])) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    const parts = [aad.subarray(0, 7), aad.subarray(7)] as const
    const sealed = answer({ key, iv, aad: parts, text: plaintext })
    expect(toHex(sealed.data)).toBe(toHex(ciphertext) + toHex(tag))
    for (let i = 0; i < tag.length; i += 5) {
      const wrong = tag.with(i, tag[i]! ^ (1 << (i % 8)))
      expect(answer({ key, iv, aad: parts, text: ciphertext, tag: wrong }).sw).toBe(0x6988)
    }
    expect(answer({ key, iv, aad: parts, text: ciphertext, tag })).toEqual({ data: plaintext, sw: 0x9000 })
  })

  test('lengths around blocks, of text and of both parts of the additional data, against another implementation', () => {
    for (let n = 0; n < 24; n++) {
      const bytes = (length: number) => nodeCrypto.hash('sha512', Uint8Array.of(n, length)).slice(0, length)
      const key = nodeCrypto.sha256(Uint8Array.of(n)).slice(0, n % 2 ? 16 : 32)
      const [iv, text] = [bytes(12), bytes([0, 1, 15, 16, 17, 31, 32, 33][n % 8]!)]
      const aad = [bytes([17, 33, 16][n % 3]!), bytes([0, 1, 14, 15, 16][n % 5]!)] as const
      const expected = nodeCrypto.gcmSeal(key, iv, concatBytes(...aad), text, 16)
      expect(toHex(answer({ key, iv, aad, text }).data), `${n}`).toBe(toHex(expected))
    }
  })
})
