import type {
  ClassDescriptor,
  DescriptorComponent,
  FieldDescriptor,
  MethodDescriptor,
  TypeDescriptor,
} from '../capfile/cap-file.ts'
import { MEMBER_DESCRIPTOR_FLAGS } from '../capfile/cap-file.ts'
import { classRefNumber } from '../capfile/component-codec.ts'
import { typeDescriptorSizeBytes } from '../capfile/descriptor-component.ts'
import type { AssembledConstantPool } from './assembled-constant-pool.ts'
import type { ClassDescriptorText, DescriptorText, MethodDescriptorText, PackageText } from './package-text.ts'
import type { References } from './references.ts'
import { isNumber, numberOf, refuse, type Token } from './tokens.ts'
import { typeNibbles } from './type-text.ts'

/** What a descriptor is derived from. */
export interface DescriptorContext {
  readonly source: PackageText
  readonly references: References
  readonly constantPool: AssembledConstantPool
}

const NO_TYPE = 0xffff
/** Types that stand for themselves instead of an offset. @source JCVM 3.1 §6.14.2 */
export const PRIMITIVE_TYPES: ReadonlyMap<string, number> = new Map([
  ['none', NO_TYPE],
  ['boolean', 0x8002],
  ['byte', 0x8003],
  ['short', 0x8004],
  ['int', 0x8005],
])

export function assembleDescriptor(text: DescriptorText, context: DescriptorContext): DescriptorComponent {
  const descriptors = layOutTypes(text, context)
  const offsets = new Map(text.types.map(({ label }, i) => [label.text, descriptors[i]!.offset]))
  const typeOf = (token: Token): number => {
    const type = PRIMITIVE_TYPES.get(token.text) ?? offsets.get(token.text)
    if (type !== undefined) return type
    if (isNumber(token.text)) return numberOf(token, 'type')
    refuse('CAP_ASM_UNKNOWN_NAME', `no type ${token.text}`, token.line)
  }
  const given = text.constantTypes ?? []
  const constantPoolTypes = context.constantPool.entries.map((_, i) => (given[i] ? typeOf(given[i]) : NO_TYPE))
  const classes = text.classes.map((one) => classDescriptorOf(one, typeOf, context))
  const { packageClassCounts } = text
  return {
    classes,
    ...(context.source.packages && { packageClassCounts }),
    types: { constantPoolTypes, descriptors },
  }
}

function layOutTypes(text: DescriptorText, { references, constantPool }: DescriptorContext): TypeDescriptor[] {
  let offset = 2 + 2 * constantPool.entries.length
  return text.types.map(({ nibbles: words }) => {
    const nibbles = words.flatMap((one) => {
      if (typeof one === 'number') return one
      return typeNibbles(one.text, (name) => classRefNumber(references.classRef({ text: name, line: one.line })))
    })
    const descriptor = { offset, nibbles }
    offset += typeDescriptorSizeBytes(nibbles.length)
    return descriptor
  })
}

function classDescriptorOf(
  one: ClassDescriptorText,
  typeOf: (token: Token) => number,
  context: DescriptorContext,
): ClassDescriptor {
  const { references } = context
  const fields = one.fields.map(({ token, flags, ref, type }): FieldDescriptor => {
    const isStatic = (flags & MEMBER_DESCRIPTOR_FLAGS.ACC_STATIC) !== 0
    const field: FieldDescriptor['field'] = isStatic
      ? { kind: 'static', ref: references.staticField(ref) }
      : { kind: 'instance', ...references.instanceField(ref) }
    return { token, flags, field, type: typeOf(type) }
  })
  return {
    token: one.token,
    flags: one.flags,
    thisClass: references.classRef(one.class),
    interfaces: one.interfaces.map((token) => references.classRef(token)),
    fields,
    methods: one.methods.map((method) => methodDescriptorOf(method, typeOf, context)),
  }
}

function methodDescriptorOf(
  one: MethodDescriptorText,
  typeOf: (token: Token) => number,
  { references, source }: DescriptorContext,
): MethodDescriptor {
  const own = one.method && methodFacts(one.method.text, source)
  return {
    token: one.token,
    flags: one.flags,
    methodOffset: one.method ? references.methodOffset(one.method) : 0,
    typeOffset: typeOf(one.type),
    bytecodeSizeBytes: one.sizeBytes ?? own?.sizeBytes ?? 0,
    exceptionHandlerCount: one.handlerCount ?? own?.handlerCount ?? 0,
    exceptionHandlerIndex: one.handlerIndex ?? own?.handlerIndex ?? 0,
  }
}

/** Size of the code, and which of all handlers belong to the method. */
function methodFacts(label: string, source: PackageText) {
  let handlerIndex = 0
  for (const one of source.methods) {
    if (one instanceof Uint8Array) continue
    const handlerCount = one.handlers.length
    if (one.label.text === label) {
      const sizeBytes = one.code.reduce((sum, text) => sum + (text.kind === 'instruction' ? text.sizeBytes : 0), 0)
      return { sizeBytes, handlerCount, handlerIndex: handlerCount === 0 ? 0 : handlerIndex }
    }
    handlerIndex += handlerCount
  }
  return undefined
}
