import { assert } from '@gridcard/bytes'
import { API_FLAGS, type ApiClass, type ApiMethod, type ApiPackage, apiPackages } from '@gridcard/cap'
import {
  type InterfaceMethods,
  LinkedClass,
  LinkedMethod,
  type LinkedPackage,
  type NativeMethod,
} from './linked-package.ts'

/** What one Java package of the API has here: methods by `Class.name(descriptor)`, and what the tables cannot tell. */
export interface NativeBinding {
  /** Internal form: `javacard/framework` */
  readonly package: string
  readonly methods: Readonly<Record<string, NativeMethod>>
  /** Handles of the JCRE's own objects that stand in static final fields, by `Class.name`. */
  readonly staticFields?: Readonly<Record<string, number>>
  /** Bytes of state that only native methods see, by simple class name. */
  readonly hiddenBytes?: Readonly<Record<string, number>>
  /**
   * Which 16-bit cells of that state hold references, by simple class name; all of them may unless it is told here, so
   * that no number in them frees what is in use.
   */
  readonly hiddenReferences?: Readonly<Record<string, readonly number[]>>
  /** Classes behind the abstract classes and interfaces of the API, which no applet can name. */
  readonly implementations?: readonly NativeImplementation[]
}

export interface NativeImplementation {
  /** 0..63, kept for ever: class ids stand in images. */
  readonly id: number
  readonly name: string
  /** Internal form; default java/lang/Object */
  readonly superClass?: string
  /** Internal form */
  readonly interfaces?: readonly string[]
  readonly hiddenBytes: number
  /** As `hiddenReferences` of the package; default: every cell. */
  readonly hiddenReferences?: readonly number[]
  /** By `name(descriptor)`. */
  readonly methods: Readonly<Record<string, NativeMethod>>
}

/**
 * The packages of the API in the order of their class ids, which stand in images: only ever append.
 */
const PACKAGE_ORDER = [
  'java.lang',
  'java.io',
  'java.rmi',
  'javacard.framework',
  'javacard.framework.service',
  'javacard.security',
  'javacardx.apdu',
  'javacardx.apdu.util',
  'javacardx.biometry',
  'javacardx.biometry1toN',
  'javacardx.crypto',
  'javacardx.external',
  'javacardx.framework.event',
  'javacardx.framework.math',
  'javacardx.framework.nio',
  'javacardx.framework.string',
  'javacardx.framework.time',
  'javacardx.framework.tlv',
  'javacardx.framework.util',
  'javacardx.framework.util.intx',
  'javacardx.security',
  'javacardx.security.cert',
  'javacardx.security.derivation',
  'javacardx.security.util',
  'org.globalplatform',
  'org.globalplatform.contactless',
  'org.globalplatform.filesystem',
  'org.globalplatform.privacy',
  'org.globalplatform.securechannel',
  'org.globalplatform.securechannel.provider',
  'org.globalplatform.upgrade',
] as const
const CLASSES_PER_PACKAGE = 64
const IMPLEMENTATIONS_PACKAGE_INDEX = 63
/** Class ids below belong to the API, from here on to loaded packages. */
export const FIRST_LOADED_CLASS_ID = 64 * CLASSES_PER_PACKAGE

