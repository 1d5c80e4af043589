import type { JvmType } from '../classfile/descriptor.ts'
import type { JvmInstruction, MemberRef } from '../classfile/jvm-instruction.ts'
import { ARRAY_TYPES } from '../instructions/instruction-table.ts'
import type { ClassLayout } from './class-layout.ts'
import type { ClassLibrary, FoundMethod } from './class-library.ts'
import type { ConstantPoolPlan } from './constant-pool-plan.ts'
import type { FindingPlace } from './findings.ts'
import { dotted, type Findings } from './findings.ts'
import { featureOfClass, featureOfMethod, MISSING_FEATURES, type MissingFeatureName } from './java-subset.ts'
import {
  ASSERTIONS_DISABLED,
  CONSTRUCTOR,
  isPrivate,
  type JavaField,
  type JavaMethod,
  overridingKey,
  signatureKey,
} from './program.ts'

/** Bit of a virtual method token that marks package-visible methods. @source JCVM 3.1 §4.3.7.6 */
const PACKAGE_VISIBLE = 0x80

/** Begins the name of the arrays by which compilers switch on enums. */
export const ENUM_SWITCH_MAP = '$SwitchMap$'

/** How a call is made: the instruction, its constant, and for interfaces the method token. */
export interface CallForm {
  readonly mnemonic: 'invokevirtual' | 'invokespecial' | 'invokestatic' | 'invokeinterface'
  readonly index: number
  readonly interfaceToken?: number
}

/** What a field access names: a constant of the source, or a place in an object or in the static image. */
export type FieldForm =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'static' | 'instance'; readonly index: number }

export interface ReferenceContext {
  readonly library: ClassLibrary
  readonly layouts: ReadonlyMap<string, ClassLayout>
  readonly plan: ConstantPoolPlan
  readonly findings: Findings
  /** Name of the API level, for messages: `3.0.5` */
  readonly level: string
  /** The card has ints. */
  readonly int: boolean
}

/** Turns the names in class files into constant pool entries; reports names that a card does not have. */
export class References {
  readonly #context: ReferenceContext

  constructor(context: ReferenceContext) {
    this.#context = context
  }

  /** Constant pool index of a class that is there; otherwise 0 and a finding. */
  classIndex(name: string, place: FindingPlace): number {
    if (!this.requireClass(name, place)) return 0
    return this.#context.plan.index({ kind: 'class', className: name })
  }

  requireClass(name: string, place: FindingPlace): boolean {
    if (this.#context.library.find(name)) return true
    const message = `${dotted(name)} does not exist on a card of API level ${this.#context.level}`
    const feature = featureOfClass(name)
    const advice = name.startsWith('java/')
      ? `use only what the Java Card API ${this.#context.level} has of java.lang`
      : 'add its class file, or choose an API level that has it'
    if (feature) this.#context.findings.addMissing(place, feature, message)
    else this.#context.findings.add(place, message, advice)
    return false
  }

  /** Operands of checkcast and instanceof. @source JCVM 3.1 §7.5 checkcast */
  castOperands(type: JvmType, place: FindingPlace): readonly [arrayType: number, index: number] {
    if (type.kind === 'class') return [ARRAY_TYPES.classOrInterface, this.classIndex(type.name, place)]
    const element = type.kind === 'array' ? type.element : type
    switch (element.kind) {
      case 'boolean':
      case 'byte':
      case 'short':
        return [ARRAY_TYPES[element.kind], 0]
      case 'int':
        if (this.#context.int) return [ARRAY_TYPES.int, 0]
        this.#unsupportedArray(element, place)
        return [0, 0]
      case 'class':
        return [ARRAY_TYPES.reference, this.classIndex(element.name, place)]
      default:
        this.#unsupportedArray(element, place)
        return [0, 0]
    }
  }

  elementIndex(element: JvmType, place: FindingPlace): number {
    if (element.kind === 'class') return this.classIndex(element.name, place)
    this.#unsupportedArray(element, place)
    return 0
  }

  #unsupportedArray(element: JvmType, place: FindingPlace): void {
    if (element.kind === 'array') {
      this.#context.findings.addMissing(place, 'array-of-arrays', 'uses an array of arrays')
    } else {
      const feature = element.kind in MISSING_FEATURES ? (element.kind as MissingFeatureName) : 'int'
      this.#context.findings.addMissing(place, feature, `uses an array of ${element.kind}`)
    }
  }

  /** Looks only whether all that an instruction names is there; for code that cannot be converted anyway. */
  checkNames(instruction: JvmInstruction, place: FindingPlace): void {
    switch (instruction.kind) {
      case 'getField':
      case 'putField':
        this.field(instruction.member, instruction.isStatic, place)
        break
      case 'invoke':
        this.call(instruction.mode, instruction.member, place)
        break
      case 'new':
        this.classIndex(instruction.className, place)
        break
      case 'newReferenceArray':
        this.elementIndex(instruction.element, place)
        break
      case 'checkCast':
      case 'instanceOf':
        this.castOperands(instruction.type, place)
        break
      default:
    }
  }

  field(member: MemberRef, isStatic: boolean, place: FindingPlace): FieldForm | undefined {
    const { library, plan, layouts, findings } = this.#context
    if (member.name === ASSERTIONS_DISABLED) findings.addMissing(place, 'assert', '')
    if (member.name.startsWith(ENUM_SWITCH_MAP)) findings.addMissing(place, 'enum-switch', '')
    if (!this.requireClass(member.owner, place)) return undefined
    const found = library.findField(member.owner, member.name)
    if (found?.kind === 'imported' && found.isStatic === isStatic) {
      const kind = isStatic ? 'importedStaticField' : 'importedInstanceField'
      const { descriptor } = member
      const index = plan.index({ kind, className: found.class.name, token: found.token, descriptor })
      return { kind: isStatic ? 'static' : 'instance', index }
    }
    if (found?.kind !== 'own' || found.field.isStatic !== isStatic) {
      this.#missing(`field ${member.name}`, member, place)
      return undefined
    }
    const { field } = found
    if (field.isStatic) {
      if (field.constantValue !== undefined) return { kind: 'constant', value: field.constantValue }
      return { kind: 'static', index: plan.index({ kind: 'ownStaticField', field }) }
    }
    return { kind: 'instance', index: plan.index(instanceFieldEntry(field, layouts)) }
  }

  call(
    mode: 'virtual' | 'special' | 'static' | 'interface',
    member: MemberRef,
    place: FindingPlace,
  ): CallForm | undefined {
    if (member.owner.startsWith('[')) {
      const feature = featureOfMethod(member.name) ?? 'array-clone'
      this.#context.findings.addMissing(place, feature, `calls ${member.name} on an array`)
      return undefined
    }
    if (member.owner === 'java/lang/String' && member.name === 'hashCode') {
      this.#context.findings.addMissing(place, 'string-switch', '')
    }
    if (!this.requireClass(member.owner, place)) return undefined
    const found = this.#find(mode, member)
    if (!found) {
      this.#missing(`method ${member.name}${member.descriptor}`, member, place)
      return undefined
    }
    if (found.kind === 'own') return this.#ownCall(mode, member, found.method, place)
    return this.#importedCall(mode, member, found, place)
  }

  #find(mode: string, member: MemberRef): FoundMethod | undefined {
    const { library } = this.#context
    if (mode === 'interface') return library.findInterfaceMethod(member.owner, member.name, member.descriptor)
    const found = library.findMethod(member.owner, member.name, member.descriptor)
    if (found) return found
    // An abstract class need not repeat the methods of its interfaces.
    const own = library.findOwn(member.owner)
    if (!own || mode !== 'virtual') return undefined
    for (const one of library.ownChain(own)) {
      const miranda = this.#context.layouts.get(one.name)?.miranda.find((m) => signatureKey(m) === signatureKey(member))
      if (miranda) return { kind: 'own', class: one, method: miranda }
    }
    return undefined
  }

