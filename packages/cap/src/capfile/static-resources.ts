import type { StaticResourceComponent } from './cap-file.ts'
import { emitInfo, parseInfo, readMany } from './component-codec.ts'

/** @source JCVM 3.1 §6.16; no file seen exercises it */
export function parseStaticResources(info: Uint8Array): StaticResourceComponent {
  return parseInfo('StaticResources', info, (reader) => {
    const directory = readMany(reader.u16(), () => ({ resourceId: reader.u16(), sizeBytes: reader.u32() }))
    return {
      resources: directory.map(({ resourceId, sizeBytes }) => ({ resourceId, content: reader.take(sizeBytes) })),
    }
  })
}

export function emitStaticResources(component: StaticResourceComponent): Uint8Array {
  return emitInfo('StaticResources', (writer) => {
    writer.u16(component.resources.length)
    for (const { resourceId, content } of component.resources) writer.u16(resourceId).u32(content.length)
    for (const { content } of component.resources) writer.bytes(content)
  })
}
