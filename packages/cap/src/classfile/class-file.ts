/**
 * A class file as its bytes lay it out: the constant pool stays where the compiler put it and every other part points
 * into it by index, so that `emitClassFile(parseClassFile(x))` gives `x` back. `names.ts` turns indices into text.
 *
 * @source JVMS 17 §4.1 to §4.7
 */
export interface ClassFile {
  readonly minorVersion: number
  readonly majorVersion: number
  /** Index 0 and the second half of a long or double are `undefined`. */
  readonly constantPool: readonly (Constant | undefined)[]
  readonly accessFlags: number
  readonly thisClassIndex: number
  /** 0 only in java/lang/Object. */
  readonly superClassIndex: number
  readonly interfaceIndices: readonly number[]
  readonly fields: readonly Member[]
  readonly methods: readonly Member[]
  readonly attributes: readonly Attribute[]
}

/** A field or a method. */
export interface Member {
  readonly accessFlags: number
  readonly nameIndex: number
  readonly descriptorIndex: number
  readonly attributes: readonly Attribute[]
}

export type Constant =
  | { readonly kind: 'utf8'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  /** IEEE 754 bits, so that every NaN survives. */
  | { readonly kind: 'float'; readonly bits: number }
  | { readonly kind: 'long'; readonly value: bigint }
  | { readonly kind: 'double'; readonly bits: bigint }
  | { readonly kind: 'class'; readonly nameIndex: number }
  | { readonly kind: 'string'; readonly textIndex: number }
  | { readonly kind: 'field'; readonly classIndex: number; readonly nameAndTypeIndex: number }
  | { readonly kind: 'method'; readonly classIndex: number; readonly nameAndTypeIndex: number }
  | { readonly kind: 'interfaceMethod'; readonly classIndex: number; readonly nameAndTypeIndex: number }
  | { readonly kind: 'nameAndType'; readonly nameIndex: number; readonly descriptorIndex: number }
  | { readonly kind: 'methodHandle'; readonly referenceKind: number; readonly referenceIndex: number }
  | { readonly kind: 'methodType'; readonly descriptorIndex: number }
  | { readonly kind: 'dynamic'; readonly bootstrapMethodIndex: number; readonly nameAndTypeIndex: number }
  | { readonly kind: 'invokeDynamic'; readonly bootstrapMethodIndex: number; readonly nameAndTypeIndex: number }
  | { readonly kind: 'module'; readonly nameIndex: number }
  | { readonly kind: 'package'; readonly nameIndex: number }

export type ConstantKind = Constant['kind']

export type Attribute =
  | CodeAttribute
  | { readonly kind: 'ConstantValue'; readonly nameIndex: number; readonly valueIndex: number }
  | { readonly kind: 'Exceptions'; readonly nameIndex: number; readonly classIndices: readonly number[] }
  | { readonly kind: 'SourceFile'; readonly nameIndex: number; readonly fileIndex: number }
  | { readonly kind: 'LineNumberTable'; readonly nameIndex: number; readonly lines: readonly LineNumber[] }
  | { readonly kind: 'LocalVariableTable'; readonly nameIndex: number; readonly variables: readonly LocalVariable[] }
  | { readonly kind: 'InnerClasses'; readonly nameIndex: number; readonly classes: readonly InnerClass[] }
  /** StackMapTable, annotations and all that this room has no use for. */
  | { readonly kind: 'opaque'; readonly nameIndex: number; readonly bytes: Uint8Array }

export interface CodeAttribute {
  readonly kind: 'Code'
  readonly nameIndex: number
  readonly maxStack: number
  readonly maxLocals: number
  readonly code: Uint8Array
  readonly exceptionTable: readonly ExceptionTableEntry[]
  readonly attributes: readonly Attribute[]
}

/** Active for `startPc <= pc < endPc`; `catchTypeIndex` 0 catches everything. */
export interface ExceptionTableEntry {
  readonly startPc: number
  readonly endPc: number
  readonly handlerPc: number
  readonly catchTypeIndex: number
}

export interface LineNumber {
  readonly startPc: number
  readonly line: number
}

export interface LocalVariable {
  readonly startPc: number
  readonly length: number
  readonly nameIndex: number
  readonly descriptorIndex: number
  readonly slot: number
}

export interface InnerClass {
  readonly innerClassIndex: number
  readonly outerClassIndex: number
  readonly innerNameIndex: number
  readonly accessFlags: number
}

/** @source JVMS 17 tables 4.1-B, 4.5-A, 4.6-A */
export const ACC = {
  PUBLIC: 0x0001,
  PRIVATE: 0x0002,
  PROTECTED: 0x0004,
  STATIC: 0x0008,
  FINAL: 0x0010,
  SUPER: 0x0020,
  SYNCHRONIZED: 0x0020,
  /** Of a field; of a method it is `BRIDGE`. */
  VOLATILE: 0x0040,
  BRIDGE: 0x0040,
  /** Of a field; of a method it is `VARARGS`. */
  TRANSIENT: 0x0080,
  VARARGS: 0x0080,
  NATIVE: 0x0100,
  INTERFACE: 0x0200,
  ABSTRACT: 0x0400,
  STRICT: 0x0800,
  SYNTHETIC: 0x1000,
  ANNOTATION: 0x2000,
  ENUM: 0x4000,
  MODULE: 0x8000,
} as const
