import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { emitCommand, parseResponse } from '@gridcard/terminal'
import type { Question } from '../question.ts'
import { benchCard } from './bench-applet.ts'

const BLOCKS = 2000
const KEY = new Uint8Array(16)

/** The byte code of an applet calls Cipher.doFinal for one block, many times in a command. */
export const aesBlocks: Question = {
  name: 'aes-blocks',
  question: 'single AES blocks that an applet encrypts through Cipher',
  unit: 'blocks/s',
  async prepare() {
    const card = benchCard()
    const block = nodeCrypto.randomBytes(16)
    const command = (times: number) =>
      emitCommand({ cla: 0x80, ins: 0x03, p1: times >> 8, p2: times & 0xff, data: block, ne: 16 })
    return {
      verify() {
        const { data, sw } = parseResponse(card.transmit(command(3)))
        let expected = block
        for (let i = 0; i < 3; i++) expected = nodeCrypto.aesEcbEncrypt(KEY, expected)
        if (sw !== 0x9000 || !nodeCrypto.constantTimeEqual(data, expected))
          throw new Error('not the AES of three times')
      },
      run() {
        card.transmit(command(BLOCKS))
        return BLOCKS
      },
    }
  },
}

/** One signature over 32 bytes of message for each command. */
export const ecdsaSignatures: Question = {
  name: 'ecdsa-signatures',
  question: 'ECDSA signatures with SHA-256 on P-256 that an applet makes through Signature',
  unit: 'signatures/s',
  async prepare() {
    const card = benchCard()
    const message = nodeCrypto.randomBytes(32)
    const sign = emitCommand({ cla: 0x80, ins: 0x04, p1: 0, p2: 0, data: message, ne: 256 })
    const { data: point } = parseResponse(card.transmit(emitCommand({ cla: 0x80, ins: 0x05, p1: 0, p2: 0, ne: 256 })))
    const scheme = { domain: ecDomain('P-256'), hash: 'sha256', encoding: 'der' } as const
    return {
      verify() {
        const { data, sw } = parseResponse(card.transmit(sign))
        const verifier = nodeCrypto.createEcdsaVerifier(scheme, point)
        if (sw !== 0x9000 || !verifier.verify(message, data)) throw new Error('no signature of the message')
      },
      run() {
        for (let i = 0; i < 100; i++) card.transmit(sign)
        return 100
      },
    }
  },
}
