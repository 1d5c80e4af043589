import { extname } from 'node:path'
import { exitCodes } from '../../exit-code.ts'
import { badOption, parseInstallOptions } from '../aid-option.ts'
import { WorkbenchError } from '../errors.ts'
import { readInputFile } from '../input-file.ts'
import { printable } from '../text-layout.ts'
import { loadAndInstall, readCaps, WorkbenchCard } from '../workbench-card.ts'
import { parseApdutoolScript } from './parse-apdutool.ts'
import { parseScript } from './parse-script.ts'
import { runScript } from './run-script.ts'
import type { Script } from './script.ts'
import { describeStep, stepToJson } from './script-report.ts'

export interface ScriptOptions {
  readonly applet?: readonly string[]
  readonly install?: readonly string[]
  readonly format?: string
  readonly json?: true
}

/** `gridcard script`: a fresh card for each script. All are read before the first is run. @returns the exit code */
export function runScripts(paths: readonly string[], raw: ScriptOptions, write: (text: string) => void): number {
  const given = readCaps(raw.applet ?? [])
  const parameters = parseInstallOptions(raw.install)
  const scripts = paths.map((path) => ({ path, script: readScript(path, raw.format) }))
  const loaded = given.map(({ cap }) => cap)
  let passed = 0
  let failed = 0
  const ranScripts: { script: string; steps: ReturnType<typeof stepToJson>[] }[] = []
  for (const { path, script } of scripts) {
    const card = new WorkbenchCard()
    loadAndInstall(card, given, parameters)
    if (!raw.json) write(`${printable(path)}\n`)
    const steps: ReturnType<typeof stepToJson>[] = []
    let isShown = true
    for (const ran of runScript(script, { card, scriptPath: path, loaded })) {
      if (ran.result === 'passed') passed++
      if (ran.result === 'failed') failed++
      if (ran.step.action.kind === 'output') isShown = ran.step.action.isOn
      if (raw.json) steps.push(stepToJson(ran))
      else if (isShown || ran.result === 'failed') write(describeStep(ran))
    }
    ranScripts.push({ script: path, steps })
  }
  if (raw.json) write(`${JSON.stringify({ scripts: ranScripts, passed, failed })}\n`)
  else write(`\n${passed} passed, ${failed} failed\n`)
  return failed === 0 ? exitCodes.done : exitCodes.failed
}

/** @throws WorkbenchError naming file and line */
export function readScript(path: string, format = extname(path) === '.scr' ? 'apdutool' : 'gridcard'): Script {
  if (format !== 'apdutool' && format !== 'gridcard')
    throw badOption(`--format is gridcard or apdutool, not "${format}"`)
  const text = new TextDecoder().decode(readInputFile(path))
  try {
    return format === 'apdutool' ? parseApdutoolScript(text) : parseScript(text)
  } catch (cause) {
    if (!(cause instanceof WorkbenchError)) throw cause
    throw new WorkbenchError(cause.code, `${path}: ${cause.message}`, cause.place, { cause })
  }
}
