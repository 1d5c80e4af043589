import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { emitApiExports, emitApiStubs, emitStubJar } from '@gridcard/cap'
import { requireLevel } from './applet-config.ts'
import { exitCodes } from './exit-code.ts'

/** `gridcard applet api`. @returns the exit code */
export async function appletApi(target: string, folder: string): Promise<number> {
  const level = requireLevel(target)
  const jar = join(folder, `api-${target}.jar`)
  await mkdir(folder, { recursive: true })
  await writeFile(jar, emitStubJar(emitApiStubs(level)))
  const exports = emitApiExports(level)
  for (const [path, bytes] of exports) {
    const file = join(folder, 'exports', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
  process.stdout.write(`${jar}\n${join(folder, 'exports')}  ${exports.size} export files\n`)
  return exitCodes.done
}
