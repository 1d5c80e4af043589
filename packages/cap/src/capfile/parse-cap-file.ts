import { ByteReader, BytesError } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import type { CapFile } from './cap-file.ts'
import { type CapQuirks, checkCapFile } from './check-cap-file.ts'
import {
  COMPONENT_TAGS,
  type ComponentKind,
  componentByName,
  componentByTag,
  sizeItemBytes,
} from './component-table.ts'
import { parseHeader } from './header.ts'
import { parseRawPackage, type RawCustomComponent } from './raw-package.ts'
import { createUnpacker, listZipEntries, type ZipEntry } from './zip-archive.ts'

const FIRST_CUSTOM_TAG = 128

/** A component entry of the archive: `<folder>/<name>.cap` or `.capx`. */
interface ComponentEntry {
  readonly entry: ZipEntry
  readonly folder: string
  readonly fileName: string
  readonly kind: ComponentKind | undefined
}

function componentEntries(archive: Uint8Array): ComponentEntry[] {
  const found: ComponentEntry[] = []
  for (const entry of listZipEntries(archive)) {
    const [, folder, fileName, base] = /^(?:(.*)\/)?(([^/]*)\.capx?)$/i.exec(entry.name) ?? []
    if (fileName !== undefined && base !== undefined) {
      found.push({ entry, folder: folder ?? '', fileName, kind: componentByName(base) })
    }
  }
  return found
}

/**
 * Reads a CAP file of format 2.1, 2.2 or 2.3, compact or extended, and checks that its components agree (`checkCapFile`).
 * Component names are compared without case; other entries of the archive are ignored.
 *
 * @throws CapFormatError
 * @source JCVM 3.1 §4.1, ch. 6
 */
export function parseCapFile(archive: Uint8Array, quirks: CapQuirks = {}): CapFile {
  const entries = componentEntries(archive)
  const header = entries.find((one) => one.kind?.tag === COMPONENT_TAGS.header)
  if (!header)
    throw new CapFormatError('CAP_COMPONENT_MISSING', 'no Header.cap in the archive', { component: 'Header' })
  const unpack = createUnpacker(archive)
  const infos = new Map<number, Uint8Array>()
  const custom: RawCustomComponent[] = []
  let flags = 0
  // Header first: it says whether the other components have the layout we know.
  for (const one of [header, ...entries.filter((other) => other !== header)]) {
    if (one.folder !== header.folder) {
      const message = `components in two folders: ${header.folder} and ${one.folder}`
      throw new CapFormatError('CAP_COMPONENT_DUPLICATE', message, { entry: one.entry.name })
    }
    const { tag, info } = splitComponent(unpack(one.entry), one, flags)
    if (one.kind) {
      requireNew(infos, one.kind)
      infos.set(tag, info)
      if (one === header) flags = parseHeader(info).flags
    } else {
      custom.push({ tag, info, fileName: one.fileName })
    }
  }
  const cap = parseRawPackage({ packagePath: header.folder.replace(/(^|\/)javacard$/i, ''), infos, custom })
  checkCapFile(cap, quirks)
  return cap
}

function requireNew(infos: ReadonlyMap<number, Uint8Array>, kind: ComponentKind): void {
  if (!infos.has(kind.tag)) return
  throw new CapFormatError('CAP_COMPONENT_DUPLICATE', `two ${kind.name} components`, { component: kind.name })
}

/** The file is exactly tag, size and `info`, and the tag is the one its name stands for. */
function splitComponent(
  bytes: Uint8Array,
  { kind, fileName }: ComponentEntry,
  flags: number,
): { tag: number; info: Uint8Array } {
  const place = { entry: fileName }
  const sizeBytes = sizeItemBytes(kind?.tag ?? FIRST_CUSTOM_TAG, flags)
  if (bytes.length < 1 + sizeBytes) throw new CapFormatError('CAP_TRUNCATED', `${fileName} is too short`, place)
  const tag = bytes[0]!
  if (kind ? tag !== kind.tag : tag < FIRST_CUSTOM_TAG) {
    throw new CapFormatError('CAP_COMPONENT_TAG', `${fileName} holds a component with tag ${tag}`, place)
  }
  const reader = new ByteReader(bytes, 1)
  const size = sizeBytes === 2 ? reader.u16() : reader.u32()
  if (size !== reader.remaining) {
    const message = `${fileName} says ${size} bytes and has ${reader.remaining}`
    throw new CapFormatError('CAP_COMPONENT_SIZE', message, place)
  }
  return { tag, info: reader.rest() }
}

/**
 * Reads the load form: components one after the other, each with tag and size, Header first. Descriptor may be missing,
 * as it often is on its way to a card.
 *
 * @param bytes the content of a load file data block (tag C4), without its tag and length
 * @throws CapFormatError
 * @source JCVM 3.1 §6.2; GPC 2.3.1 §11.6.2.3
 */
export function parseComponents(bytes: Uint8Array, quirks: CapQuirks = {}): CapFile {
  const infos = new Map<number, Uint8Array>()
  const custom: RawCustomComponent[] = []
  const reader = new ByteReader(bytes)
  try {
    let flags = 0
    while (!reader.isAtEnd) flags = readComponent(reader, infos, custom, flags)
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    const place = { offsetBytes: reader.offsetBytes }
    throw new CapFormatError('CAP_TRUNCATED', 'the last component is cut short', place, { cause })
  }
  const cap = parseRawPackage({ infos, custom })
  checkCapFile(cap, quirks)
  return cap
}

/** @returns the flags of the Header, which comes first */
function readComponent(
  reader: ByteReader,
  infos: Map<number, Uint8Array>,
  custom: RawCustomComponent[],
  flags: number,
): number {
  const offsetBytes = reader.offsetBytes
  const tag = reader.u8()
  const kind = componentByTag(tag)
  if (!kind && tag < FIRST_CUSTOM_TAG) {
    throw new CapFormatError('CAP_COMPONENT_TAG', `unknown component tag ${tag}`, { offsetBytes })
  }
  if (offsetBytes === 0 && tag !== COMPONENT_TAGS.header) {
    throw new CapFormatError('CAP_COMPONENT_ORDER', 'the first component is not Header', { offsetBytes })
  }
  const info = reader.take(sizeItemBytes(tag, flags) === 4 ? reader.u32() : reader.u16())
  if (!kind) {
    custom.push({ tag, info })
    return flags
  }
  requireNew(infos, kind)
  infos.set(tag, info)
  return tag === COMPONENT_TAGS.header ? parseHeader(info).flags : flags
}
