import { ACC, type Attribute, type ClassFile, type CodeAttribute, type Member } from '../classfile/class-file.ts'
import {
  type JvmType,
  type MethodSignature,
  parseFieldDescriptor,
  parseMethodDescriptor,
} from '../classfile/descriptor.ts'
import { decodeCode } from '../classfile/jvm-code.ts'
import type { JvmInstruction } from '../classfile/jvm-instruction.ts'
import { classNameAt, textAt } from '../classfile/names.ts'

/** A class or interface of the package being converted, all names resolved. Names are internal (`com/example/Purse`). */
export interface JavaClass {
  readonly name: string
  /** undefined for interfaces, whose superclass is Object only in form. */
  readonly superName: string | undefined
  /** As written behind `implements` or `extends`. */
  readonly interfaceNames: readonly string[]
  readonly accessFlags: number
  readonly isInterface: boolean
  readonly sourceFile?: string
  readonly fields: readonly JavaField[]
  readonly methods: readonly JavaMethod[]
}

export interface JavaField {
  readonly owner: string
  readonly name: string
  readonly descriptor: string
  readonly type: JvmType
  readonly accessFlags: number
  readonly isStatic: boolean
  /**
   * Of a static field: a compile-time constant that compilers copy to where it is used; it has no place in memory. The
   * attribute of an instance field counts for nothing (JVMS §4.7.2), its constructor writes the value.
   */
  readonly constantValue?: number
}

export interface JavaMethod {
  readonly owner: string
  readonly name: string
  readonly descriptor: string
  readonly signature: MethodSignature
  readonly accessFlags: number
  readonly isStatic: boolean
  /** Classes of its throws clause. */
  readonly throws?: readonly string[]
  /** Absent for abstract methods. */
  readonly code?: JavaCode
}

export interface JavaCode {
  readonly instructions: readonly JvmInstruction[]
  readonly lengthBytes: number
  readonly handlers: readonly JavaHandler[]
  readonly lines: readonly { readonly startPc: number; readonly line: number }[]
  readonly variables: readonly JavaVariable[]
}

/** Active for `startPc <= pc < endPc`; earlier handlers win. */
export interface JavaHandler {
  readonly startPc: number
  readonly endPc: number
  readonly handlerPc: number
  /** undefined catches everything. */
  readonly catchType: string | undefined
}

/** A variable the programmer declared, from LocalVariableTable. */
export interface JavaVariable {
  readonly name: string
  readonly descriptor: string
  /** In scope for `startPc <= pc < startPc + lengthBytes`. */
  readonly startPc: number
  readonly lengthBytes: number
  readonly slot: number
}

export const CONSTRUCTOR = '<init>'
export const STATIC_INITIALISER = '<clinit>'

export function javaClassOf(classFile: ClassFile): JavaClass {
  const name = classNameAt(classFile, classFile.thisClassIndex)
  const source = classFile.attributes.find((one) => one.kind === 'SourceFile')
  const isInterface = (classFile.accessFlags & ACC.INTERFACE) !== 0
  const superName = classFile.superClassIndex === 0 ? undefined : classNameAt(classFile, classFile.superClassIndex)
  return {
    name,
    superName: isInterface ? undefined : superName,
    interfaceNames: classFile.interfaceIndices.map((index) => classNameAt(classFile, index)),
    accessFlags: classFile.accessFlags,
    isInterface,
    ...(source && { sourceFile: textAt(classFile, source.fileIndex) }),
    fields: classFile.fields.map((field) => javaFieldOf(classFile, name, field)),
    methods: classFile.methods.map((method) => javaMethodOf(classFile, name, method)),
  }
}

export function isPrivate(member: { readonly accessFlags: number }): boolean {
  return (member.accessFlags & ACC.PRIVATE) !== 0
}

/** Public or protected: may be seen from other packages. */
export function isVisible(member: { readonly accessFlags: number }): boolean {
  return (member.accessFlags & (ACC.PUBLIC | ACC.PROTECTED)) !== 0
}

export function isAbstract(member: { readonly accessFlags: number }): boolean {
  return (member.accessFlags & ACC.ABSTRACT) !== 0
}

/** Dispatched through a method table. */
export function isVirtual(method: JavaMethod): boolean {
  return !method.isStatic && !isPrivate(method) && method.name !== CONSTRUCTOR
}