  #ownCall(mode: string, member: MemberRef, method: JavaMethod, place: FindingPlace): CallForm | undefined {
    const { library, plan, layouts } = this.#context
    if (mode === 'static') return { mnemonic: 'invokestatic', index: plan.index({ kind: 'ownStaticMethod', method }) }
    if (method.name === CONSTRUCTOR || isPrivate(method)) {
      return { mnemonic: 'invokespecial', index: plan.index({ kind: 'ownStaticMethod', method }) }
    }
    if (library.findOwn(method.owner)?.isInterface) return this.#interfaceCall(member)
    const virtual = layouts.get(method.owner)?.tokens.get(overridingKey(method))
    if (!virtual) return undefined
    const token = virtual.token | (virtual.space === 'package' ? PACKAGE_VISIBLE : 0)
    const { descriptor } = member
    if (mode === 'special') {
      const className = place.class.name
      return { mnemonic: 'invokespecial', index: plan.index({ kind: 'superMethod', className, token, descriptor }) }
    }
    const className = method.owner
    return { mnemonic: 'invokevirtual', index: plan.index({ kind: 'virtualMethod', className, token, descriptor }) }
  }

  #importedCall(
    mode: string,
    member: MemberRef,
    found: FoundMethod & { kind: 'imported' },
    place: FindingPlace,
  ): CallForm {
    const { plan } = this.#context
    const { token, space } = found.method
    const { descriptor } = member
    const className = found.class.name
    if (space === 'static') {
      const index = plan.index({ kind: 'importedStaticMethod', className, token, descriptor })
      return { mnemonic: mode === 'static' ? 'invokestatic' : 'invokespecial', index }
    }
    if (space === 'interface') return this.#interfaceCall(member)
    if (mode === 'special') {
      const index = plan.index({ kind: 'superMethod', className: place.class.name, token, descriptor })
      return { mnemonic: 'invokespecial', index }
    }
    return { mnemonic: 'invokevirtual', index: plan.index({ kind: 'virtualMethod', className, token, descriptor }) }
  }

  /** The interface that the code names lists inherited methods too, so it need not be the one that declares the method. */
  #interfaceCall(member: MemberRef): CallForm {
    const key = signatureKey(member)
    const methods = this.#context.library.interfaceMethods(member.owner)
    const interfaceToken = methods.findIndex((one) => signatureKey(one) === key)
    const index = this.#context.plan.index({ kind: 'class', className: member.owner })
    return { mnemonic: 'invokeinterface', index, interfaceToken }
  }

  #missing(what: string, member: MemberRef, place: FindingPlace): void {
    const message = `${dotted(member.owner)} has no ${what} on a card of API level ${this.#context.level}`
    const feature = member.descriptor.startsWith('(') ? featureOfMethod(member.name) : undefined
    if (feature) this.#context.findings.addMissing(place, feature, message)
    else this.#context.findings.add(place, message, 'use what the Java Card API has, or choose a newer level')
  }
}

export function instanceFieldEntry(field: JavaField, layouts: ReadonlyMap<string, ClassLayout>) {
  const token = layouts.get(field.owner)?.fieldTokens.get(field.name) ?? 0
  return { kind: 'instanceField', field, token } as const
}
