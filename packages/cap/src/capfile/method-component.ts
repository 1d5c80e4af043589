import { type ByteReader, ByteWriter } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import {
  type ExceptionHandler,
  METHOD_BLOCK_SPAN,
  METHOD_FLAGS,
  type MethodComponent,
  type MethodHeader,
} from './cap-file.ts'
import { emitInfo, type FormatNumber, isExtendedFormat, parseInfo, readMany } from './component-codec.ts'

const HANDLER_SIZE_BYTES = 8

/** Between blocks; no opcode, so that no method runs on into it. */
const FILLER = 0xff
const MOST_BLOCKS = 127
const BLOCK_OFFSET_BYTES = 4

/**
 * Splits off the handlers; the byte code stays in `info`, which is kept, not copied, in compact format.
 * @source JCVM 3.1 §6.10
 */
export function parseMethodComponent(info: Uint8Array, format: FormatNumber = 0): MethodComponent {
  return isExtendedFormat(format) ? joinBlocks(splitBlocks(info)) : { handlers: parseHandlers(info, 0), info }
}

/** The blocks of an extended component as they stand in it: without gaps, each behind the one before. */
function splitBlocks(info: Uint8Array): Uint8Array[] {
  const { starts, first } = parseInfo('Method', info, (reader) => {
    const starts = readMany(reader.u8(), () => reader.u32())
    const first = reader.offsetBytes
    reader.skip(reader.remaining)
    return { starts, first }
  })
  const isInOrder = starts.every((start, i) => (i === 0 ? start === first : start > starts[i - 1]!))
  if (!isInOrder) {
    throw badBlocks('the blocks do not follow each other')
  }
  return starts.map((start, i) => {
    const block = info.subarray(start, starts[i + 1] ?? info.length)
    if (start < info.length) return block
    throw badBlocks(`block ${i} is not there`)
  })
}

function badBlocks(message: string): CapFormatError {
  return new CapFormatError('CAP_BAD_METHOD', message, { component: 'Method', source: 'JCVM 3.1 §6.10' })
}

/**
 * An extended component of blocks, each shaped like the `info` of a compact one.
 * @throws CapFormatError
 */
export function joinBlocks(blocks: readonly Uint8Array[]): MethodComponent {
  if (blocks.length > MOST_BLOCKS) throw badBlocks(`${blocks.length} blocks, at most ${MOST_BLOCKS}`)
  const large = blocks.findIndex((one) => one.length >= METHOD_BLOCK_SPAN)
  if (large >= 0) throw badBlocks(`block ${large} has ${blocks[large]!.length} bytes`)
  const last = blocks.length - 1
  const info = new Uint8Array(Math.max(0, last) * METHOD_BLOCK_SPAN + (blocks[last]?.length ?? 0)).fill(FILLER)
  for (const [i, block] of blocks.entries()) info.set(block, i * METHOD_BLOCK_SPAN)
  return {
    handlers: blocks.flatMap((block, i) => parseHandlers(block, i * METHOD_BLOCK_SPAN)),
    info,
    blockSizesBytes: blocks.map((one) => one.length),
  }
}

function parseHandlers(block: Uint8Array, start: number): ExceptionHandler[] {
  const handlers = parseInfo('Method', block, (reader) => {
    const read = readMany(reader.u8(), () => readHandler(reader))
    reader.skip(reader.remaining)
    return read
  })
  if (start === 0) return handlers
  return handlers.map((one) => ({
    ...one,
    startOffset: start + one.startOffset,
    handlerOffset: start + one.handlerOffset,
  }))
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

/** The `info` item; refused when its blocks do not begin with the handlers. */
export function emitMethodComponent(component: MethodComponent): Uint8Array {
  const { blockSizesBytes, info } = component
  const blocks = blocksOf(component)
  let at = 0
  for (const [i, block] of blocks.entries()) {
    const start = i * METHOD_BLOCK_SPAN
    const own = component.handlers.slice(at, at + (block[0] ?? 0)).map((one) => ({
      ...one,
      startOffset: one.startOffset - start,
      handlerOffset: one.handlerOffset - start,
    }))
    at += own.length
    requireHandlers(block, own)
  }
  if (at !== component.handlers.length) requireHandlers(new Uint8Array(), component.handlers)
  if (blockSizesBytes === undefined) return info
  return emitInfo('Method', (writer) => {
    writer.u8(blocks.length)
    let offset = 1 + BLOCK_OFFSET_BYTES * blocks.length
    for (const block of blocks) {
      writer.u32(offset)
      offset += block.length
    }
    for (const block of blocks) writer.bytes(block)
  })
}

function blocksOf({ info, blockSizesBytes }: MethodComponent): Uint8Array[] {
  if (blockSizesBytes === undefined) return [info]
  return blockSizesBytes.map((size, i) => info.subarray(i * METHOD_BLOCK_SPAN, i * METHOD_BLOCK_SPAN + size))
}

function requireHandlers(block: Uint8Array, handlers: readonly ExceptionHandler[]): void {
  if (emitHandlers(handlers).some((byte, i) => block[i] !== byte)) {
    throw new CapFormatError('CAP_BAD_HANDLER', 'info does not begin with the handlers', { component: 'Method' })
  }
}

/** The block of an offset: where it begins, where its first method can, and where it ends. */
export function blockOf(
  { info, blockSizesBytes, handlers }: MethodComponent,
  methodOffset: number,
): { readonly start: number; readonly firstMethod: number; readonly end: number } {
  if (blockSizesBytes === undefined) {
    return { start: 0, firstMethod: 1 + handlers.length * HANDLER_SIZE_BYTES, end: info.length }
  }
  const block = Math.floor(methodOffset / METHOD_BLOCK_SPAN)
  const start = block * METHOD_BLOCK_SPAN
  const firstMethod = start + 1 + (info[start] ?? 0) * HANDLER_SIZE_BYTES
  return { start, firstMethod, end: start + (blockSizesBytes[block] ?? 0) }
}

/** All blocks, of a compact component the one that it is. */
export function blockRanges(component: MethodComponent): ReturnType<typeof blockOf>[] {
  const count = component.blockSizesBytes?.length ?? 1
  return Array.from({ length: count }, (_, i) => blockOf(component, i * METHOD_BLOCK_SPAN))
}

/** Where the first method can begin. */
export function firstMethodOffset(component: MethodComponent): number {
  return blockOf(component, 0).firstMethod
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
  const { firstMethod, end } = blockOf(component, methodOffset)
  if (!Number.isInteger(methodOffset) || methodOffset < firstMethod || codeOffset > end) {
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
