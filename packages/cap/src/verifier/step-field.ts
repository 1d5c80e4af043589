import { constantPoolOperand, type DecodedInstruction } from '../instructions/decode-instruction.ts'
import { type ValueType, valueTypeText } from './class-node.ts'
import { classType } from './class-world.ts'
import type { Frame } from './frame.ts'
import type { FieldFact } from './member-types.ts'
import type { MethodContext } from './method-context.ts'
import { refuse } from './refusal.ts'
import { ANY, wordText } from './word-type.ts'

const SUFFIXES: Readonly<Record<string, (type: ValueType) => boolean>> = {
  a: (type) => typeof type === 'object',
  b: (type) => type === 'byte' || type === 'boolean',
  s: (type) => type === 'short',
  i: (type) => type === 'int',
}

/** getstatic, putstatic, getfield and putfield in all their forms. @source JCVM 3.1 §7.5 */
export function stepField(frame: Frame, decoded: DecodedInstruction, context: MethodContext): void {
  const { mnemonic } = decoded.instruction
  const [, verb, place, suffix] = /^(get|put)(static|field)_([absi])/.exec(mnemonic)! // the dispatch table saw to it
  const { index } = constantPoolOperand(decoded)!
  const field = context.require(context.members.fieldOfEntry(index))
  noteUnknownField(field, context)
  if (field.type !== 'unknown' && !SUFFIXES[suffix!]!(field.type)) {
    refuse('field-type', `${mnemonic} of a field of type ${valueTypeText(field.type)}`)
  }
  context.requireAccess(field)
  const value = stackTypeOf(field.type, suffix!)
  if (verb === 'put') {
    requireNotFinal(field, place === 'static', context)
    popValue(frame, value, suffix!, context)
  }
  if (place === 'field') popReceiver(frame, decoded, field, context)
  if (verb === 'get') frame.push(...(value === undefined ? [ANY] : context.types.wordsOf(value)))
}

function noteUnknownField(field: FieldFact, context: MethodContext): void {
  for (let at = field.declaring; at; at = at.superClass) context.noteUnknown(at.unknownPackage)
}

/** The type the value has on the stack; undefined for a reference to something unknown. */
function stackTypeOf(type: ValueType, suffix: string): ValueType | undefined {
  if (suffix === 'i') return 'int'
  if (suffix !== 'a') return 'short'
  return type === 'unknown' ? undefined : type
}

function popValue(frame: Frame, value: ValueType | undefined, suffix: string, context: MethodContext): void {
  if (suffix === 'i') frame.popInt()
  else if (suffix !== 'a') frame.popShort()
  else {
    const word = frame.popObject()
    if (typeof value === 'object') context.requireAssignable(word, value, 'field-type', 'the value')
  }
}

function requireNotFinal(field: FieldFact, isStatic: boolean, context: MethodContext): void {
  if (!field.isFinal || !context.owner) return
  if (isStatic || field.isImported || field.declaring !== context.owner || !context.isConstructor) {
    refuse('final-field', 'a final field is written')
  }
}

function popReceiver(frame: Frame, decoded: DecodedInstruction, field: FieldFact, context: MethodContext): void {
  const { mnemonic } = decoded.instruction
  const isThis = mnemonic.endsWith('_this')
  if (isThis && context.fact.kind === 'static') refuse('method-kind', `${mnemonic} in a static method`)
  const word = isThis ? frame.local(0) : frame.pop()
  // A constructor may fill fields of its own class before it calls that of the superclass.
  if (word.kind === 'freshThis' && mnemonic.startsWith('put') && field.declaring === context.owner) return
  if (word.kind === 'fresh' || word.kind === 'freshThis') refuse('uninitialised', `found ${wordText(word)}`)
  if (word.kind !== 'reference' && word.kind !== 'null' && word.kind !== 'any') {
    refuse(isThis ? 'local-type' : 'stack-type', `expected an object, found ${wordText(word)}`)
  }
  if (field.declaring) context.requireAssignable(word, classType(field.declaring), 'receiver-type', mnemonic)
  context.requireProtectedReceiver(field, word, mnemonic)
}
