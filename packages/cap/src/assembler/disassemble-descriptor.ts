import type { ClassDescriptor, DescriptorComponent, FieldDescriptor, MethodDescriptor } from '../capfile/cap-file.ts'
import { classRefOf } from '../capfile/component-codec.ts'
import { PRIMITIVE_TYPES } from './assemble-descriptor.ts'
import { classFlagWords, memberFlagWords } from './flag-words.ts'
import type { LabelledPackage } from './labelled-package.ts'
import { typeWords } from './type-text.ts'

/** Lines from `.descriptor` to `.end`. */
export function descriptorLines(descriptor: DescriptorComponent, labelled: LabelledPackage): string[] {
  const { words } = labelled
  const typeLabels = new Map(descriptor.types.descriptors.map(({ offset }, i) => [offset, `t${i}`]))
  for (const [word, type] of PRIMITIVE_TYPES) typeLabels.set(type, word)
  const typeWord = (type: number) => typeLabels.get(type) ?? String(type)
  const types = descriptor.types.descriptors.map(({ nibbles }, i) => {
    const text = typeWords(nibbles, (ref) => words.classWord(classRefOf(ref)))
    return `  .type t${i} ${text ? text.join(' ') : `nibbles ${nibbles.map((one) => one.toString(16)).join('')}`}`
  })
  return [
    '.descriptor',
    ...types,
    `  .constantTypes ${descriptor.types.constantPoolTypes.map(typeWord).join(' ')}`,
    ...inPackages(
      descriptor.classes.map((one) => classDescriptorLines(one, typeWord, labelled)),
      descriptor.packageClassCounts,
      '  .package',
    ).flat(),
    '.end',
  ]
}

/** In extended format each package begins with a line of its own. */
export function inPackages<T>(
  items: readonly T[],
  counts: readonly number[] | undefined,
  head: string,
): (T | string)[] {
  if (counts === undefined) return [...items]
  let at = 0
  return counts.flatMap((count) => {
    const first = at
    at += count
    return [head, ...items.slice(first, at)]
  })
}

function classDescriptorLines(
  one: ClassDescriptor,
  typeWord: (type: number) => string,
  labelled: LabelledPackage,
): string[] {
  const { words } = labelled
  const interfaces = one.interfaces.map((ref) => ` ${words.classWord(ref)}`).join('')
  const name = words.classWord(one.thisClass)
  return [
    `  .class ${name} ${one.token} ${classFlagWords(one.flags)}${interfaces && ` implements${interfaces}`}`,
    ...one.fields.map((field) => {
      return `    .field ${field.token} ${memberFlagWords(field.flags)} ${fieldWord(field, labelled)} ${typeWord(field.type)}`
    }),
    ...one.methods.map((method) => `    ${methodLine(method, typeWord, labelled)}`),
  ]
}

function fieldWord({ field }: FieldDescriptor, { words }: LabelledPackage): string {
  if (field.kind === 'static') return words.staticFieldWord(field.ref)
  return words.instanceFieldWord(field.class, field.token)
}

/** Size and handlers are written only where they are not those of the method itself. */
function methodLine(one: MethodDescriptor, typeWord: (type: number) => string, labelled: LabelledPackage): string {
  const { cap, words, methods } = labelled
  const own = one.methodOffset === 0 ? undefined : methods?.find(({ header }) => header.offset === one.methodOffset)
  const first = own?.handlers[0]
  const size = own ? own.endOffset - own.header.codeOffset : 0
  const index = first ? cap.methods.handlers.indexOf(first) : 0
  return [
    '.method',
    one.token,
    memberFlagWords(one.flags),
    one.methodOffset === 0 ? '-' : words.methodWord(one.methodOffset),
    typeWord(one.typeOffset),
    ...(one.bytecodeSizeBytes === size ? [] : ['size', one.bytecodeSizeBytes]),
    ...(one.exceptionHandlerCount === (own?.handlers.length ?? 0) ? [] : ['handlers', one.exceptionHandlerCount]),
    ...(one.exceptionHandlerIndex === index ? [] : ['from', one.exceptionHandlerIndex]),
  ].join(' ')
}
