/**
 * The typed components of a CAP file, versions 2.1 to 2.3, in compact or extended format.
 *
 * The extended format cuts Method into blocks. A method offset here is then `block * METHOD_BLOCK_SPAN + offset in the
 * block`, and `MethodComponent.info` has each block at its place: whatever reads methods need not know the difference.
 *
 * Names follow JCVM 3.1 chapter 6 in camel case; the file-level tag and size items are not kept, they follow from the
 * content. Every `...Offset` is a byte offset into the `info` item of the component it names (the first byte after
 * `tag` and `size` is offset 0). All values are plain data: build them as literals, never change them in place.
 */

/** `major` must match, `minor` grows. In the file the minor version stands first (JCVM 3.1 §6.4). */
export interface Version {
  readonly major: number
  readonly minor: number
}

/** @source JCVM 3.1 §6.4 package_info */
export interface PackageInfo {
  /** 5..16 bytes */
  readonly aid: Uint8Array
  readonly version: Version
}

/** Bits of `HeaderComponent.flags`. @source JCVM 3.1 table 6-4 */
export const HEADER_FLAGS = { ACC_INT: 0x01, ACC_EXPORT: 0x02, ACC_APPLET: 0x04, ACC_EXTENDED: 0x08 } as const

/** @source JCVM 3.1 §6.4 */
export interface HeaderComponent {
  /** 2.1, 2.2 or 2.3; decides, with ACC_EXTENDED, the layout of the components. */
  readonly formatVersion: Version
  /** Bits of `HEADER_FLAGS`. */
  readonly flags: number
  /** In extended format AID and version of the CAP file, which are those of none of its packages. */
  readonly package: PackageInfo
  /** Only in extended format: the public packages, in the order of Export; private ones have no AID. */
  readonly packages?: readonly PackageInfo[]
  /** Only in extended format, one for each of `packages`. */
  readonly packageNames?: readonly string[]
  /**
   * From format 2.2 on always there, usually empty (only remote types need it); absent in 2.1. One character per byte,
   * internal form (`com/example/purse`).
   */
  readonly packageName?: string
}

/**
 * Sizes and counts of the other components; wholly derived, see `createDirectory`.
 * @source JCVM 3.1 §6.5
 */
export interface DirectoryComponent {
  /** `size` item of the components with tags 1..11 at index tag-1; 0 when the component is absent. */
  readonly componentSizesBytes: readonly number[]
  /** From 2.2 on. */
  readonly debugSizeBytes?: number
  /** From 2.3 on. */
  readonly staticResourceSizeBytes?: number
  readonly staticFieldSize: {
    readonly imageSizeBytes: number
    readonly arrayInitCount: number
    /** Sum of the byte counts of all array initialisers. */
    readonly arrayInitSizeBytes: number
  }
  readonly importCount: number
  readonly appletCount: number
  /** Only in extended format. */
  readonly methodBlockCount?: number
  readonly custom: readonly CustomComponentInfo[]
}

export interface CustomComponentInfo {
  /** 128..255 */
  readonly tag: number
  readonly sizeBytes: number
  readonly aid: Uint8Array
}

/** @source JCVM 3.1 §6.6 */
export interface AppletComponent {
  readonly applets: readonly AppletInfo[]
}

export interface AppletInfo {
  readonly aid: Uint8Array
  /** Into Method: the header of static `install(byte[], short, byte)`. */
  readonly installMethodOffset: number
}

/**
 * A class or interface, of this package by the offset of its info in Class, or of an import by tokens.
 * @source JCVM 3.1 §6.8.1 class_ref
 */
export type ClassRef =
  | { readonly kind: 'internal'; readonly classOffset: number }
  | { readonly kind: 'external'; readonly packageToken: number; readonly classToken: number }

/** Static field of this package by its offset in the static field image, or of an import. @source JCVM 3.1 §6.8.3 */
export type StaticFieldRef =
  | { readonly kind: 'internal'; readonly imageOffset: number }
  | { readonly kind: 'external'; readonly packageToken: number; readonly classToken: number; readonly token: number }

/** Static method, constructor or private method. @source JCVM 3.1 §6.8.3 */
export type StaticMethodRef =
  | { readonly kind: 'internal'; readonly methodOffset: number }
  | { readonly kind: 'external'; readonly packageToken: number; readonly classToken: number; readonly token: number }

/**
 * One 4-byte entry; byte code names it by its index.
 *
 * - `virtualMethod`: `token` carries the high bit (0x80) for package-visible methods; `class` declares the method.
 * - `superMethod`: `class` is the class that contains the call; look the method up from *its* superclass.
 * - `instanceField`: `class` declares the field.
 *
 * @source JCVM 3.1 §6.8
 */
