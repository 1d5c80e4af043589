import { fromAscii } from '@gridcard/bytes'
import {
  API_FLAGS,
  type ApiClass,
  type ApiField,
  type ApiLevel,
  type ApiMethod,
  type ApiPackage,
} from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { emitZip } from '../capfile/zip-archive.ts'
import { ACC, type Attribute, type InnerClass, type Member } from '../classfile/class-file.ts'
import { ConstantPoolBuilder } from '../classfile/constant-pool-builder.ts'
import { emitClassFile } from '../classfile/emit-class-file.ts'

/** Java 8, the newest version that every compiler from JDK 8 on reads. */
const MAJOR_VERSION = 52

/** `aconst_null; athrow`: the shortest code that is valid in every method and constructor, though it never runs. */
const NEVER_RUN = Uint8Array.of(0x01, 0xbf)

/** Bits of the token tables that mean the same in a class file; shareable and remote do not. */
const CLASS_FLAGS = ACC.PUBLIC | ACC.FINAL | ACC.INTERFACE | ACC.ABSTRACT
const METHOD_FLAGS = ACC.PUBLIC | ACC.PROTECTED | ACC.STATIC | ACC.FINAL | ACC.ABSTRACT

/**
 * The Java Card API as class files for a compiler's class path: all names, types and constants of the token tables, no
 * behaviour. Packages java.* are left to the JDK; what a card lacks of them is the converter's to refuse.
 *
 * @returns path in the class path (`javacard/framework/APDU.class`) to bytes; same level, same bytes
 */
export function emitApiStubs(level: ApiLevel): Map<string, Uint8Array> {
  return emitPackageStubs(apiPackages(level))
}

/** Stubs of any packages whose tokens are known, such as libraries that an applet uses. */
export function emitPackageStubs(packages: readonly ApiPackage[]): Map<string, Uint8Array> {
  const stubs = new Map<string, Uint8Array>()
  const classes = new Map(packages.flatMap((one) => one.classes.map((c) => [c.name, c] as const)))
  for (const apiClass of classes.values()) {
    if (!apiClass.name.startsWith('java/')) stubs.set(`${apiClass.name}.class`, emitStub(apiClass, classes))
  }
  return stubs
}

/** Class files as a JAR, for the class path. The same stubs give the same bytes. */
export function emitStubJar(stubs: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const manifest = { name: 'META-INF/MANIFEST.MF', content: fromAscii('Manifest-Version: 1.0\r\n\r\n') }
  return emitZip([manifest, ...[...stubs].map(([name, content]) => ({ name, content }))])
}

type ApiClasses = ReadonlyMap<string, ApiClass>

function emitStub(apiClass: ApiClass, classes: ApiClasses): Uint8Array {
  const pool = new ConstantPoolBuilder()
  const isInterface = (apiClass.access_flags & API_FLAGS.INTERFACE) !== 0
  const namesAbove = isInterface ? apiClass.interfaces : [apiClass.super ?? '']
  const above = namesAbove.flatMap((name) => classes.get(name)?.methods ?? [])
  const thisClassIndex = pool.class(apiClass.name)
  const superClassIndex = pool.class(apiClass.super ?? 'java/lang/Object')
  const interfaceIndices = apiClass.interfaces.map((name) => pool.class(name))
  const fields = apiClass.fields.map((field) => stubField(pool, field))
  const methods = apiClass.methods
    .filter((method) => !above.some((one) => repeats(one, method)))
    .map((method) => stubMethod(pool, apiClass, method, classes))
  const attributes = nestingOf(pool, apiClass, classes)
  return emitClassFile({
    minorVersion: 0,
    majorVersion: MAJOR_VERSION,
    constantPool: pool.build(),
    accessFlags: (apiClass.access_flags & CLASS_FLAGS) | (isInterface ? 0 : ACC.SUPER),
    thisClassIndex,
    superClassIndex,
    interfaceIndices,
    fields,
    methods,
    attributes,
  })
}

/** The tables list inherited virtual and interface methods again; to a compiler they would be declared anew. */
function repeats(inherited: ApiMethod, method: ApiMethod): boolean {
  const { name, desc, flags, space } = inherited
  return space !== 'static' && name === method.name && desc === method.desc && flags === method.flags
}

