import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { ReadStream, WriteStream } from 'node:tty'
import { promisify } from 'node:util'
import { DlmsError } from '../errors.ts'
import type { ByteStream } from './byte-stream.ts'
import type { LineSettings } from './mode-e.ts'

export interface SerialPort {
  readonly stream: ByteStream
  /** Speed and characters; what was sent before has left by then. */
  setLine(settings: LineSettings): Promise<void>
}

const run = promisify(execFile)

/**
 * A serial port of Linux, an optical head on it or an RS-485 line behind it. The settings are made by `stty`, which every
 * Linux has, so no native module is needed.
 * @param path `/dev/ttyUSB0`
 * @throws DlmsError `DLMS_TRANSPORT_CLOSED`: no such port, no right to it, or `stty` cannot set it
 */
export async function openSerialPort(
  path: string,
  settings: LineSettings = { baud: 9600, characters: '8N1' },
): Promise<SerialPort> {
  const setLine = async ({ baud, characters }: LineSettings) => {
    const bits = characters === '7E1' ? ['cs7', 'parenb', '-parodd'] : ['cs8', '-parenb']
    try {
      await run('stty', ['-F', path, 'raw', '-echo', '-hupcl', 'clocal', '-cstopb', ...bits, String(baud)])
    } catch (cause) {
      throw new DlmsError('DLMS_TRANSPORT_CLOSED', 'cannot set the serial port', { path, baud }, { cause })
    }
  }
  await setLine(settings)
  const descriptor = openPort(path)
  let input: ReadStream
  let output: WriteStream
  try {
    input = new ReadStream(descriptor)
    output = new WriteStream(descriptor)
  } catch (cause) {
    closeSync(descriptor)
    throw new DlmsError('DLMS_TRANSPORT_CLOSED', 'this is no serial port', { path }, { cause })
  }
  const close = () => {
    input.destroy()
    output.destroy()
  }
  const stream: ByteStream = {
    write: (bytes) => void output.write(bytes),
    close,
    onBytes: (listener) => void input.on('data', (chunk: Uint8Array) => listener(chunk)),
    onClose(listener) {
      let cause: unknown
      const fail = (error: unknown) => {
        cause = error
        close()
      }
      input.on('error', fail)
      output.on('error', fail)
      input.on('end', close)
      input.once('close', () => listener(cause))
    },
  }
  return { stream, setLine }
}

function openPort(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  } catch (cause) {
    throw new DlmsError('DLMS_TRANSPORT_CLOSED', 'cannot open the serial port', { path }, { cause })
  }
}
