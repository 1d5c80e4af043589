import { cosem, type MethodRef } from '@gridcard/dlms'
import { LauncherError } from '../errors.ts'
import { exitCodes } from '../exit-code.ts'
import { type ClientOptions, parseClientOptions, type RawClientOptions } from './client-options.ts'
import type { CommandIo } from './command-io.ts'
import { DlmsToolError } from './errors.ts'
import { classOf, methodText, parseMethod } from './reference.ts'
import { withSession } from './session.ts'
import { parseValue, toJson } from './value-json.ts'
import { valueLines } from './value-text.ts'

export interface RawActionOptions extends RawClientOptions {
  readonly yes?: true
  /** False for --no-parameter. */
  readonly parameter?: boolean
}

/** `gridcard dlms action`: one method, after a question where it moves a switch or cannot be taken back. */
export async function action(
  target: string,
  reference: string,
  parameterText: string | undefined,
  raw: RawActionOptions,
  io: CommandIo,
): Promise<number> {
  const options = parseClientOptions(target, raw)
  const method = parseMethod(reference)
  if (raw.parameter === false && parameterText !== undefined) {
    throw new LauncherError('GRIDCARD_BAD_OPTION', 'a parameter and --no-parameter contradict each other')
  }
  // Methods without a meaning for their parameter are given integer 0 by the books.
  const parameter = parameterText === undefined ? cosem.integer(0) : parseValue(parameterText)
  const warning = warningOf(method)
  if (warning !== undefined && raw.yes !== true) await confirm(method, warning, options, io)
  const returned = await withSession(options, io, ({ client }) =>
    client.action(method, raw.parameter === false ? undefined : parameter),
  )
  if (options.json) {
    io.out(`${JSON.stringify({ ...method, ok: true, returned: returned === undefined ? null : toJson(returned) })}\n`)
  } else {
    io.out(`${methodText(method)}  done\n`)
    const lines = returned === undefined ? [] : valueLines(returned, io.columns - 2)
    for (const line of lines) io.out(`  ${line}\n`)
  }
  return exitCodes.done
}

const warnings: Readonly<Record<string, string>> = {
  '70/1': 'This may cut somebody off from electricity.',
  '70/2': 'This may put a house under voltage where nobody expects it.',
}

/** Why a method wants a yes; undefined for the harmless. */
function warningOf({ classId, methodIndex }: MethodRef): string | undefined {
  const specific = warnings[`${classId}/${methodIndex}`]
  if (specific !== undefined) return specific
  if (classId === 68 || classId === 70 || classId === 71) return 'This may move a switch.'
  if (classId === 64) return 'This may change keys, and a meter whose keys are lost is lost.'
  if (classId === 18) return 'This may change the firmware of the meter.'
  return classOf(classId)?.methods[methodIndex - 1] === 'reset'
    ? 'This deletes what the meter has recorded.'
    : undefined
}

async function confirm(method: MethodRef, warning: string, options: ClientOptions, io: CommandIo): Promise<void> {
  const what = `${methodText(method)} at ${options.host} port ${options.port}`
  if (!io.canAsk) {
    throw new LauncherError('GRIDCARD_BAD_OPTION', `${what} wants a confirmation: --yes gives it where nobody can ask`)
  }
  const answer = await io.ask(`${what}\n${warning} Go on? (yes/no) `)
  if (answer.trim().toLowerCase() === 'yes') return
  throw new DlmsToolError('GRIDCARD_NOT_CONFIRMED', 'not confirmed, nothing was sent')
}
