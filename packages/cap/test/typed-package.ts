import { fromHex } from '@gridcard/bytes'
import {
  assemblePackage,
  type CapFile,
  CLASS_DESCRIPTOR_FLAGS,
  type ClassDescriptor,
  type ClassRef,
  type ConstantPoolEntry,
  type FieldDescriptor,
  findApiClass,
  findApiMethod,
  findApiPackage,
  MEMBER_DESCRIPTOR_FLAGS,
  type MethodDescriptor,
  parseMethodComponent,
  readMethodHeader,
  type TypeDescriptor,
  withDirectory,
} from '@gridcard/cap'

/** The method under test; everything else of the package is always the same, see `PACKAGE`. */
export interface TypedMethod {
  /** Instructions, labels and `.catch` lines; or `=` and hex for bytes that the assembler would not write. */
  readonly code: string
  /** `thing, short: void`; `: void` by default. */
  readonly signature?: string
  readonly class?: string
  /** `static` by default. */
  readonly flags?: 'static' | 'constructor' | 'instance' | 'private'
  readonly stack?: number
  readonly locals?: number
}

/**
 * Two interfaces, an abstract class with two subclasses, one unrelated class, an exception and an applet. Fields and
 * methods are described below, in `FIELDS` and `METHODS`.
 */
const PACKAGE = `
.package F0474356455249 1.0 int
.import java.lang 1.0
.import javacard.framework 1.6
.applet F047435645524901 install
.interface shape
.interface solid extends shape
.class thing extends java/lang/Object
  .instance 9 references 2 from 2
  .public 1 thing_measure thing_name
  .package $thing
.end
.class box extends thing
  .instance 1 references 1 from 0
  .public 2 box_name box_area box_grow
  .package $box
  .implements shape 3 4
.end
.class crate extends box
  .public 5
  .package $crate
.end
.class lone extends java/lang/Object
  .public 1
  .package $lone
.end
.class trouble extends java/lang/RuntimeException
  .public 1
  .package $trouble
.end
.class main extends javacard/framework/Applet
  .public 7 process
  .package $main
.end
.statics references 3 default 9
.constants
  class thing
  instanceField thing.0
  virtualMethod thing.1
  superMethod box.1
  staticField static@6
  staticMethod help
  instanceField thing.2
  staticMethod test
.end
.method thing_init stack 1 args 1
  aload_0 invokespecial java/lang/Object.<init>()V return
.end
.method thing_secret stack 1 args 1
  sconst_1 sreturn
.end
.method thing_measure stack 1 args 2
  sload_1 sreturn
.end
.method thing_name abstract args 1
.end
.method thing_hidden stack 1 args 1
  return
.end
.method box_init stack 1 args 2
  aload_0 invokespecial thing_init return
.end
.method box_name stack 1 args 1
  aload_0 areturn
.end
.method box_area stack 1 args 1
  sconst_3 sreturn
.end
.method box_grow stack 1 args 2
  return
.end
.method lone_init stack 1 args 1
  aload_0 invokespecial java/lang/Object.<init>()V return
.end
.method trouble_init stack 1 args 1
  aload_0 invokespecial java/lang/RuntimeException.<init>()V return
.end
.method main_init stack 1 args 1
  aload_0 invokespecial javacard/framework/Applet.<init>()V return
.end
.method install stack 2 args 3
  new main dup invokespecial main_init invokevirtual javacard/framework/Applet.register()V return
.end
.method process stack 1 args 2
  return
.end
.method help stack 1 args 1
  sload_0 sreturn
.end
.method takeInt stack 1 args 2
  return
.end
.method giveInt stack 2
  iconst_1 ireturn
.end
.method takeThing stack 1 args 1
  return
.end
.method takeShape stack 1 args 1
  return
.end
.method takeBytes stack 1 args 1
  return
.end
.method giveBytes stack 1
  aconst_null areturn
.end
.method giveThings stack 1
  aconst_null areturn
.end
`

