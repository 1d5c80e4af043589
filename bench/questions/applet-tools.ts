import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { equalBytes, fromHex } from '@gridcard/bytes'
import { apiPackages, convert, emitCapFile, findPackageVersion, parseCapFile, verifyCapFile } from '@gridcard/cap'
import { compileApplet, findJavac, parseAppletConfig } from 'gridcard'
import type { Question } from '../question.ts'

// The tools of an applet developer, on the Metering applet: 25 kB as it is shipped.

const pathOf = (below: string): string => fileURLToPath(new URL(`../../${below}`, import.meta.url))
const METERING_CAP = pathOf('applets/prebuilt/metering.cap')
const javac = await findJavac()

function requireNoFindings(bytes: Uint8Array): void {
  if (verifyCapFile(parseCapFile(bytes)).length > 0) throw new Error('the verifier objects')
}

export const appletBuild: Question = {
  name: 'applet-build',
  question: 'class files of the Metering applet converted, verified and written',
  unit: 'builds/s',
  whyNot: () => (javac ? undefined : 'there is no javac'),
  async prepare() {
    const config = parseAppletConfig(readFileSync(pathOf('applets/metering/applet.json'), 'utf8'))
    const libraries = Object.entries(config.packages ?? {}).map(([name, version]) => findPackageVersion(name, version)!)
    const classFiles = await compileApplet(javac!, pathOf('applets/metering/src'), [
      ...apiPackages(config.level),
      ...libraries,
    ])
    const [major, minor] = config.version.split('.').map(Number)
    const build = (): Uint8Array => {
      const { cap } = convert({
        classFiles,
        packageName: config.package,
        packageAid: fromHex(config.packageAid),
        packageVersion: { major: major!, minor: minor! },
        applets: config.applets.map((one) => ({ className: one.class, aid: fromHex(one.aid) })),
        level: config.level,
        libraries,
      })
      if (verifyCapFile(cap, { imports: libraries }).length > 0) throw new Error('the verifier objects')
      return emitCapFile(cap)
    }
    return {
      verify() {
        const prebuilt = new Uint8Array(readFileSync(METERING_CAP))
        if (!equalBytes(build(), prebuilt)) throw new Error('the bytes are not those of the prebuilt CAP file')
      },
      run() {
        build()
        return 1
      },
    }
  },
}

export const capVerify: Question = {
  name: 'cap-verify',
  question: 'the Metering applet, read from its bytes and verified',
  unit: 'packages/s',
  async prepare() {
    const bytes = new Uint8Array(readFileSync(METERING_CAP))
    return {
      verify: () => requireNoFindings(bytes),
      run() {
        requireNoFindings(bytes)
        return 1
      },
    }
  },
}

export const capDumpCommand: Question = {
  name: 'cap-dump-command',
  question: 'the command "gridcard cap dump" of the Metering applet, a process each',
  unit: 'commands/s',
  async prepare() {
    const dump = () => {
      const { status, stdout } = spawnSync(
        process.execPath,
        [pathOf('packages/gridcard/src/cli.ts'), 'cap', 'dump', METERING_CAP],
        { encoding: 'utf8' },
      )
      if (status !== 0 || !stdout.includes('Descriptor')) throw new Error('cap dump does not show the package')
    }
    return {
      verify: dump,
      run() {
        dump()
        return 1
      },
    }
  },
}
