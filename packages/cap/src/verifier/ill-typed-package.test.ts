import { describe, expect, it } from 'vitest'
import { typedPackage } from '../../test/typed-package.ts'
import type { ApiPackage } from '../api/api-package.ts'
import {
  type CapFile,
  type ClassDescriptor,
  type ClassInfo,
  type ConstantPoolEntry,
  HEADER_FLAGS,
  type MethodDescriptor,
} from '../capfile/cap-file.ts'
import { withDirectory } from '../capfile/component-info.ts'
import { emitComponents } from '../capfile/emit-cap-file.ts'
import { parseMethodComponent, readMethodHeader } from '../capfile/method-component.ts'
import { parseComponents } from '../capfile/parse-cap-file.ts'
import { verifyCapFile } from './verify-cap-file.ts'
import { type VerifyRule, verifyFindingText, verifyRules } from './verify-finding.ts'

// Classes in file order: thing, box, crate, lone, trouble, main; in Descriptor the interfaces shape and solid come first.
const [THING, BOX, CRATE, LONE, TROUBLE, MAIN] = [0, 1, 2, 3, 4, 5] as const
const INTERFACES = 2

const { cap: GOOD } = typedPackage({
  code: 'A: aload_0 getfield_s thing.0 pop sconst_0 invokestatic help pop B: return H: pop return\n.catch A B H java/lang/RuntimeException',
  signature: 'thing: void',
})

const withClass =
  (index: number, change: (one: ClassInfo) => Partial<ClassInfo>) =>
  (cap: CapFile): CapFile => ({
    ...cap,
    classes: {
      ...cap.classes,
      classes: cap.classes.classes.map((one, i) => (i === index ? { ...one, ...change(one) } : one)),
    },
  })
const withDescribed =
  (index: number, change: (one: ClassDescriptor) => Partial<ClassDescriptor>) =>
  (cap: CapFile): CapFile => ({
    ...cap,
    descriptor: {
      ...cap.descriptor!,
      classes: cap.descriptor!.classes.map((one, i) => (i === index + INTERFACES ? { ...one, ...change(one) } : one)),
    },
  })
/** @param nth method of the class in Descriptor */
const withMethod = (index: number, nth: number, change: Partial<MethodDescriptor>) =>
  withDescribed(index, ({ methods }) => ({
    methods: methods.map((one, i) => (i === nth ? { ...one, ...change } : one)),
  }))
const withField = (index: number, nth: number, type: number) =>
  withDescribed(index, ({ fields }) => ({ fields: fields.map((one, i) => (i === nth ? { ...one, type } : one)) }))
const offsetOf = (index: number) => GOOD.classes.classes[index]!.offset
const methodOf = (index: number, nth: number) => GOOD.descriptor!.classes[index + INTERFACES]!.methods[nth]!
const typeOf = (index: number, nth: number) => methodOf(index, nth).typeOffset
const withInfo =
  (change: (info: Uint8Array) => void) =>
  (cap: CapFile): CapFile => {
    const info = Uint8Array.from(cap.methods.info)
    change(info)
    return { ...cap, methods: parseMethodComponent(info) }
  }
const withConstantType =
  (index: number, type: number) =>
  (cap: CapFile): CapFile => ({
    ...cap,
    descriptor: {
      ...cap.descriptor!,
      types: {
        ...cap.descriptor!.types,
        constantPoolTypes: cap.descriptor!.types.constantPoolTypes.map((one, i) => (i === index ? type : one)),
      },
    },
  })

const withNibbles =
  (offset: number, nibbles: readonly number[]) =>
  (cap: CapFile): CapFile => ({
    ...cap,
    descriptor: {
      ...cap.descriptor!,
      types: {
        ...cap.descriptor!.types,
        descriptors: cap.descriptor!.types.descriptors.map((one) =>
          one.offset === offset ? { ...one, nibbles } : one,
        ),
      },
    },
  })

type Change = (cap: CapFile) => CapFile
const both =
  (first: Change, second: Change): Change =>
  (cap) =>
    second(first(cap))
