import { dirname, resolve } from 'node:path'
import { equalBytes, GridcardError, toHex } from '@gridcard/bytes'
import { type CapFile, parseCapFile } from '@gridcard/cap'
import { emitCommand } from '@gridcard/terminal'
import { readInputFile } from '../input-file.ts'
import type { Outcome, WorkbenchCard } from '../workbench-card.ts'
import { matches } from './response-pattern.ts'
import type { Expectation, Script, ScriptAction, ScriptStep } from './script.ts'

/** How a step ended. `sent` expected nothing; `told` has no answer at all. */
export type StepResult = 'passed' | 'failed' | 'sent' | 'told'

export interface RanStep {
  readonly step: ScriptStep
  readonly result: StepResult
  /** What the card answered: response, ATR, or the status word of an installation. */
  readonly response?: Uint8Array
  readonly powerWasCut: boolean
  /** Why it failed, where a response does not tell. */
  readonly reason?: string
}

export interface RunOptions {
  readonly card: WorkbenchCard
  /** Relative names in `load` begin there. */
  readonly scriptPath: string
  /** Packages that are on the card already. */
  readonly loaded?: readonly CapFile[]
}

const DONE = Uint8Array.of(0x90, 0x00)

/** Runs all steps, whatever fails on the way. */
export function* runScript(script: Script, { card, scriptPath, loaded = [] }: RunOptions): Generator<RanStep> {
  const caps: CapFile[] = [...loaded]
  if (!script.startsPowered) card.powerOff()
  for (const step of script.steps) yield judge(step, () => perform(card, caps, dirname(scriptPath), step.action))
}

type Answer = Uint8Array | undefined

function perform(card: WorkbenchCard, caps: CapFile[], folder: string, action: ScriptAction): Outcome<Answer> {
  switch (action.kind) {
    case 'load': {
      const cap = parseCapFile(readInputFile(resolve(folder, action.path)))
      const outcome = card.load(cap)
      if (outcome.kind === 'done') caps.push(cap)
      return outcome.kind === 'done' ? done(undefined) : outcome
    }
    case 'install': {
      const owner = caps.find((cap) => cap.applet?.applets.some(({ aid }) => equalBytes(aid, action.aid)))
      const packageAid = owner?.header.package.aid ?? action.aid // the card refuses an applet that no package has
      const { aid: appletAid, instanceAid, parameters } = action
      return installed(() => card.install({ packageAid, appletAid, instanceAid, parameters }))
    }
    case 'select':
      return card.transmit(emitCommand({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: action.aid, ne: 256 }))
    case 'command':
      return card.transmit(action.bytes)
    case 'reset':
      return card.reset()
    case 'power-off':
      card.powerOff()
      return done(undefined)
    case 'power-cut-after':
      card.cutPowerAfter(action.writes)
      return done(undefined)
    default:
      return done(undefined)
  }
}

/** An installation answers with a status word, as it does over GlobalPlatform. */
function installed(install: () => Outcome<Uint8Array>): Outcome<Answer> {
  try {
    const outcome = install()
    return outcome.kind === 'done' ? done(DONE) : outcome
  } catch (error) {
    const sw = error instanceof GridcardError ? error.place['sw'] : undefined
    if (typeof sw !== 'number') throw error
    return done(Uint8Array.of(sw >> 8, sw & 0xff))
  }
}

function done(value: Answer): Outcome<Answer> {
  return { kind: 'done', value }
}

function judge(step: ScriptStep, act: () => Outcome<Answer>): RanStep {
  try {
    const outcome = act()
    const response = outcome.kind === 'done' ? outcome.value : undefined
    const powerWasCut = outcome.kind === 'power-cut'
    const result = resultOf(step, response, powerWasCut)
    return { step, powerWasCut, result, ...(response && { response }) }
  } catch (error) {
    if (!(error instanceof GridcardError)) throw error
    return { step, powerWasCut: false, result: 'failed', reason: `${error.message} (${error.code})` }
  }
}

function resultOf({ action, expected }: ScriptStep, response: Answer, powerWasCut: boolean): StepResult {
  if (expected !== undefined) return meets(expected, response, powerWasCut) ? 'passed' : 'failed'
  if (powerWasCut) return 'sent'
  switch (action.kind) {
    case 'load':
      return 'passed'
    case 'install':
    case 'select':
      return response !== undefined && toHex(response.slice(-2)) === '9000' ? 'passed' : 'failed'
    case 'command':
    case 'reset':
      return 'sent'
    default:
      return 'told'
  }
}

function meets(expected: Expectation, response: Answer, powerWasCut: boolean): boolean {
  if (expected.kind === 'power-cut') return powerWasCut
  return response !== undefined && matches(expected.pattern, response)
}
