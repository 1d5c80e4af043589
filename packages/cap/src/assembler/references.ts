import { equalBytes, fromHex } from '@gridcard/bytes'
import type { ApiClass, ApiPackage, MethodSpace } from '../api/api-package.ts'
import type {
  ClassRef,
  ConstantPoolEntry,
  ConstantPoolKind,
  PackageInfo,
  StaticFieldRef,
  StaticMethodRef,
  Version,
} from '../capfile/cap-file.ts'
import { type ApiNames, fieldTokenNamed, methodNamed } from './api-names.ts'
import { isNumber, numberOf, refuse, type Token } from './tokens.ts'

/** Where the labels of a package ended up. */
export interface PackageLabels {
  readonly classOffsets: ReadonlyMap<string, number>
  readonly methodOffsets: ReadonlyMap<string, number>
}

type ExternalClass = Extract<ClassRef, { kind: 'external' }>
type ExternalMember = Extract<StaticMethodRef, { kind: 'external' }>

/**
 * Turns the words for classes and members into references.
 *
 * | word | meaning |
 * |---|---|
 * | `label`, `class@12` | class or interface of this package, by label or offset in Class |
 * | `javacard/framework/APDU`, `%1.10` | imported class, by name or by package and class token |
 * | `<class>.7`, `<class>.getBuffer()[B` | instance field or virtual method, by token or name |
 * | `label`, `method@57` | static method of this package, by label or offset in Method |
 * | `static@4` | static field of this package, by offset in the image |
 * | `<imported class>.<init>()V`, `%1.10.3` | imported static method or field |
 * | `super:<class>.7` | super method, where a static method could stand as well |
 */
export class References {
  readonly #names: ApiNames
  readonly #labels: PackageLabels
  readonly #imports: PackageInfo[]
  readonly #importVersions: ReadonlyMap<string, ApiPackage>

  /**
   * @param imports grows by packages that are named and not yet imported
   * @param levelPackages give the version of such imports
   */
  constructor(o: {
    names: ApiNames
    labels: PackageLabels
    imports: PackageInfo[]
    levelPackages: readonly ApiPackage[]
  }) {
    this.#names = o.names
    this.#labels = o.labels
    this.#imports = o.imports
    this.#importVersions = new Map(o.levelPackages.map((one) => [one.aid, one]))
  }

  classRef(token: Token): ClassRef {
    const { text, line } = token
    if (text.startsWith('class@')) return { kind: 'internal', classOffset: afterAt(token) }
    const own = this.#labels.classOffsets.get(text)
    if (own !== undefined) return { kind: 'internal', classOffset: own }
    const [, packageToken, classToken] = /^%(\d+)\.(\d+)$/.exec(text) ?? []
    if (packageToken !== undefined) {
      return { kind: 'external', packageToken: Number(packageToken), classToken: Number(classToken) }
    }
    return this.#namedClass(text, line).ref
  }

