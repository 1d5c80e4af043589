import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { instructionByMnemonic } from '@gridcard/cap'
import { describe, expect, it } from 'vitest'
import { OPERATION } from '../link/prepared-code.ts'

const SOURCE = readFileSync(new URL('./interpreter.ts', import.meta.url), 'utf8')
/** V8 does not optimise a function above this many bytes of its own byte code. */
const LARGEST_OPTIMISED_BYTES = 61_440

describe('the dispatch switch', () => {
  const cases = [...SOURCE.matchAll(/case 0x([0-9a-f]{2}):\s*(?:\{\s*)?\/\/ (\w+)/g)].map(([, code, name]) => ({
    operation: Number.parseInt(code!, 16),
    name: name!,
  }))

  it('names every literal as the table of operations does', () => {
    const wrong = cases.filter(({ operation, name }) => OPERATION[name as keyof typeof OPERATION] !== operation)
    expect(wrong).toEqual([])
    expect(SOURCE.match(/case 0x/g)).toHaveLength(cases.length)
  })

  it('has every operation', () => {
    const named = new Set(cases.map(({ name }) => name))
    expect(Object.keys(OPERATION).filter((name) => !named.has(name))).toEqual([])
  })

  it('gives operations that are instructions their own opcode', () => {
    const own = Object.entries(OPERATION).filter(([, operation]) => operation < 185)
    expect(own.filter(([name, operation]) => instructionByMnemonic(name)?.opcode !== operation)).toEqual([])
  })

  it('is small enough for the optimising compiler', () => {
    const script = new URL('../../../test/run-once.ts', import.meta.url).pathname
    const flags = ['--print-bytecode', '--print-bytecode-filter=run']
    const printed = execFileSync(process.execPath, [...flags, script], { encoding: 'utf8', maxBuffer: 1 << 27 })
    const sizes = [...printed.matchAll(/Bytecode length: (\d+)/g)].map(([, size]) => Number(size))
    const largest = Math.max(...sizes)
    expect(largest).toBeGreaterThan(10_000)
    expect(largest).toBeLessThan(LARGEST_OPTIMISED_BYTES / 2)
  })
})
