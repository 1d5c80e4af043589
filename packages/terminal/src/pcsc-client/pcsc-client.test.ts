import { expect, test, vi } from 'vitest'
import { connectPcscReader, listPcscReaders } from './pcsc-client.ts'

// As where there is no build of pcsc-mini for the machine, arm64 among them, or no libpcsclite.
vi.mock('pcsc-mini', () => {
  throw new Error('cannot find its native half')
})

test('without a library for readers it says so, and what to do', async () => {
  const unavailable = { code: 'TERMINAL_PCSC_UNAVAILABLE', message: expect.stringContaining('libpcsclite1') }
  await expect(connectPcscReader('any')).rejects.toMatchObject(unavailable)
  await expect(listPcscReaders()).rejects.toMatchObject(unavailable)
})