const CLASSES: Readonly<Record<string, number>> = {
  shape: CLASS_DESCRIPTOR_FLAGS.ACC_INTERFACE | CLASS_DESCRIPTOR_FLAGS.ACC_ABSTRACT,
  solid: CLASS_DESCRIPTOR_FLAGS.ACC_INTERFACE | CLASS_DESCRIPTOR_FLAGS.ACC_ABSTRACT,
  thing: CLASS_DESCRIPTOR_FLAGS.ACC_ABSTRACT,
  box: 0,
  crate: CLASS_DESCRIPTOR_FLAGS.ACC_FINAL,
  lone: 0,
  trouble: 0,
  main: CLASS_DESCRIPTOR_FLAGS.ACC_PUBLIC,
}

/** By class: what it implements. Of an interface Descriptor does not list what it extends. */
const INTERFACES: Readonly<Record<string, readonly string[]>> = { box: ['shape'] }

const { ACC_PUBLIC, ACC_PRIVATE, ACC_PROTECTED, ACC_STATIC, ACC_FINAL, ACC_ABSTRACT, ACC_INIT } =
  MEMBER_DESCRIPTOR_FLAGS

/** Class, token or offset in the image, flags, type. */
const FIELDS: readonly (readonly [string, number, number, string])[] = [
  ['thing', 0, ACC_PUBLIC, 'short'],
  ['thing', 1, ACC_PUBLIC, 'boolean'],
  ['thing', 2, ACC_PUBLIC, 'byte[]'],
  ['thing', 3, ACC_PUBLIC, 'thing'],
  ['thing', 4, 0, 'int'],
  ['thing', 6, ACC_PRIVATE, 'short'],
  ['thing', 7, ACC_FINAL, 'short'],
  ['thing', 8, 0, 'byte'],
  ['box', 0, ACC_PUBLIC, 'shape'],
  ['main', 0, ACC_STATIC, 'byte[]'],
  ['main', 2, ACC_STATIC, 'thing'],
  ['main', 4, ACC_STATIC, 'shape[]'],
  ['main', 6, ACC_STATIC, 'short'],
  ['main', 8, ACC_STATIC, 'byte'],
  ['main', 9, ACC_STATIC, 'int'],
  ['main', 13, ACC_STATIC | ACC_FINAL, 'short'],
]

/** Class, token, flags, label (`-` in interfaces), signature. */
const METHODS: readonly (readonly [string, number, number, string, string])[] = [
  ['shape', 0, ACC_PUBLIC | ACC_ABSTRACT, '-', ': short'],
  ['shape', 1, ACC_PUBLIC | ACC_ABSTRACT, '-', 'shape: void'],
  ['solid', 0, ACC_PUBLIC | ACC_ABSTRACT, '-', ': int'],
  ['thing', 0, ACC_PUBLIC | ACC_INIT, 'thing_init', ': void'],
  ['thing', 255, ACC_PRIVATE, 'thing_secret', ': short'],
  ['thing', 1, ACC_PUBLIC, 'thing_measure', 'short: short'],
  ['thing', 2, ACC_PUBLIC | ACC_ABSTRACT, 'thing_name', ': thing'],
  ['thing', 128, 0, 'thing_hidden', ': void'],
  ['box', 0, ACC_PUBLIC | ACC_INIT, 'box_init', 'short: void'],
  ['box', 2, ACC_PUBLIC, 'box_name', ': thing'],
  ['box', 3, ACC_PUBLIC, 'box_area', ': short'],
  ['box', 4, ACC_PUBLIC, 'box_grow', 'shape: void'],
  ['lone', 0, ACC_PUBLIC | ACC_INIT, 'lone_init', ': void'],
  ['trouble', 0, ACC_PUBLIC | ACC_INIT, 'trouble_init', ': void'],
  ['main', 0, ACC_PROTECTED | ACC_INIT, 'main_init', ': void'],
  ['main', 1, ACC_PUBLIC | ACC_STATIC, 'install', 'byte[], short, byte: void'],
  ['main', 7, ACC_PUBLIC, 'process', 'javacard/framework/APDU: void'],
  ['main', 255, ACC_STATIC, 'help', 'short: short'],
  ['main', 255, ACC_STATIC, 'takeInt', 'int: void'],
  ['main', 255, ACC_STATIC, 'giveInt', ': int'],
  ['main', 255, ACC_STATIC, 'takeThing', 'thing: void'],
  ['main', 255, ACC_STATIC, 'takeShape', 'shape: void'],
  ['main', 255, ACC_STATIC, 'takeBytes', 'byte[]: void'],
  ['main', 255, ACC_STATIC, 'giveBytes', ': byte[]'],
  ['main', 255, ACC_STATIC, 'giveThings', ': thing[]'],
]

