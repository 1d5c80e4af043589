import {
  CLASS_FLAGS,
  type ConstantPoolKind,
  METHOD_FLAGS,
  STATIC_ARRAY_TYPES,
  type Version,
} from '../capfile/cap-file.ts'
import { componentByName } from '../capfile/component-table.ts'
import { CONSTANT_POOL_TAGS } from '../capfile/constant-pool.ts'
import type { ApiNames } from './api-names.ts'
import { parseCode } from './code-text.ts'
import type { ClassText, HandlerText, PackageText } from './package-text.ts'
import { parseDescriptorText } from './parse-descriptor-text.ts'
import { hexOf, refuse, type Token, TokenCursor, tokenLines } from './tokens.ts'
import { nameOfWord } from './words.ts'

/** The lines of a block, from behind its opening directive to its `.end`. */
export class Lines {
  readonly #lines: readonly Token[][]
  #at = 0

  constructor(text: string) {
    this.#lines = tokenLines(text)
  }

  next(): Token[] | undefined {
    return this.#lines[this.#at++]
  }

  /** Lines up to `.end`, which is passed over. */
  *block(opening: Token): Generator<Token[]> {
    for (let line = this.next(); line; line = this.next()) {
      if (line[0]!.text === '.end') return
      yield line
    }
    refuse('CAP_ASM_SYNTAX', `${opening.text} without .end`, opening.line)
  }
}

export function emptyPackageText(): PackageText {
  return {
    formatVersion: { major: 2, minor: 1 },
    aid: new Uint8Array(),
    version: { major: 1, minor: 0 },
    usesInt: false,
    imports: [],
    applets: [],
    interfaces: [],
    classes: [],
    statics: { referenceCount: 0, defaultValueCount: 0, values: new Uint8Array() },
    arrays: [],
    constants: [],
    methods: [],
    blockStarts: [],
    exportCounts: [],
    exports: [],
    resources: [],
    custom: [],
    raw: new Map(),
  }
}

/** Reads assembler text into a `PackageText`. @throws AssemblerError */
export function parsePackageText(text: string, names: ApiNames): PackageText {
  const lines = new Lines(text)
  const into = emptyPackageText()
  for (let line = lines.next(); line; line = lines.next()) {
    const [head, ...rest] = line as [Token, ...Token[]] // empty lines are left out
    const cursor = new TokenCursor(rest, head.line)
    if (!parseHeaderDirective(head, cursor, into, names)) parseContentDirective(head, cursor, into, lines)
    cursor.requireEnd()
  }
  if (into.aid.length === 0) refuse('CAP_ASM_SYNTAX', '.package is missing', 1)
  return into
}

function versionOf(token: Token): Version {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(token.text) ?? []
  if (major === undefined) refuse('CAP_ASM_SYNTAX', `version expected, not ${token.text}`, token.line)
  return { major: Number(major), minor: Number(minor) }
}

function aidOf(token: Token): Uint8Array {
  return hexOf([token], token.line)
}

function parseHeaderDirective(head: Token, cursor: TokenCursor, into: PackageText, names: ApiNames): boolean {
  switch (head.text) {
    case '.format':
      into.formatVersion = versionOf(cursor.take('version'))
      return true
    case '.path':
      into.packagePath = nameOfWord(cursor.take('path').text)
      return true
    case '.cap':
      into.aid = aidOf(cursor.take('AID'))
      into.version = versionOf(cursor.take('version'))
      if (cursor.accept('int')) into.usesInt = true
      into.packages = []
      return true
    case '.package':
      if (into.packages) {
        into.packages.push({ aid: aidOf(cursor.take('AID')), version: versionOf(cursor.take('version')) })
        return true
      }
      into.aid = aidOf(cursor.take('AID'))
      into.version = versionOf(cursor.take('version'))
      if (cursor.accept('name')) into.packageName = nameOfWord(cursor.take('name').text)
      if (cursor.accept('int')) into.usesInt = true
      return true
    case '.import': {
      const token = cursor.take('package')
      const known = names.packageNamed(token.text)
      const aid = aidOf(known ? { ...token, text: known.aid } : token)
      into.imports.push({ aid, version: versionOf(cursor.take('version')) })
      return true
    }
    case '.applet':
      into.applets.push({ aid: aidOf(cursor.take('AID')), install: cursor.take('install method') })
      return true
    default:
      return false
  }
}