/** A method without byte code, in header and Descriptor. */
const abstractMethod = (index: number, nth: number, flags: number): Change =>
  both(
    withMethod(index, nth, { flags, bytecodeSizeBytes: 0 }),
    withInfo((info) => {
      info[methodOf(index, nth).methodOffset]! |= 0x40
    }),
  )
const withDescriptor =
  (change: (classes: readonly ClassDescriptor[]) => readonly ClassDescriptor[]): Change =>
  (cap) => ({ ...cap, descriptor: { ...cap.descriptor!, classes: change(cap.descriptor!.classes) } })
/** `thing` becomes a second root, which any reference could pass for; its constructor calls no other. */
const secondRoot: Change = (cap) => {
  const { codeOffset } = readMethodHeader(cap.methods, methodOf(THING, 0).methodOffset)
  const changed = both(
    withClass(THING, () => ({ superClass: undefined })),
    withInfo((info) => info.set([0, 0, 0, 0], codeOffset)),
  )(cap)
  const byte2IndexOffsets = cap.referenceLocation.byte2IndexOffsets.filter((one) => one !== codeOffset + 2)
  return { ...changed, referenceLocation: { ...cap.referenceLocation, byte2IndexOffsets } }
}
/** `shape` inherits its second method, so that only classes say what that takes, and two of them do. */
const twoPromises: Change = (cap) => {
  const shape = { kind: 'internal', classOffset: GOOD.classes.interfaces[0]!.offset } as const
  return [
    withDescriptor((classes) =>
      classes.map((one, i) => (i === 0 ? { ...one, methods: one.methods.slice(0, 1) } : one)),
    ),
    withClass(CRATE, () => ({ interfaces: [{ interface: shape, index: [3, 1] }] })),
    withDescribed(CRATE, () => ({ interfaces: [shape] })),
  ].reduce((all, change) => change(all), cap)
}

const [SHORT, BYTE_ARRAY] = [0x8004, GOOD.descriptor!.classes[THING + INTERFACES]!.fields[2]!.type]

