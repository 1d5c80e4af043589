import { CapFormatError } from '../errors.ts'
import type { AppletComponent } from './cap-file.ts'
import {
  emitInfo,
  type FormatNumber,
  parseInfo,
  readAid,
  readMany,
  readMethodOffset,
  writeAid,
  writeMethodOffset,
} from './component-codec.ts'

/** @source JCVM 3.1 §6.6 */
export function parseAppletComponent(info: Uint8Array, format: FormatNumber): AppletComponent {
  return parseInfo('Applet', info, (reader) => {
    const count = reader.u8()
    if (count === 0) throw new CapFormatError('CAP_BAD_COUNT', 'Applet lists no applet', { component: 'Applet' })
    return {
      applets: readMany(count, () => ({
        aid: readAid(reader, 'Applet'),
        installMethodOffset: readMethodOffset(reader, format),
      })),
    }
  })
}

export function emitAppletComponent(component: AppletComponent, format: FormatNumber): Uint8Array {
  return emitInfo('Applet', (writer) => {
    writer.u8(component.applets.length)
    for (const applet of component.applets) {
      writeAid(writer, applet.aid, 'Applet')
      writeMethodOffset(writer, applet.installMethodOffset, format)
    }
  })
}