function parseContentDirective(head: Token, cursor: TokenCursor, into: PackageText, lines: Lines): void {
  switch (head.text) {
    case '.signatures':
      into.signatures = cursor.hex()
      break
    case '.interface':
      parseInterface(cursor, into)
      break
    case '.class':
      into.classes.push(parseClass(head, cursor, lines))
      break
    case '.statics':
      parseStatics(cursor, into)
      break
    case '.array':
      into.arrays.push({ type: arrayTypeOf(cursor.take('array type')), values: cursor.hex() })
      break
    case '.constants':
      for (const line of lines.block(head)) parseConstant(line, into)
      break
    case '.method':
      parseMethod(head, cursor, into, lines)
      break
    case '.bytes':
      into.methods.push(cursor.hex())
      break
    case '.block':
      into.blockStarts.push(into.methods.length)
      break
    case '.exports':
      into.exportCounts.push(0)
      break
    case '.export':
      parseExport(cursor, into)
      if (into.exportCounts.length > 0) into.exportCounts.push(into.exportCounts.pop()! + 1)
      break
    case '.descriptor':
      into.descriptor = parseDescriptorText(lines.block(head))
      break
    default:
      parseOpaqueDirective(head, cursor, into)
  }
}

/** Components kept as bytes. */
function parseOpaqueDirective(head: Token, cursor: TokenCursor, into: PackageText): void {
  switch (head.text) {
    case '.debug':
      into.debug = cursor.hex()
      break
    case '.resource':
      into.resources.push({ resourceId: cursor.number('resource id'), content: cursor.hex() })
      break
    case '.custom': {
      const tag = cursor.number('tag')
      const aid = aidOf(cursor.take('AID'))
      const fileName = cursor.accept('file') ? nameOfWord(cursor.take('file name').text) : undefined
      into.custom.push({ tag, aid, ...(fileName !== undefined && { fileName }), info: cursor.hex() })
      break
    }
    case '.raw': {
      const name = cursor.take('component')
      const kind = componentByName(name.text)
      if (!kind) refuse('CAP_ASM_UNKNOWN_NAME', `no component ${name.text}`, name.line)
      into.raw.set(kind.tag, cursor.hex())
      break
    }
    default:
      refuse('CAP_ASM_UNKNOWN_NAME', `no directive ${head.text}`, head.line)
  }
}

function arrayTypeOf(token: Token): number {
  const types: Readonly<Record<string, number>> = STATIC_ARRAY_TYPES
  const type = types[token.text]
  if (type === undefined) refuse('CAP_ASM_UNKNOWN_NAME', `no array type ${token.text}`, token.line)
  return type
}

function parseInterface(cursor: TokenCursor, into: PackageText): void {
  const label = cursor.take('label')
  const flags = CLASS_FLAGS.ACC_INTERFACE | (cursor.accept('shareable') ? CLASS_FLAGS.ACC_SHAREABLE : 0)
  const superinterfaces = cursor.accept('extends') ? cursor.rest() : []
  into.interfaces.push({ label, flags, superinterfaces })
}

function parseClass(head: Token, cursor: TokenCursor, lines: Lines): ClassText {
  const label = cursor.take('label')
  const flags = cursor.accept('shareable') ? CLASS_FLAGS.ACC_SHAREABLE : 0
  cursor.expect('extends')
  const superClass = cursor.accept('nothing') ? undefined : cursor.take('superclass')
  const one: ClassText = {
    label,
    flags,
    superClass,
    declaredInstanceSizeCells: 0,
    firstReferenceToken: 0xff,
    referenceCount: 0,
    publicMethodTableBase: 0,
    publicMethodTable: [],
    packageMethodTableBase: 0,
    packageMethodTable: [],
    interfaces: [],
  }
  for (const [directive, ...rest] of lines.block(head)) {
    parseClassLine(directive!, new TokenCursor(rest, directive!.line), one)
  }
  return one
}

