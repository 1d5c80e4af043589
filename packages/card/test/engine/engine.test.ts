import { instructions } from '@gridcard/cap'
import { describe, expect, it } from 'vitest'
import { interpreter } from '../../src/vm/interpreter/interpreter.ts'
import { describeEngine, OPCODE_CASES } from './describe-engine.ts'

describeEngine('interpreter', () => interpreter)

describe('the suite', () => {
  it('exercises each of the 185 instructions', () => {
    const texts = Object.values(OPCODE_CASES)
      .flat()
      .flatMap((one) => [one.run, one.text ?? '', ...Object.values(one.methods ?? {}).map((method) => method.code)])
    const words = new Set(texts.flatMap((text) => text.split(/\s+/)))
    const defined = instructions.filter((one) => !one.isReserved)
    expect(defined).toHaveLength(185)
    expect(defined.map((one) => one.mnemonic).filter((mnemonic) => !words.has(mnemonic))).toEqual([])
  })
})
