import { readFileSync } from 'node:fs'
import { fromHex, GridcardError } from '@gridcard/bytes'
import {
  type CapFile,
  decodeMethods,
  emitComponents,
  type Instruction,
  instructions,
  parseCapFile,
  parseComponents,
  parseMethodComponent,
  verifyCapFile,
} from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card, CardError } from '../src/index.ts'
import type { CodePosition, Monitor } from '../src/monitor/index.ts'
import { SECURITY } from '../src/vm/jcre-objects.ts'
import type { Machine } from '../src/vm/machine.ts'
import { ACTIVATE, BIND, METER_PROFILE, PUT_KEY_SLOT, READ_COUNTERS, SELECT, SET_IDENTITY } from './meter-security.ts'

// The verifier and the card are two answers to one question. The card looks at every use of a reference and raises a
// SecurityException where the type is wrong; what the verifier accepts must never make it do so. Packages are changed at
// random, as an attacker would who knows the format: those that the verifier accepts are loaded and run.

/** More by night: GRIDCARD_MUTANTS=100000. */
const MUTANTS = Number(process.env['GRIDCARD_MUTANTS'] ?? 100)
const SEED = Number(process.env['GRIDCARD_MUTANTS_SEED'] ?? 1)

/** Instructions that look at the type of a reference, and can raise a SecurityException for nothing else in a card of one package. */
const LOOKS_AT_TYPE =
  /^([abis]aload|[bis]astore|arraylength|getfield_[abis](_w|_this)?|putfield_[bis](_w|_this)?|invoke(virtual|special|interface)|ret)$/

/** mulberry32: the same mutants every time. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const capOf = (name: string): CapFile =>
  parseCapFile(new Uint8Array(readFileSync(new URL(`../../../applets/prebuilt/${name}.cap`, import.meta.url))))

const sweep = (cla: string, from: number, to: number, data: string): string[] =>
  Array.from({ length: to - from }, (_, i) => {
    const ins = (from + i).toString(16).padStart(2, '0')
    return `${cla}${ins}0000${(data.length / 2).toString(16).padStart(2, '0')}${data}`
  })

const PROBE = 'F047524944434152440501'

const PACKAGES = [
  {
    cap: capOf('meter-security'),
    commands: [
      SELECT,
      SET_IDENTITY,
      PUT_KEY_SLOT,
      ACTIVATE,
      BIND,
      READ_COUNTERS,
      ...sweep('80', 0, 0x40, '00'.repeat(20)),
      READ_COUNTERS,
    ],
  },
  {
    cap: capOf('crypto-probe'),
    commands: [
      `00A40400${(PROBE.length / 2).toString(16).padStart(2, '0')}${PROBE}`,
      ...[0, 1, 2, 3, 4].flatMap((p1) =>
        sweep('80', 1, 7, '01'.repeat(16)).map((one) => `${one.slice(0, 4)}0${p1}${one.slice(6)}`),
      ),
    ],
  },
] as const

/** What the machine stops for that no verified code can do. */
const HALTS_AT_TYPE: ReadonlySet<string> = new Set(['operand stack out of bounds', 'call of an abstract method'])

/** Hears of every exception that an instruction raises because of a type, and of every stop for want of a verifier. */
class TypeFaults implements Monitor {
  readonly #mnemonics: ReadonlyMap<number, string>
  readonly found: string[] = []

  constructor(cap: CapFile) {
    this.#mnemonics = new Map(
      decodeMethods(cap).flatMap((one) => one.instructions.map((i) => [i.offset, i.instruction.mnemonic] as const)),
    )
  }

  codeOf(linked: { readonly code: Int32Array }): Int32Array {
    return linked.code
  }

  reached(): number {
    throw new Error('assertion failed: there are no breakpoints')
  }

  raised(_machine: Machine, at: CodePosition, thrown: number): void {
    if (thrown !== SECURITY) return
    const offset = at.instance.linked.capOffsets[at.pc - 1] ?? -1
    const mnemonic = this.#mnemonics.get(offset)
    if (mnemonic !== undefined && LOOKS_AT_TYPE.test(mnemonic)) this.found.push(`${mnemonic} at Method+${offset}`)
  }

  halting(machine: Machine): void {
    if (HALTS_AT_TYPE.has(machine.halted ?? '')) this.found.push(`${machine.halted}`)
  }
}

