import { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { emitCommand, meterSecurityAppletAid, parseResponse } from '@gridcard/terminal'
import { meterSecurityCardProfile } from 'gridcard'
import { makeMeterSecurityCard } from '../../e2e/support/meter-security-card.ts'
import type { Question } from '../question.ts'

/** The byte code of MeterSecurity encrypts and authenticates an APDU of 64 bytes; its counter is stored each time. */
export const cardGcmProtect: Question = {
  name: 'card-gcm-protect',
  question: 'PROTECT commands with 64 bytes of plaintext that one card answers',
  unit: 'commands/s',
  async prepare() {
    const secrets = {
      systemTitle: nodeCrypto.randomBytes(8),
      deviceId: nodeCrypto.randomBytes(16),
      peerSystemTitle: nodeCrypto.randomBytes(8),
      encryptionKey: nodeCrypto.randomBytes(16),
      authenticationKey: nodeCrypto.randomBytes(16),
    }
    const image = (await makeMeterSecurityCard(nodeCrypto, secrets)).image()
    const card = Card.open({ profile: meterSecurityCardProfile, crypto: nodeCrypto, image })
    card.powerOn()
    card.transmit(emitCommand({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: meterSecurityAppletAid }))
    card.transmit(emitCommand({ cla: 0x80, ins: 0x20, p1: 0, p2: 0, data: secrets.deviceId }))
    const plaintext = nodeCrypto.randomBytes(64)
    const command = emitCommand({ cla: 0x80, ins: 0x30, p1: 0, p2: 0x30, data: plaintext, ne: 80 })
    return {
      verify() {
        const { data, sw } = parseResponse(card.transmit(command))
        if (sw !== 0x9000) throw new Error(`PROTECT was answered ${sw.toString(16)}`)
        const iv = new Uint8Array(12)
        iv.set(secrets.systemTitle)
        iv.set(data.subarray(0, 4), 8)
        const aad = Uint8Array.of(0x30, ...secrets.authenticationKey)
        const opened = nodeCrypto.gcmOpen(secrets.encryptionKey, iv, aad, data.subarray(4), 12)
        if (opened === undefined || !nodeCrypto.constantTimeEqual(opened, plaintext)) throw new Error('not genuine')
      },
      run() {
        for (let i = 0; i < 200; i++) card.transmit(command)
        return 200
      },
    }
  },
}