export type ConstantPoolEntry =
  | { readonly kind: 'class'; readonly class: ClassRef }
  | { readonly kind: 'instanceField'; readonly class: ClassRef; readonly token: number }
  | { readonly kind: 'virtualMethod'; readonly class: ClassRef; readonly token: number }
  | { readonly kind: 'superMethod'; readonly class: ClassRef; readonly token: number }
  | { readonly kind: 'staticField'; readonly field: StaticFieldRef }
  | { readonly kind: 'staticMethod'; readonly method: StaticMethodRef }

export type ConstantPoolKind = ConstantPoolEntry['kind']

/** High nibble of the first byte of interface_info and class_info. @source JCVM 3.1 §6.9 */
export const CLASS_FLAGS = { ACC_INTERFACE: 0x8, ACC_SHAREABLE: 0x4, ACC_REMOTE: 0x2 } as const

/** @source JCVM 3.1 §6.9 */
export interface ClassComponent {
  /** Type descriptors for remote methods, raw; from 2.2 on (usually empty), absent in 2.1. */
  readonly signaturePool?: Uint8Array
  /** All interfaces, in file order; they stand before the classes. */
  readonly interfaces: readonly InterfaceInfo[]
  /** All classes, in file order; a superclass stands before its subclasses. */
  readonly classes: readonly ClassInfo[]
}

export interface InterfaceInfo {
  /** Where this item begins in Class; follows from the order and sizes of the items. */
  readonly offset: number
  /** Bits of `CLASS_FLAGS`, with ACC_INTERFACE. */
  readonly flags: number
  /** Direct and indirect superinterfaces. */
  readonly superinterfaces: readonly ClassRef[]
  /** Only with ACC_REMOTE; one character per byte. */
  readonly interfaceName?: string
}

export interface ClassInfo {
  /** Where this item begins in Class; follows from the order and sizes of the items. */
  readonly offset: number
  /** Bits of `CLASS_FLAGS`, without ACC_INTERFACE. */
  readonly flags: number
  /** undefined only for java.lang.Object itself (0xFFFF in the file). */
  readonly superClass: ClassRef | undefined
  /** In 16-bit cells, of this class alone, without its superclasses. */
  readonly declaredInstanceSizeCells: number
  /** Token of the first reference field of this class; 0xFF if there is none. */
  readonly firstReferenceToken: number
  readonly referenceCount: number
  readonly publicMethodTableBase: number
  /**
   * Method offsets of tokens `publicMethodTableBase + index`; 0xFFFF where the inherited method lives in another package.
   */
  readonly publicMethodTable: readonly number[]
  /** Without the high bit. */
  readonly packageMethodTableBase: number
  readonly packageMethodTable: readonly number[]
  /** Interfaces this class implements with all their superinterfaces, not those it only inherits. */
  readonly interfaces: readonly ImplementedInterfaceInfo[]
  /** Only with ACC_REMOTE, from 2.2 on. */
  readonly remote?: RemoteInterfaceInfo
  /** Only in 2.3: `publicMethodTableBase + publicMethodTable.length` bytes, 0xFF for methods introduced here. */
  readonly publicVirtualMethodTokenMapping?: Uint8Array
  /** Only in 2.3. */
  readonly cap22InheritablePublicMethodTokenCount?: number
}

export interface ImplementedInterfaceInfo {
  readonly interface: ClassRef
  /** Index: interface method token; value: public virtual method token of the class. */
  readonly index: readonly number[]
}

/** @source JCVM 3.1 §6.9.1 remote_interface_info; not seen in any file, kept so that nothing is lost. */
export interface RemoteInterfaceInfo {
  readonly methods: readonly RemoteMethodInfo[]
  /** One character per byte. */
  readonly hashModifier: string
  readonly className: string
  readonly interfaces: readonly ClassRef[]
}

export interface RemoteMethodInfo {
  readonly hash: number
  /** Into `ClassComponent.signaturePool`. */
  readonly signatureOffset: number
  readonly virtualToken: number
}

/** High nibble of the first byte of a method header. @source JCVM 3.1 §6.10.2 */
export const METHOD_FLAGS = { ACC_EXTENDED: 0x8, ACC_ABSTRACT: 0x4 } as const