/** Where the package-visible methods of a class begin, without the one under test. */
const PACKAGE_TABLES: Readonly<Record<string, readonly [number, string]>> = {
  thing: [0, 'thing_hidden'],
  box: [1, ''],
  crate: [1, ''],
  lone: [0, ''],
  trouble: [0, ''],
  main: [0, ''],
}

/** The package with `test` as a virtual method of a class, if it is one: the last of its package-visible ones. */
function packageText(virtualOf: string | undefined): string {
  return PACKAGE.replace(/\$(\w+)/g, (_, label: string) => {
    const [base, methods] = PACKAGE_TABLES[label]!
    const isBelow = SUPERCLASSES[label] === virtualOf || SUPERCLASSES[SUPERCLASSES[label] ?? ''] === virtualOf
    const first = virtualOf !== undefined && isBelow ? base + 1 : base
    return `${first} ${methods} ${label === virtualOf ? 'test' : ''}`.trimEnd()
  })
}

function testToken(owner: string): number {
  const [base, methods] = PACKAGE_TABLES[owner]!
  return 0x80 | (base + (methods === '' ? 0 : 1))
}

const TEST_FLAGS = { static: ACC_STATIC, constructor: ACC_INIT, instance: 0, private: ACC_PRIVATE } as const

/** The package with `method` as the method `test` of one of its classes, and a full Descriptor. */
export function typedPackage(method: TypedMethod): { readonly cap: CapFile; readonly testOffset: number } {
  const { code, signature = ': void', class: owner = 'main', flags = 'static', stack = 6, locals = 4 } = method
  const words = wordsOf(signature) + (flags === 'static' ? 0 : 1)
  const bytes = code.startsWith('=') ? fromHex(code.slice(1)) : undefined
  const body = bytes ? 'nop '.repeat(bytes.length) : code
  const header = `.method test stack ${stack} args ${words} locals ${locals}`
  const isVirtual = flags === 'instance'
  const assembled = assemblePackage(`${packageText(isVirtual ? owner : undefined)}\n${header}\n${body}\n.end`)
  const testOffset = assembled.methodOffsets.get('test')!
  const { methods } = assembled.cap
  const info = Uint8Array.from(methods.info)
  if (bytes) info.set(bytes, readMethodHeader(methods, testOffset).codeOffset)
  const cap = { ...assembled.cap, methods: parseMethodComponent(info) }
  const rows = [...METHODS, [owner, isVirtual ? testToken(owner) : 255, TEST_FLAGS[flags], 'test', signature] as const]
  return { cap: describe({ ...assembled, cap }, rows), testOffset }
}

function wordsOf(signature: string): number {
  const [parameters] = signature.split(':')
  const types = parameters!.split(',').filter((one) => one.trim() !== '')
  return types.reduce((sum, one) => sum + (one.trim() === 'int' ? 2 : 1), 0)
}

