import { ByteWriter, concatBytes } from '@gridcard/bytes'
import type { ClassRef, RemoteInterfaceInfo } from '../capfile/cap-file.ts'
import type { JvmType } from '../classfile/descriptor.ts'
import { encodeModifiedUtf8 } from '../classfile/modified-utf8.ts'
import type { ClassLayout } from './class-layout.ts'
import type { ClassLibrary } from './class-library.ts'
import { nibblesOfMethod } from './descriptor-component.ts'
import { dotted, type Findings } from './findings.ts'
import { type JavaClass, type JavaMethod, signatureKey } from './program.ts'

/** SHA-1, as the port of @gridcard/crypto has it: clients call remote methods by a part of it. */
export type Sha1 = (message: Uint8Array) => Uint8Array

/** Without package: `Counter`, or `Outer$Counter`. */
export function simpleNameOf(one: JavaClass): string {
  return one.name.slice(one.name.lastIndexOf('/') + 1)
}

/** Signatures of remote methods, each once. @source JCVM 3.0.5 §6.9.1 signature_pool */
export class SignaturePool {
  readonly #classRef: (name: string) => ClassRef
  readonly #offsets = new Map<string, number>()
  readonly #types: Uint8Array[] = []
  #sizeBytes = 0

  constructor(classRef: (name: string) => ClassRef) {
    this.#classRef = classRef
  }

  /** By names, not by bytes: the size must be known before class offsets are. */
  offsetOf(descriptor: string): number {
    const known = this.#offsets.get(descriptor)
    if (known !== undefined) return known
    const nibbles = nibblesOfMethod(descriptor, this.#classRef)
    const type = new ByteWriter().u8(nibbles.length)
    for (let i = 0; i < nibbles.length; i += 2) type.u8((nibbles[i]! << 4) | (nibbles[i + 1] ?? 0))
    const offset = this.#sizeBytes
    this.#offsets.set(descriptor, offset)
    this.#types.push(type.toBytes())
    this.#sizeBytes += type.length
    return offset
  }

  emit(): Uint8Array {
    return concatBytes(...this.#types)
  }
}

/**
 * What a client can call on objects of a class, inherited methods included.
 *
 * @source JCVM 3.0.5 §6.9.2 remote_interface_info
 */
export function remoteInfoOf(
  { class: one, tokens }: ClassLayout,
  library: ClassLibrary,
  pool: SignaturePool,
  classRef: (name: string) => ClassRef,
  sha1: Sha1,
): RemoteInterfaceInfo {
  const interfaces = library.remoteInterfaces(one)
  const methods = new Map(
    interfaces.flatMap((name) => library.interfaceMethods(name)).map((method) => [signatureKey(method), method]),
  )
  const { modifier, hashes } = hashesOf([...methods.keys()], sha1)
  const inOrder = [...methods].toSorted(([a], [b]) => hashes.get(a)! - hashes.get(b)!)
  return {
    methods: inOrder.map(([key, { descriptor }]) => ({
      hash: hashes.get(key)!,
      signatureOffset: pool.offsetOf(descriptor),
      virtualToken: tokens.get(key)?.token ?? 0,
    })),
    hashModifier: modifier,
    className: simpleNameOf(one),
    interfaces: interfaces.map(classRef),
  }
}

/**
 * The first two bytes of SHA-1 over the modifier and the method's name and descriptor; the modifier is the first that
 * gives each method another hash, and empty if it can be.
 */
function hashesOf(
  keys: readonly string[],
  sha1: Sha1,
): { readonly modifier: string; readonly hashes: ReadonlyMap<string, number> } {
  for (let attempt = 0; ; attempt++) {
    const modifier = attempt === 0 ? '' : String(attempt)
    const hashes = new Map<string, number>()
    for (const key of keys) {
      const [high, low] = sha1(encodeModifiedUtf8(modifier + key))
      hashes.set(key, (high! << 8) | low!)
    }
    if (new Set(hashes.values()).size === keys.length) return { modifier, hashes }
  }
}

/** Any of these in a throws clause lets the exception through that a broken connection is. */
const REMOTE_EXCEPTIONS = [
  'java/rmi/RemoteException',
  'java/io/IOException',
  'java/lang/Exception',
  'java/lang/Throwable',
]

/** What Java Card RMI leaves out of Java's. @source JCRE 3.0.5 §8.1.4 */
export function checkRemoteInterface(one: JavaClass, library: ClassLibrary, findings: Findings): void {
  for (const method of one.methods.filter((own) => !own.isStatic)) {
    const place = { class: one, method }
    if (!method.throws?.some((name) => REMOTE_EXCEPTIONS.includes(name))) {
      const advice = 'declare it: the connection to the card may break'
      findings.add(place, 'is a remote method without throws java.rmi.RemoteException', advice)
    }
    checkTypes(method, library, (message) =>
      findings.add(place, message, 'use primitive types, arrays of them, and as a result a remote interface'),
    )
  }
}

function checkTypes({ signature }: JavaMethod, library: ClassLibrary, report: (message: string) => void): void {
  signature.parameters.forEach((type, i) => {
    if (!isPrimitive(type)) report(`parameter ${i + 1} of a remote method is ${textOf(type)}`)
  })
  const { returns } = signature
  if (returns.kind === 'void' || isPrimitive(returns) || isRemoteInterface(returns, library)) return
  report(`the result of a remote method is ${textOf(returns)}`)
}

function isPrimitive(type: JvmType): boolean {
  const base = type.kind === 'array' ? type.element : type
  return base.kind !== 'class' && base.kind !== 'array'
}

function isRemoteInterface(type: JvmType, library: ClassLibrary): boolean {
  return type.kind === 'class' && library.isRemote(type.name) && library.isInterface(type.name)
}

function textOf(type: JvmType): string {
  if (type.kind === 'array') return 'an array of objects'
  return type.kind === 'class' ? `of class ${dotted(type.name)}` : type.kind
}
