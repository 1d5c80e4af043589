import {
  type AttributeRef,
  type CosemData,
  type GetResult,
  logicalNameText,
  type ScalerUnit,
  scalerUnitOf,
  units,
} from '@gridcard/dlms'
import { exitCodes } from '../exit-code.ts'
import { parseClientOptions, type RawClientOptions } from './client-options.ts'
import type { CommandIo } from './command-io.ts'
import { attributeText, parseAttributes } from './reference.ts'
import { withSession } from './session.ts'
import { toJson } from './value-json.ts'
import { scaledText, valueLines } from './value-text.ts'

/** Attributes that count in the unit of another attribute, by class. @source Blue Book ed. 14 §4.3.2 to §4.3.4 */
const scalerOf: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  3: { 2: 3 },
  4: { 2: 3 },
  5: { 2: 4, 3: 4 },
}

/** Which attribute holds scaler and unit of this one; undefined for what has none. */
export function scalerAttribute(attribute: AttributeRef): AttributeRef | undefined {
  const attributeIndex = scalerOf[attribute.classId]?.[attribute.attributeIndex]
  return attributeIndex === undefined ? undefined : { ...attribute, attributeIndex }
}

/** `gridcard dlms read`: values with scaler and unit. Refused ones are told and cost exit code 1. */
export async function read(
  target: string,
  references: readonly string[],
  raw: RawClientOptions,
  io: CommandIo,
): Promise<number> {
  const options = parseClientOptions(target, raw)
  const attributes = references.flatMap(parseAttributes)
  const scalers = unique(attributes.flatMap((attribute) => scalerAttribute(attribute) ?? []))
  const results = await withSession(options, io, ({ client }) =>
    client.getWithList([...attributes, ...scalers].map((attribute) => ({ attribute }))),
  )
  const found = attributes.map((attribute, i) => {
    const scaler = scalerAttribute(attribute)
    const at = scaler === undefined ? -1 : scalers.findIndex((there) => attributeText(there) === attributeText(scaler))
    const scalerResult = at < 0 ? undefined : results[attributes.length + at]
    return {
      attribute,
      result: results[i]!,
      scalerUnit: scalerResult?.ok ? scalerUnitOf(scalerResult.data) : undefined,
    }
  })
  if (options.json) io.out(`${JSON.stringify(found.map(resultJson))}\n`)
  else for (const item of found) io.out(resultText(item, io.columns))
  return found.every(({ result }) => result.ok) ? exitCodes.done : exitCodes.failed
}

interface Found {
  readonly attribute: AttributeRef
  readonly result: GetResult
  readonly scalerUnit: ScalerUnit | undefined
}

function resultJson({ attribute, result, scalerUnit }: Found) {
  if (!result.ok) return { ...attribute, ok: false, result: result.result }
  const unit = scalerUnit && { scaler: scalerUnit.scaler, unit: units[scalerUnit.unit]?.symbol ?? scalerUnit.unit }
  const text = lineOf(attribute, result.data, scalerUnit)
  return { ...attribute, ok: true, value: toJson(result.data), ...unit, ...(text !== undefined && { text }) }
}

function resultText({ attribute, result, scalerUnit }: Found, columns: number): string {
  const name = attributeText(attribute)
  if (!result.ok) return `${name}  refused: ${result.result}\n`
  const line = lineOf(attribute, result.data, scalerUnit)
  if (line !== undefined && name.length + 2 + line.length <= columns) return `${name}  ${line}\n`
  return [name, ...valueLines(result.data, columns - 2).map((inner) => `  ${inner}`)].map((l) => `${l}\n`).join('')
}

/** The value in one line; undefined for containers. */
function lineOf(attribute: AttributeRef, data: CosemData, scalerUnit: ScalerUnit | undefined): string | undefined {
  const isName = attribute.attributeIndex === 1 && data.type === 'octet-string' && data.value.length === 6
  if (isName) return logicalNameText(data.value)
  const told = scalerUnitOf(data)
  if (told !== undefined && scalerOf[attribute.classId] !== undefined) {
    const unit = units[told.unit]
    return `times 10^${told.scaler} ${unit?.symbol || unit?.quantity || `unit ${told.unit}`}`
  }
  if (data.type === 'array' || data.type === 'structure' || data.type === 'compact-array') return undefined
  return scaledText(data, scalerUnit)
}

const unique = (attributes: readonly AttributeRef[]): AttributeRef[] => [
  ...new Map(attributes.map((attribute) => [attributeText(attribute), attribute])).values(),
]
