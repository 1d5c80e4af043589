import { equalBytes, toHex } from '@gridcard/bytes'
import type { ApiPackage } from '../api/api-package.ts'
import { newestPackages } from '../api/known-packages.ts'
import { ApiNames } from '../assembler/api-names.ts'
import { type LabelledPackage, labelPackage } from '../assembler/labelled-package.ts'
import { methodRoles } from '../assembler/method-roles.ts'
import { type CapFile, type ExceptionHandler, METHOD_FLAGS, type MethodHeader } from '../capfile/cap-file.ts'
import { type CapQuirks, checkCapFile } from '../capfile/check-cap-file.ts'
import { readMethodHeader } from '../capfile/method-component.ts'
import { CapFormatError } from '../errors.ts'
import type { DecodedInstruction } from '../instructions/decode-instruction.ts'
import { namedMethodOffsets } from '../instructions/method-code.ts'
import { createReferenceLocation } from '../instructions/reference-locations.ts'
import { type ClassNode, isSubclassOf } from './class-node.ts'
import { ClassWorld } from './class-world.ts'
import { checkInstruction, decodeOrReport, decodeWhole, type MethodInstructions } from './code-structure.ts'
import { isMissing, MemberTypes } from './member-types.ts'
import { MethodContext, type ReturnKind } from './method-context.ts'
import { checkPackageRules } from './package-rules.ts'
import { Refusal } from './refusal.ts'
import { type VerifyFinding, type VerifyRule, verifyRules } from './verify-finding.ts'
import { MethodFlow } from './verify-method.ts'
import { WordTypes } from './word-type.ts'

export interface VerifyOptions {
  /** Facts of imports beyond the Java Card API; see `ApiPackage`. */
  readonly imports?: readonly ApiPackage[]
}

const WORK_BUDGET_WORDS = 10_000_000
const RID_SIZE_BYTES = 5
const TOLERATED_QUIRKS: CapQuirks = { appletRidMayDiffer: true }

/**
 * Verifies a package off-card: components, references between them, and byte code by following types along every path.
 * A package without `violation` cannot confuse types, leave its frames or use what it may not, as far as every finding
 * `unchecked` (imports without facts, see `imports`) turns out well.
 *
 * @returns findings in order of method and instruction; one path ends at its first violation
 * @source JCVM 3.1 ch. 6, ch. 7
 */
export function verifyCapFile(cap: CapFile, options: VerifyOptions = {}): VerifyFinding[] {
  return new Verification(cap, options.imports ?? []).run()
}

/** The findings of a package whose components cannot be read. */
export function findingOfFormatError(error: CapFormatError): VerifyFinding {
  return {
    rule: 'structure',
    severity: 'violation',
    message: `${error.message} (${error.code})`,
    source: verifyRules.structure.source,
  }
}

class Verification {
  readonly #cap: CapFile
  readonly #imports: readonly ApiPackage[]
  readonly #findings: VerifyFinding[] = []
  readonly #seen = new Set<string>()
  /** Uses by AID in hex. */
  readonly #unknownUses = new Map<string, number>()
  readonly #types = new WordTypes()
  readonly #budget = { left: WORK_BUDGET_WORDS }
  readonly #decoded = new Map<number, MethodInstructions | undefined>()
  /** Of all methods, ascending, each with the place where it ends at the latest. */
  #limits: ReadonlyMap<number, number> = new Map()
  #labelled: LabelledPackage | undefined
  #roles: ReadonlyMap<number, readonly string[]> = new Map()

  constructor(cap: CapFile, imports: readonly ApiPackage[]) {
    this.#cap = cap
    this.#imports = imports
  }

