import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { fromHex, toHex } from '@gridcard/bytes'
import { apduOfXml, apduXml, parseWpdu } from '@gridcard/dlms'
import { LauncherError } from '../../errors.ts'
import { exitCodes } from '../../exit-code.ts'
import type { CommandIo } from '../command-io.ts'
import { findKeys, systemCode } from '../keys/association-keys.ts'
import { explain } from './explain.ts'
import { hasProblem, layerJson, layerLines } from './layer.ts'

export interface RawTranslateOptions {
  readonly keyFile?: string
  readonly json?: true
  readonly xml?: true
  readonly hex?: true
}

const MAX_BYTES = 4 * 1024 * 1024

/** `gridcard dlms translate`: says what octets mean. What it could not read it says too, with exit code 1. */
export async function translate(inputs: readonly string[], raw: RawTranslateOptions, io: CommandIo): Promise<number> {
  const asItIs = raw.xml || raw.hex
  if (asItIs && (raw.json || raw.keyFile !== undefined || (raw.xml && raw.hex))) {
    throw new LauncherError(
      'GRIDCARD_BAD_OPTION',
      '--xml and --hex show one APDU as it is: either of them, without --json and --key-file',
    )
  }
  const keys = asItIs ? undefined : findKeys(raw.keyFile, io.env)
  const bytes = await octetsOf(inputs, io)
  if (raw.hex) {
    io.out(`${toHex(bytes)}\n`)
    return exitCodes.done
  }
  if (raw.xml) {
    io.out(apduXml(apduIn(bytes)))
    return exitCodes.done
  }
  const layers = await explain(bytes, keys)
  if (raw.json) io.out(`${JSON.stringify(layers.map(layerJson))}\n`)
  else for (const layer of layers) for (const line of layerLines(layer, io.columns)) io.out(`${line}\n`)
  return layers.some(hasProblem) ? exitCodes.failed : exitCodes.done
}

/** The APDU of the one WPDU or alone. */
const apduIn = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0x00 && bytes[1] === 0x01 ? parseWpdu(bytes).apdu : bytes

/** Hex or XML from the arguments, or a file, or `-` for standard input; a file holds these or the octets themselves. */
async function octetsOf(inputs: readonly string[], io: CommandIo): Promise<Uint8Array> {
  const joined = inputs.join(' ')
  const typed = hexIn(joined) ?? xmlIn(joined)
  if (typed !== undefined) return typed
  if (joined === '-') return contentOf(await io.readStdin())
  if (inputs.length === 1) return contentOf(readOctets(inputs[0]!))
  throw new LauncherError('GRIDCARD_BAD_OPTION', `"${joined.slice(0, 40)}" is no hex`)
}

function readOctets(path: string): Uint8Array {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const { size } = fstatSync(fd)
    if (size > MAX_BYTES) throw new LauncherError('GRIDCARD_BAD_OPTION', `${path} is longer than 4 MiB`)
    const bytes = new Uint8Array(size)
    readSync(fd, bytes, 0, size, 0)
    return bytes
  } catch (error) {
    if (error instanceof LauncherError) throw error
    const shown = path.length > 40 ? `${path.slice(0, 40)}...` : path
    throw new LauncherError(
      'GRIDCARD_BAD_OPTION',
      `"${shown}" is neither hex nor a file that can be read (${systemCode(error)})`,
    )
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function contentOf(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder('latin1').decode(bytes)
  return (/^[\s0-9a-fA-Fx:,-]+$/.test(text) ? hexIn(text) : xmlIn(new TextDecoder().decode(bytes))) ?? bytes
}

/** An APDU in the XML of the DLMS User Association; frames begin otherwise. */
const xmlIn = (text: string): Uint8Array | undefined =>
  /^\s*<[A-Za-z?!]/.test(text) && text.includes('>') ? apduOfXml(text) : undefined

/** Hex as logs print it: with spaces, colons, commas, `0x`. */
function hexIn(text: string): Uint8Array | undefined {
  const digits = text.replace(/0x/gi, '').replace(/[\s:,]/g, '')
  if (digits === '' || digits.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(digits)) return undefined
  return fromHex(digits)
}
