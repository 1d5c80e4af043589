import { describe, expect, it } from 'vitest'
import { classWith, convertClasses } from '../../test/convert-method.ts'
import { constructorOf, javaClass } from '../../test/java-assembler.ts'
import { parseMethodComponent } from '../capfile/method-component.ts'
import { instructionByMnemonic } from '../instructions/instruction-table.ts'
import { verifyCapFile } from '../verifier/verify-cap-file.ts'
import { verifyFindingText } from '../verifier/verify-finding.ts'
import { sourceOfFinding } from './finding-source.ts'

const { cap, debug } = convertClasses([
  classWith('a: iload_0; iload_1; iadd; i2s; istore_2; b: iload_2; ireturn', '(SS)S', { lines: ['a 7', 'b 8'] }),
  javaClass({ name: 'p/U', sourceFile: 'U.java', methods: [constructorOf()] }),
])

describe('the source of a finding', () => {
  it('is not known without a map, or in a map that has no such method', () => {
    const finding = { rule: 'stack-type', severity: 'violation', message: 'm', source: 's', pc: 0 } as const
    expect(sourceOfFinding(finding, debug)).toBeUndefined()
    expect(sourceOfFinding({ ...finding, methodOffset: 9999 }, debug)).toBeUndefined()
    expect(sourceOfFinding({ ...finding, methodOffset: debug.methods[0]!.offset }, { ...debug, methods: [] })).toBe(
      undefined,
    )
  })

  it('is the line of the instruction', () => {
    const info = Uint8Array.from(cap.methods.info)
    const at = info.lastIndexOf(instructionByMnemonic('sreturn')!.opcode)
    info[at] = instructionByMnemonic('areturn')!.opcode
    const findings = verifyCapFile({ ...cap, methods: parseMethodComponent(info) })
    expect(findings.map((one) => [one.rule, one.pc, sourceOfFinding(one, debug)])).toEqual([
      ['stack-type', 5, { className: 'p.T', method: 'f(SS)S', source: 'p/T.java', line: 8 }],
    ])
    expect(verifyFindingText(findings[0]!, debug)).toMatch(
      /^p\/T\.java:8: method0 \(class0 static 0\) \+5 \[stack-type\]/,
    )
  })

  it('is the class where there is no method', () => {
    const [first, second] = cap.classes.classes
    const classes = [first!, { ...second!, superClass: { kind: 'external', packageToken: 0, classToken: 99 } as const }]
    const findings = verifyCapFile({ ...cap, classes: { ...cap.classes, classes } })
    const found = findings.find((one) => one.rule === 'no-such-member')!
    expect(sourceOfFinding(found, debug)).toEqual({ className: 'p.U', source: 'p/U.java' })
  })
})