/** What a card does with a package that the verifier accepts. @returns the type faults */
function run(cap: CapFile, commands: readonly string[]): string[] {
  const faults = new TypeFaults(cap)
  const profile = { ...METER_PROFILE, nvSizeBytes: 65536, instructionBudget: 20_000, requireVerified: true }
  const card = Card.create({ profile, crypto: nodeCrypto, monitor: faults })
  try {
    card.loadPackage(cap)
  } catch (error) {
    // Which versions of packages a card has is no question of types; everything else that is verified has to link.
    if (error instanceof CardError && error.code === 'CARD_IMPORT_MISSING') return []
    throw error
  }
  const packageAid = cap.header.package.aid
  for (const { aid } of cap.applet?.applets ?? []) {
    try {
      card.installApplet({ packageAid, appletAid: aid })
    } catch (error) {
      if (!(error instanceof CardError)) throw error // the changed install method refuses, or does not end
    }
  }
  card.powerOn()
  for (const one of commands) card.transmit(fromHex(one))
  return faults.found
}

const layoutOf = ({ operands, switch: cases }: Instruction): string =>
  `${operands.map(({ kind }) => kind).join()} ${cases === undefined ? '' : 'switch'}`
const alike = (one: Instruction): readonly Instruction[] =>
  instructions.filter((other) => layoutOf(other) === layoutOf(one))

/** A byte of a component changed, or some bytes of it put in another place of it, as an attacker would a token or an offset. */
function changedComponent(cap: CapFile, below: (limit: number) => number): CapFile {
  const bytes = emitComponents(cap, { descriptor: 'included' })
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 3 + (bytes[at + 1]! << 8) + bytes[at + 2]!
    parts.push(bytes.subarray(at + 3, end))
    at = end
  }
  const part = parts[below(parts.length)]!
  if (part.length === 0) return cap
  const at = below(part.length)
  if (below(2) === 0) part[at]! ^= 1 + below(255)
  else part.set(part.slice(below(part.length)).subarray(0, Math.min(1 + below(4), part.length - at)), at)
  return parseComponents(bytes)
}

function changedHeader(cap: CapFile, below: (limit: number) => number): CapFile {
  const info = Uint8Array.from(cap.methods.info)
  const methods = decodeMethods(cap)
  const { header } = methods[below(methods.length)]!
  info[header.offset + below(header.codeOffset - header.offset)]! ^= 1 << below(8)
  return { ...cap, methods: parseMethodComponent(info) }
}

/** One change: of an instruction, of its operands, of the order of two, of a method header, or anywhere in a component. */
function mutant(cap: CapFile, below: (limit: number) => number): CapFile {
  const kind = below(11)
  if (kind < 3) return changedComponent(cap, below)
  if (kind === 3) return changedHeader(cap, below)
  const info = Uint8Array.from(cap.methods.info)
  const methods = decodeMethods(cap)
  const { instructions: code } = methods[below(methods.length)]!
  const at = below(Math.max(1, code.length))
  const [one, next] = [code[at], code[at + 1]]
  if (!one) return cap
  if (kind <= 6) {
    const others = alike(one.instruction)
    info[one.offset] = others[below(others.length)]!.opcode
  } else if (kind <= 8) {
    const length = one.nextOffset - one.offset
    if (length === 1) info[one.offset] = alike(one.instruction)[below(alike(one.instruction).length)]!.opcode
    else info[one.offset + 1 + below(length - 1)] = below(3) === 0 ? below(256) : info[one.offset + 1]! + below(5) - 2
  } else if (next) {
    info.set(cap.methods.info.subarray(next.offset, next.nextOffset), one.offset)
    info.set(cap.methods.info.subarray(one.offset, one.nextOffset), one.offset + next.nextOffset - next.offset)
  }
  return { ...cap, methods: parseMethodComponent(info) }
}

describe.each(PACKAGES.map((one) => [one.cap.packagePath, one] as const))('%s', (_name, { cap, commands }) => {
  it('raises no type fault as it is', () => {
    expect(run(cap, commands)).toEqual([])
  })

  it(`changed ${MUTANTS} times: what the verifier accepts never confuses types`, { timeout: 3_600_000 }, () => {
    const below = randomFrom(SEED)
    let accepted = 0
    for (let i = 0; i < MUTANTS; i++) {
      let changed: CapFile
      try {
        changed = mutant(cap, below)
      } catch (error) {
        expect(error).toBeInstanceOf(GridcardError)
        continue
      }
      if (verifyCapFile(changed).some(({ severity }) => severity !== 'tolerated')) continue
      accepted++
      const faults = run(changed, commands)
      expect(faults, `mutant ${i} of seed ${SEED}`).toEqual([])
    }
    // Numbers and jumps may be other ones: about one in eight is right by its types.
    expect(accepted).toBeGreaterThan(MUTANTS / 40)
  })
})
