import { equalBytes } from '@gridcard/bytes'
import { type CapFile, COMPONENTS_IN_INSTALL_ORDER, disassemble, emitComponentInfo } from '@gridcard/cap'
import { exitCodes } from '../exit-code.ts'
import { type CapIo, readCap } from './cap-io.ts'
import { listDifference } from './text-difference.ts'

export interface CapDiffOptions {
  readonly json?: boolean
}

export interface CapDifference {
  readonly components: readonly { readonly name: string; readonly bytesBefore?: number; readonly bytesAfter?: number }[]
  readonly methods: readonly MethodDifference[]
}

export interface MethodDifference {
  readonly kind: 'removed' | 'added' | 'changed'
  /** As the disassembler labels it, with what it is for its class. */
  readonly before?: string
  readonly after?: string
  /** Lines of its text that differ, each with `-` or `+` in front. */
  readonly lines: readonly string[]
}

/** `gridcard cap diff`. @returns 0 when the packages are the same, 1 when they differ */
export function diffCaps(io: CapIo, before: string, after: string, options: CapDiffOptions = {}): number {
  const difference = differenceOf(readCap(before), readCap(after))
  const isSame = difference.components.length === 0
  if (options.json) io.out(`${JSON.stringify({ before, after, same: isSame, ...difference })}\n`)
  else io.out(isSame ? 'the components are the same\n' : differenceText(difference))
  return isSame ? exitCodes.done : exitCodes.failed
}

export function differenceOf(before: CapFile, after: CapFile): CapDifference {
  return { components: componentsOf(before, after), methods: methodsOf(before, after) }
}

function componentsOf(before: CapFile, after: CapFile): CapDifference['components'] {
  return COMPONENTS_IN_INSTALL_ORDER.flatMap(({ tag, name }) => {
    const [old, fresh] = [emitComponentInfo(before, tag), emitComponentInfo(after, tag)]
    if (old === fresh || (old && fresh && equalBytes(old, fresh))) return []
    return [{ name, ...(old && { bytesBefore: old.length }), ...(fresh && { bytesAfter: fresh.length }) }]
  })
}

interface MethodText {
  readonly name: string
  readonly lines: readonly string[]
  /** The lines without numbers that shift when something is inserted elsewhere. */
  readonly key: string
}

function methodsOf(before: CapFile, after: CapFile): MethodDifference[] {
  const [old, fresh] = [methodTexts(before), methodTexts(after)]
  const steps = listDifference(
    old.map((one) => one.key),
    fresh.map((one) => one.key),
  ).filter(({ kind }) => kind !== 'same')
  const removed = steps.filter(({ kind }) => kind === 'removed').map(({ index }) => old[index]!)
  const added = steps.filter(({ kind }) => kind === 'added').map(({ index }) => fresh[index]!)
  // What went and what came are one method when they have one role, else in order.
  const pairs = new Map<MethodText, MethodText>()
  const take = (from: MethodText, isMatch: (to: MethodText) => boolean) => {
    const index = added.findIndex(isMatch)
    if (index >= 0) pairs.set(from, added.splice(index, 1)[0]!)
  }
  for (const one of removed) take(one, (to) => roleOf(to) !== undefined && roleOf(to) === roleOf(one))
  for (const one of removed)
    if (!pairs.has(one)) take(one, (to) => roleOf(to) === undefined && roleOf(one) === undefined)
  return [
    ...removed.map((one): MethodDifference => {
      const to = pairs.get(one)
      if (!to) return { kind: 'removed', before: one.name, lines: one.lines.map((line) => `-${line}`) }
      return { kind: 'changed', before: one.name, after: to.name, lines: changedLines(one, to) }
    }),
    ...added.map(
      (one): MethodDifference => ({ kind: 'added', after: one.name, lines: one.lines.map((line) => `+${line}`) }),
    ),
  ]
}

function roleOf({ name }: MethodText): string | undefined {
  return / \((.*)\)$/.exec(name)?.[1]
}

function changedLines(before: MethodText, after: MethodText): string[] {
  const stable = (lines: readonly string[]) => lines.map(withoutNumbers)
  return listDifference(stable(before.lines), stable(after.lines)).flatMap(({ kind, index }) => {
    if (kind === 'same') return []
    return [kind === 'removed' ? `-${before.lines[index]}` : `+${after.lines[index]}`]
  })
}

/** Labels of methods, classes and constants count what stands before them, so they shift with every insertion. */
function withoutNumbers(line: string): string {
  return line.replace(/\b(method|class|interface|L)\d+/g, '$1').replace(/#\d+/g, '#')
}

function methodTexts(cap: CapFile): MethodText[] {
  const methods: MethodText[] = []
  let role: string | undefined
  let open: { name: string; lines: string[] } | undefined
  for (const line of disassemble(cap).split('\n')) {
    const [, label, frame] = /^\.method (\S+)(.*)$/.exec(line) ?? []
    if (open) {
      if (line === '.end') {
        methods.push({ ...open, key: open.lines.map(withoutNumbers).join('\n') })
        open = undefined
      } else {
        open.lines.push(line.trimEnd())
      }
    } else if (label !== undefined) {
      open = { name: role === undefined ? label : `${label} (${role})`, lines: [`.method${frame}`] }
    }
    role = /^\/\/ (.*)$/.exec(line)?.[1]
  }
  return methods
}

const SIGNS = { removed: '-', added: '+', changed: '~' } as const

function differenceText({ components, methods }: CapDifference): string {
  const size = (bytes: number | undefined) => (bytes === undefined ? 'absent' : `${bytes}`)
  const lines = [
    'Components',
    ...components.map(({ name, bytesBefore, bytesAfter }) => {
      const sizes =
        bytesBefore === bytesAfter ? `${bytesBefore} bytes` : `${size(bytesBefore)} -> ${size(bytesAfter)} bytes`
      return `  ${name.padEnd(16)} ${sizes}`
    }),
    ...(methods.length > 0 ? ['Methods'] : ['No method differs.']),
    ...methods.flatMap(({ kind, before, after, lines: changed }) => {
      const name =
        before === undefined || after === undefined || before === after ? (before ?? after) : `${before} -> ${after}`
      return [`  ${SIGNS[kind]} ${name}`, ...changed.map((line) => `      ${line}`)]
    }),
  ]
  return `${lines.join('\n')}\n`
}