// One line each: what is wrong, the rule it breaks, the change to a package without findings.
// biome-ignore format: a table
const REFUSED: readonly (readonly [string, VerifyRule, (cap: CapFile) => CapFile])[] = [
  ['an application flag without applets', 'structure', (cap) => ({ ...cap, header: { ...cap.header, flags: cap.header.flags & ~HEADER_FLAGS.ACC_APPLET } })],
  ['a superclass that is its own', 'structure', withClass(BOX, (one) => ({ superClass: { kind: 'internal', classOffset: one.offset } }))],
  ['a constant for a class that is not there', 'structure', (cap) => ({ ...cap, constantPool: [{ kind: 'class', class: { kind: 'internal', classOffset: 2 } }, ...cap.constantPool.slice(1)] })],
  ['int without ACC_INT', 'int-not-declared', (cap) => ({ ...cap, header: { ...cap.header, flags: cap.header.flags & ~HEADER_FLAGS.ACC_INT } })],
  ['a superclass that no import has', 'no-such-member', withClass(LONE, () => ({ superClass: { kind: 'external', packageToken: 1, classToken: 99 } }))],
  ['a superclass that is an interface', 'class-hierarchy', withClass(LONE, () => ({ superClass: { kind: 'external', packageToken: 1, classToken: 1 } }))],
  ['a superclass that is a final class of the API', 'class-hierarchy', withClass(LONE, () => ({ superClass: { kind: 'external', packageToken: 1, classToken: 10 } }))],
  ['a superclass that is a final class of its own', 'class-hierarchy', withClass(LONE, () => ({ superClass: { kind: 'internal', classOffset: offsetOf(CRATE) } }))],
  ['an interface that is a class of the API', 'class-hierarchy', withClass(LONE, () => ({ interfaces: [{ interface: { kind: 'external', packageToken: 1, classToken: 10 }, index: [] }] }))],
  ['an interface that no import has', 'no-such-member', withClass(LONE, () => ({ interfaces: [{ interface: { kind: 'external', packageToken: 1, classToken: 77 }, index: [] }] }))],
  ['an override with another result', 'override-type', withMethod(BOX, 1, { typeOffset: typeOf(BOX, 2) })],
  ['an override with other parameters', 'override-type', withMethod(BOX, 1, { typeOffset: typeOf(BOX, 3) })],
  ['an override of process with other parameters', 'override-type', withMethod(MAIN, 2, { typeOffset: typeOf(BOX, 3) })],
  ['an override of a final method of the API', 'override-type', withClass(MAIN, (one) => ({ publicMethodTableBase: 1, publicMethodTable: [one.publicMethodTable[0]!, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, one.publicMethodTable[0]!] }))],
  ['an override of a final method of its own', 'override-type', withMethod(THING, 3, { flags: 0x51 })],
  ['a static method in a table of virtual ones', 'method-kind', withMethod(BOX, 2, { flags: 0x09 })],
  ['a constructor in a table of virtual ones', 'method-kind', withClass(BOX, (one) => ({ publicMethodTable: [methodOf(BOX, 0).methodOffset, ...one.publicMethodTable.slice(1)] }))],
  ['a method of another class in a table', 'class-hierarchy', withClass(LONE, () => ({ publicMethodTable: [methodOf(BOX, 2).methodOffset] }))],
  ['an inherited method that nobody has', 'no-such-member', withClass(LONE, () => ({ publicMethodTable: [0xffff] }))],
  ['a class that is not abstract and leaves process out', 'abstract-method', withClass(MAIN, () => ({ publicMethodTableBase: 8, publicMethodTable: [] }))],
  ['a class that is not abstract with an abstract method', 'abstract-method', withDescribed(THING, () => ({ flags: 0 }))],
  ['a table that ends before the methods of the superclass', 'method-table', withClass(CRATE, () => ({ publicMethodTableBase: 2, publicMethodTable: GOOD.classes.classes[BOX]!.publicMethodTable.slice(0, 1) }))],
  ['an interface method with other types', 'interface-map', withClass(BOX, (one) => ({ interfaces: [{ ...one.interfaces[0]!, index: [4, 3] }] }))],
  ['an interface method that the class does not have', 'interface-map', withClass(BOX, (one) => ({ interfaces: [{ ...one.interfaces[0]!, index: [3, 9] }] }))],
  ['an interface method that is not public', 'interface-map', withMethod(BOX, 2, { flags: 0 })],
  ['an interface of the API without its methods', 'interface-map', withClass(LONE, () => ({ interfaces: [{ interface: { kind: 'external', packageToken: 1, classToken: 1 }, index: [0] }] }))],
  ['an own interface without all its methods', 'interface-map', withClass(BOX, (one) => ({ interfaces: [{ ...one.interfaces[0]!, index: [3] }] }))],
  ['an interface without the one above it', 'interface-map', withClass(BOX, () => ({ interfaces: [{ interface: { kind: 'internal', classOffset: GOOD.classes.interfaces[1]!.offset }, index: [3, 4, 1] }] }))],
  ['an int field over a reference', 'field-layout', withField(THING, 1, 0x8005)],
  ['instance fields that overlap', 'field-layout', withField(THING, 5, 0x8005)],
  ['a static array of another type than its field', 'field-layout', (cap) => ({ ...cap, staticFields: { ...cap.staticFields, arrayInits: [{ type: 4, values: Uint8Array.of(0, 1) }] } })],
  ['a static object that begins as an array', 'field-layout', (cap) => ({ ...cap, staticFields: { ...cap.staticFields, arrayInits: [{ type: 3, values: Uint8Array.of(1) }, { type: 3, values: Uint8Array.of(1) }] } })],
  ['a reference field outside the references', 'field-layout', withClass(THING, () => ({ firstReferenceToken: 2, referenceCount: 1 }))],
  ['a short among the references', 'field-layout', withClass(THING, () => ({ firstReferenceToken: 0, referenceCount: 4 }))],
  ['a field of another type among the references', 'field-layout', withField(THING, 2, SHORT)],
  ['a reference where a short was', 'field-layout', withField(THING, 0, BYTE_ARRAY)],
  ['an int field that reaches out of the instance', 'field-layout', withField(THING, 7, 0x8005)],
  ['a static reference among the values', 'field-layout', withField(MAIN, 3, BYTE_ARRAY)],
  ['a static short among the references', 'field-layout', withField(MAIN, 0, SHORT)],
  ['static fields that overlap', 'field-layout', withField(MAIN, 3, 0x8005)],
  ['a static field that reaches out of the image', 'field-layout', withField(MAIN, 6, 0x8005)],
  ['a field type that is none', 'descriptor-type', withField(MAIN, 0, typeOf(THING, 0))],
  ['a signature that is none', 'descriptor-type', withNibbles(typeOf(MAIN, 3), [9])],
  ['fewer argument words than the types have', 'descriptor-header', withMethod(MAIN, 3, { typeOffset: typeOf(MAIN, 1) })],
  ['a static method described as virtual', 'descriptor-header', withMethod(MAIN, 3, { flags: 0 })],
  ['an abstract method described as another', 'descriptor-header', withMethod(THING, 3, { flags: 1 })],
  ['an abstract method with byte code', 'descriptor-header', withMethod(THING, 3, { bytecodeSizeBytes: 1 })],
  ['a method described without byte code', 'descriptor-header', withMethod(MAIN, 3, { bytecodeSizeBytes: 0 })],
  ['a method described longer than it is', 'descriptor-header', withMethod(MAIN, 3, { bytecodeSizeBytes: 9 })],
  ['a method described shorter than it is', 'code-falls-off', withMethod(MAIN, 3, { bytecodeSizeBytes: 1 })],
  ['a method that Descriptor leaves out', 'structure', withDescribed(BOX, ({ methods }) => ({ methods: methods.slice(0, 3) }))],
  ['a field that Descriptor leaves out', 'descriptor-missing', withDescribed(THING, ({ fields }) => ({ fields: fields.slice(1) }))],
  ['a method in use with other types than described', 'argument-type', withMethod(MAIN, 3, { typeOffset: typeOf(MAIN, 6) })],
  ['a class constant with a type', 'constant-type', withConstantType(0, SHORT)],
  ['a field constant with another type', 'constant-type', withConstantType(1, 0x8003)],
  ['a field constant with a signature', 'constant-type', withConstantType(1, typeOf(MAIN, 3))],
  ['a method constant with another signature', 'constant-type', withConstantType(5, typeOf(MAIN, 4))],
  ['a method constant with the type of a field', 'constant-type', withConstantType(5, SHORT)],
  ['an API constant with another signature', 'constant-type', (cap) => withConstantType(cap.constantPool.findIndex((one) => one.kind === 'staticMethod' && one.method.kind === 'external'), typeOf(MAIN, 3))(cap)],
  ['install that is not static', 'applet-install', withMethod(MAIN, 1, { flags: 1 })],
  ['install with other types', 'applet-install', withMethod(MAIN, 1, { typeOffset: typeOf(MAIN, 4) })],
  ['install that is a constructor', 'applet-install', (cap) => ({ ...cap, applet: { applets: [{ ...cap.applet!.applets[0]!, installMethodOffset: methodOf(MAIN, 0).methodOffset }] } })],
  ['a handler that begins inside an instruction', 'handler-range', withInfo((info) => { info[2]! += 2 })],
  ['a handler that ends inside an instruction', 'handler-range', withInfo((info) => { info[4]! -= 2 })],
  ['a handler with an empty range', 'handler-range', withInfo((info) => { info[4] = 0 })],
  ['a handler into an instruction', 'handler-range', withInfo((info) => { info[6]! -= 4 })],
  ['a handler into another method', 'handler-range', withInfo((info) => { info[6] = methodOf(THING, 0).methodOffset + 2 })],
  ['a handler that ends behind its method', 'structure', withInfo((info) => { info[4]! += 40 - 20 })],
  ['a handler that covers a header only', 'handler-range', withInfo((info) => { info[2] = methodOf(THING, 0).methodOffset })],
  ['a constant pool index that is not listed', 'reference-location', (cap) => ({ ...cap, referenceLocation: { ...cap.referenceLocation, byteIndexOffsets: [] } })],
  ['a location where no index stands', 'reference-location', (cap) => ({ ...cap, referenceLocation: { ...cap.referenceLocation, byte2IndexOffsets: cap.referenceLocation.byte2IndexOffsets.slice(1) } })],
  ['a smaller stack', 'stack-overflow', withInfo((info) => { info[methodOf(MAIN, 1).methodOffset] = 0x01 })],
  ['a larger frame than Descriptor has arguments', 'descriptor-header', withInfo((info) => { info[methodOf(MAIN, 3).methodOffset + 1]! += 0x10 })],
  ['a second root of all classes', 'class-hierarchy', secondRoot],
  ['an interface that extends itself', 'structure', (cap) => ({ ...cap, classes: { ...cap.classes, interfaces: cap.classes.interfaces.map((one) => (one.superinterfaces.length > 0 ? { ...one, superinterfaces: [{ kind: 'internal', classOffset: one.offset }] } : one)) } })],
  ['two classes with other types for an inherited interface method', 'interface-map', twoPromises],
  ['an abstract private method', 'descriptor-flags', abstractMethod(THING, 1, 0x42)],
  ['an abstract static method', 'descriptor-flags', abstractMethod(MAIN, 3, 0x48)],
  ['an abstract constructor', 'descriptor-flags', abstractMethod(LONE, 0, 0xc1)],
  ['an abstract final method', 'descriptor-flags', withMethod(THING, 3, { flags: 0x51 })],
  ['a static constructor', 'descriptor-flags', withMethod(LONE, 0, { flags: 0x89 })],
  ['a method that is public and private', 'descriptor-flags', withMethod(BOX, 3, { flags: 3 })],
  ['a method with a flag that is none', 'descriptor-flags', withMethod(BOX, 3, { flags: 0x21 })],
  ['a field that is public and protected', 'descriptor-flags', withDescribed(THING, ({ fields }) => ({ fields: fields.map((one) => ({ ...one, flags: 5 })) }))],
  ['a final class that is abstract', 'descriptor-flags', withDescribed(CRATE, () => ({ flags: 0x90 }))],
  ['a class described as an interface', 'descriptor-flags', withDescribed(LONE, () => ({ flags: 0xc0 }))],
  ['an interface described as a class', 'descriptor-flags', withDescribed(-2, () => ({ flags: 0x80 }))],
  ['an interface that is not abstract', 'descriptor-flags', withDescribed(-2, () => ({ flags: 0x40 }))],
  ['an interface method that is final', 'descriptor-flags', withMethod(-2, 0, { flags: 0x51 })],
  ['an interface method with a place in Method', 'descriptor-token', (cap) => withMethod(-2, 0, { methodOffset: methodOf(BOX, 2).methodOffset })(cap)],
  ['an interface method with handlers', 'descriptor-handlers', withMethod(-2, 0, { exceptionHandlerCount: 1 })],
  ['a class with a flag that is none', 'descriptor-flags', withDescribed(LONE, () => ({ flags: 2 }))],
  ['interface methods that are not numbered', 'descriptor-token', withMethod(-2, 0, { token: 7 })],
  ['a virtual method that stands elsewhere in its table', 'descriptor-token', withMethod(BOX, 3, { token: 3 })],
  ['a public method among those of the package', 'descriptor-token', withMethod(THING, 4, { flags: 1 })],
  ['a private method with a token', 'descriptor-token', withMethod(THING, 1, { token: 0 })],
  ['static methods that are not numbered', 'descriptor-token', withMethod(MAIN, 1, { token: 5 })],
  ['a static field of the package with a token', 'descriptor-token', withDescribed(MAIN, ({ fields }) => ({ fields: fields.map((one) => ({ ...one, token: 0 })) }))],
  ['a method that is described twice', 'descriptor-token', withDescribed(BOX, ({ methods }) => ({ methods: [...methods, methods[2]!] }))],
  ['a class of the package with a token', 'descriptor-token', withDescribed(LONE, () => ({ token: 3 }))],
  ['a public class without a token', 'descriptor-token', withDescribed(MAIN, () => ({ token: 255 }))],
  ['a class that Descriptor leaves out', 'descriptor-missing', withDescriptor((classes) => classes.filter((_, i) => i !== CRATE + INTERFACES))],
  ['a class that is described twice', 'descriptor-missing', withDescriptor((classes) => [...classes, classes[CRATE + INTERFACES]!])],
  ['a class of an import in Descriptor', 'descriptor-missing', withDescriptor((classes) => [...classes, { ...classes[CRATE + INTERFACES]!, thisClass: { kind: 'external', packageToken: 0, classToken: 0 } }])],
  ['an interface that Descriptor does not list', 'descriptor-missing', withDescribed(BOX, () => ({ interfaces: [] }))],
  ['a handler that Descriptor does not give to its method', 'descriptor-handlers', withDescribed(MAIN, ({ methods }) => ({ methods: methods.map((one) => ({ ...one, exceptionHandlerCount: 0 })) }))],
  ['a handler that Descriptor gives to another method', 'descriptor-handlers', withMethod(MAIN, 0, { exceptionHandlerCount: 1 })],
  ['an index of handlers in a method without', 'descriptor-handlers', withMethod(BOX, 0, { exceptionHandlerIndex: 1 })],
  ['a method that is less visible than the one it overrides', 'override-type', withMethod(BOX, 1, { flags: 4 })],
  ['a table that leaves out methods before its first', 'method-table', withClass(BOX, () => ({ publicMethodTableBase: 4 }))],
  ['a table that leaves out methods of the API before its first', 'method-table', withClass(LONE, () => ({ publicMethodTableBase: 2 }))],
  ['package-visible methods before those of a class of the API', 'method-table', withClass(LONE, () => ({ packageMethodTableBase: 1 }))],
  ['an empty table that begins before the methods of the superclass end', 'method-table', withClass(CRATE, () => ({ packageMethodTableBase: 0 }))],
  ['more virtual methods than there are tokens', 'method-table', withClass(LONE, () => ({ publicMethodTableBase: 129 }))],
  ['ACC_SHAREABLE on a class that shares nothing', 'class-flags', withClass(LONE, () => ({ flags: 4 }))],
  ['a shareable class without ACC_SHAREABLE', 'class-flags', withClass(LONE, () => ({ interfaces: [{ interface: { kind: 'external', packageToken: 1, classToken: 2 }, index: [] }] }))],
  ['ACC_REMOTE on a class that is not', 'class-flags', withClass(LONE, () => ({ flags: 2 }))],
  ['a cell of an instance that no field has', 'field-layout', withClass(LONE, () => ({ declaredInstanceSizeCells: 1 }))],
  ['a first reference among no references', 'field-layout', withClass(LONE, () => ({ firstReferenceToken: 0 }))],
  ['another class of exception', 'stack-type', withClass(TROUBLE, () => ({ superClass: { kind: 'internal', classOffset: offsetOf(THING) } }))],
]

