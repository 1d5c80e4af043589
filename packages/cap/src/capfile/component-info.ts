import { emitAppletComponent } from './applet-component.ts'
import type { CapFile, CapFileParts, DirectoryComponent } from './cap-file.ts'
import { emitClassComponent } from './class-component.ts'
import { FORMAT_2_2, FORMAT_2_3, layoutNumber } from './component-codec.ts'
import { COMPONENT_TAGS } from './component-table.ts'
import { emitConstantPool } from './constant-pool.ts'
import { emitDescriptor } from './descriptor-component.ts'
import { emitDirectory, staticFieldSizeOf } from './directory.ts'
import { emitExportComponent } from './export-component.ts'
import { emitHeader } from './header.ts'
import { emitImports } from './import-component.ts'
import { emitMethodComponent } from './method-component.ts'
import { emitReferenceLocation } from './reference-location.ts'
import { emitStaticFieldComponent } from './static-field-component.ts'
import { emitStaticResources } from './static-resources.ts'

/** The `info` item of the component with this tag; undefined when the package has no such component. */
export function emitComponentInfo(cap: CapFileParts & { readonly directory?: DirectoryComponent }, tag: number) {
  const format = layoutNumber(cap.header)
  switch (tag) {
    case COMPONENT_TAGS.header:
      return emitHeader(cap.header)
    case COMPONENT_TAGS.directory:
      return cap.directory && emitDirectory(cap.directory, format)
    case COMPONENT_TAGS.applet:
      return cap.applet && emitAppletComponent(cap.applet, format)
    case COMPONENT_TAGS.import:
      return emitImports(cap.imports)
    case COMPONENT_TAGS.constantPool:
      return emitConstantPool(cap.constantPool, format)
    case COMPONENT_TAGS.class:
      return emitClassComponent(cap.classes, format)
    case COMPONENT_TAGS.method:
      return emitMethodComponent(cap.methods)
    case COMPONENT_TAGS.staticField:
      return emitStaticFieldComponent(cap.staticFields)
    case COMPONENT_TAGS.referenceLocation:
      return emitReferenceLocation(cap.referenceLocation, cap.methods.blockSizesBytes?.length)
    case COMPONENT_TAGS.export:
      return cap.export && emitExportComponent(cap.export, format)
    case COMPONENT_TAGS.descriptor:
      return cap.descriptor && emitDescriptor(cap.descriptor, format, cap.methods)
    case COMPONENT_TAGS.debug:
      return cap.debug
    case COMPONENT_TAGS.staticResources:
      return cap.staticResources && emitStaticResources(cap.staticResources)
    default:
      return undefined
  }
}

/**
 * Completes a package with its Directory: sizes and counts of everything else.
 * @throws CapFormatError when a component does not fit the format
 */
export function withDirectory(parts: CapFileParts): CapFile {
  return { ...parts, directory: createDirectory(parts) }
}

/** @source JCVM 3.1 §6.5 */
export function createDirectory(parts: CapFileParts): DirectoryComponent {
  const format = layoutNumber(parts.header)
  const sizeOf = (tag: number) => emitComponentInfo(parts, tag)?.length ?? 0
  const withoutDirectory: DirectoryComponent = {
    componentSizesBytes: Array.from({ length: 11 }, (_, i) => sizeOf(i + 1)),
    ...(format >= FORMAT_2_2 && { debugSizeBytes: sizeOf(COMPONENT_TAGS.debug) }),
    ...(format >= FORMAT_2_3 && { staticResourceSizeBytes: sizeOf(COMPONENT_TAGS.staticResources) }),
    staticFieldSize: staticFieldSizeOf(parts.staticFields),
    importCount: parts.imports.length,
    appletCount: parts.applet?.applets.length ?? 0,
    ...(parts.methods.blockSizesBytes && { methodBlockCount: parts.methods.blockSizesBytes.length }),
    custom: (parts.custom ?? []).map(({ tag, aid, info }) => ({ tag, aid, sizeBytes: info.length })),
  }
  const ownSize = emitDirectory(withoutDirectory, format).length
  const componentSizesBytes = withoutDirectory.componentSizesBytes.with(COMPONENT_TAGS.directory - 1, ownSize)
  return { ...withoutDirectory, componentSizesBytes }
}
