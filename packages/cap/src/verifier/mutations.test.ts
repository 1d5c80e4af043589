import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { typedPackage } from '../../test/typed-package.ts'
import type { CapFile } from '../capfile/cap-file.ts'
import { emitComponents } from '../capfile/emit-cap-file.ts'
import { parseMethodComponent } from '../capfile/method-component.ts'
import { parseCapFile, parseComponents } from '../capfile/parse-cap-file.ts'
import { CapFormatError } from '../errors.ts'
import { instructionByMnemonic } from '../instructions/instruction-table.ts'
import { decodeMethods } from '../instructions/method-code.ts'
import { verifyCapFile } from './verify-cap-file.ts'

const METER_SECURITY = parseCapFile(
  new Uint8Array(readFileSync(join(import.meta.dirname, '../../../../applets/prebuilt/meter-security.cap'))),
)

/** Pairs of instructions of one length where the second is wrong wherever the first is right. */
const SWAPS: readonly (readonly [string, string])[] = [
  ...[0, 1, 2, 3].flatMap((n) => [[`aload_${n}`, `sload_${n}`] as const, [`sload_${n}`, `aload_${n}`] as const]),
  ['sstore_2', 'astore_2'],
  ['sstore_3', 'astore_3'],
  ['aload', 'sload'],
  ['sload', 'aload'],
  ['sstore', 'astore'],
  ['areturn', 'sreturn'],
  ['sreturn', 'areturn'],
  ['return', 'sreturn'],
  ['sreturn', 'return'],
  ['baload', 'saload'],
  ['baload', 'aaload'],
  ['saload', 'baload'],
  ['bastore', 'sastore'],
  ['sastore', 'bastore'],
  ['arraylength', 's2b'],
  ['sadd', 'aaload'],
  ['ssub', 'baload'],
  ['s2b', 'arraylength'],
  ['ifeq', 'ifnull'],
  ['ifne', 'ifnonnull'],
  ['ifnull', 'ifeq'],
  ['if_scmplt', 'if_acmpeq'],
  ['if_scmpeq', 'if_acmpeq'],
  ['if_acmpeq', 'if_scmpeq'],
  ['sconst_0', 'iconst_0'],
  ['sadd', 'iadd'],
  ['aconst_null', 'sconst_0'],
  ['getfield_a_this', 'getfield_s_this'],
  ['getfield_b_this', 'getfield_s_this'],
  ['putfield_b_this', 'putfield_s_this'],
  ['getfield_a', 'getfield_b'],
  ['putfield_s', 'putfield_a'],
  ['getstatic_a', 'getstatic_s'],
  ['putstatic_a', 'putstatic_s'],
  ['invokestatic', 'invokespecial'],
  ['invokestatic', 'invokevirtual'],
  ['invokespecial', 'invokestatic'],
  ['invokevirtual', 'invokespecial'],
  ['new', 'anewarray'],
  ['new', 'getstatic_a'],
  ['athrow', 'sreturn'],
]

/** A package that has all of them: what MeterSecurity does not use. */
const OTHERS = typedPackage({
  code: `aload_0 sconst_0 saload sstore_3 aload_0 sconst_0 sload_3 sastore
    aload_2 getfield_a thing.2 pop aload_2 sconst_0 putfield_s thing.0
    getstatic_a static@0 putstatic_a static@0 aconst_null ifnull A A: aload_2 aload_2 if_acmpeq B B:
    aload_0 arraylength sstore_3 sload_3 ifne C new trouble dup invokespecial trouble_init athrow C: sload_3 sreturn`,
  signature: 'short[], boolean, thing: short',
}).cap

function mutants(cap: CapFile, from: string, to: string): { readonly offset: number; readonly mutant: CapFile }[] {
  return decodeMethods(cap).flatMap(({ instructions }) =>
    instructions
      .filter((one) => one.instruction.mnemonic === from)
      .map(({ offset }) => {
        const info = Uint8Array.from(cap.methods.info)
        info[offset] = instructionByMnemonic(to)!.opcode
        return { offset, mutant: { ...cap, methods: parseMethodComponent(info) } }
      }),
  )
}

describe('an instruction exchanged for one of another type', () => {
  it('begins with packages without findings', () => {
    expect(verifyCapFile(METER_SECURITY)).toEqual([])
    expect(verifyCapFile(OTHERS)).toEqual([])
  })

  it.for(SWAPS)('%s for %s is refused wherever it stands', ([from, to]) => {
    const all = [METER_SECURITY, OTHERS].flatMap((cap) => mutants(cap, from, to))
    expect(all.length).toBeGreaterThan(0)
    const accepted = all.filter(({ mutant }) => verifyCapFile(mutant).every((one) => one.severity !== 'violation'))
    expect(accepted.map(({ offset }) => offset)).toEqual([])
  })
})

describe('hostile packages', () => {
  const bytes = emitComponents(typedPackage({ code: 'return' }).cap, { descriptor: 'included' })

  it('give findings whatever byte is changed, never a fault of the verifier', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Uint8Array.from(bytes)
        changed[at]! ^= mask
        let cap: CapFile
        try {
          cap = parseComponents(changed)
        } catch (error) {
          expect(error).toBeInstanceOf(CapFormatError)
          return
        }
        expect(Array.isArray(verifyCapFile(cap))).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  it('are given up when their paths are too many', () => {
    // Each of 26 subroutines calls the next one twice.
    const levels = Array.from({ length: 26 }, (_, i) => `S${i}: astore ${i} jsr S${i + 1} jsr S${i + 1} ret ${i}`)
    const code = `jsr S0 return ${levels.join(' ')} S26: astore 26 ret 26`
    const findings = verifyCapFile(typedPackage({ code, locals: 27 }).cap)
    expect(findings.map((one) => one.rule)).toEqual(['too-complex'])
  })

  it('with 60 KB of branches are read to the end', () => {
    const code = `${'sconst_0 ifeq 2 '.repeat(20_000)} return`
    expect(verifyCapFile(typedPackage({ code, locals: 200 }).cap)).toEqual([])
  })
})