describe('a package whose parts do not fit', () => {
  it('begins as one without findings', () => {
    expect(verifyCapFile(GOOD)).toEqual([])
  })

  it.each(REFUSED)('%s is refused as %s', (what, rule, change) => {
    const base = what === 'another class of exception' ? thrower() : GOOD
    const findings = verifyCapFile(change(base)).filter((one) => one.severity === 'violation')
    expect(findings.map((one) => one.rule)).toContain(rule)
  })
})

/** Constants 0 and 5, a class and a static method, are of a package whose facts nobody has. */
function withForeignImport(code: string): CapFile {
  const { cap } = typedPackage({ code })
  const foreign = { kind: 'external', packageToken: 2, classToken: 0 } as const
  return withDirectory({
    ...cap,
    imports: [...cap.imports, { aid: Uint8Array.of(0xf0, 1, 2, 3, 4), version: { major: 1, minor: 0 } }],
    constantPool: cap.constantPool.map((one, i): ConstantPoolEntry => {
      if (i === 0) return { kind: 'class', class: foreign }
      return i === 5 ? { kind: 'staticMethod', method: { ...foreign, token: 0 } } : one
    }),
  })
}

function thrower(): CapFile {
  return typedPackage({ code: 'new trouble dup invokespecial trouble_init athrow' }).cap
}

