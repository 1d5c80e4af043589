import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAppletFolder } from './applet-build.ts'

const prebuilt = (name: string) => fileURLToPath(new URL(`../../../applets/prebuilt/${name}.cap`, import.meta.url))

/** `gridcard applet build`: builds, writes, and says what it wrote. */
export async function buildAndWriteApplet(folder: string, out: string | undefined): Promise<void> {
  const { cap, name } = await buildAppletFolder(folder)
  const path = out ?? prebuilt(name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, cap)
  process.stdout.write(`${relative(process.cwd(), path)}  ${cap.length} bytes\n`)
}
