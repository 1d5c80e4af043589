import { readFileSync } from 'node:fs'
import { concatBytes } from '@gridcard/bytes'
import { Card } from '@gridcard/card'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  commandClasses,
  emitCommand,
  emitCommandHeader,
  inProcessLink,
  MeteringClient,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
  parseResponse,
  partyCells,
  purposes,
} from '@gridcard/terminal'
import type { Question } from '../question.ts'

const capOf = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../applets/prebuilt/${name}.cap`, import.meta.url)))
const profile = {
  name: 'metering bench',
  nvSizeBytes: 48 * 1024,
  ramSizeBytes: 16 * 1024,
  commitCapacityBytes: 2048,
  atr: Uint8Array.of(0x3b, 0x80, 0x01),
}
const NOW = 1_800_000_000
const P256 = ecDomain('P-256')

interface MeteringBench {
  readonly card: Card
  readonly title: Uint8Array
  readonly peerTitle: Uint8Array
  readonly unicastKey: Uint8Array
  readonly authenticationKey: Uint8Array
  readonly supplierKey: Uint8Array
  readonly deviceId: Uint8Array
}

/** The Metering applet in operation, bound, with one key slot of suite 0 and a supplier who may disconnect. */
async function meteringCard(cap = 'metering'): Promise<MeteringBench> {
  const bench = {
    card: Card.create({ profile, crypto: nodeCrypto }),
    title: nodeCrypto.randomBytes(8),
    peerTitle: nodeCrypto.randomBytes(8),
    unicastKey: nodeCrypto.randomBytes(16),
    authenticationKey: nodeCrypto.randomBytes(16),
    supplierKey: nodeCrypto.generateEcPrivateKey(P256),
    deviceId: nodeCrypto.randomBytes(16),
  }
  const { card, title, peerTitle, unicastKey, authenticationKey, deviceId } = bench
  card.loadPackage(capOf(cap))
  card.installApplet({
    packageAid: meteringPackageAid,
    appletAid: meteringAppletAid,
    parameters: meteringInstallData({ suites: [0], clearPersonalisation: true, p384: false }),
  })
  card.powerOn()
  const client = new MeteringClient(inProcessLink(card))
  await client.select()
  await client.setIdentity({ systemTitle: title, deviceId, tamperPolicy: [] })
  await client.putKeySlot(0, { peerSystemTitle: peerTitle, unicastKey, authenticationKey })
  const entity = nodeCrypto.randomBytes(8)
  const publicKey = nodeCrypto.ecPublicKey(P256, bench.supplierKey)
  await client.putCredential(partyCells.supplier, { entity, use: 'sign', publicKey })
  await client.putPolicy(commandClasses.disconnect, { parties: [partyCells.supplier] })
  await client.activate()
  await bind(bench, card)
  return bench
}

async function bind({ deviceId }: MeteringBench, card: Card): Promise<void> {
  card.powerOn()
  const client = new MeteringClient(inProcessLink(card))
  await client.select()
  await client.bindDevice(deviceId)
}

function answerOf(card: Card, command: Uint8Array): Uint8Array {
  const { data, sw } = parseResponse(card.transmit(command))
  if (sw !== 0x9000) throw new Error(`answered ${sw.toString(16)}`)
  return data
}

/** As in a meter's association: each request is opened and its answer protected, so keys stay and modes change. */
export const meteringProtect: Question = protecting(
  'metering-protect',
  'PROTECT commands with 64 bytes of plaintext that the Metering applet answers',
  'metering',
)

/** GCM in byte code, for cards of API 3.0.4. */
export const meteringProtect304: Question = protecting(
  'metering-protect-304',
  'the same, by the build for Java Card 3.0.4, whose GCM is byte code',
  'metering-304',
)

function protecting(name: string, question: string, cap: string): Question {
  return {
    name,
    question,
    unit: 'commands/s',
    async prepare() {
      const { card, title, unicastKey, authenticationKey } = await meteringCard(cap)
      const plaintext = nodeCrypto.randomBytes(64)
      const command = emitCommand({ cla: 0x80, ins: 0x30, p1: 0, p2: 0x30, data: plaintext, ne: 80 })
      return {
        verify() {
          const data = answerOf(card, command)
          const iv = concatBytes(title, data.subarray(0, 4))
          const aad = concatBytes(Uint8Array.of(0x30), authenticationKey)
          const opened = nodeCrypto.gcmOpen(unicastKey, iv, aad, data.subarray(4), 12)
          if (opened === undefined || !nodeCrypto.constantTimeEqual(opened, plaintext)) throw new Error('not genuine')
        },
        run() {
          for (let i = 0; i < 100; i++) card.transmit(command)
          return 100
        },
      }
    },
  }
}

/** Signed before they are timed; each batch goes to a new clone, whose counter for the class is at its start. */
const COMMANDS = 400

export const meteringVerifyCommand: Question = {
  name: 'metering-verify-command',
  question: 'critical commands with ECDSA P-256 that the Metering applet verifies and answers with a ticket',
  unit: 'commands/s',
  async prepare() {
    const bench = await meteringCard()
    const { card, title, supplierKey } = bench
    const signer = nodeCrypto.createEcdsaSigner({ domain: P256, hash: 'sha256', encoding: 'plain' }, supplierKey)
    const now = new Uint8Array(4)
    new DataView(now.buffer).setUint32(0, NOW)
    const signed = (counter: bigint) => {
      const header = emitCommandHeader({
        target: title,
        party: partyCells.supplier,
        commandClass: commandClasses.disconnect,
        counter,
        notBefore: NOW - 60,
        notAfter: NOW + 3600,
        payloadHash: nodeCrypto.sha256(new Uint8Array(8)),
      })
      const data = concatBytes(now, header, signer.sign(concatBytes(purposes.command, header)))
      return emitCommand({ cla: 0x80, ins: 0x52, p1: 0, p2: 0, data, ne: 9 })
    }
    const commands = Array.from({ length: COMMANDS }, (_, i) => signed(BigInt(i + 1)))
    const answers = async () => {
      const one = card.clone()
      await bind(bench, one)
      return commands.map((command) => parseResponse(one.transmit(command)))
    }
    return {
      async verify() {
        const found = await answers()
        const isTicket = found.every(({ data, sw }) => sw === 0x9000 && data.length === 9)
        const tampered = commands[0]!.slice()
        tampered[tampered.length - 2]! ^= 1
        const one = card.clone()
        await bind(bench, one)
        const refused = parseResponse(one.transmit(tampered)).sw
        if (!isTicket || refused !== 0x6988) throw new Error('a command was taken wrongly')
      },
      async run() {
        return (await answers()).length
      },
    }
  },
}