describe('a package without what is needed to check it', () => {
  it('is followed as far as possible without Descriptor', () => {
    const findings = (code: string) => verifyCapFile(parseComponents(emitComponents(typedPackage({ code }).cap)))
    expect(findings('return')).toEqual([])
    expect(findings('sconst_0 aconst_null sadd pop return').map((one) => one.rule)).toEqual(['stack-type'])
    expect(findings('invokestatic giveInt pop return').map((one) => one.rule)).toEqual(['int-split'])
    expect(findings('sconst_0 ifeq A sconst_0 sreturn A: return').map((one) => one.rule)).toEqual(['return-type'])
    // What an interface method takes shows in the class that has it.
    expect(findings('aconst_null aconst_null invokeinterface 2 shape.1 return')).toEqual([])
    expect(findings('aconst_null invokeinterface 1 shape.1 return').map((one) => one.rule)).toEqual(['argument-count'])
    expect(findings('aconst_null invokevirtual thing.2 pop return')).toMatchObject([
      { rule: 'types-unknown', severity: 'unchecked' },
    ])
  })

  it('names an import whose types are not known, once', () => {
    const findings = verifyCapFile(withForeignImport('aconst_null checkcast class #0 instanceof class #0 pop return'))
    expect(findings).toMatchObject([{ rule: 'types-unknown', severity: 'unchecked' }])
    expect(findings[0]!.message).toBe('package F001020304 is not known here: 2 uses')
  })

  it('takes the types of such an import from Descriptor', () => {
    const rules = (code: string) => verifyCapFile(withForeignImport(code)).map((one) => one.rule)
    expect(rules('sconst_0 invokestatic #5 pop return')).toEqual(['types-unknown'])
    expect(rules('aconst_null invokestatic #5 pop return')).toEqual(['argument-type', 'types-unknown'])
  })

  it('knows such an import when it is given its facts', () => {
    const facts: ApiPackage = {
      name: 'foreign',
      aid: 'F001020304',
      version: '1.0',
      exportFileFormat: '2.1',
      library: true,
      classes: [
        {
          name: 'foreign/Helper',
          token: 0,
          access_flags: 1,
          super: 'java/lang/Object',
          supers: ['java/lang/Object'],
          interfaces: [],
          fields: [],
          methods: [{ name: 'help', desc: '(S)S', flags: 9, space: 'static', token: 0 }],
        },
      ],
    }
    const findings = (code: string) => verifyCapFile(withForeignImport(code), { imports: [facts] })
    expect(findings('sconst_0 invokestatic #5 pop return')).toEqual([])
    expect(findings('aconst_null invokestatic #5 pop return')).toMatchObject([{ rule: 'argument-type' }])
    expect(findings('aconst_null checkcast class #0 invokestatic takeThing return')).toMatchObject([
      { rule: 'argument-type', message: 'argument: expected class0, found foreign/Helper' },
    ])
  })

  it('is tolerated when only an applet AID has a foreign RID', () => {
    const applets = [{ ...GOOD.applet!.applets[0]!, aid: Uint8Array.of(0xa0, 0, 0, 0, 0, 1) }]
    const findings = verifyCapFile({ ...GOOD, applet: { applets } })
    expect(findings.map((one) => [one.rule, one.severity])).toEqual([['applet-rid', 'tolerated']])
    expect(verifyFindingText(findings[0]!)).toBe('[applet-rid] applet A00000000001 has another RID')
  })
})

describe('the rules', () => {
  it('each say what they mean and where they come from', () => {
    for (const [rule, { meaning, source }] of Object.entries(verifyRules)) {
      expect(rule).toMatch(/^[a-z-]+$/)
      expect(meaning.length).toBeGreaterThan(20)
      expect(source).toMatch(/^JCVM 3\.1 (ch\. \d|§)|^none/)
    }
  })
})
