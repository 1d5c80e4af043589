import { concatBytes } from '@gridcard/bytes'
import type { Jcre } from '../../runtime/jcre.ts'
import { APDU_BUFFER_HANDLE } from '../../vm/jcre-objects.ts'
import { ELEMENT, elementBytes, JCRE_OWNER, LENGTH_MASK, TYPE } from '../../vm/memory/handle-entry.ts'
import { lengthOf } from '../native-call.ts'
import { swappedCells } from '../primitive-arrays.ts'
import { remoteClassOf, TYPE_NIBBLE } from './remote-type.ts'

/** Data of the RMI messages. @source JCRE 3.1 §8.3 */

const NULL_REFERENCE = Uint8Array.of(0xff, 0xff)
const NULL_ARRAY = 0xff
const TAG = { normal: 0x81, exception: 0x82, exceptionSubclass: 0x83, error: 0x99 } as const
export const RMI_ERROR = {
  object: 1,
  method: 2,
  signature: 3,
  parameterResources: 4,
  responseResources: 5,
  protocol: 6,
} as const

// ---- references

const text = (value: string): Uint8Array => {
  const bytes = new TextEncoder().encode(value)
  return concatBytes(Uint8Array.of(bytes.length), bytes)
}

/** remote_ref_descriptor: by the name of the class, or by those of its remote interfaces. 0 is null. */
export function remoteReference(jcre: Jcre, object: number, withInterfaces: boolean): Uint8Array {
  if (object === 0) return NULL_REFERENCE
  const remote = remoteClassOf(jcre.machine.classOf(object))
  const id = Uint8Array.of(object >> 8, object)
  const modifier = text(remote?.hashModifier ?? '')
  if (!withInterfaces) return concatBytes(id, modifier, text(remote?.packageName ?? ''), text(remote?.name ?? ''))
  const interfaces = (remote?.interfaces ?? []).flatMap((one) => (one.remote?.kind === 'interface' ? [one.remote] : []))
  const names = interfaces.map((one, i) => {
    const isSamePackage = one.packageName === interfaces[i - 1]?.packageName
    return concatBytes(isSamePackage ? Uint8Array.of(0) : text(one.packageName), text(one.name))
  })
  return concatBytes(id, modifier, Uint8Array.of(interfaces.length), ...names)
}

// ---- parameters

const ARRAY_ELEMENT: Readonly<Record<number, { readonly kind: number; readonly sizeBytes: number }>> = {
  [TYPE_NIBBLE.booleanArray]: { kind: ELEMENT.boolean, sizeBytes: 1 },
  [TYPE_NIBBLE.byteArray]: { kind: ELEMENT.byte, sizeBytes: 1 },
  [TYPE_NIBBLE.shortArray]: { kind: ELEMENT.short, sizeBytes: 2 },
  [TYPE_NIBBLE.intArray]: { kind: ELEMENT.int, sizeBytes: 4 },
}

/** Words of arguments, or arrays still to be made. */
export type Parameter = { readonly words: readonly number[] } | { readonly kind: number; readonly bytes: Uint8Array }

/** @returns undefined unless the bytes are parameters of just these types */
export function parseParameters(bytes: Uint8Array, types: readonly number[]): Parameter[] | undefined {
  const parameters: Parameter[] = []
  let at = 0
  const take = (length: number): Uint8Array | undefined => {
    at += length
    return at <= bytes.length ? bytes.subarray(at - length, at) : undefined
  }
  for (const type of types) {
    const parameter = ARRAY_ELEMENT[type] ? takeArray(take, ARRAY_ELEMENT[type]) : takeNumber(take, type)
    if (parameter === undefined) return undefined
    parameters.push(parameter)
  }
  return at === bytes.length ? parameters : undefined
}

type Take = (length: number) => Uint8Array | undefined

function takeNumber(take: Take, type: number): Parameter | undefined {
  const short = (bytes: Uint8Array, at: number) => ((bytes[at]! << 24) >> 16) | bytes[at + 1]!
  if (type === TYPE_NIBBLE.boolean || type === TYPE_NIBBLE.byte) {
    const byte = take(1)
    return byte && { words: [(byte[0]! << 24) >> 24] }
  }
  if (type === TYPE_NIBBLE.short) {
    const bytes = take(2)
    return bytes && { words: [short(bytes, 0)] }
  }
  if (type !== TYPE_NIBBLE.int) return undefined
  const bytes = take(4)
  return bytes && { words: [short(bytes, 0), short(bytes, 2)] }
}

function takeArray(take: Take, element: { kind: number; sizeBytes: number }): Parameter | undefined {
  const length = take(1)?.[0]
  if (length === undefined) return undefined
  if (length === NULL_ARRAY) return { words: [0] }
  const bytes = take(length * element.sizeBytes)
  return bytes && { kind: element.kind, bytes: bytes.slice() }
}

/** Arguments of a call, and what of them must be out of reach when it is over. */
export interface Arguments {
  readonly words: readonly number[]
  readonly arrays: readonly number[]
}

/**
 * The arguments of a call. Arrays are global ones, which end with the command; their contents lie on the stack below the
 * frames of the call.
 * @returns undefined if there is no room for them
 */
