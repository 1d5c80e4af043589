import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex, toHex } from '@gridcard/bytes'
import {
  assemble,
  type CapFile,
  CapFormatError,
  createMethodPackage,
  emitComponents,
  parseCapFile,
  parseComponents,
} from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, test } from 'vitest'
import { developerCardProfile } from '../../reader/developer-profile.ts'
import { type GivenCap, inLoadingOrder, librariesFor } from './cap-library.ts'
import { describeOutcome } from './card-try-command.ts'
import { parseGiven, type TryOptions, tryCap } from './try-cap.ts'

const OPTIONS: TryOptions = {
  profile: developerCardProfile,
  crypto: nodeCrypto,
  instructionBudget: 1_000_000,
  parameters: new Map(),
}

/** A package without code that imports others; AIDs are F000000000 and these bytes. */
function packageOf(aid: string, imports: readonly string[] = [], version = '1.0'): GivenCap {
  const lines = imports.map((one) => `.import F000000000${one}`).join('\n')
  return { path: `${aid}.cap`, cap: assemble(`.package F000000000${aid} ${version}\n${lines}`) }
}

const benchZip = new Uint8Array(readFileSync(join(import.meta.dirname, '../../../../../applets/prebuilt/bench.cap')))
const bench: GivenCap = { path: 'bench.cap', cap: parseCapFile(benchZip) }

/** Two applets: one that installs, and one with this install method. */
function appletWithInstall(code: string): GivenCap {
  const { cap } = createMethodPackage({
    methods: { second: { code, nargs: 3 } },
    applet: { process: { code: 'return' } },
    text: '.applet F047434D4554484F445302 second',
  })
  return { path: 'applet.cap', cap }
}

function parsedOrUndefined(loadFile: Uint8Array): CapFile | undefined {
  try {
    return parseComponents(loadFile)
  } catch (error) {
    if (error instanceof CapFormatError) return undefined
    throw error
  }
}

describe('a CAP file that cannot be used', () => {
  test('is refused at parsing when it is no ZIP archive', () => {
    const outcome = parseGiven('noise.cap', fromHex('00112233'))
    expect(outcome).toMatchObject({ result: 'refused', refusal: { at: 'parse', code: 'CAP_NOT_A_ZIP' } })
  })

  test('is refused by its own error type wherever it is cut off', () => {
    for (let length = 0; length < benchZip.length; length++) {
      expect(parseGiven('cut.cap', benchZip.subarray(0, length))).toMatchObject({ result: 'refused' })
    }
  })

  test('never crashes the card, whichever of its bytes is damaged', () => {
    const loadFile = emitComponents(bench.cap)
    for (let at = 0; at < loadFile.length; at++) {
      const damaged = loadFile.slice()
      damaged[at]! ^= 1 << (at & 7)
      const cap = parsedOrUndefined(damaged)
      const outcome = cap && tryCap({ path: 'damaged.cap', cap }, [], OPTIONS)
      expect(outcome?.result, `byte ${at}: ${outcome?.refusal?.reason}`).not.toBe('crashed')
    }
  })

  test('is refused with the import that is missing, by name where it has one', () => {
    expect(tryCap(packageOf('01', ['02 1.3']), [], OPTIONS)).toMatchObject({
      result: 'refused',
      refusal: { at: 'load', code: 'CARD_IMPORT_MISSING', place: { import: 'F00000000002' } },
    })
    const globalPlatform = { path: 'gp.cap', cap: assemble('.package F00000000001 1.0\n.import A00000015100 1.99') }
    expect(describeOutcome(tryCap(globalPlatform, [], OPTIONS))).toContain('(org.globalplatform)')
  })

  test('is refused when the library beside it is too old', () => {
    const old = packageOf('02', [], '1.2')
    expect(tryCap(packageOf('01', ['02 1.3']), [old], OPTIONS)).toMatchObject({ result: 'refused', libraries: [] })
  })

  test('is refused with its library when that is refused', () => {
    const library = packageOf('02', ['03 1.0'])
    expect(tryCap(packageOf('01', ['02 1.0']), [library], OPTIONS)).toMatchObject({
      result: 'refused',
      refusal: { at: 'library', subject: '02.cap', code: 'CARD_IMPORT_MISSING' },
    })
  })

  test('is refused with the status word of an applet that refuses its installation', () => {
    const applet = appletWithInstall('sspush 0x6985 invokestatic javacard/framework/ISOException.throwIt(S)V return')
    const outcome = tryCap(applet, [], OPTIONS)
    expect(outcome).toMatchObject({ result: 'refused', refusal: { at: 'install', place: { sw: 0x6985 } } })
    expect(describeOutcome(outcome)).toContain('status 6985')
  })

  test('is refused when its install method never ends', () => {
    expect(tryCap(appletWithInstall('again: goto again'), [], OPTIONS)).toMatchObject({
      result: 'refused',
      refusal: { at: 'install', reason: expect.stringContaining('halted') },
    })
  })

  test('cannot write control characters to the terminal', () => {
    const { cap } = packageOf('01', ['02 1.0'])
    expect(describeOutcome(tryCap({ path: 'a\x1b[2J.cap', cap }, [], OPTIONS))).not.toContain('\x1b')
  })
})

describe('a CAP file that can be used', () => {
  test('is loaded when it has no applets', () => {
    expect(tryCap(packageOf('01'), [], OPTIONS)).toMatchObject({ result: 'loaded', applets: [] })
  })

  test('is installed with all its applets', () => {
    expect(tryCap(bench, [], OPTIONS)).toMatchObject({
      result: 'installed',
      applets: bench.cap.applet!.applets.map(({ aid }) => toHex(aid)),
    })
  })

  test('is loaded after the libraries that it imports, and those that they import', () => {
    const given = [
      packageOf('01', ['02 1.0']),
      packageOf('02', ['03 1.1']),
      packageOf('04'),
      packageOf('03', [], '1.1'),
    ]
    expect(tryCap(given[0]!, given, OPTIONS)).toMatchObject({ result: 'loaded', libraries: ['03.cap', '02.cap'] })
    expect(inLoadingOrder(given).map(({ path }) => path)).toEqual(['03.cap', '02.cap', '01.cap', '04.cap'])
  })

  test('takes the lowest version that fits, and never another major version', () => {
    const versions = ['1.0', '1.4', '1.2', '2.2'].map((version) => ({ ...packageOf('02', [], version), path: version }))
    expect(librariesFor(packageOf('01', ['02 1.1']).cap, versions).map(({ path }) => path)).toEqual(['1.2'])
  })

  test('of a circle of imports is left to the card to refuse', () => {
    const given = [packageOf('01', ['02 1.0']), packageOf('02', ['01 1.0'])]
    expect(tryCap(given[0]!, given, OPTIONS)).toMatchObject({ result: 'refused' })
  })
})
