import { parseAppletComponent } from '../capfile/applet-component.ts'
import type { CapFile } from '../capfile/cap-file.ts'
import { parseClassComponent } from '../capfile/class-component.ts'
import { layoutNumber } from '../capfile/component-codec.ts'
import { createDirectory } from '../capfile/component-info.ts'
import { COMPONENT_TAGS } from '../capfile/component-table.ts'
import { parseConstantPool } from '../capfile/constant-pool.ts'
import { parseDescriptor } from '../capfile/descriptor-component.ts'
import { parseDirectory } from '../capfile/directory.ts'
import { parseExportComponent } from '../capfile/export-component.ts'
import { parseHeader } from '../capfile/header.ts'
import { parseImports } from '../capfile/import-component.ts'
import { parseMethodComponent } from '../capfile/method-component.ts'
import { parseReferenceLocation } from '../capfile/reference-location.ts'
import { parseStaticFieldComponent } from '../capfile/static-field-component.ts'
import { parseStaticResources } from '../capfile/static-resources.ts'

/** Puts components given as bytes in the place of those made from text; Directory then follows, unless given too. */
export function replaceRawComponents(cap: CapFile, raw: ReadonlyMap<number, Uint8Array>): CapFile {
  if (raw.size === 0) return cap
  let replaced = cap
  for (const [tag, info] of raw) replaced = { ...replaced, ...rawComponent(tag, info, cap) }
  const directory = raw.get(COMPONENT_TAGS.directory)
  const format = layoutNumber(replaced.header)
  return { ...replaced, directory: directory ? parseDirectory(directory, format) : createDirectory(replaced) }
}

function rawComponent(tag: number, info: Uint8Array, { header, methods }: CapFile): Partial<CapFile> {
  const format = layoutNumber(header)
  switch (tag) {
    case COMPONENT_TAGS.header:
      return { header: parseHeader(info) }
    case COMPONENT_TAGS.applet:
      return { applet: parseAppletComponent(info, format) }
    case COMPONENT_TAGS.import:
      return { imports: parseImports(info) }
    case COMPONENT_TAGS.constantPool:
      return { constantPool: parseConstantPool(info, format) }
    case COMPONENT_TAGS.class:
      return { classes: parseClassComponent(info, format) }
    case COMPONENT_TAGS.method:
      return { methods: parseMethodComponent(info, format) }
    case COMPONENT_TAGS.staticField:
      return { staticFields: parseStaticFieldComponent(info) }
    case COMPONENT_TAGS.referenceLocation:
      return { referenceLocation: parseReferenceLocation(info, format) }
    case COMPONENT_TAGS.export:
      return { export: parseExportComponent(info, format) }
    case COMPONENT_TAGS.descriptor:
      return { descriptor: parseDescriptor(info, format, methods) }
    case COMPONENT_TAGS.debug:
      return { debug: info }
    case COMPONENT_TAGS.staticResources:
      return { staticResources: parseStaticResources(info) }
    default:
      return {}
  }
}