/** Adds the Descriptor; the assembler leaves it to its reader, and here constants come with the code. */
function describe(assembled: ReturnType<typeof assemblePackage>, methods: typeof METHODS): CapFile {
  const { cap, methodOffsets, classOffsets } = assembled
  const types = new TypeTable(cap, classOffsets)
  const ends = [...methodOffsets.values(), cap.methods.info.length].sort((a, b) => a - b)
  const methodOf = ([, token, flags, label, signature]: (typeof METHODS)[number]): MethodDescriptor => {
    const methodOffset = methodOffsets.get(label) ?? 0
    const end = ends.find((one) => one > methodOffset)!
    const size =
      methodOffset === 0 || flags & ACC_ABSTRACT ? 0 : end - readMethodHeader(cap.methods, methodOffset).codeOffset
    const typeOffset = types.signature(signature)
    const handlers = cap.methods.handlers.flatMap(({ startOffset }, i) => {
      return size > 0 && startOffset > methodOffset && startOffset < end ? [i] : []
    })
    return {
      token,
      flags,
      methodOffset,
      typeOffset,
      bytecodeSizeBytes: size,
      exceptionHandlerCount: handlers.length,
      exceptionHandlerIndex: handlers[0] ?? 0,
    }
  }
  const fieldOf = ([owner, token, flags, type]: (typeof FIELDS)[number]): FieldDescriptor => ({
    token: flags & ACC_STATIC ? 255 : token,
    flags,
    type: types.field(type),
    field:
      flags & ACC_STATIC
        ? { kind: 'static', ref: { kind: 'internal', imageOffset: token } }
        : { kind: 'instance', class: classRef(owner), token },
  })
  const classRef = (label: string): ClassRef => ({ kind: 'internal', classOffset: classOffsets.get(label)! })
  const classes = Object.entries(CLASSES).map(
    ([label, flags]): ClassDescriptor => ({
      token: flags & CLASS_DESCRIPTOR_FLAGS.ACC_PUBLIC ? 0 : 255,
      flags,
      thisClass: classRef(label),
      interfaces: (INTERFACES[label] ?? []).map(classRef),
      fields: FIELDS.filter(([owner]) => owner === label).map(fieldOf),
      methods: methods.filter(([owner]) => owner === label).map(methodOf),
    }),
  )
  const typeOf = (entry: ConstantPoolEntry): number => {
    const own = (ref: ClassRef) =>
      [...classOffsets].find(([, offset]) => ref.kind === 'internal' && ref.classOffset === offset)?.[0]
    if (entry.kind === 'class') return 0xffff
    if (entry.kind === 'staticField' || entry.kind === 'instanceField') {
      const place = entry.kind === 'staticField' ? undefined : own(entry.class)
      const token =
        entry.kind === 'instanceField' ? entry.token : entry.field.kind === 'internal' ? entry.field.imageOffset : 0
      const row = FIELDS.find(
        ([owner, at, flags]) => at === token && (place === undefined ? flags & ACC_STATIC : owner === place),
      )
      return types.fieldConstant(row?.[3] ?? 'short')
    }
    if (entry.kind === 'staticMethod') {
      const { method } = entry
      if (method.kind === 'external') return types.api(method, 'static', method.token)
      const label = [...methodOffsets].find(([, offset]) => offset === method.methodOffset)?.[0]
      return types.signature(methods.find((one) => one[3] === label)?.[4] ?? ': void')
    }
    if (entry.class.kind === 'external') return types.api(entry.class, 'virtual', entry.token)
    return types.signature(virtualSignature(own(entry.class)!, entry.token, methods))
  }
  const constantPoolTypes = cap.constantPool.map(typeOf)
  return withDirectory({ ...cap, descriptor: { classes, types: types.table(constantPoolTypes) } })
}

const SUPERCLASSES: Readonly<Record<string, string>> = { crate: 'box', box: 'thing' }

function virtualSignature(start: string, token: number, methods: typeof METHODS): string {
  for (let at: string | undefined = start; at !== undefined; at = SUPERCLASSES[at]) {
    const row = methods.find((one) => one[0] === at && one[1] === token && !(one[2] & (ACC_STATIC | ACC_INIT)))
    if (row) return row[4]
  }
  const inherited: Readonly<Record<number, string>> = { 0: 'java/lang/Object: boolean', 1: ': void', 3: ': boolean' }
  return inherited[token] ?? ': void'
}

