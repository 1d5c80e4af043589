import { fromHex, toHex } from '@gridcard/bytes'
import type { ApiLevel } from '../api/api-package.ts'
import { findApiClassByName, findApiMethodByName } from '../api/api-packages.ts'
import { type AssembledPackage, assemblePackage } from './assemble.ts'
import type { MethodFrame } from './assemble-method.ts'
import { parseCode } from './code-text.ts'
import { TokenCursor, tokenLines } from './tokens.ts'

/** A method as assembler text: instructions, labels, and lines with `.catch`. */
export interface MethodSource extends MethodFrame {
  readonly code: string
}

export interface MethodPackageOptions {
  /** Static methods by label; they call each other with `invokestatic <label>`. */
  readonly methods: Readonly<Record<string, MethodSource>>
  /**
   * Turns the class into an applet with a plain `install`. `process` is its virtual method: local 0 is the applet,
   * local 1 the APDU; nargs is 2.
   */
  readonly applet?: { readonly process: MethodSource; readonly aid?: Uint8Array }
  /** A name of category F (unregistered) by default. */
  readonly packageAid?: Uint8Array
  /** Instance fields of the class (label `main`), for `getfield_s main.0`; none by default. */
  readonly instance?: {
    readonly cells: number
    readonly firstReferenceToken?: number
    readonly referenceCount?: number
  }
  /** Interfaces of the class, as `.implements` takes them: the name, then the virtual token for each method. */
  readonly implements?: readonly string[]
  /** More assembler text: `.statics`, further classes. */
  readonly text?: string
  readonly level?: ApiLevel
  /** Of the CAP file; 2.3 for static resources. Default: 2.1. */
  readonly format?: '2.1' | '2.2' | '2.3'
}

const DEFAULT_PACKAGE_AID = fromHex('F047434D4554484F4453')
const APPLET = 'javacard/framework/Applet'

/**
 * A loadable package with one class, `main`, and the given methods: for tests and benchmarks of byte code. References by
 * name go to the constant pool, packages they need are imported, int is declared when an instruction uses it. The methods
 * are exported, token 0 first, so that a linker sees them all; there is no Descriptor, as in the load form.
 *
 * @returns the package and the offset in Method of each method
 * @throws AssemblerError
 */
export function createMethodPackage(options: MethodPackageOptions): AssembledPackage {
  const { packageAid = DEFAULT_PACKAGE_AID, methods, applet } = options
  const sources = [...Object.values(methods), ...(applet ? [applet.process] : [])]
  const lines = [
    ...(options.format ? [`.format ${options.format}`] : []),
    `.package ${toHex(packageAid)} 1.0${sources.some(usesInt) ? ' int' : ''}`,
    ...(applet ? [`.applet ${toHex(applet.aid ?? Uint8Array.of(...packageAid, 1))} main_install`] : []),
    options.text ?? '',
    ...classLines(options),
    ...Object.entries(methods).flatMap(([label, source]) => methodLines(label, source)),
    ...(applet ? appletMethodLines(applet.process) : []),
    `.export main methods ${Object.keys(methods).join(' ')}`,
  ]
  return assemblePackage(lines.join('\n'), options.level ? { level: options.level } : {})
}

function usesInt({ code }: MethodSource): boolean {
  const words = tokenLines(code).filter(([first]) => first!.text !== '.catch')
  return parseCode(new TokenCursor(words.flat(), 1)).some(
    (one) => one.kind === 'instruction' && one.instruction.usesInt,
  )
}

function classLines(options: MethodPackageOptions): string[] {
  const { applet, instance, level = '3.0.5', format } = options
  const { cells, firstReferenceToken = 0xff, referenceCount = 0 } = instance ?? { cells: 0 }
  const interfaces = (options.implements ?? []).map((one) => `.implements ${one}`)
  const own = [`.instance ${cells} references ${referenceCount} from ${firstReferenceToken}`]
  const tokens = (count: number) => (format === '2.3' ? [`.tokens ${count} ${identityMapping(count)}`] : [])
  if (!applet) return ['.class main extends java/lang/Object', ...own, '.public 1', ...interfaces, ...tokens(1), '.end']
  const apiApplet = findApiClassByName(level, APPLET)! // every level has it
  const processToken = findApiMethodByName(apiApplet, 'process', '(Ljavacard/framework/APDU;)V')!.token
  const virtuals = [`.public ${processToken} main_process`, ...interfaces, ...tokens(processToken + 1)]
  return [`.class main extends ${APPLET}`, ...own, ...virtuals, '.end']
}

/** Tokens of format 2.3 that are those of 2.2. */
function identityMapping(count: number): string {
  return toHex(Uint8Array.from({ length: count }, (_, token) => token))
}

function methodLines(label: string, { code, maxStack = 15, nargs = 0, maxLocals = 0 }: MethodSource): string[] {
  return [`.method ${label} stack ${maxStack} args ${nargs} locals ${maxLocals}`, code, '.end']
}

function appletMethodLines(process: MethodSource): string[] {
  const init = { code: `aload_0 invokespecial ${APPLET}.<init>()V return`, maxStack: 1, nargs: 1 }
  const install = {
    code: `new main dup invokespecial main_init invokevirtual ${APPLET}.register()V return`,
    maxStack: 2,
    nargs: 3,
  }
  return [
    ...methodLines('main_init', init),
    ...methodLines('main_install', install),
    ...methodLines('main_process', { nargs: 2, ...process }),
  ]
}
