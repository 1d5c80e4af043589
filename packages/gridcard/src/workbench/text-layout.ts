import { toHex } from '@gridcard/bytes'

export const WIDTH = 80

/**
 * Words broken into lines of at most 80 columns; lines after the first are indented. A word that is too long for any
 * line stands alone. What was written by others (a CAP file, a script) cannot move the cursor: control characters become `?`.
 */
export function wrap(text: string, indent: string): string {
  const [leading = ''] = /^ */.exec(text) ?? []
  const lines: string[] = []
  let line = leading
  for (const word of printable(text.slice(leading.length)).split(' ')) {
    const isEmpty = line.trim() === ''
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line.trimEnd())
      line = indent + word
    } else line += isEmpty ? word : ` ${word}`
  }
  return [...lines, line.trimEnd()].join('\n')
}

export function printable(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, '?')
}

/** `80 10 00 00` */
export function spacedHex(bytes: Uint8Array): string {
  return toHex(bytes).match(/../g)?.join(' ') ?? ''
}

/** Lines of 24 bytes, each indented; nothing for no bytes. */
export function hexLines(bytes: Uint8Array, indent: string): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 24) lines.push(`${indent}${spacedHex(bytes.subarray(at, at + 24))}\n`)
  return lines.join('')
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
