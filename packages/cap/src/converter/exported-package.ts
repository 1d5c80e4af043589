import { toHex } from '@gridcard/bytes'
import {
  API_FLAGS,
  type ApiClass,
  type ApiField,
  type ApiMethod,
  type ApiPackage,
  type ApiPackageReference,
} from '../api/api-package.ts'
import type { PackageInfo, Version } from '../capfile/cap-file.ts'
import { ACC } from '../classfile/class-file.ts'
import type { ClassLayout } from './class-layout.ts'
import type { ClassLibrary } from './class-library.ts'
import type { ExportedClass } from './exports.ts'
import { isVirtual, isVisible, type JavaClass, type JavaField, type JavaMethod, signatureKey } from './program.ts'

const CONSTANT_TOKEN = 0xff

/** Flags of class files that token tables keep, with the same bits. */
const KEPT_FLAGS = ACC.PUBLIC | ACC.PROTECTED | ACC.STATIC | ACC.FINAL | ACC.INTERFACE | ACC.ABSTRACT

export interface ExportSource {
  readonly name: string
  readonly info: PackageInfo
  /** Of the CAP file: export files follow it but for Debug, which they have no part in. */
  readonly formatVersion: Version
  readonly isLibrary: boolean
  /** What format 2.3 names as the packages that the export file refers to. */
  references(classes: readonly ApiClass[]): readonly ApiPackageReference[]
  /** In token order. */
  readonly exported: readonly ExportedClass[]
  readonly library: ClassLibrary
  readonly layouts: ReadonlyMap<string, ClassLayout>
}

/**
 * What an export file would say of a package: the tokens that packages converted later need to name its classes.
 *
 * @source JCVM 3.1 ch. 5
 */
export function exportedPackage(source: ExportSource): ApiPackage {
  const { name, info, exported, library, layouts } = source
  const classes = exported.map((one, token) => apiClassOf(one, token, library, layouts))
  const isRemote = classes.some((one) => one.access_flags & API_FLAGS.REMOTE)
  return {
    name,
    aid: toHex(info.aid),
    version: `${info.version.major}.${info.version.minor}`,
    exportFileFormat: source.formatVersion.minor >= 3 ? '2.3' : isRemote ? '2.2' : '2.1',
    library: source.isLibrary,
    ...(source.formatVersion.minor >= 3 && {
      references: source.references(classes).map(({ name, aid, version }) => ({ name, aid, version })),
    }),
    classes,
  }
}

function apiClassOf(
  one: ExportedClass,
  token: number,
  library: ClassLibrary,
  layouts: ReadonlyMap<string, ClassLayout>,
): ApiClass {
  const { class: owner } = one
  const shareable = library.isShareable(owner.name) ? API_FLAGS.SHAREABLE : 0
  const remote = library.isRemote(owner.name) ? API_FLAGS.REMOTE : 0
  const accessFlags = (owner.accessFlags & KEPT_FLAGS) | shareable | remote
  const supers = superclassesOf(owner, library)
  return {
    name: owner.name,
    token,
    access_flags: accessFlags,
    super: supers.at(-1) ?? null,
    supers,
    interfaces: interfacesOf(owner, library),
    fields: [...staticFieldsOf(one), ...instanceFieldsOf(owner, layouts.get(owner.name))],
    methods: methodsOf(one, library, layouts),
  }
}

/** From Object down to the direct superclass. */
function superclassesOf(owner: JavaClass, library: ClassLibrary): string[] {
  if (owner.isInterface) return ['java/lang/Object']
  const own = library
    .ownChain(owner)
    .slice(1)
    .map((one) => one.name)
  const imported = library.importedSuper(owner)
  return [...(imported ? [...imported.class.supers, imported.class.name] : []), ...own.toReversed()]
}

/** With those that superclasses and superinterfaces bring. */
function interfacesOf(owner: JavaClass, library: ClassLibrary): string[] {
  const named = library.ownChain(owner).flatMap((one) => one.interfaceNames)
  const inherited = owner.isInterface ? [] : (library.importedSuper(owner)?.class.interfaces ?? [])
  return library.interfaceClosure([...named, ...inherited])
}

function staticFieldsOf({ class: owner, staticFields }: ExportedClass): ApiField[] {
  const constants = owner.fields.filter((field) => isVisible(field) && field.constantValue !== undefined)
  return [
    ...constants.map((field) => apiFieldOf(field, CONSTANT_TOKEN)),
    ...staticFields.map((field, token) => apiFieldOf(field, token)),
  ]
}

function instanceFieldsOf(owner: JavaClass, layout: ClassLayout | undefined): ApiField[] {
  return owner.fields
    .filter((field) => !field.isStatic && isVisible(field))
    .map((field) => apiFieldOf(field, layout?.fieldTokens.get(field.name) ?? 0))
}

function apiFieldOf(field: JavaField, token: number): ApiField {
  const flags = field.accessFlags & KEPT_FLAGS
  return {
    name: field.name,
    desc: field.descriptor,
    flags,
    token,
    ...(field.constantValue !== undefined && { value: field.constantValue }),
  }
}

function methodsOf(one: ExportedClass, library: ClassLibrary, layouts: ReadonlyMap<string, ClassLayout>): ApiMethod[] {
  const statics = one.staticMethods.map((method, token) => apiMethodOf(method, 'static', token))
  if (one.class.isInterface) {
    const methods = library.interfaceMethods(one.class.name)
    return methods.map(({ name, descriptor }, token) => ({
      name,
      desc: descriptor,
      flags: API_FLAGS.PUBLIC | API_FLAGS.ABSTRACT,
      space: 'interface',
      token,
    }))
  }
  return [
    ...statics,
    ...virtualMethodsOf(one.class, library, layouts.get(one.class.name), (own) => layouts.get(own.name)?.miranda),
  ]
}

/** Own ones, then those of superclasses that no lower class overrides. */
function virtualMethodsOf(
  owner: JavaClass,
  library: ClassLibrary,
  layout: ClassLayout | undefined,
  mirandaOf: (one: JavaClass) => readonly JavaMethod[] | undefined,
): ApiMethod[] {
  const methods = new Map<string, ApiMethod>()
  for (const one of library.ownChain(owner)) {
    // An abstract class shows the methods of its interfaces, though it does not repeat them.
    const declared = [...one.methods.filter((m) => isVirtual(m) && isVisible(m)), ...(mirandaOf(one) ?? [])]
    for (const method of declared) {
      const key = signatureKey(method)
      if (!methods.has(key)) methods.set(key, apiMethodOf(method, 'virtual', layout?.tokens.get(key)?.token ?? 0))
    }
  }
  for (const method of library.importedSuper(owner)?.class.methods ?? []) {
    const key = method.name + method.desc
    if (method.space === 'virtual' && !methods.has(key)) methods.set(key, method)
  }
  return [...methods.values()].toSorted((a, b) => a.token - b.token)
}

function apiMethodOf(method: JavaMethod, space: 'static' | 'virtual', token: number): ApiMethod {
  const flags = method.accessFlags & KEPT_FLAGS
  return { name: method.name, desc: method.descriptor, flags, space, token }
}
