import { dirname, resolve } from 'node:path'
import { parseCapFile } from '@gridcard/cap'
import { exitCodes } from '../../exit-code.ts'
import { CardSymbols } from '../../symbols/card-symbols.ts'
import { findDebugMap } from '../../symbols/debug-map-file.ts'
import { findExport } from '../../symbols/export-file.ts'
import { PackageSymbols } from '../../symbols/package-symbols.ts'
import { badOption } from '../../workbench/aid-option.ts'
import { readInputFile } from '../../workbench/input-file.ts'
import { runScript } from '../../workbench/script/run-script.ts'
import { readScript } from '../../workbench/script/script-command.ts'
import { describeStep } from '../../workbench/script/script-report.ts'
import { loadAndInstall, readCaps, WorkbenchCard } from '../../workbench/workbench-card.ts'
import type { RawDebugOptions } from '../debug-command.ts'
import { TraceMonitor } from './trace-monitor.ts'

/** `gridcard debug --trace`: runs a script and prints every instruction. @returns the exit code */
export function traceScript({ applet = [], script, format }: RawDebugOptions, write: (text: string) => void): number {
  if (script === undefined) throw badOption('--trace needs --script')
  const parsed = readScript(script, format)
  const loads = parsed.steps.flatMap(({ action }) =>
    action.kind === 'load' ? [resolve(dirname(script), action.path)] : [],
  )
  const symbols = new CardSymbols()
  const caps = [...applet, ...loads].map((path) => ({ path, cap: parseCapFile(readInputFile(path)) }))
  const shown = caps.flatMap(({ path, cap }) => findExport(path, cap) ?? [])
  for (const { path, cap } of caps) symbols.add(new PackageSymbols(cap, findDebugMap(path, cap), shown))
  const card = new WorkbenchCard(new TraceMonitor(symbols, write))
  const given = readCaps(applet)
  loadAndInstall(card, given, new Map())
  let failed = 0
  for (const ran of runScript(parsed, { card, scriptPath: script, loaded: given.map(({ cap }) => cap) })) {
    if (ran.result === 'failed') failed++
    write(describeStep(ran))
  }
  return failed === 0 ? exitCodes.done : exitCodes.failed
}
