import { ByteWriter, concatBytes } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import type { CapFile, CustomComponent } from './cap-file.ts'
import { checkCapFile } from './check-cap-file.ts'
import { checkDirectory } from './check-directory.ts'
import { createDirectory, emitComponentInfo } from './component-info.ts'
import { COMPONENT_TAGS, COMPONENTS_IN_INSTALL_ORDER, type ComponentKind, sizeItemBytes } from './component-table.ts'
import { emitManifest } from './manifest.ts'
import { emitZip, type ZipFile } from './zip-archive.ts'

function framed(tag: number, info: Uint8Array, sizeBytes: 2 | 4): Uint8Array {
  if (sizeBytes === 2 && info.length > 0xffff) {
    throw new CapFormatError('CAP_TOO_LARGE', `component ${tag} of ${info.length} bytes, at most 65535`, { tag })
  }
  const writer = new ByteWriter().u8(tag)
  return (sizeBytes === 2 ? writer.u16(info.length) : writer.u32(info.length)).bytes(info).toBytes()
}

function framedComponent(cap: CapFile, kind: ComponentKind): Uint8Array | undefined {
  const info = emitComponentInfo(cap, kind.tag)
  return info && framed(kind.tag, info, sizeItemBytes(kind.tag, cap.header.flags))
}

function framedCustom(component: CustomComponent, flags: number): Uint8Array {
  return framed(component.tag, component.info, sizeItemBytes(component.tag, flags))
}

function checkBeforeEmit(cap: CapFile): void {
  // What was tolerated on the way in may go out again.
  checkCapFile(cap, { appletRidMayDiffer: true })
  checkDirectory(cap.directory, createDirectory(cap), cap)
}

/**
 * The CAP file as a ZIP: manifest, then the components in install order, all stored. The same package gives the same
 * bytes everywhere.
 *
 * @throws CapFormatError when the components do not agree (`checkCapFile`), or when Descriptor is missing, which a
 *   file must have
 */
export function emitCapFile(cap: CapFile): Uint8Array {
  checkBeforeEmit(cap)
  if (!cap.descriptor) {
    const place = { component: 'Descriptor', source: 'JCVM 3.1 §6.14' }
    throw new CapFormatError('CAP_COMPONENT_MISSING', 'a CAP file needs a Descriptor component', place)
  }
  const folder = cap.packagePath ? `${cap.packagePath}/javacard` : 'javacard'
  const files: ZipFile[] = [{ name: 'META-INF/MANIFEST.MF', content: emitManifest(cap) }]
  for (const kind of COMPONENTS_IN_INSTALL_ORDER) {
    const content = framedComponent(cap, kind)
    const suffix = sizeItemBytes(kind.tag, cap.header.flags) === 4 ? 'capx' : 'cap'
    if (content) files.push({ name: `${folder}/${kind.name}.${suffix}`, content })
  }
  cap.custom?.forEach((one, i) => {
    files.push({
      name: `${folder}/${one.fileName ?? `Custom${i + 1}.cap`}`,
      content: framedCustom(one, cap.header.flags),
    })
  })
  return emitZip(files)
}

/** Components never sent to a card. @source JCVM 3.1 §6.15 */
const OFF_CARD_TAGS: ReadonlySet<number> = new Set([COMPONENT_TAGS.debug])

/**
 * The load form: components in install order, then custom ones; without Debug, and without Descriptor unless asked for.
 *
 * @returns what a load file data block (tag C4) holds
 * @throws CapFormatError when the components do not agree
 * @source JCVM 3.1 §6.2 table 6-2
 */
export function emitComponents(cap: CapFile, options: { descriptor?: 'included' | 'omitted' } = {}): Uint8Array {
  checkBeforeEmit(cap)
  const omitted = options.descriptor === 'included' ? undefined : COMPONENT_TAGS.descriptor
  const kinds = COMPONENTS_IN_INSTALL_ORDER.filter(({ tag }) => !OFF_CARD_TAGS.has(tag) && tag !== omitted)
  const components = kinds.map((kind) => framedComponent(cap, kind) ?? new Uint8Array())
  return concatBytes(...components, ...(cap.custom ?? []).map((one) => framedCustom(one, cap.header.flags)))
}
