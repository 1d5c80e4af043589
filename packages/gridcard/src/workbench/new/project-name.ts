import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { WorkbenchError } from '../errors.ts'

/** Everything in a new project that follows from its name. */
export interface ProjectNames {
  /** `my-wallet`: folder and CAP file */
  readonly name: string
  /** `mywallet` */
  readonly packageName: string
  /** `MyWallet` */
  readonly className: string
  /** Hex; category F of ISO/IEC 7816-5, which nobody registers. */
  readonly packageAid: string
  readonly appletAid: string
}

const LONGEST_NAME = 40
/** Words that cannot name a package. @source Java Language Specification 8 §3.9 */
const RESERVED = new Set(
  (
    'abstract assert boolean break byte case catch char class const continue default do double else enum extends final ' +
    'finally float for goto if implements import instanceof int interface long native new package private protected ' +
    'public return short static strictfp super switch synchronized this throw throws transient try void volatile while ' +
    'true false null java javacard javacardx'
  ).split(' '),
)

/** @throws WorkbenchError `GRIDCARD_PROJECT_REFUSED` */
export function projectNames(folder: string): ProjectNames {
  // resolve('') is the current folder: only "." may mean that
  const name = folder === '' ? '' : basename(resolve(folder))
  const packageName = name.replaceAll('-', '')
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > LONGEST_NAME) {
    throw refused(`a project is named by small letters, digits and "-", at most ${LONGEST_NAME}, not "${name}"`)
  }
  if (RESERVED.has(packageName)) throw refused(`"${packageName}" cannot name a Java package, choose another name`)
  const className = name.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase())
  const packageAid = `F0${createHash('sha256').update(name).digest('hex').slice(0, 16).toUpperCase()}`
  return { name, packageName, className, packageAid, appletAid: `${packageAid}01` }
}

export function refused(message: string): WorkbenchError {
  return new WorkbenchError('GRIDCARD_PROJECT_REFUSED', message)
}
