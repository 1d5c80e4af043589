import { pino } from 'pino'
import { expect, test } from 'vitest'
import { redacted } from './log-redaction.ts'

test('keys and passphrases are cut out of what is logged', () => {
  const lines: string[] = []
  const logger = redacted(pino({}, { write: (line: string) => void lines.push(line) }))
  logger.info({ keys: { blockCipherKey: 'S3CRET' } }, 'a')
  logger.info({ meter: { keys: 'S3CRET', serial: 'GC00000001' } }, 'b')
  logger.info({ options: { store: { passphrase: 'S3CRET' } }, authenticationKey: 'S3CRET' }, 'c')
  expect(lines.join('')).not.toContain('S3CRET')
  expect(lines[1]).toContain('GC00000001')
  expect(JSON.parse(lines[0]!)).toMatchObject({ room: 'headend', msg: 'a' })
})