const PRIMITIVE_NIBBLES: Readonly<Record<string, number>> = { void: 1, boolean: 2, byte: 3, short: 4, int: 5 }

/** Type descriptors with the offsets they will have; constants come last, so their count has to be known first. */
class TypeTable {
  readonly #cap: CapFile
  readonly #classOffsets: ReadonlyMap<string, number>
  readonly #descriptors: TypeDescriptor[] = []
  readonly #offsets = new Map<string, number>()
  #end: number

  constructor(cap: CapFile, classOffsets: ReadonlyMap<string, number>) {
    this.#cap = cap
    this.#classOffsets = classOffsets
    this.#end = 2 + 2 * cap.constantPool.length
  }

  table(constantPoolTypes: readonly number[]) {
    return { constantPoolTypes, descriptors: this.#descriptors }
  }

  signature(text: string): number {
    const [parameters, returns] = text.split(':') as [string, string] // the shape of every signature here
    const words = [...parameters.split(','), returns].map((one) => one.trim()).filter((one) => one !== '')
    return this.#add(words.flatMap((one) => this.#nibbles(one)))
  }

  field(text: string): number {
    const primitive = PRIMITIVE_NIBBLES[text]
    return primitive === undefined ? this.#add(this.#nibbles(text)) : 0x8000 | primitive
  }

  /** Of a constant pool entry: always an offset, a primitive type too. @source JCVM 3.1 §6.14.4 */
  fieldConstant(text: string): number {
    return this.#add(this.#nibbles(text))
  }

  api(ref: { packageToken: number; classToken: number }, space: 'static' | 'virtual', token: number): number {
    const apiPackage = findApiPackage('3.0.5', this.#cap.imports[ref.packageToken]!.aid)
    const apiClass = apiPackage && findApiClass(apiPackage, ref.classToken)
    const desc = (apiClass && findApiMethod(apiClass, space, token)?.desc) ?? '()V'
    const names: Readonly<Record<string, string>> = { V: 'void', Z: 'boolean', B: 'byte', S: 'short', I: 'int' }
    const words = [...desc.matchAll(/\[*(?:[VZBSI]|L[^;]+;)/g)].map(([one]) => {
      const plain = one.replace(/^\[/, '')
      return (names[plain] ?? plain.slice(1, -1)) + (plain === one ? '' : '[]')
    })
    return this.#add(words.flatMap((one) => this.#nibbles(one)))
  }

  #nibbles(word: string): number[] {
    const isArray = word.endsWith('[]')
    const element = isArray ? word.slice(0, -2) : word
    const primitive = PRIMITIVE_NIBBLES[element]
    if (primitive !== undefined) return [primitive | (isArray ? 8 : 0)]
    const ref = this.#classRef(element)
    return [isArray ? 14 : 6, ref >> 12, (ref >> 8) & 15, (ref >> 4) & 15, ref & 15]
  }

  #classRef(name: string): number {
    const own = this.#classOffsets.get(name)
    if (own !== undefined) return own
    for (const [packageToken, { aid }] of this.#cap.imports.entries()) {
      const apiClass = findApiPackage('3.0.5', aid)?.classes.find((one) => one.name === name)
      if (apiClass) return 0x8000 | (packageToken << 8) | apiClass.token
    }
    throw new Error(`no class ${name}`)
  }

  #add(nibbles: number[]): number {
    const key = nibbles.join()
    let offset = this.#offsets.get(key)
    if (offset === undefined) {
      offset = this.#end
      this.#offsets.set(key, offset)
      this.#descriptors.push({ offset, nibbles })
      this.#end += 1 + Math.ceil(nibbles.length / 2)
    }
    return offset
  }
}