/** Argument and return words of a descriptor; int takes two. */
export function wordsOfDescriptor(desc: string): { argumentWords: number; returnWords: number } {
  const end = desc.indexOf(')')
  let argumentWords = 0
  for (const [type] of desc.slice(1, end).matchAll(/\[*(?:L[^;]*;|[ZBSI])/g)) argumentWords += type === 'I' ? 2 : 1
  const result = desc.slice(end + 1)
  return { argumentWords, returnWords: result === 'V' ? 0 : result === 'I' ? 2 : 1 }
}

interface MutablePackage extends LinkedPackage {
  readonly classes: LinkedClass[]
  readonly exportedClasses: (LinkedClass | undefined)[]
}

const emptyPackage = (aid: string, name: string, major: number, minor: number): MutablePackage => ({
  aid,
  version: { major, minor },
  name,
  key: name,
  code: new Int32Array(0),
  capOffsets: new Int32Array(0),
  methods: [],
  handlers: [],
  classes: [],
  exportedClasses: [],
  exports: [],
  classReferences: [],
  externalMethods: [],
  externalStatics: [],
  applets: [],
  imports: [],
  staticReferenceCount: 0,
  staticImageBytes: 0,
  staticResources: new Map(),
})

/** The API as linked packages: every class of the newest tables, with the native methods that are there. */
export class NativeLibrary {
  readonly #packagesByAid = new Map<string, MutablePackage>()
  readonly #classesByName = new Map<string, LinkedClass>()
  readonly #apiClasses = new Map<string, { api: ApiClass; package: MutablePackage }>()
  readonly #interfaceMethods = new Map<LinkedClass, readonly ApiMethod[]>()
  readonly #methods = new Map<string, NativeMethod>()
  readonly #staticFields = new Map<string, number>()
  readonly #hiddenBytes = new Map<string, number>()
  readonly #hiddenReferences = new Map<string, readonly number[]>()
  readonly #implementations: LinkedClass[] = []
  readonly #uncallable = new Set<LinkedMethod>()
  /** Index: class id below `FIRST_LOADED_CLASS_ID`. */
  readonly classesById: (LinkedClass | undefined)[] = Array.from({ length: FIRST_LOADED_CLASS_ID })
  readonly classIds: ReadonlyMap<LinkedClass, number>

  constructor(bindings: readonly NativeBinding[]) {
    for (const binding of bindings) {
      for (const [member, native] of Object.entries(binding.methods)) {
        this.#methods.set(`${binding.package}/${member}`, native)
      }
      for (const [name, handle] of Object.entries(binding.staticFields ?? {})) {
        this.#staticFields.set(`${binding.package}/${name}`, handle)
      }
      for (const [name, bytes] of Object.entries(binding.hiddenBytes ?? {})) {
        this.#hiddenBytes.set(`${binding.package}/${name}`, bytes)
      }
      for (const [name, cells] of Object.entries(binding.hiddenReferences ?? {})) {
        this.#hiddenReferences.set(`${binding.package}/${name}`, cells)
      }
    }
    const packages = apiPackages('3.2.0')
    for (const api of packages) this.#addPackage(api)
    this.#requireEveryBindingNamesAMember()
    for (const { api } of this.#apiClasses.values()) this.#linkClass(api.name)
    const own = emptyPackage('', 'gridcard', 1, 0)
    for (const one of bindings.flatMap((binding) => binding.implementations ?? [])) this.#linkImplementation(own, one)
    this.#findUncallable()
    for (const [index, name] of PACKAGE_ORDER.entries()) {
      const api = packages.find((one) => one.name === name)
      for (const one of api?.classes ?? []) {
        assert(one.token < CLASSES_PER_PACKAGE, `class token of ${one.name} below ${CLASSES_PER_PACKAGE}`)
        this.classesById[index * CLASSES_PER_PACKAGE + one.token] = this.#classesByName.get(one.name)
      }
    }
    this.classIds = new Map(this.classesById.flatMap((one, id) => (one ? [[one, id]] : [])))
  }

  /** An API package that serves the import: same AID and major version, minor not below. @source JCVM 3.1 §4.5 */
  findPackage(aid: string, major: number, minor: number): LinkedPackage | undefined {
    const found = this.#packagesByAid.get(aid)
    return found && found.version.major === major && found.version.minor >= minor ? found : undefined
  }

  hasPackage(aid: string): boolean {
    return this.#packagesByAid.has(aid)
  }

  /** @param name internal form: `javacard/framework/APDU` */
  requireClass(name: string): LinkedClass {
    const found = this.#classesByName.get(name)
    assert(found, `class ${name} is in the API`)
    return found
  }

  /** The id of a class of the API or behind it; the same on every card. */
  requireClassId(name: string): number {
    const id = this.classIds.get(this.requireClass(name))
    assert(id !== undefined, `class ${name} has an id`)
    return id
  }

  /** False: the API declares the method, but nothing behind it is there. */
  isCallable(method: LinkedMethod): boolean {
    return !this.#uncallable.has(method)
  }

  /** What a static final field of the API refers to: the handle of an object of the JCRE. */
  staticField(owner: LinkedClass, token: number): number | undefined {
    const api = this.#apiClasses.get(owner.name)?.api
    const field = this.isNativeClass(owner) ? api?.fields.find((one) => one.token === token) : undefined
    return field && this.#staticFields.get(`${owner.name}.${field.name}`)
  }

  isNativeClass(linked: LinkedClass): boolean {
    return this.#classesByName.get(linked.name) === linked
  }

  #addPackage(api: ApiPackage): void {
    assert((PACKAGE_ORDER as readonly string[]).includes(api.name), `${api.name} has a place in PACKAGE_ORDER`)
    const [major, minor] = api.version.split('.').map(Number)
    const linked = emptyPackage(api.aid, api.name, major!, minor!)
    this.#packagesByAid.set(api.aid, linked)
    for (const one of api.classes) this.#apiClasses.set(one.name, { api: one, package: linked })
  }

  #requireEveryBindingNamesAMember(): void {
    for (const member of this.#methods.keys()) {
      const [, className, name, desc] = /^(.*)\.([^.(]+)(\(.*)$/.exec(member) ?? []
      const api = this.#apiClasses.get(className ?? '')?.api
      const isThere = api?.methods.some((one) => one.name === name && one.desc === desc)
      assert(isThere, `native method ${member} is in the API tables`)
    }
    for (const name of this.#hiddenBytes.keys())
      assert(this.#apiClasses.has(name), `class ${name} is in the API tables`)
  }

  #linkClass(name: string): LinkedClass {
    const known = this.#classesByName.get(name)
    if (known) return known
    const { api, package: owner } = this.#apiClasses.get(name)!
    const isInterface = (api.access_flags & API_FLAGS.INTERFACE) !== 0
    const superClass = api.super === null || isInterface ? undefined : this.#linkClass(api.super)
    const interfaces = api.interfaces.map((one) => this.#linkClass(one))
    const method = (one: ApiMethod, inherited: LinkedMethod | undefined): LinkedMethod => {
      const native = this.#methods.get(`${name}.${one.name}${one.desc}`)
      if (native === undefined && inherited?.native !== undefined) return inherited
      return nativeMethod(owner, `${name}.${one.name}${one.desc}`, one, native)
    }
    const virtualMethods: LinkedMethod[] = []
    const staticMethods: LinkedMethod[] = []
    const interfaceMethods: ApiMethod[] = []
    for (const one of api.methods) {
      if (one.space === 'virtual') {
        if (!isInterface) virtualMethods[one.token] = method(one, superClass?.virtualMethods[one.token])
      } else if (one.space === 'static') staticMethods[one.token] = method(one, undefined)
      else interfaceMethods[one.token] = one
    }
    const linked: LinkedClass = new LinkedClass({
      package: owner,
      index: owner.classes.length,
      name,
      isInterface,
      isShareable: (api.access_flags & API_FLAGS.SHAREABLE) !== 0 || interfaces.some((one) => one.isShareable),
      superClass,
      interfaces,
      fieldBytes: 0,
      hiddenBytes: (superClass?.hiddenBytes ?? 0) + (this.#hiddenBytes.get(name) ?? 0),
      referenceCells: referenceCells(superClass, this.#hiddenBytes.get(name) ?? 0, this.#hiddenReferences.get(name)),
      virtualMethods,
      packageMethods: [],
      staticMethods,
      staticFieldOffsets: [],
      interfaceReturnWords: interfaceMethods.map((one) => wordsOfDescriptor(one.desc).returnWords),
      findInterfaceMethods: (receiver, wanted) => this.#byName(linked, receiver, wanted),
    })
    for (const one of [...virtualMethods, ...staticMethods]) if (one) one.declaringClass ??= linked
    owner.classes.push(linked)
    owner.exportedClasses[api.token] = linked
    this.#classesByName.set(name, linked)
    this.#interfaceMethods.set(linked, interfaceMethods)
    return linked
  }

  #linkImplementation(owner: MutablePackage, one: NativeImplementation): void {
    const superClass = this.requireClass(one.superClass ?? 'java/lang/Object')
    const interfaces = (one.interfaces ?? []).map((name) => this.requireClass(name))
    const all = new Set(interfaces.flatMap((interfaceClass) => [...interfaceClass.supertypes]))
    const remaining = new Set(Object.keys(one.methods))
    const take = (signature: string): NativeMethod | undefined => {
      remaining.delete(signature)
      return one.methods[signature]
    }
    const virtualMethods = superClass.virtualMethods.map((inherited) => {
      if (inherited === undefined) return undefined
      const signature = inherited.name.slice(inherited.name.lastIndexOf('.') + 1)
      const native = take(signature)
      if (native === undefined) return inherited
      const { nargs, returnWords } = inherited
      return new LinkedMethod({ package: owner, name: `${one.name}.${signature}`, nargs, returnWords, native })
    })
    const methodsByInterface = new Map<LinkedClass, LinkedMethod[]>()
    for (const interfaceClass of all) {
      const declared = this.#interfaceMethods.get(interfaceClass)!
      const methods = declared.map((method) => {
        const native = take(method.name + method.desc)
        assert(native, `${one.name} has ${method.name}${method.desc} of ${interfaceClass.name}`)
        return nativeMethod(owner, `${one.name}.${method.name}${method.desc}`, method, native)
      })
      methodsByInterface.set(interfaceClass, methods)
    }
    assert(remaining.size === 0, `${one.name} overrides ${[...remaining].join(', ')}`)
    const linked = new LinkedClass({
      package: owner,
      index: owner.classes.length,
      name: one.name,
      isInterface: false,
      isShareable: [...all].some((one) => one.isShareable),
      superClass,
      interfaces: [...all],
      fieldBytes: 0,
      hiddenBytes: superClass.hiddenBytes + one.hiddenBytes,
      referenceCells: referenceCells(superClass, one.hiddenBytes, one.hiddenReferences),
      virtualMethods,
      packageMethods: [],
      staticMethods: [],
      staticFieldOffsets: [],
      interfaceReturnWords: [],
      findInterfaceMethods: (_, wanted) => methodsByInterface.get(wanted) ?? [],
    })
    owner.classes.push(linked)
    this.#classesByName.set(one.name, linked)
    this.#implementations.push(linked)
    const classId = IMPLEMENTATIONS_PACKAGE_INDEX * CLASSES_PER_PACKAGE + one.id
    assert(this.classesById[classId] === undefined, `id ${one.id} of ${one.name} is nobody else's`)
    this.classesById[classId] = linked
  }

  /** An API class has its interface methods under their own names; a loaded subclass may override them by token. */
  #byName(declaring: LinkedClass, receiver: LinkedClass, wanted: LinkedClass): InterfaceMethods {
    return (this.#interfaceMethods.get(wanted) ?? []).map((declared) => {
      const signature = `.${declared.name}${declared.desc}`
      const token = declaring.virtualMethods.findIndex((method) => method?.name.endsWith(signature))
      return receiver.virtualMethods[token]
    })
  }

  /** Where nothing runs: not native, and not abstract with a class behind it or one that applets may extend. */
  #findUncallable(): void {
    for (const { api } of this.#apiClasses.values()) {
      const linked = this.#classesByName.get(api.name)!
      const canBeExtended = linked.staticMethods.some((m) => m?.native !== undefined && m.name.includes('<init>'))
      for (const declared of api.methods) {
        const space = declared.space === 'virtual' ? linked.virtualMethods : linked.staticMethods
        const method = declared.space === 'interface' ? undefined : space[declared.token]
        if (method === undefined || method.native !== undefined) continue
        const isAbstract = (declared.flags & API_FLAGS.ABSTRACT) !== 0
        const hasBody = this.#implementations.some((one) => {
          return one.isKindOf(linked) && one.virtualMethods[declared.token]?.native !== undefined
        })
        if (!(isAbstract && (canBeExtended || hasBody))) this.#uncallable.add(method)
      }
    }
  }
}

/** API classes have no fields, so hidden cells count from 0. */
function referenceCells(
  superClass: LinkedClass | undefined,
  hiddenBytes: number,
  declared: readonly number[] | undefined,
): number[] {
  const first = (superClass?.hiddenBytes ?? 0) >> 1
  const own = declared ?? Array.from({ length: hiddenBytes >> 1 }, (_, cell) => cell)
  return [...(superClass?.referenceCells ?? []), ...own.map((cell) => first + cell)]
}

function nativeMethod(
  owner: LinkedPackage,
  name: string,
  declared: ApiMethod,
  native: NativeMethod | undefined,
): LinkedMethod {
  const { argumentWords, returnWords } = wordsOfDescriptor(declared.desc)
  const isStatic = (declared.flags & API_FLAGS.STATIC) !== 0
  const nargs = argumentWords + (isStatic ? 0 : 1)
  return new LinkedMethod({ package: owner, name, nargs, returnWords, native, isNativeStatic: isStatic })
}
