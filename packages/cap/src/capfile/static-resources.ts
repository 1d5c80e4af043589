import type { CapFile, StaticResourceComponent } from './cap-file.ts'
import { emitInfo, parseInfo, readMany } from './component-codec.ts'
import { COMPONENT_TAGS, sizeItemBytes } from './component-table.ts'

/** @source JCVM 3.1 §6.16; no file seen exercises it */
export function parseStaticResources(info: Uint8Array): StaticResourceComponent {
  return parseInfo('StaticResources', info, (reader) => {
    const directory = readMany(reader.u16(), () => ({ resourceId: reader.u16(), sizeBytes: reader.u32() }))
    return {
      resources: directory.map(({ resourceId, sizeBytes }) => ({ resourceId, content: reader.take(sizeBytes) })),
    }
  })
}

/** Bytes of the size item and of the count of resources; an entry of the directory of resources. */
const COUNT_BYTES = 2
const ENTRY_BYTES = 6

/**
 * Where the content of each resource stands in the load form that `cap` was parsed from; a card keeps it there.
 * @param components tag, size and info of one component after the other, sound since they were parsed
 */
export function locateStaticResources(
  components: Uint8Array,
  cap: CapFile,
): Map<number, { readonly offsetBytes: number; readonly sizeBytes: number }> {
  const found = new Map<number, { readonly offsetBytes: number; readonly sizeBytes: number }>()
  if (cap.staticResources === undefined) return found
  const view = new DataView(components.buffer, components.byteOffset, components.byteLength)
  let at = 0
  for (;;) {
    const tag = components[at]!
    const sizeBytes = sizeItemBytes(tag, cap.header.flags)
    const info = at + 1 + sizeBytes
    if (tag === COMPONENT_TAGS.staticResources) {
      const { resources } = cap.staticResources
      let offsetBytes = info + COUNT_BYTES + ENTRY_BYTES * resources.length
      for (const { resourceId, content } of resources) {
        found.set(resourceId, { offsetBytes, sizeBytes: content.length })
        offsetBytes += content.length
      }
      return found
    }
    at = info + (sizeBytes === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1))
  }
}

export function emitStaticResources(component: StaticResourceComponent): Uint8Array {
  return emitInfo('StaticResources', (writer) => {
    writer.u16(component.resources.length)
    for (const { resourceId, content } of component.resources) writer.u16(resourceId).u32(content.length)
    for (const { content } of component.resources) writer.bytes(content)
  })
}