  #namedClass(name: string, line: number): { ref: ExternalClass; class: ApiClass } {
    const named = this.#names.classNamed(name)
    if (!named) refuse('CAP_ASM_UNKNOWN_NAME', `no class ${name}`, line)
    const packageToken = this.#packageToken(named.package)
    return { ref: { kind: 'external', packageToken, classToken: named.class.token }, class: named.class }
  }

  #packageToken(named: ApiPackage): number {
    const aid = fromHex(named.aid)
    const found = this.#imports.findIndex((one) => equalBytes(one.aid, aid))
    if (found >= 0) return found
    const { version } = this.#importVersions.get(named.aid) ?? named
    return this.#imports.push({ aid, version: versionOf(version) }) - 1
  }

  entry(kind: ConstantPoolKind, token: Token): ConstantPoolEntry {
    switch (kind) {
      case 'class':
        return { kind, class: this.classRef(token) }
      case 'instanceField':
        return { kind, ...this.#member(token, undefined) }
      case 'virtualMethod':
      case 'superMethod':
        return { kind, ...this.#member(token, 'virtual') }
      case 'staticField':
        return { kind, field: this.staticField(token) }
      case 'staticMethod':
        return { kind, method: this.#staticMethod(token) }
    }
  }

  /** Class and token of an instance field (no space) or a method. */
  #member(token: Token, space: MethodSpace | undefined): { class: ClassRef; token: number } {
    const { className, member } = splitMember(token)
    const ref = this.classRef(className)
    if (isNumber(member.text)) return { class: ref, token: numberOf(member, 'token') }
    const { class: apiClass } = this.#namedClass(className.text, token.line)
    const found = space ? methodNamed(apiClass, space, member.text)?.token : fieldTokenNamed(apiClass, member.text)
    if (found === undefined) refuse('CAP_ASM_UNKNOWN_NAME', `no ${member.text} in ${apiClass.name}`, token.line)
    return { class: ref, token: found }
  }

  /** Token of a method of an interface; the word is the whole `<interface>.<method>`. */
  interfaceMethodToken(token: Token): number {
    const { className, member } = splitMember(token)
    if (isNumber(member.text)) return numberOf(member, 'token')
    const { class: apiClass } = this.#namedClass(className.text, token.line)
    const method = methodNamed(apiClass, 'interface', member.text)
    if (!method) refuse('CAP_ASM_UNKNOWN_NAME', `no ${member.text} in ${apiClass.name}`, token.line)
    return method.token
  }

  instanceField(token: Token): { class: ClassRef; token: number } {
    return this.#member(token, undefined)
  }

  staticField(token: Token): StaticFieldRef {
    if (token.text.startsWith('static@')) return { kind: 'internal', imageOffset: afterAt(token) }
    return this.#externalStatic(token, fieldTokenNamed)
  }

  #staticMethod(token: Token): StaticMethodRef {
    // Imported ones have a dot between class and method.
    if (token.text.startsWith('method@') || !token.text.includes('.')) {
      return { kind: 'internal', methodOffset: this.methodOffset(token) }
    }
    return this.#externalStatic(token, (apiClass, name) => methodNamed(apiClass, 'static', name)?.token)
  }

  #externalStatic(token: Token, find: (apiClass: ApiClass, name: string) => number | undefined): ExternalMember {
    const [, packageToken, classToken, member] = /^%(\d+)\.(\d+)\.(\d+)$/.exec(token.text) ?? []
    if (packageToken !== undefined) {
      const tokens = { packageToken: Number(packageToken), classToken: Number(classToken), token: Number(member) }
      return { kind: 'external', ...tokens }
    }
    const split = splitMember(token)
    const { ref, class: apiClass } = this.#namedClass(split.className.text, token.line)
    const found = find(apiClass, split.member.text)
    if (found === undefined) refuse('CAP_ASM_UNKNOWN_NAME', `no ${split.member.text} in ${apiClass.name}`, token.line)
    return { ...ref, token: found }
  }

  /** Offset in Method. */
  methodOffset(token: Token): number {
    if (token.text.startsWith('method@')) return afterAt(token)
    const offset = this.#labels.methodOffsets.get(token.text)
    if (offset === undefined) refuse('CAP_ASM_UNKNOWN_NAME', `no method ${token.text}`, token.line)
    return offset
  }

  /** Offset in Class of a class of this package. */
  classOffset(token: Token): number {
    const ref = this.classRef(token)
    if (ref.kind === 'external') refuse('CAP_ASM_UNKNOWN_NAME', `${token.text} is not in this package`, token.line)
    return ref.classOffset
  }
}

function afterAt(token: Token): number {
  return numberOf({ ...token, text: token.text.slice(token.text.indexOf('@') + 1) }, 'offset')
}

/** At the first dot; in `%1.10.3` at the last. Names of classes have slashes, never dots. */
function splitMember(token: Token): { className: Token; member: Token } {
  const { text, line } = token
  const dot = text.startsWith('%') ? text.indexOf('.', text.indexOf('.') + 1) : text.indexOf('.')
  if (dot < 0) refuse('CAP_ASM_SYNTAX', `<class>.<member> expected, not ${text}`, line)
  return { className: { text: text.slice(0, dot), line }, member: { text: text.slice(dot + 1), line } }
}

export function versionOf(text: string): Version {
  const [major = 1, minor = 0] = text.split('.').map(Number)
  return { major, minor }
}
