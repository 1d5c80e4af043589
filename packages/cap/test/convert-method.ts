import { fromHex } from '@gridcard/bytes'
import type { CapFile } from '../src/capfile/cap-file.ts'
import { type Conversion, type ConvertOptions, convert } from '../src/converter/convert.ts'
import { ConvertError } from '../src/errors.ts'
import { decodeInstructions } from '../src/instructions/decode-instruction.ts'
import { traceMethod } from '../src/instructions/method-code.ts'
import { flagsOf, javaClass, type MethodText } from './java-assembler.ts'

export const PACKAGE = { packageName: 'p', packageAid: fromHex('F04752494401'), packageVersion: { major: 1, minor: 0 } }

export function convertClasses(classFiles: readonly Uint8Array[], options: Partial<ConvertOptions> = {}): Conversion {
  return convert({ ...PACKAGE, classFiles, applets: [], level: '3.0.5', ...options })
}

/** `message` of every finding, or nothing when the classes convert. */
export function findingsOf(...classFiles: readonly Uint8Array[]): string[] {
  try {
    convertClasses(classFiles)
    return []
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error
    return error.findings.map((one) => one.message)
  }
}

/** A class `p/T` with one static method `f`. */
export function classWith(code: string, descriptor = '(SS)S', more: Partial<MethodText> = {}): Uint8Array {
  const method = { name: 'f', descriptor, flags: flagsOf('public static'), code, ...more }
  return javaClass({ name: 'p/T', sourceFile: 'T.java', methods: [method] })
}

/** The byte code of the first method as text: operands in decimal, jumps as `@` and the number of the instruction. */
export function codeOf(cap: CapFile, methodIndex = 0): string[] {
  const descriptor = cap.descriptor!.classes.flatMap((one) => one.methods).filter((one) => one.methodOffset > 0)[
    methodIndex
  ]!
  const { header } = traceMethod(cap.methods, descriptor.methodOffset)
  const end = header.codeOffset + descriptor.bytecodeSizeBytes
  const code = decodeInstructions(cap.methods.info, header.codeOffset, end)
  const numberOf = (offset: number): string => `@${code.findIndex((one) => one.offset === offset)}`
  return code.map(({ instruction, operands, targets, matches }) => {
    const shown = operands.flatMap((value, i) => (instruction.operands[i]!.kind === 'branch' ? [] : [String(value)]))
    const jumps = targets.map(
      (target, i) =>
        (matches && i > 0 && instruction.switch?.form === 'lookup' ? `${matches[i - 1]}:` : '') + numberOf(target),
    )
    return [instruction.mnemonic, ...shown, ...jumps].join(' ')
  })
}

/** Converts the body of a static method and shows what became of it. */
export function converted(code: string, descriptor?: string, more?: Partial<MethodText>): string {
  return codeOf(convertClasses([classWith(code, descriptor, more)]).cap).join('; ')
}