/** @source JCVM 3.1 §6.10 */
export interface MethodComponent {
  readonly handlers: readonly ExceptionHandler[]
  /**
   * The whole `info` item: handler_count, handlers, then method headers with their byte code. Method offsets index into
   * it. `handlers` repeats its beginning; `parseMethodComponent(info)` makes both from the bytes. In extended format each
   * block stands at a multiple of `METHOD_BLOCK_SPAN`, with bytes between that are no instruction.
   */
  readonly info: Uint8Array
  /** Only in extended format: what each block takes, handlers included. */
  readonly blockSizesBytes?: readonly number[]
}

/** Distance of two blocks in `MethodComponent.info`: offsets in a block have 16 bits. */
export const METHOD_BLOCK_SPAN = 0x10000

/**
 * Covers `startOffset <= pc < startOffset + activeLengthBytes`, all counted in Method; handlers of one method are
 * contiguous, inner first.
 */
export interface ExceptionHandler {
  readonly startOffset: number
  readonly activeLengthBytes: number
  /** True: no later handler encloses this range, the search may stop here. */
  readonly stop: boolean
  readonly handlerOffset: number
  /** Constant pool index of a `class` entry; 0 catches everything. */
  readonly catchTypeIndex: number
}

/** A decoded method header; read it with `readMethodHeader`. */
export interface MethodHeader {
  /** Where the header begins in Method: what method references name. */
  readonly offset: number
  /** Where the byte code begins: offset + 2, or + 4 with ACC_EXTENDED. */
  readonly codeOffset: number
  /** Bits of `METHOD_FLAGS`. */
  readonly flags: number
  /** Operand stack in words. */
  readonly maxStack: number
  /** Argument words, `this` included. */
  readonly nargs: number
  /** Local words beyond the arguments: the frame has nargs + maxLocals. */
  readonly maxLocals: number
}

/** `array_init_info.type` and the tags of primitive arrays there. @source JCVM 3.1 §6.11 */
export const STATIC_ARRAY_TYPES = { boolean: 2, byte: 3, short: 4, int: 5 } as const

/**
 * The image: `referenceCount` two-byte references, the first `arrayInits.length` of them set to new arrays, the others
 * null; then `defaultValueCount` zero bytes; then `nonDefaultValues`.
 * @source JCVM 3.1 §6.11
 */
export interface StaticFieldComponent {
  /** 2 * referenceCount + defaultValueCount + nonDefaultValues.length */
  readonly imageSizeBytes: number
  /** References, not bytes. */
  readonly referenceCount: number
  readonly arrayInits: readonly ArrayInitInfo[]
  /** Bytes, despite the name. */
  readonly defaultValueCount: number
  readonly nonDefaultValues: Uint8Array
}

export interface ArrayInitInfo {
  /** One of `STATIC_ARRAY_TYPES`. */
  readonly type: number
  /** Elements in big-endian order. */
  readonly values: Uint8Array
}

/**
 * Where constant pool indices stand in Method: absolute offsets, strictly ascending.
 * @source JCVM 3.1 §6.12
 */
export interface ReferenceLocationComponent {
  /** Offsets of one-byte indices. */
  readonly byteIndexOffsets: readonly number[]
  /** Offsets of the first byte of two-byte indices, and of non-zero catch_type_index items. */
  readonly byte2IndexOffsets: readonly number[]
}

/** The array index is the class token; see `exportedPackages` for the extended format. @source JCVM 3.1 §6.13 */
export interface ExportComponent {
  readonly classes: readonly ClassExportInfo[]
  /** Only in extended format: how many of `classes` each public package has. */
  readonly packageClassCounts?: readonly number[]
}

export interface ClassExportInfo {
  /** Into Class. */
  readonly classOffset: number
  /** Index: static field token; value: offset in the static field image. */
  readonly staticFieldOffsets: readonly number[]
  /** Index: static method token (constructors too); value: offset in Method. */
  readonly staticMethodOffsets: readonly number[]
}

/** Bits of `ClassDescriptor.flags`. @source JCVM 3.1 §6.14.1 */
export const CLASS_DESCRIPTOR_FLAGS = {
  ACC_PUBLIC: 0x01,
  ACC_FINAL: 0x10,
  ACC_INTERFACE: 0x40,
  ACC_ABSTRACT: 0x80,
} as const
/** Bits of `MethodDescriptor.flags` and `FieldDescriptor.flags`. @source JCVM 3.1 §6.14.2, §6.14.3 */
export const MEMBER_DESCRIPTOR_FLAGS = {
  ACC_PUBLIC: 0x01,
  ACC_PRIVATE: 0x02,
  ACC_PROTECTED: 0x04,
  ACC_STATIC: 0x08,
  ACC_FINAL: 0x10,
  ACC_ABSTRACT: 0x40,
  ACC_INIT: 0x80,
} as const

