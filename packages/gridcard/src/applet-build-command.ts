import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConvertFinding } from '@gridcard/cap'
import { buildAppletFolder } from './applet-build.ts'
import { debugMapFile } from './symbols/debug-map-file.ts'

const ownApplets = fileURLToPath(new URL('../../../applets', import.meta.url))

/** Our own applets go where the street takes them from, anyone else's into the folder one is in. */
export function defaultCapFile(folder: string, name: string): string {
  return dirname(resolve(folder)) === ownApplets ? join(ownApplets, 'prebuilt', `${name}.cap`) : `${name}.cap`
}

/** `gridcard applet build`: builds, writes, says what it wrote, and on standard error what may not do what Java would. */
export async function buildAndWriteApplet(folder: string, out: string | undefined): Promise<void> {
  const { cap, debug, name, warnings } = await buildAppletFolder(folder)
  for (const warning of warnings) process.stderr.write(`${describeWarning(warning)}\n`)
  const path = out ?? defaultCapFile(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, cap)
  process.stdout.write(`${relative(process.cwd(), path)}  ${cap.length} bytes\n`)
  const debugPath = debugMapFile(path)
  const sourceRoot = relative(dirname(resolve(debugPath)), join(resolve(folder), 'src')).replaceAll('\\', '/')
  await writeFile(debugPath, `${JSON.stringify({ ...debug, sourceRoot })}\n`)
}

/** In the form of a compiler's: editors find `Hello.java:12:` by themselves. */
export function describeWarning({ file, line, className, method, message, advice }: ConvertFinding): string {
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `
  const member = method === undefined ? '' : `.${method}`
  return `${place}warning: ${className}${member}: ${message}; ${advice}`
}
