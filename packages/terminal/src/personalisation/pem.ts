import { PemConverter } from '@peculiar/x509'
import { TerminalError } from '../errors.ts'
import type { Der } from './authority.ts'

export const emitPem = (label: 'CERTIFICATE' | 'PRIVATE KEY' | 'X509 CRL', der: Der): string =>
  `${PemConverter.encode(der, label)}\n`

/** Every block of the text, in order. @throws TerminalError `TERMINAL_LINE_DAMAGED` */
export function parsePem(text: string): Der[] {
  try {
    return PemConverter.decode(text).map((block) => new Uint8Array(block))
  } catch (cause) {
    throw new TerminalError('TERMINAL_LINE_DAMAGED', 'a PEM file cannot be read', {}, { cause })
  }
}
