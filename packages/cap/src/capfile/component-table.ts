import { HEADER_FLAGS } from './cap-file.ts'

/** Component tags. @source JCVM 3.1 table 6-1 */
export const COMPONENT_TAGS = {
  header: 1,
  directory: 2,
  applet: 3,
  import: 4,
  constantPool: 5,
  class: 6,
  method: 7,
  staticField: 8,
  referenceLocation: 9,
  export: 10,
  descriptor: 11,
  debug: 12,
  staticResources: 13,
} as const

export interface ComponentKind {
  readonly tag: number
  /** Entry name in the ZIP without folder and suffix; compared without case. */
  readonly name: string
  /** Compact components have a two-byte size item, static resources a four-byte one. */
  readonly sizeBytes: 2 | 4
}

/** In the order in which a card is sent them. @source JCVM 3.1 table 6-2, reference component install order */
export const COMPONENTS_IN_INSTALL_ORDER: readonly ComponentKind[] = [
  { tag: COMPONENT_TAGS.header, name: 'Header', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.directory, name: 'Directory', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.import, name: 'Import', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.applet, name: 'Applet', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.class, name: 'Class', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.method, name: 'Method', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.staticField, name: 'StaticField', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.export, name: 'Export', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.constantPool, name: 'ConstantPool', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.referenceLocation, name: 'RefLocation', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.staticResources, name: 'StaticResources', sizeBytes: 4 },
  { tag: COMPONENT_TAGS.descriptor, name: 'Descriptor', sizeBytes: 2 },
  { tag: COMPONENT_TAGS.debug, name: 'Debug', sizeBytes: 2 },
]

/** The component of a tag 1..13; undefined for custom and unknown tags. */
export function componentByTag(tag: number): ComponentKind | undefined {
  return COMPONENTS_IN_INSTALL_ORDER.find((one) => one.tag === tag)
}

/** Components whose size item, and file name, differ in the extended format; custom ones do, too. @source JCVM 3.1 §6.3 */
const EXTENDED_TAGS: ReadonlySet<number> = new Set([
  COMPONENT_TAGS.method,
  COMPONENT_TAGS.referenceLocation,
  COMPONENT_TAGS.descriptor,
  COMPONENT_TAGS.debug,
])
const FIRST_CUSTOM_TAG = 128

/** Width of a component's size item. @param flags of the Header */
export function sizeItemBytes(tag: number, flags: number): 2 | 4 {
  const isExtended = (flags & HEADER_FLAGS.ACC_EXTENDED) !== 0
  if (isExtended && (EXTENDED_TAGS.has(tag) || tag >= FIRST_CUSTOM_TAG)) return 4
  return componentByTag(tag)?.sizeBytes ?? 2
}

/** @param name without suffix, in any case */
export function componentByName(name: string): ComponentKind | undefined {
  const wanted = name.toLowerCase()
  return COMPONENTS_IN_INSTALL_ORDER.find((one) => one.name.toLowerCase() === wanted)
}
