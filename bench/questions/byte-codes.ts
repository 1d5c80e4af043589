import { emitCommand, parseResponse } from '@gridcard/terminal'
import type { Question } from '../question.ts'
import { benchCard } from './bench-applet.ts'
import { instructionsPerTurn } from './loop-length.ts'

const turns = 20_000

/** What `BenchApplet.loop` computes, in JavaScript with Java's 16-bit arithmetic. */
function expectedSum(): number {
  const array = new Int8Array(64).fill(1)
  let sum = 0
  for (let i = 0; i < turns; i++) {
    const at = i & 63
    sum = (((((sum + (((array[at]! * 3) << 16) >> 16)) << 16) >> 16) ^ i) << 16) >> 16
    array[at] = sum
  }
  return sum & 0xffff
}

export const byteCodes: Question = {
  name: 'byte-codes',
  question: 'byte codes per second in a loop of short arithmetic, array access and branches',
  unit: 'byte codes/s',
  async prepare() {
    const card = benchCard()
    const command = emitCommand({ cla: 0x80, ins: 0x02, p1: turns >> 8, p2: turns & 0xff, ne: 2 })
    const perCommand = turns * instructionsPerTurn()
    return {
      verify() {
        const { data, sw } = parseResponse(card.transmit(command))
        const sum = data[0]! * 256 + data[1]!
        if (sw !== 0x9000 || sum !== expectedSum()) throw new Error(`the loop gave ${sum}, not ${expectedSum()}`)
      },
      run() {
        card.transmit(command)
        return perCommand
      },
    }
  },
}