export function makeArguments(jcre: Jcre, parameters: readonly Parameter[]): Arguments | undefined {
  const { memory, machine } = jcre
  const words: number[] = []
  const arrays: number[] = []
  for (const one of parameters) {
    if ('words' in one) words.push(...one.words)
    else {
      const size = Math.ceil(one.bytes.length / 2)
      if (machine.stackTop + size > memory.i16.length) return undefined
      const address = machine.stackTop * 2
      memory.u8.set(swappedCells(one.bytes, one.kind), address)
      machine.stackTop += size
      const length = one.bytes.length / elementBytes(TYPE.array | one.kind)
      const handle = memory.newVolatile(JCRE_OWNER, address, TYPE.array | TYPE.global | one.kind, length)
      if (handle === 0) return undefined
      words.push(handle)
      arrays.push(handle)
    }
  }
  return { words, arrays }
}

/** The stack is used again: what made-up references would find there is an array of nothing. */
export function retireArguments({ memory }: Jcre, { arrays }: Arguments): void {
  for (const array of arrays) memory.i32[memory.handleTableTop - (array << 1) + 1]! &= ~LENGTH_MASK
}

// ---- responses

const tagged = (tag: number, ...parts: Uint8Array[]): Uint8Array => concatBytes(Uint8Array.of(tag), ...parts)
const shortBytes = (value: number): Uint8Array => Uint8Array.of(value >> 8, value)

export const errorResponse = (detail: number): Uint8Array => tagged(TAG.error, shortBytes(detail))
export const referenceResponse = (reference: Uint8Array): Uint8Array => tagged(TAG.normal, reference)

/** @returns undefined for a value that does not fit */
export function normalResponse(jcre: Jcre, type: number, value: number): Uint8Array | undefined {
  switch (type) {
    case TYPE_NIBBLE.void:
      return tagged(TAG.normal)
    case TYPE_NIBBLE.boolean:
    case TYPE_NIBBLE.byte:
      return tagged(TAG.normal, Uint8Array.of(value))
    case TYPE_NIBBLE.short:
      return tagged(TAG.normal, shortBytes(value))
    case TYPE_NIBBLE.int:
      return tagged(TAG.normal, shortBytes(value >> 16), shortBytes(value))
    default:
      return arrayResponse(jcre, value & 0xffff)
  }
}

function arrayResponse(jcre: Jcre, array: number): Uint8Array | undefined {
  if (array === 0) return tagged(TAG.normal, NULL_REFERENCE)
  const length = lengthOf(jcre, array)
  if (length >= NULL_ARRAY || array === APDU_BUFFER_HANDLE) return undefined
  const kind = (jcre.memory.word1(array) >>> 16) & 7
  const address = jcre.memory.addressOf(array)
  const bytes = jcre.memory.u8.slice(address, address + length * elementBytes(TYPE.array | kind))
  return tagged(TAG.normal, Uint8Array.of(length), swappedCells(bytes, kind))
}

// ---- exceptions

/** Numbers of exception classes. @source JCRE 3.1 §8.3.5.2 */
const EXCEPTION_TYPE: Readonly<Record<string, number>> = {
  'java/lang/Throwable': 0x00,
  'java/lang/ArithmeticException': 0x01,
  'java/lang/ArrayIndexOutOfBoundsException': 0x02,
  'java/lang/ArrayStoreException': 0x03,
  'java/lang/ClassCastException': 0x04,
  'java/lang/Exception': 0x05,
  'java/lang/IndexOutOfBoundsException': 0x06,
  'java/lang/NegativeArraySizeException': 0x07,
  'java/lang/NullPointerException': 0x08,
  'java/lang/RuntimeException': 0x09,
  'java/lang/SecurityException': 0x0a,
  'java/io/IOException': 0x0b,
  'java/rmi/RemoteException': 0x0c,
  'javacard/framework/APDUException': 0x20,
  'javacard/framework/CardException': 0x21,
  'javacard/framework/CardRuntimeException': 0x22,
  'javacard/framework/ISOException': 0x23,
  'javacard/framework/PINException': 0x24,
  'javacard/framework/SystemException': 0x25,
  'javacard/framework/TransactionException': 0x26,
  'javacard/framework/UserException': 0x27,
  'javacard/security/CryptoException': 0x30,
  'javacard/framework/service/ServiceException': 0x40,
  'javacardx/biometry/BioException': 0x50,
  'javacardx/external/ExternalException': 0x60,
  'javacardx/framework/tlv/TLVException': 0x70,
  'javacardx/framework/util/UtilException': 0x80,
}

/** A class without a number goes by that of the nearest one above. */
export function exceptionResponse(jcre: Jcre, thrown: number): Uint8Array {
  const linked = jcre.machine.classOf(thrown)
  const reason = jcre.reasonOf(thrown) ?? 0
  let nearest = linked
  while (EXCEPTION_TYPE[nearest.name] === undefined && nearest.superClass) nearest = nearest.superClass
  const tag = nearest === linked ? TAG.exception : TAG.exceptionSubclass
  return tagged(tag, Uint8Array.of(EXCEPTION_TYPE[nearest.name] ?? 0), shortBytes(reason))
}
