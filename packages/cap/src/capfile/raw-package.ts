import { CapFormatError } from '../errors.ts'
import { parseAppletComponent } from './applet-component.ts'
import type { CapFile, CustomComponent, CustomComponentInfo, DirectoryComponent } from './cap-file.ts'
import { checkDirectory } from './check-directory.ts'
import { parseClassComponent } from './class-component.ts'
import { layoutNumber } from './component-codec.ts'
import { COMPONENT_TAGS, COMPONENTS_IN_INSTALL_ORDER } from './component-table.ts'
import { parseConstantPool } from './constant-pool.ts'
import { parseDescriptor } from './descriptor-component.ts'
import { parseDirectory, staticFieldSizeOf } from './directory.ts'
import { parseExportComponent } from './export-component.ts'
import { parseHeader } from './header.ts'
import { parseImports } from './import-component.ts'
import { parseMethodComponent } from './method-component.ts'
import { parseReferenceLocation } from './reference-location.ts'
import { parseStaticFieldComponent } from './static-field-component.ts'
import { parseStaticResources } from './static-resources.ts'

/** `info` items by tag, before they are understood. */
export interface RawPackage {
  readonly packagePath?: string
  /** Tags 1..13. */
  readonly infos: ReadonlyMap<number, Uint8Array>
  readonly custom: readonly RawCustomComponent[]
}

export type RawCustomComponent = Omit<CustomComponent, 'aid'>

/** Parses each component; how they fit together is looked at by `checkCapFile`. */
export function parseRawPackage(raw: RawPackage): CapFile {
  const header = parseHeader(requireComponent(raw, COMPONENT_TAGS.header))
  const format = layoutNumber(header)
  const directory = parseDirectory(requireComponent(raw, COMPONENT_TAGS.directory), format)
  const applet = raw.infos.get(COMPONENT_TAGS.applet)
  const exported = raw.infos.get(COMPONENT_TAGS.export)
  const descriptor = raw.infos.get(COMPONENT_TAGS.descriptor)
  const debug = raw.infos.get(COMPONENT_TAGS.debug)
  const staticResources = raw.infos.get(COMPONENT_TAGS.staticResources)
  const custom = nameCustomComponents(raw.custom, directory.custom)
  const methods = parseMethodComponent(requireComponent(raw, COMPONENT_TAGS.method), format)
  const cap: CapFile = {
    ...(raw.packagePath !== undefined && { packagePath: raw.packagePath }),
    header,
    directory,
    ...(applet && { applet: parseAppletComponent(applet, format) }),
    imports: parseImports(requireComponent(raw, COMPONENT_TAGS.import)),
    constantPool: parseConstantPool(requireComponent(raw, COMPONENT_TAGS.constantPool), format),
    classes: parseClassComponent(requireComponent(raw, COMPONENT_TAGS.class), format),
    methods,
    staticFields: parseStaticFieldComponent(requireComponent(raw, COMPONENT_TAGS.staticField)),
    referenceLocation: parseReferenceLocation(requireComponent(raw, COMPONENT_TAGS.referenceLocation), format),
    ...(exported && { export: parseExportComponent(exported, format) }),
    ...(descriptor && { descriptor: parseDescriptor(descriptor, format, methods) }),
    ...(debug && { debug }),
    ...(staticResources && { staticResources: parseStaticResources(staticResources) }),
    ...(custom.length > 0 && { custom }),
  }
  checkDirectory(directory, directoryOf(raw, cap), cap)
  return cap
}

/** Directory as the bytes are, which need not be as we would write them. */
function directoryOf(raw: RawPackage, cap: CapFile): DirectoryComponent {
  return {
    componentSizesBytes: Array.from({ length: COMPONENT_TAGS.descriptor }, (_, i) => raw.infos.get(i + 1)?.length ?? 0),
    debugSizeBytes: raw.infos.get(COMPONENT_TAGS.debug)?.length ?? 0,
    staticResourceSizeBytes: raw.infos.get(COMPONENT_TAGS.staticResources)?.length ?? 0,
    staticFieldSize: staticFieldSizeOf(cap.staticFields),
    importCount: cap.imports.length,
    appletCount: cap.applet?.applets.length ?? 0,
    ...(cap.methods.blockSizesBytes && { methodBlockCount: cap.methods.blockSizesBytes.length }),
    custom: (cap.custom ?? []).map(({ tag, aid, info }) => ({ tag, aid, sizeBytes: info.length })),
  }
}

function requireComponent(raw: RawPackage, tag: number): Uint8Array {
  const info = raw.infos.get(tag)
  if (info) return info
  const component = COMPONENTS_IN_INSTALL_ORDER.find((one) => one.tag === tag)!.name
  throw new CapFormatError('CAP_COMPONENT_MISSING', `no ${component} component`, { component })
}

/** A custom component is known by the AID that Directory gives for its tag; the n-th of a tag takes the n-th AID. */
function nameCustomComponents(
  custom: readonly RawCustomComponent[],
  infos: readonly CustomComponentInfo[],
): CustomComponent[] {
  const free = [...infos]
  return custom.map((one) => {
    const index = free.findIndex((info) => info.tag === one.tag)
    const [info] = index < 0 ? [] : free.splice(index, 1)
    if (info) return { ...one, aid: info.aid }
    throw new CapFormatError('CAP_DIRECTORY_MISMATCH', `custom component ${one.tag} is not in Directory`, {
      component: 'Directory',
    })
  })
}
