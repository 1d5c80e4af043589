import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

// What runs on a card in a real reader, on our own card behind our own PC/SC endpoint: so that it works when a card is there.

const cli = new URL('../packages/gridcard/src/cli.ts', import.meta.url).pathname
const root = new URL('..', import.meta.url).pathname
const hasLibrary = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes('libpcsclite.so.1') === true
const SUITES = ['metering/physical-card', 'integrity/physical-card', 'iot-safe/iot-safe-reader']

test.skipIf(!hasLibrary)(
  'Metering, Integrity and IoT SAFE pass their suites in a reader, by libpcsclite',
  { timeout: 400_000 },
  () => {
    const vitest = ['node_modules/vitest/vitest.mjs', '--run', '--no-file-parallelism', '--project', 'unit']
    const suites = SUITES.map((one) => `packages/terminal/test/${one}.test.ts`)
    const { status, stdout } = spawnSync(
      process.execPath,
      [cli, 'reader', '--', process.execPath, ...vitest, ...suites],
      {
        cwd: root,
        encoding: 'utf8',
        env: {
          ...process.env,
          NO_COLOR: '1',
          GRIDCARD_PCSC_READER: 'Gridcard',
          GRIDCARD_GP_KEY: '404142434445464748494A4B4C4D4E4F', // of a developer card, and no secret
        },
      },
    )
    expect(status, stdout).toBe(0)
    expect(stdout).toMatch(/Test Files {2}3 passed/)
  },
)
