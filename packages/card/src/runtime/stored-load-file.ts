import { type CapFile, createDirectory, emitComponents } from '@gridcard/cap'

/**
 * A package as the card keeps it: what linking needs, and nothing else. Where constant pool indices stand in Method is known
 * from the instructions, and the values of static arrays are copied out when the package comes; the two are a seventh of a
 * package. Descriptor, Debug and custom components are not kept either.
 *
 * @returns components in install order, sound in themselves
 * @source JCVM 3.1 §6.2, §6.11, §6.12
 */
export function emitStoredLoadFile(cap: CapFile): Uint8Array {
  const { descriptor: _descriptor, debug: _debug, custom: _custom, ...parts } = cap
  const kept = {
    ...parts,
    referenceLocation: { byteIndexOffsets: [], byte2IndexOffsets: [] },
    staticFields: { ...parts.staticFields, arrayInits: [] },
  }
  return emitComponents({ ...kept, directory: createDirectory(kept) })
}
