import { ClassFileError } from '../errors.ts'
import type { ClassFile, ConstantKind } from './class-file.ts'
import type { MemberRef } from './jvm-instruction.ts'

function notThere(index: number, wanted: string): ClassFileError {
  return new ClassFileError('CAP_CLASS_MALFORMED', `constant ${index} is not ${wanted}`, { index })
}

export function textAt(classFile: ClassFile, index: number): string {
  const constant = classFile.constantPool[index]
  if (constant?.kind !== 'utf8') throw notThere(index, 'text')
  return constant.text
}

/** Internal name of a class constant, or the descriptor of an array class. */
export function classNameAt(classFile: ClassFile, index: number): string {
  const constant = classFile.constantPool[index]
  if (constant?.kind !== 'class') throw notThere(index, 'a class')
  return textAt(classFile, constant.nameIndex)
}

/** What an invokedynamic calls itself: the method of the interface, or what the compiler's bootstrap method does. */
export function dynamicNameAt(classFile: ClassFile, index: number): string {
  const constant = classFile.constantPool[index]
  if (constant?.kind !== 'invokeDynamic') throw notThere(index, 'a dynamic call')
  const nameAndType = classFile.constantPool[constant.nameAndTypeIndex]
  if (nameAndType?.kind !== 'nameAndType') throw notThere(constant.nameAndTypeIndex, 'a name and type')
  return textAt(classFile, nameAndType.nameIndex)
}

export function memberAt(classFile: ClassFile, index: number, kinds: readonly ConstantKind[]): MemberRef {
  const constant = classFile.constantPool[index]
  if (!constant || !kinds.includes(constant.kind) || !('classIndex' in constant))
    throw notThere(index, kinds.join(' or '))
  const nameAndType = classFile.constantPool[constant.nameAndTypeIndex]
  if (nameAndType?.kind !== 'nameAndType') throw notThere(constant.nameAndTypeIndex, 'a name and type')
  return {
    owner: classNameAt(classFile, constant.classIndex),
    name: textAt(classFile, nameAndType.nameIndex),
    descriptor: textAt(classFile, nameAndType.descriptorIndex),
  }
}