/** Always in the file, optional in the load form. @source JCVM 3.1 §6.14 */
export interface DescriptorComponent {
  readonly classes: readonly ClassDescriptor[]
  /** Only in extended format: how many of `classes` each package has, public packages first. */
  readonly packageClassCounts?: readonly number[]
  readonly types: TypeDescriptorTable
}

export interface ClassDescriptor {
  /** 0xFF when the class has no token. */
  readonly token: number
  /** Bits of `CLASS_DESCRIPTOR_FLAGS`. */
  readonly flags: number
  readonly thisClass: ClassRef
  readonly interfaces: readonly ClassRef[]
  readonly fields: readonly FieldDescriptor[]
  readonly methods: readonly MethodDescriptor[]
}

export interface FieldDescriptor {
  /** 0xFF when the field has no token; converters differ for instance fields, do not rely on it. */
  readonly token: number
  /** Bits of `MEMBER_DESCRIPTOR_FLAGS`; ACC_STATIC tells which form `field` has. */
  readonly flags: number
  readonly field:
    | { readonly kind: 'static'; readonly ref: StaticFieldRef }
    | { readonly kind: 'instance'; readonly class: ClassRef; readonly token: number }
  /** 0x8002 boolean, 0x8003 byte, 0x8004 short, 0x8005 int; else the offset of a type in `TypeDescriptorTable`. */
  readonly type: number
}

export interface MethodDescriptor {
  /** 0xFF when the method has no token; package-visible virtual tokens carry the high bit. */
  readonly token: number
  /** Bits of `MEMBER_DESCRIPTOR_FLAGS`. */
  readonly flags: number
  /** Into Method; 0 for interface methods. */
  readonly methodOffset: number
  /** Offset of its signature in `TypeDescriptorTable`. */
  readonly typeOffset: number
  /** Byte code only, without the header; 0 for abstract and interface methods. */
  readonly bytecodeSizeBytes: number
  readonly exceptionHandlerCount: number
  /** Index of its first handler in `MethodComponent.handlers`; 0 without handlers. */
  readonly exceptionHandlerIndex: number
}

/** Offsets in it count from its first byte, the count of constant pool types. @source JCVM 3.1 §6.14.4 */
export interface TypeDescriptorTable {
  /** One per constant pool entry: offset of its type, 0xFFFF for classes. */
  readonly constantPoolTypes: readonly number[]
  readonly descriptors: readonly TypeDescriptor[]
}

export interface TypeDescriptor {
  /** Where this item begins in the table; follows from the order and sizes of the items. */
  readonly offset: number
  /** Values 1..14, class_refs as four nibbles; see `typeOfNibbles`. */
  readonly nibbles: readonly number[]
}

/** @source JCVM 3.1 §6.16; only from 2.3 on */
export interface StaticResourceComponent {
  readonly resources: readonly StaticResource[]
}

export interface StaticResource {
  readonly resourceId: number
  /** 0..32767 bytes */
  readonly content: Uint8Array
}

export interface CustomComponent {
  /** 128..255 */
  readonly tag: number
  /** Names the kind of component; stands in Directory. */
  readonly aid: Uint8Array
  readonly info: Uint8Array
  /** Name of its entry in the ZIP without folder; unknown in the load form. */
  readonly fileName?: string
}

/** A whole package. Optional components are absent when the package has none of their content, see each. */
export interface CapFile {
  /** Folder of the package in the ZIP without `/javacard` (`com/example/purse`); not part of any component. */
  readonly packagePath?: string
  readonly header: HeaderComponent
  readonly directory: DirectoryComponent
  /** With ACC_APPLET. */
  readonly applet?: AppletComponent
  /** The index is the package token (0..127). */
  readonly imports: readonly PackageInfo[]
  readonly constantPool: readonly ConstantPoolEntry[]
  readonly classes: ClassComponent
  readonly methods: MethodComponent
  readonly staticFields: StaticFieldComponent
  readonly referenceLocation: ReferenceLocationComponent
  /** With ACC_EXPORT. */
  readonly export?: ExportComponent
  /** Always in a ZIP, optional in the load form. */
  readonly descriptor?: DescriptorComponent
  /** Opaque `info` item; never sent to a card. */
  readonly debug?: Uint8Array
  readonly staticResources?: StaticResourceComponent
  readonly custom?: readonly CustomComponent[]
}

/** A package before its Directory is computed. */
export type CapFileParts = Omit<CapFile, 'directory'>
