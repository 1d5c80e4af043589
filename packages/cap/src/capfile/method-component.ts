import { type ByteReader, ByteWriter } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import { type ExceptionHandler, METHOD_FLAGS, type MethodComponent, type MethodHeader } from './cap-file.ts'
import { emitInfo, parseInfo, readMany } from './component-codec.ts'

const HANDLER_SIZE_BYTES = 8

/** Splits off the handlers; the byte code stays in `info`, which is kept, not copied. @source JCVM 3.1 §6.10 */
export function parseMethodComponent(info: Uint8Array): MethodComponent {
  const handlers = parseInfo('Method', info, (reader) => {
    const read = readMany(reader.u8(), () => readHandler(reader))
    reader.skip(reader.remaining)
    return read
  })
  return { handlers, info }
}

function readHandler(reader: ByteReader): ExceptionHandler {
  const startOffset = reader.u16()
  const bitfield = reader.u16()
  return {
    startOffset,
    activeLengthBytes: bitfield & 0x7fff,
    stop: (bitfield & 0x8000) !== 0,
    handlerOffset: reader.u16(),
    catchTypeIndex: reader.u16(),
  }
}

/** handler_count and the handlers: what stands before the first method. */
export function emitHandlers(handlers: readonly ExceptionHandler[]): Uint8Array {
  return emitInfo('Method', (writer) => {
    writer.u8(handlers.length)
    for (const one of handlers) {
      if (one.activeLengthBytes > 0x7fff) {
        throw new CapFormatError('CAP_VALUE_RANGE', `active length ${one.activeLengthBytes} above 32767`, {
          component: 'Method',
          offsetBytes: writer.length,
        })
      }
      writer.u16(one.startOffset).u16((one.stop ? 0x8000 : 0) | one.activeLengthBytes)
      writer.u16(one.handlerOffset).u16(one.catchTypeIndex)
    }
  })
}

/** The `info` item; refused when it does not begin with the handlers. */
export function emitMethodComponent(component: MethodComponent): Uint8Array {
  const handlers = emitHandlers(component.handlers)
  if (handlers.some((byte, i) => component.info[i] !== byte)) {
    throw new CapFormatError('CAP_BAD_HANDLER', 'info does not begin with the handlers', { component: 'Method' })
  }
  return component.info
}

/** Where the first method can begin. */
export function firstMethodOffset(component: MethodComponent): number {
  return 1 + component.handlers.length * HANDLER_SIZE_BYTES
}

/**
 * The header at `methodOffset`, the value method references hold.
 * @throws CapFormatError `CAP_BAD_METHOD` when no header fits there
 * @source JCVM 3.1 §6.10.2
 */
export function readMethodHeader(component: MethodComponent, methodOffset: number): MethodHeader {
  const { info } = component
  const first = info[methodOffset] ?? 0
  const isExtended = (first & 0x80) !== 0
  const codeOffset = methodOffset + (isExtended ? 4 : 2)
  if (!Number.isInteger(methodOffset) || methodOffset < firstMethodOffset(component) || codeOffset > info.length) {
    throw new CapFormatError('CAP_BAD_METHOD', `no method header at offset ${methodOffset}`, {
      component: 'Method',
      offsetBytes: methodOffset,
    })
  }
  const flags = first >> 4
  const second = info[methodOffset + 1]!
  if (flags & 0x3 || (isExtended && first & 0x0f)) {
    throw new CapFormatError('CAP_BAD_METHOD', `reserved bits ${first.toString(16)} in a method header`, {
      component: 'Method',
      offsetBytes: methodOffset,
    })
  }
  if (!isExtended) {
    const maxStack = first & 0x0f
    return { offset: methodOffset, codeOffset, flags, maxStack, nargs: second >> 4, maxLocals: second & 0x0f }
  }
  const [nargs, maxLocals] = [info[methodOffset + 2]!, info[methodOffset + 3]!]
  return { offset: methodOffset, codeOffset, flags, maxStack: second, nargs, maxLocals }
}

/** The shortest header, or the long form when `flags` already has ACC_EXTENDED. */
export function emitMethodHeader(header: Omit<MethodHeader, 'offset' | 'codeOffset'>): Uint8Array {
  const { flags, maxStack, nargs, maxLocals } = header
  return emitInfo('Method', (writer) => {
    const isShort = maxStack <= 15 && nargs <= 15 && maxLocals <= 15 && !(flags & METHOD_FLAGS.ACC_EXTENDED)
    if (isShort) {
      writer.u8((flags << 4) | maxStack).u8((nargs << 4) | maxLocals)
    } else {
      const longFlags = flags | METHOD_FLAGS.ACC_EXTENDED
      writer.u8(longFlags << 4)
      writer.u8(maxStack).u8(nargs).u8(maxLocals)
    }
  })
}

/** Handlers followed by the given methods, one after the other. */
export function joinMethods(handlers: readonly ExceptionHandler[], methods: readonly Uint8Array[]): MethodComponent {
  const writer = new ByteWriter().bytes(emitHandlers(handlers))
  for (const method of methods) writer.bytes(method)
  return { handlers, info: writer.toBytes() }
}
