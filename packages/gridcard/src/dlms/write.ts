import { exitCodes } from '../exit-code.ts'
import { parseClientOptions, type RawClientOptions } from './client-options.ts'
import type { CommandIo } from './command-io.ts'
import { attributeText, parseAttribute } from './reference.ts'
import { withSession } from './session.ts'
import { parseValue, toJson } from './value-json.ts'

/** `gridcard dlms write`: one attribute. The meter's refusal is exit code 1. */
export async function write(
  target: string,
  reference: string,
  valueOption: string,
  raw: RawClientOptions,
  io: CommandIo,
): Promise<number> {
  const options = parseClientOptions(target, raw)
  const attribute = parseAttribute(reference)
  const value = parseValue(valueOption)
  await withSession(options, io, ({ client }) => client.set(attribute, value))
  if (options.json) io.out(`${JSON.stringify({ ...attribute, ok: true, value: toJson(value) })}\n`)
  else io.out(`${attributeText(attribute)}  written\n`)
  return exitCodes.done
}
