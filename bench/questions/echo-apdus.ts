import { emitCommand, parseResponse } from '@gridcard/terminal'
import type { Question } from '../question.ts'
import { benchCard } from './bench-applet.ts'

export const echoApdus: Question = {
  name: 'echo-apdus',
  question: 'APDUs with 16 bytes that an applet copies and sends back, in process',
  unit: 'APDU/s',
  async prepare() {
    const card = benchCard()
    const data = Uint8Array.from({ length: 16 }, (_, i) => i + 1)
    const command = emitCommand({ cla: 0x80, ins: 0x01, p1: 0, p2: 0, data, ne: 16 })
    return {
      verify() {
        const response = parseResponse(card.transmit(command))
        if (
          response.sw !== 0x9000 ||
          !response.data.every((byte, i) => byte === i + 1) ||
          response.data.length !== 16
        ) {
          throw new Error('the echo is wrong')
        }
      },
      run() {
        for (let i = 0; i < 2000; i++) card.transmit(command)
        return 2000
      },
    }
  },
}
