import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConvertError, type ConvertFinding } from '@gridcard/cap'
import { type BuiltApplet, type BuiltExtended, buildAppletFolder } from './applet-build.ts'
import { requireLevel } from './applet-config.ts'
import { exitCodes } from './exit-code.ts'
import { debugMapFile } from './symbols/debug-map-file.ts'
import { exportFileOf } from './symbols/export-file.ts'

const ownApplets = fileURLToPath(new URL('../../../applets', import.meta.url))

export interface AppletBuildCommandOptions {
  readonly out?: string
  readonly target?: string
  readonly exp?: readonly string[]
  readonly int?: true
  readonly debugComponent?: true
  readonly json?: true
}

/** Our own applets go where the street takes them from, anyone else's into the folder one is in. */
export function defaultCapFile(folder: string, name: string): string {
  return dirname(resolve(folder)) === ownApplets ? join(ownApplets, 'prebuilt', `${name}.cap`) : `${name}.cap`
}

/**
 * `gridcard applet build`: builds, writes, says what it wrote, and on standard error what may not do what Java would.
 *
 * @returns the exit code
 */
export async function appletBuild(folder: string, options: AppletBuildCommandOptions): Promise<number> {
  const { out, target, exp: exportFiles, int, debugComponent, json } = options
  try {
    const built = await buildAppletFolder(folder, {
      ...(target !== undefined && { level: requireLevel(target) }),
      ...(exportFiles && { exportFiles }),
      ...(int && { int }),
      ...(debugComponent && { debugComponent }),
    })
    const path = out ?? defaultCapFile(folder, built.name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, built.cap)
    const exps = exportFilesOf(path, built)
    for (const { file, exp } of exps) await writeFile(file, exp)
    const debugPath = debugMapFile(path)
    const sourceRoot = relative(dirname(resolve(debugPath)), join(resolve(folder), 'src')).replaceAll('\\', '/')
    await writeFile(debugPath, `${JSON.stringify({ ...built.debug, sourceRoot })}\n`)
    if (json) {
      const names = exps.map(({ file }) => file)
      const shown = 'exps' in built ? { exps: names } : names.length > 0 && { exp: names[0] }
      const files = { cap: path, bytes: built.cap.length, ...shown, debugMap: debugPath }
      process.stdout.write(`${JSON.stringify({ ...files, warnings: built.warnings })}\n`)
    } else {
      for (const warning of built.warnings) process.stderr.write(`${describeWarning(warning)}\n`)
      process.stdout.write(`${relative(process.cwd(), path)}  ${built.cap.length} bytes\n`)
    }
    return exitCodes.done
  } catch (error) {
    if (!json || !(error instanceof ConvertError)) throw error
    process.stdout.write(`${JSON.stringify({ findings: error.findings })}\n`)
    return exitCodes.failed
  }
}

/** Beside `wallet.cap`: `wallet.exp`, or of an extended CAP file `wallet.com.example.api.exp` for each package. */
function exportFilesOf(path: string, built: BuiltApplet | BuiltExtended): { file: string; exp: Uint8Array }[] {
  if (!('exps' in built)) return built.exp ? [{ file: exportFileOf(path), exp: built.exp }] : []
  return built.exps.map(({ packageName, exp }) => ({ file: exportFileOf(path, packageName), exp }))
}

/** In the form of a compiler's: editors find `Hello.java:12:` by themselves. */
export function describeWarning({ file, line, className, method, message, advice }: ConvertFinding): string {
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `
  const member = method === undefined ? '' : `.${method}`
  return `${place}warning: ${className}${member}: ${message}; ${advice}`
}
