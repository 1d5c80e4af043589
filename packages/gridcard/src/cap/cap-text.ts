import { writeFileSync } from 'node:fs'
import { AssemblerError, assemble, CapFormatError, disassemble, emitCapFile, emitComponents } from '@gridcard/cap'
import { exitCodes } from '../exit-code.ts'
import { badOption } from '../workbench/aid-option.ts'
import { readInputFile } from '../workbench/input-file.ts'
import { type CapIo, readCap } from './cap-io.ts'

export interface CapTextOptions {
  readonly json?: boolean
  readonly out?: string
}

/** The components alone, as a card is sent them; without Descriptor. */
const LOAD_FILE = /\.ijc$/i

/** `gridcard cap disasm`. */
export function disassembleCap(io: CapIo, file: string, options: CapTextOptions = {}): number {
  const text = disassemble(readCap(file))
  if (options.out !== undefined) write(options.out, text)
  if (options.json)
    io.out(`${JSON.stringify({ file, ...(options.out === undefined ? { text } : { out: options.out }) })}\n`)
  else if (options.out === undefined) io.out(text)
  return exitCodes.done
}

/** `gridcard cap asm`. @returns 1 when the text has a fault, which is shown with its line */
export function assembleCap(io: CapIo, file: string, options: CapTextOptions & { readonly out: string }): number {
  const source = new TextDecoder().decode(readInputFile(file))
  let bytes: Uint8Array
  try {
    const cap = assemble(source, { quirks: { appletRidMayDiffer: true } })
    bytes = LOAD_FILE.test(options.out) ? emitComponents(cap) : emitCapFile(cap)
  } catch (error) {
    if (!(error instanceof AssemblerError) && !(error instanceof CapFormatError)) throw error
    const message = error.message.replace(/^line \d+: /, '')
    const line = error instanceof AssemblerError ? error.place['line'] : undefined
    if (options.json) io.out(`${JSON.stringify({ file, error: { code: error.code, message, line } })}\n`)
    else io.err(`gridcard: ${file}${line === undefined ? '' : `:${line}`}: ${message} (${error.code})\n`)
    return exitCodes.failed
  }
  write(options.out, bytes)
  io.out(
    options.json
      ? `${JSON.stringify({ file, out: options.out, bytes: bytes.length })}\n`
      : `${options.out}  ${bytes.length} bytes\n`,
  )
  return exitCodes.done
}

function write(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content)
  } catch (error) {
    throw badOption(`cannot write ${path}`, { cause: error })
  }
}
