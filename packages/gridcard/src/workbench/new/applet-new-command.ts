import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exitCodes } from '../../exit-code.ts'
import { printable } from '../text-layout.ts'
import { projectFiles } from './project-files.ts'
import { projectNames, refused } from './project-name.ts'

/** `gridcard applet new`: writes the files of a project into a folder that is new or empty. @returns the exit code */
export function appletNew(folder: string, raw: { readonly json?: true }, write: (text: string) => void): number {
  const names = projectNames(folder)
  const files = projectFiles(names)
  if (existsSync(folder) && !isEmptyFolder(folder)) throw refused(`${folder} exists already and is not empty`)
  try {
    for (const [path, content] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), content, { flag: 'wx' })
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error // a bug of ours
    throw refused(`${folder} cannot be written: ${message}`)
  }
  if (raw.json) write(`${JSON.stringify({ folder, ...names, files: [...files.keys()] })}\n`)
  else
    write(
      `${[...files.keys()].map((path) => `${printable(join(folder, path))}\n`).join('')}${nextSteps(folder, names.name)}`,
    )
  return exitCodes.done
}

function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0
  } catch {
    return false
  }
}

function nextSteps(folder: string, name: string): string {
  return `
Next:
  cd ${printable(folder)}
  gridcard applet build . --out ${name}.cap
  gridcard script test.apdu
  gridcard run ${name}.cap
`
}
