import type { CapFile, ExceptionHandler } from '../capfile/cap-file.ts'
import { METHOD_FLAGS } from '../capfile/cap-file.ts'
import type { DecodedInstruction } from '../instructions/decode-instruction.ts'
import type { MethodCode } from '../instructions/method-code.ts'
import { arrayTypeWord, namesClass } from './array-types.ts'
import { constantKey } from './assembled-constant-pool.ts'
import { encloses } from './handler-ranges.ts'
import type { ReferenceWords } from './reference-words.ts'

/** Names of places, by offset. */
type Labels = Pick<ReadonlyMap<number, string>, 'get'>

/** Byte code as text; made once per package. */
export class MethodDisassembler {
  readonly #cap: CapFile
  readonly #words: ReferenceWords
  /** Per constant pool index: the word, or `#n` when an earlier entry would be found for it. */
  readonly #constants: readonly string[]

  constructor(cap: CapFile, words: ReferenceWords) {
    this.#cap = cap
    this.#words = words
    const seen = new Set<string>()
    this.#constants = cap.constantPool.map((entry, i) => {
      const key = constantKey(entry)
      if (seen.has(key)) return `#${i}`
      seen.add(key)
      return (entry.kind === 'superMethod' ? 'super:' : '') + words.entryWord(entry)
    })
  }

  /** Lines from `.method` to `.end`. */
  lines(method: MethodCode): string[] {
    const { header, instructions, handlers, endOffset } = method
    const labels = labelsOf(method)
    const lines = [this.#opening(method)]
    for (const one of instructions) {
      const label = labels.get(one.offset)
      if (label !== undefined) lines.push(` ${label}:`)
      lines.push(`    ${this.instruction(one, labels)}`)
    }
    const endLabel = labels.get(endOffset)
    if (endLabel !== undefined && header.codeOffset !== endOffset) lines.push(` ${endLabel}:`)
    for (const handler of handlers) lines.push(`  ${this.#handler(handler, labels)}`)
    return [...lines, '.end']
  }

  #opening({ header }: MethodCode): string {
    const { flags, maxStack, nargs, maxLocals } = header
    const isLongNeeded = maxStack > 15 || nargs > 15 || maxLocals > 15
    return [
      `.method ${this.#words.methodWord(header.offset)}`,
      ...(flags & METHOD_FLAGS.ACC_ABSTRACT ? ['abstract'] : []),
      ...(flags & METHOD_FLAGS.ACC_EXTENDED && !isLongNeeded ? ['long'] : []),
      `stack ${maxStack} args ${nargs} locals ${maxLocals}`,
    ].join(' ')
  }

  /**
   * @param labels by offset
   * @param constant what to call its constant, instead of the assembler's word for it
   */
  instruction(decoded: DecodedInstruction, labels: Labels, constant?: string): string {
    const { instruction, targets } = decoded
    if (instruction.switch) return switchText(decoded, labels)
    const words = [instruction.mnemonic]
    const values = decoded.operands
    instruction.operands.forEach(({ kind, constantPoolKinds }, i) => {
      const value = values[i]!
      if (kind === 'branch') words.push(labels.get(targets[0]!)!)
      else if (kind === 'nibbles') words.push(`0x${value.toString(16).padStart(2, '0')}`)
      else if (kind === 'arrayType') words.push(arrayTypeWord(value) ?? String(value))
      else if (kind === 'interfaceMethodToken') words.push(this.#interfaceMethod(values[i - 1]!, value))
      else if (kind !== 'constantPool') words.push(String(value))
      else if (instruction.operands[i - 1]?.kind === 'arrayType' && !namesClass(values[i - 1]!)) {
        if (value !== 0) words.push(`#${value}`)
      } else if (instruction.operands[i + 1]?.kind !== 'interfaceMethodToken') {
        const entry = this.#cap.constantPool[value]
        words.push(
          entry && constantPoolKinds!.includes(entry.kind) ? (constant ?? this.#constants[value]!) : `#${value}`,
        )
      }
    })
    return words.join(' ')
  }

  #interfaceMethod(index: number, token: number): string {
    const entry = this.#cap.constantPool[index]
    const word = this.#constants[index]
    if (entry?.kind !== 'class' || word === undefined || word.startsWith('#')) return `#${index}.${token}`
    return this.#words.interfaceMethodWord(entry.class, token)
  }

  #handler(handler: ExceptionHandler, labels: ReadonlyMap<number, string>): string {
    const { startOffset, activeLengthBytes, handlerOffset, catchTypeIndex, stop } = handler
    const offsets = [startOffset, startOffset + activeLengthBytes, handlerOffset]
    const { handlers } = this.#cap.methods
    const isEnclosed = handlers.slice(handlers.indexOf(handler) + 1).some((later) => encloses(later, handler))
    return [
      '.catch',
      ...offsets.map((offset) => labels.get(offset)!),
      catchTypeIndex === 0 ? 'any' : this.#constants[catchTypeIndex]!,
      ...(stop === isEnclosed ? [stop ? 'stop' : 'continue'] : []),
    ].join(' ')
  }
}

function labelsOf({ instructions, handlers }: MethodCode): Map<number, string> {
  const offsets = new Set(instructions.flatMap((one) => one.targets))
  for (const { startOffset, activeLengthBytes, handlerOffset } of handlers) {
    offsets.add(startOffset)
    offsets.add(startOffset + activeLengthBytes)
    offsets.add(handlerOffset)
  }
  return new Map([...offsets].sort((a, b) => a - b).map((offset, i) => [offset, `L${i + 1}`]))
}

function switchText(decoded: DecodedInstruction, labels: Labels): string {
  const { instruction, targets, matches = [] } = decoded
  const [fallback, ...cases] = targets.map((target) => labels.get(target)!)
  const isTable = instruction.switch?.form === 'table'
  const words = cases.map((label, i) => (isTable && i > 0 ? label : `${matches[i]}: ${label}`))
  return [instruction.mnemonic, '{', ...words, `default: ${fallback}`, '}'].join(' ')
}
