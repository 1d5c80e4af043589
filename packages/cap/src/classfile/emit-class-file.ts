import { ByteWriter } from '@gridcard/bytes'
import type { Attribute, ClassFile, CodeAttribute, Member } from './class-file.ts'
import { isWideConstant, writeConstant } from './constants.ts'

/** The bytes of a class file; indices are written as they are, unchecked. @source JVMS 17 §4.1 */
export function emitClassFile(classFile: ClassFile): Uint8Array {
  const writer = new ByteWriter().u32(0xcafebabe).u16(classFile.minorVersion).u16(classFile.majorVersion)
  writer.u16(classFile.constantPool.length)
  classFile.constantPool.forEach((constant, index) => {
    if (constant && !isWideConstant(classFile.constantPool[index - 1])) writeConstant(writer, constant)
  })
  writer.u16(classFile.accessFlags).u16(classFile.thisClassIndex).u16(classFile.superClassIndex)
  writeList(writer, classFile.interfaceIndices, (index) => writer.u16(index))
  writeList(writer, classFile.fields, (field) => writeMember(writer, field))
  writeList(writer, classFile.methods, (method) => writeMember(writer, method))
  writeList(writer, classFile.attributes, (attribute) => writeAttribute(writer, attribute))
  return writer.toBytes()
}

function writeList<T>(writer: ByteWriter, items: readonly T[], item: (one: T) => unknown): void {
  writer.u16(items.length)
  for (const one of items) item(one)
}

function writeMember(writer: ByteWriter, member: Member): void {
  writer.u16(member.accessFlags).u16(member.nameIndex).u16(member.descriptorIndex)
  writeList(writer, member.attributes, (attribute) => writeAttribute(writer, attribute))
}

function writeAttribute(writer: ByteWriter, attribute: Attribute): void {
  const content = new ByteWriter()
  writeContent(content, attribute)
  writer.u16(attribute.nameIndex).u32(content.length).bytes(content.toBytes())
}

function writeContent(writer: ByteWriter, attribute: Attribute): void {
  switch (attribute.kind) {
    case 'Code':
      writeCode(writer, attribute)
      return
    case 'ConstantValue':
      writer.u16(attribute.valueIndex)
      return
    case 'SourceFile':
      writer.u16(attribute.fileIndex)
      return
    case 'Exceptions':
      writeList(writer, attribute.classIndices, (index) => writer.u16(index))
      return
    case 'LineNumberTable':
      writeList(writer, attribute.lines, ({ startPc, line }) => writer.u16(startPc).u16(line))
      return
    case 'LocalVariableTable':
      writeList(writer, attribute.variables, (one) =>
        writer.u16(one.startPc).u16(one.length).u16(one.nameIndex).u16(one.descriptorIndex).u16(one.slot),
      )
      return
    case 'InnerClasses':
      writeList(writer, attribute.classes, (one) =>
        writer.u16(one.innerClassIndex).u16(one.outerClassIndex).u16(one.innerNameIndex).u16(one.accessFlags),
      )
      return
    case 'opaque':
      writer.bytes(attribute.bytes)
      return
  }
}

function writeCode(writer: ByteWriter, code: CodeAttribute): void {
  writer.u16(code.maxStack).u16(code.maxLocals).u32(code.code.length).bytes(code.code)
  writeList(writer, code.exceptionTable, (entry) =>
    writer.u16(entry.startPc).u16(entry.endPc).u16(entry.handlerPc).u16(entry.catchTypeIndex),
  )
  writeList(writer, code.attributes, (attribute) => writeAttribute(writer, attribute))
}