/** `com/example` of `com/example/Purse`. */
export function packageOf(className: string): string {
  return className.slice(0, Math.max(0, className.lastIndexOf('/')))
}

/** What tells methods of one class apart. */
export function signatureKey(method: { readonly name: string; readonly descriptor: string }): string {
  return method.name + method.descriptor
}

/**
 * What methods that override each other have in common: package-visible ones do so only within a package, of which an
 * extended CAP file has several.
 */
export function overridingKey(method: JavaMethod): string {
  return isVisible(method) ? signatureKey(method) : `${packageOf(method.owner)} ${signatureKey(method)}`
}

/** The first line of a class that has code: a class without a written constructor has there its own first line. */
export function firstLineOf(one: JavaClass): number | undefined {
  const lines = one.methods.flatMap(({ code }) => code?.lines ?? []).map(({ line }) => line)
  return lines.length === 0 ? undefined : Math.min(...lines)
}

/** Where compilers keep whether assertions are on. */
export const ASSERTIONS_DISABLED = '$assertionsDisabled'

/** A static initialiser without the instructions that a compiler puts in front because the class has assertions. */
export function withoutAssertionSetUp(code: JavaCode): readonly JvmInstruction[] {
  const { instructions } = code
  const last = instructions.findIndex((one) => one.kind === 'putField' && one.member.name === ASSERTIONS_DISABLED)
  return instructions.slice(last + 1)
}

/** Line of the source that an instruction comes from. */
export function lineOf(code: JavaCode, pc: number): number | undefined {
  let found: { startPc: number; line: number } | undefined
  for (const one of code.lines) {
    if (one.startPc <= pc && (!found || one.startPc >= found.startPc)) found = one
  }
  return found?.line
}

function javaFieldOf(classFile: ClassFile, owner: string, field: Member): JavaField {
  const descriptor = textAt(classFile, field.descriptorIndex)
  const isStatic = (field.accessFlags & ACC.STATIC) !== 0
  const constantValue = isStatic ? constantValueOf(classFile, field.attributes) : undefined
  return {
    owner,
    name: textAt(classFile, field.nameIndex),
    descriptor,
    type: parseFieldDescriptor(descriptor),
    accessFlags: field.accessFlags,
    isStatic,
    ...(constantValue !== undefined && { constantValue }),
  }
}

function constantValueOf(classFile: ClassFile, attributes: readonly Attribute[]): number | undefined {
  const attribute = attributes.find((one) => one.kind === 'ConstantValue')
  const constant = attribute && classFile.constantPool[attribute.valueIndex]
  return constant?.kind === 'integer' ? constant.value : undefined
}

function javaMethodOf(classFile: ClassFile, owner: string, method: Member): JavaMethod {
  const descriptor = textAt(classFile, method.descriptorIndex)
  const code = method.attributes.find((one) => one.kind === 'Code')
  const thrown = method.attributes.find((one) => one.kind === 'Exceptions')
  return {
    owner,
    name: textAt(classFile, method.nameIndex),
    descriptor,
    signature: parseMethodDescriptor(descriptor),
    accessFlags: method.accessFlags,
    isStatic: (method.accessFlags & ACC.STATIC) !== 0,
    ...(thrown && { throws: thrown.classIndices.map((index) => classNameAt(classFile, index)) }),
    ...(code && { code: javaCodeOf(classFile, code) }),
  }
}

function javaCodeOf(classFile: ClassFile, code: CodeAttribute): JavaCode {
  return {
    instructions: decodeCode(classFile, code),
    lengthBytes: code.code.length,
    handlers: code.exceptionTable.map(({ startPc, endPc, handlerPc, catchTypeIndex }) => ({
      startPc,
      endPc,
      handlerPc,
      catchType: catchTypeIndex === 0 ? undefined : classNameAt(classFile, catchTypeIndex),
    })),
    lines: code.attributes.flatMap((one) => (one.kind === 'LineNumberTable' ? one.lines : [])),
    variables: code.attributes
      .flatMap((one) => (one.kind === 'LocalVariableTable' ? one.variables : []))
      .map((one) => ({
        name: textAt(classFile, one.nameIndex),
        descriptor: textAt(classFile, one.descriptorIndex),
        startPc: one.startPc,
        lengthBytes: one.length,
        slot: one.slot,
      })),
  }
}