function parseClassLine(directive: Token, cursor: TokenCursor, one: ClassText): void {
  switch (directive.text) {
    case '.instance':
      one.declaredInstanceSizeCells = cursor.number('cells')
      if (cursor.accept('references')) one.referenceCount = cursor.number('references')
      if (cursor.accept('from')) one.firstReferenceToken = cursor.number('token')
      break
    case '.public':
      one.publicMethodTableBase = cursor.number('base')
      one.publicMethodTable = cursor.rest()
      break
    case '.package':
      one.packageMethodTableBase = cursor.number('base')
      one.packageMethodTable = cursor.rest()
      break
    case '.implements': {
      const name = cursor.take('interface')
      const index: number[] = []
      while (!cursor.isAtEnd) index.push(cursor.number('method token'))
      one.interfaces.push({ interface: name, index })
      break
    }
    case '.tokens':
      one.inheritableCount = cursor.number('inheritable count')
      one.tokenMapping = cursor.hex()
      break
    default:
      refuse('CAP_ASM_UNKNOWN_NAME', `no directive ${directive.text} in a class`, directive.line)
  }
  cursor.requireEnd()
}

function parseStatics(cursor: TokenCursor, into: PackageText): void {
  const referenceCount = cursor.accept('references') ? cursor.number('references') : 0
  const defaultValueCount = cursor.accept('default') ? cursor.number('bytes') : 0
  const values = cursor.accept('values') ? cursor.hex() : new Uint8Array()
  into.statics = { referenceCount, defaultValueCount, values }
}

function parseConstant(line: readonly Token[], into: PackageText): void {
  const cursor = new TokenCursor(line, line[0]!.line)
  const kind = cursor.take('kind')
  if (!Object.hasOwn(CONSTANT_POOL_TAGS, kind.text)) {
    refuse('CAP_ASM_UNKNOWN_NAME', `no constant kind ${kind.text}`, kind.line)
  }
  // just looked up among the kinds
  into.constants.push({ kind: kind.text as ConstantPoolKind, name: cursor.take('constant') })
  cursor.requireEnd()
}

function parseMethod(head: Token, cursor: TokenCursor, into: PackageText, lines: Lines): void {
  const label = cursor.take('label')
  let flags = cursor.accept('abstract') ? METHOD_FLAGS.ACC_ABSTRACT : 0
  if (cursor.accept('long')) flags |= METHOD_FLAGS.ACC_EXTENDED
  const maxStack = cursor.accept('stack') ? cursor.number('words') : 0
  const nargs = cursor.accept('args') ? cursor.number('words') : 0
  const maxLocals = cursor.accept('locals') ? cursor.number('words') : 0
  const code: Token[] = []
  const handlers: HandlerText[] = []
  for (const line of lines.block(head)) {
    if (line[0]!.text === '.catch') handlers.push(parseHandler(line))
    else code.push(...line)
  }
  const parsed = parseCode(new TokenCursor(code, head.line))
  into.methods.push({ label, flags, maxStack, nargs, maxLocals, code: parsed, handlers })
}

/** `.catch from to target any|Class [stop|continue]` */
function parseHandler([directive, ...rest]: readonly Token[]): HandlerText {
  const cursor = new TokenCursor(rest, directive!.line)
  const from = cursor.take('label')
  const to = cursor.take('label')
  const target = cursor.take('label')
  const catchType = cursor.accept('any') ? undefined : cursor.take('class')
  const stop = cursor.accept('stop') ? true : cursor.accept('continue') ? false : undefined
  cursor.requireEnd()
  return { from, to, target, catchType, stop }
}

function parseExport(cursor: TokenCursor, into: PackageText): void {
  const name = cursor.take('class')
  const staticFieldOffsets: number[] = []
  if (cursor.accept('fields')) {
    while (!cursor.isAtEnd && cursor.peek() !== 'methods') staticFieldOffsets.push(cursor.number('image offset'))
  }
  const staticMethods = cursor.accept('methods') ? cursor.rest() : []
  into.exports.push({ class: name, staticFieldOffsets, staticMethods })
}