function stubField(pool: ConstantPoolBuilder, field: ApiField): Member {
  const value: Attribute[] =
    typeof field.value === 'number'
      ? [{ kind: 'ConstantValue', nameIndex: pool.utf8('ConstantValue'), valueIndex: pool.integer(field.value) }]
      : []
  return {
    accessFlags: field.flags & METHOD_FLAGS,
    nameIndex: pool.utf8(field.name),
    descriptorIndex: pool.utf8(field.desc),
    attributes: value,
  }
}

function stubMethod(pool: ConstantPoolBuilder, apiClass: ApiClass, method: ApiMethod, classes: ApiClasses): Member {
  const attributes: Attribute[] = []
  if (method.space !== 'interface' && (method.flags & API_FLAGS.ABSTRACT) === 0) {
    const nameIndex = pool.utf8('Code')
    const maxLocals = 1 + method.desc.length // an upper bound: no parameter takes more slots than characters
    attributes.push({
      kind: 'Code',
      nameIndex,
      maxStack: 1,
      maxLocals,
      code: NEVER_RUN,
      exceptionTable: [],
      attributes: [],
    })
  }
  const thrown = checkedExceptionOf(apiClass, method)
  if (thrown !== undefined) {
    attributes.push({ kind: 'Exceptions', nameIndex: pool.utf8('Exceptions'), classIndices: [pool.class(thrown)] })
  }
  return {
    accessFlags: (method.flags & METHOD_FLAGS) | (isBridge(apiClass, method, classes) ? ACC.BRIDGE | ACC.SYNTHETIC : 0),
    nameIndex: pool.utf8(method.name),
    descriptorIndex: pool.utf8(method.desc),
    attributes,
  }
}

/**
 * A method that narrows the result of an inherited one comes with a bridge of the old signature, which export files list
 * like any other (`ByteBuffer.slice`). To a compiler both would be the same call.
 */
function isBridge(apiClass: ApiClass, method: ApiMethod, classes: ApiClasses): boolean {
  const twins = apiClass.methods.filter((one) => one !== method && parametersOf(one) === parametersOf(method))
  return twins.some((one) => isNarrower(resultOf(one), resultOf(method), classes))
}

function parametersOf(method: ApiMethod): string {
  return method.name + method.desc.slice(0, method.desc.indexOf(')'))
}

function resultOf(method: ApiMethod): string {
  return method.desc.slice(method.desc.indexOf(')') + 1)
}

/** Both descriptors: every value of the first type is one of the second. */
function isNarrower(type: string, than: string, classes: ApiClasses): boolean {
  if (than === 'Ljava/lang/Object;') return true
  const found = classes.get(type.slice(1, -1))
  return found !== undefined && [...found.supers, ...found.interfaces].some((name) => `L${name};` === than)
}

/**
 * Export files hold no throws clauses, and without them a compiler rejects `catch (UserException e)`. The only methods of
 * the API that declare a checked exception are `CardException.throwIt`, `UserException.throwIt`, and those of `Resources`;
 * all methods of remote interfaces declare one.
 *
 * @source Java Card API 3.2, javacard.framework.Resources
 */
function checkedExceptionOf(apiClass: ApiClass, method: ApiMethod): string | undefined {
  if (apiClass.name === 'javacard/framework/Resources' && /^get(Size|View)$/.test(method.name)) {
    return 'java/io/IOException'
  }
  if (method.space === 'interface' && apiClass.access_flags & API_FLAGS.REMOTE) return 'java/rmi/RemoteException'
  const isChecked =
    apiClass.supers.includes('java/lang/Exception') && !apiClass.supers.includes('java/lang/RuntimeException')
  return isChecked && method.name === 'throwIt' ? apiClass.name : undefined
}

/** InnerClasses, which a compiler needs to find `MessageDigest.OneShot`. @source JVMS 17 §4.7.6 */
function nestingOf(pool: ConstantPoolBuilder, apiClass: ApiClass, classes: ApiClasses): Attribute[] {
  const nested = [...classes.values()].filter(
    (one) => one.name.startsWith(`${apiClass.name}$`) || (one === apiClass && one.name.includes('$')),
  )
  if (nested.length === 0) return []
  const entries = nested.map((one): InnerClass => {
    const cut = one.name.lastIndexOf('$')
    return {
      innerClassIndex: pool.class(one.name),
      outerClassIndex: pool.class(one.name.slice(0, cut)),
      innerNameIndex: pool.utf8(one.name.slice(cut + 1)),
      accessFlags: (one.access_flags & CLASS_FLAGS) | ACC.STATIC,
    }
  })
  return [{ kind: 'InnerClasses', nameIndex: pool.utf8('InnerClasses'), classes: entries }]
}