  run(): VerifyFinding[] {
    if (!this.#checkStructure()) return this.#findings
    this.#labelled = labelPackage(this.#cap, new ApiNames([...newestPackages(), ...this.#imports]))
    this.#roles = methodRoles(this.#labelled)
    const { words } = this.#labelled
    const world = new ClassWorld({ cap: this.#cap, imports: this.#imports, labelOf: (ref) => words.classWord(ref) })
    const members = new MemberTypes(world)
    this.#checkRid()
    checkPackageRules(members, (rule, message, { node, methodOffset } = {}) => {
      this.#add({
        rule,
        message,
        ...(node && { node }),
        ...(methodOffset !== undefined && { methodOffset }),
      })
    })
    this.#checkMethods(members)
    this.#addUnknown()
    return this.#findings
  }

  #add(o: {
    rule: VerifyRule
    message: string
    severity?: VerifyFinding['severity']
    node?: ClassNode | undefined
    methodOffset?: number
    instruction?: DecodedInstruction | undefined
    pc?: number
  }): void {
    const { rule, message, severity = 'violation', node, methodOffset, instruction, pc } = o
    const classOffset = node?.own?.offset ?? node?.ownInterface?.offset
    const key = `${rule} ${methodOffset} ${pc} ${pc === undefined ? message : ''}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    const clause = verifyRules[rule].source
    this.#findings.push({
      rule,
      severity,
      ...(node && { className: node.name }),
      ...(classOffset !== undefined && { classOffset }),
      ...(methodOffset !== undefined && { method: this.#methodText(methodOffset), methodOffset }),
      ...(pc !== undefined && { pc }),
      message,
      source: clause.endsWith('§7.5') && instruction ? `${clause} ${instruction.instruction.mnemonic}` : clause,
    })
  }

  #methodText(methodOffset: number): string {
    const label = this.#labelled!.words.methodWord(methodOffset)
    const [role] = this.#roles.get(methodOffset) ?? []
    return role === undefined ? label : `${label} (${role})`
  }

  #checkStructure(): boolean {
    try {
      checkCapFile(this.#cap, TOLERATED_QUIRKS)
      return true
    } catch (error) {
      if (!(error instanceof CapFormatError)) throw error
      this.#findings.push(findingOfFormatError(error))
      return false
    }
  }

  #checkRid(): void {
    const rid = this.#cap.header.package.aid.subarray(0, RID_SIZE_BYTES)
    for (const { aid } of this.#cap.applet?.applets ?? []) {
      if (equalBytes(aid.subarray(0, RID_SIZE_BYTES), rid)) continue
      this.#add({ rule: 'applet-rid', severity: 'tolerated', message: `applet ${toHex(aid)} has another RID` })
    }
  }

  #addUnknown(): void {
    for (const [aid, uses] of this.#unknownUses) {
      const times = uses === 1 ? 'one use' : `${uses} uses`
      this.#add({ rule: 'types-unknown', severity: 'unchecked', message: `package ${aid} is not known here: ${times}` })
    }
  }

  #checkMethods(members: MemberTypes): void {
    const described = [...members.describedMethods().keys()].sort((a, b) => a - b)
    const offsets = this.#cap.descriptor ? described : namedMethodOffsets(this.#cap)
    const end = this.#cap.methods.info.length
    this.#limits = new Map(offsets.map((offset, i) => [offset, offsets[i + 1] ?? end]))
    const claimed = new Set<ExceptionHandler>()
    for (const offset of offsets) this.#checkMethod(members, offset, claimed)
    this.#checkReferenceLocation(claimed)
  }

  #checkMethod(members: MemberTypes, methodOffset: number, claimed: Set<ExceptionHandler>): void {
    const header = readMethodHeader(this.#cap.methods, methodOffset)
    if (header.flags & METHOD_FLAGS.ACC_ABSTRACT) return
    const before = this.#findings.length
    const limit = this.#limits.get(methodOffset)!
    const size = members.describedMethods().get(methodOffset)?.descriptor.bytecodeSizeBytes
    const code = this.#decode(header, size === undefined ? undefined : Math.min(header.codeOffset + size, limit), limit)
    if (!code) return
    const handlers = this.#handlersOf(header, code, claimed, members)
    this.#checkInstructions(header, code)
    const fact = members.own(methodOffset)
    if (this.#findings.length > before || isMissing(fact) || code.instructions.size === 0) return
    const context = new MethodContext({
      types: this.#types,
      members,
      fact,
      reportUnknown: (aid) => this.#unknownUses.set(aid, (this.#unknownUses.get(aid) ?? 0) + 1),
      returnKinds: (offset) => this.#returnKind(offset),
    })
    const report = (offset: number, refusal: Refusal) => this.#addAt(header, code, offset, refusal, fact.declaring)
    new MethodFlow({ cap: this.#cap, header, code, handlers, context, budget: this.#budget, report }).run()
  }

  #addAt(
    header: MethodHeader,
    code: MethodInstructions | undefined,
    offset: number,
    { rule, message, severity }: Pick<Refusal, 'rule' | 'message' | 'severity'>,
    node?: ClassNode,
  ): void {
    this.#add({
      rule,
      message,
      severity,
      node,
      methodOffset: header.offset,
      pc: offset - header.codeOffset,
      instruction: code?.instructions.get(offset),
    })
  }

  #decode(header: MethodHeader, end: number | undefined, limit: number): MethodInstructions | undefined {
    const report = (offset: number, rule: VerifyRule, message: string) => {
      this.#addAt(header, undefined, offset, { rule, message, severity: 'violation' })
    }
    const code =
      end === undefined ? this.#decodeReached(header, limit, report) : decodeWhole(this.#cap, header, end, report)
    this.#decoded.set(header.offset, code)
    return code
  }

  /** Without Descriptor only what can be reached is known to be code. */
  #decodeReached(
    header: MethodHeader,
    limit: number,
    report: Parameters<typeof decodeOrReport>[3],
  ): MethodInstructions | undefined {
    const instructions = new Map<number, DecodedInstruction>()
    const pending = [header.codeOffset]
    const { handlers } = this.#cap.methods
    const entered = new Set<ExceptionHandler>()
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (instructions.has(at)) continue
      if (at < header.codeOffset || at >= limit) {
        report(at, 'branch-target', 'a branch leaves the method')
        return undefined
      }
      const decoded = decodeOrReport(this.#cap, at, limit, report)
      if (!decoded) return undefined
      instructions.set(at, decoded)
      pending.push(...decoded.targets)
      const { endsFlow } = decoded.instruction
      if (!endsFlow && decoded.nextOffset < limit) pending.push(decoded.nextOffset)
      for (const handler of handlers) {
        if (entered.has(handler) || at < handler.startOffset || at >= handler.startOffset + handler.activeLengthBytes)
          continue
        entered.add(handler)
        pending.push(handler.handlerOffset)
      }
    }
    const ordered = [...instructions.values()].sort((a, b) => a.offset - b.offset)
    for (const [i, { nextOffset }] of ordered.entries()) {
      const next = ordered[i + 1]
      if (!next || nextOffset <= next.offset) continue
      report(next.offset, 'branch-target', 'a branch lands inside an instruction')
      return undefined
    }
    return { instructions: new Map(ordered.map((one) => [one.offset, one])), endOffset: ordered.at(-1)!.nextOffset }
  }

  #checkInstructions(header: MethodHeader, code: MethodInstructions): void {
    for (const decoded of code.instructions.values()) {
      for (const target of decoded.targets) {
        if (code.instructions.has(target)) continue
        const message = `no instruction of this method begins at +${target - header.codeOffset}`
        this.#addAt(header, code, decoded.offset, new Refusal('branch-target', message))
      }
      try {
        checkInstruction(this.#cap, decoded, header.nargs + header.maxLocals)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        this.#addAt(header, code, decoded.offset, error)
      }
    }
  }

  /** The handlers of a method, each checked. @source JCVM 3.1 §6.10.1 */
  #handlersOf(
    header: MethodHeader,
    code: MethodInstructions,
    claimed: Set<ExceptionHandler>,
    members: MemberTypes,
  ): ExceptionHandler[] {
    const found = this.#cap.methods.handlers.filter((one) => {
      return one.startOffset >= header.codeOffset && one.startOffset < code.endOffset
    })
    for (const handler of found) {
      claimed.add(handler)
      const end = handler.startOffset + handler.activeLengthBytes
      const isRight =
        handler.activeLengthBytes > 0 &&
        code.instructions.has(handler.startOffset) &&
        code.instructions.has(handler.handlerOffset) &&
        (end === code.endOffset || code.instructions.has(end) || this.#cap.descriptor === undefined)
      if (!isRight) {
        const message = 'the range or the handler is not on instructions of this method'
        this.#addAt(header, code, handler.startOffset, new Refusal('handler-range', message))
      }
      this.#checkCatchType(header, code, handler, members)
    }
    return found
  }

  #checkCatchType(
    header: MethodHeader,
    code: MethodInstructions,
    handler: ExceptionHandler,
    members: MemberTypes,
  ): void {
    if (handler.catchTypeIndex === 0) return
    const entry = this.#cap.constantPool[handler.catchTypeIndex]
    const node = entry?.kind === 'class' ? members.world.find(entry.class) : undefined
    if (node && isSubclassOf(node, members.world.throwable) !== 'no') return
    const message = `catches ${node?.name ?? 'no class'}, which is no Throwable`
    this.#addAt(header, code, handler.handlerOffset, new Refusal('handler-type', message))
  }

  #checkReferenceLocation(claimed: ReadonlySet<ExceptionHandler>): void {
    if (!this.#cap.descriptor) return
    const { handlers } = this.#cap.methods
    for (const [i, one] of handlers.entries()) {
      if (!claimed.has(one)) this.#add({ rule: 'handler-range', message: `handler ${i} covers no instruction` })
    }
    const all = [...this.#decoded.values()]
    if (all.includes(undefined)) return
    const instructions = all.flatMap((one) => [...one!.instructions.values()])
    const expected = createReferenceLocation(handlers, instructions)
    const found = this.#cap.referenceLocation
    for (const size of ['byteIndexOffsets', 'byte2IndexOffsets'] as const) {
      if (expected[size].join() === found[size].join()) continue
      this.#add({ rule: 'reference-location', message: `${size} are not those of the byte code` })
    }
  }

  /** How an own method without Descriptor returns, by its first return instruction. */
  #returnKind(methodOffset: number): ReturnKind | undefined {
    const header = readMethodHeader(this.#cap.methods, methodOffset)
    if (header.flags & METHOD_FLAGS.ACC_ABSTRACT) return undefined
    const limit = this.#limits.get(methodOffset)
    if (limit !== undefined && !this.#decoded.has(methodOffset)) this.#decode(header, undefined, limit)
    for (const { instruction } of this.#decoded.get(methodOffset)?.instructions.values() ?? []) {
      if (instruction.returns !== undefined) return instruction.returns
    }
    return undefined
  }
}
