import { toHex } from '@gridcard/bytes'
import { wrapped } from '../value-text.ts'

/** One layer of what was explained: a frame, an APDU, what is inside. */
export interface Layer {
  /** `wrapper`, `glo-get-request`, ... */
  readonly name: string
  readonly lengthBytes: number
  /** Name and text; more lines than one are a value with its elements. */
  readonly fields: readonly (readonly [name: string, ...lines: string[]])[]
  /** What could not be read, and why. */
  readonly problem?: string | undefined
  readonly inside: readonly Layer[]
}

const UNREAD_SHOWN_BYTES = 16
/** May hold keys or passwords, so of these little more than their tag is shown when they cannot be read. */
const mayHoldSecrets = new Set(['aarq', 'initiate-request', 'set-request', 'action-request', 'ded-initiate-request'])

/** A layer that could not be read: its first octets and why. */
export function unread(name: string, bytes: Uint8Array, problem: string): Layer {
  const shownLength = mayHoldSecrets.has(name) ? 3 : UNREAD_SHOWN_BYTES
  const more = bytes.length > shownLength ? ` and ${bytes.length - shownLength} bytes more` : ''
  const fields: Layer['fields'] =
    bytes.length === 0 ? [] : [['octets', `${toHex(bytes.subarray(0, shownLength))}${more}`]]
  return { name, lengthBytes: bytes.length, fields, problem, inside: [] }
}

export function hasProblem(layer: Layer): boolean {
  return layer.problem !== undefined || layer.inside.some(hasProblem)
}

/** Indented lines, none wider than `columns`. */
export function layerLines(layer: Layer, columns: number, depth = 0): string[] {
  const indent = '  '.repeat(depth)
  const room = columns - indent.length - 2
  const bytes = layer.lengthBytes === 1 ? '1 byte' : `${layer.lengthBytes} bytes`
  const width = Math.min(24, Math.max(0, ...layer.fields.map(([name]) => name.length)))
  const lines = [`${layer.name}, ${bytes}`]
  for (const [name, first = '', ...more] of layer.fields) {
    const start = `${name.padEnd(width)}  ${first}`.trimEnd()
    lines.push(...wrapped(start, room).map((line) => `  ${line}`))
    lines.push(...more.flatMap((line) => wrapped(line, room - 2).map((part) => `    ${part}`)))
  }
  if (layer.problem !== undefined) lines.push(...words(`! ${layer.problem}`, room).map((line) => `  ${line}`))
  return [
    ...lines.map((line) => indent + line),
    ...layer.inside.flatMap((inner) => layerLines(inner, columns, depth + 1)),
  ]
}

/** A sentence broken between words. */
export function words(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = '  '
    }
    line = line.trim() === '' ? line + word : `${line} ${word}`
  }
  return [...lines, line]
}

export function layerJson(layer: Layer): object {
  return {
    layer: layer.name,
    lengthBytes: layer.lengthBytes,
    fields: Object.fromEntries(layer.fields.map(([name, ...lines]) => [name, lines.length === 1 ? lines[0] : lines])),
    ...(layer.problem !== undefined && { problem: layer.problem }),
    inside: layer.inside.map(layerJson),
  }
}
