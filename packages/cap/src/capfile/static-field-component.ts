import type { ByteReader } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import { type ArrayInitInfo, STATIC_ARRAY_TYPES, type StaticFieldComponent } from './cap-file.ts'
import { emitInfo, parseInfo, readMany } from './component-codec.ts'

const ELEMENT_SIZE_BYTES: Readonly<Record<number, number>> = {
  [STATIC_ARRAY_TYPES.boolean]: 1,
  [STATIC_ARRAY_TYPES.byte]: 1,
  [STATIC_ARRAY_TYPES.short]: 2,
  [STATIC_ARRAY_TYPES.int]: 4,
}

/** @source JCVM 3.1 §6.11 */
export function parseStaticFieldComponent(info: Uint8Array): StaticFieldComponent {
  return parseInfo('StaticField', info, (reader) => {
    const imageSizeBytes = reader.u16()
    const referenceCount = reader.u16()
    const arrayInits = readMany(reader.u16(), () => readArrayInit(reader))
    const defaultValueCount = reader.u16()
    const nonDefaultValues = reader.take(reader.u16())
    const component = { imageSizeBytes, referenceCount, arrayInits, defaultValueCount, nonDefaultValues }
    requireStaticImage(component)
    return component
  })
}

function readArrayInit(reader: ByteReader): ArrayInitInfo {
  return { type: reader.u8(), values: reader.take(reader.u16()) }
}

/** The identities that hold between the counts. */
export function requireStaticImage(component: StaticFieldComponent): void {
  const { imageSizeBytes, referenceCount, arrayInits, defaultValueCount, nonDefaultValues } = component
  const place = { component: 'StaticField', source: 'JCVM 3.1 §6.11' }
  const sum = 2 * referenceCount + defaultValueCount + nonDefaultValues.length
  if (imageSizeBytes !== sum) {
    const message = `image of ${imageSizeBytes} bytes, its parts take ${sum}`
    throw new CapFormatError('CAP_BAD_STATIC_IMAGE', message, place)
  }
  if (arrayInits.length > referenceCount) {
    const message = `${arrayInits.length} array initialisers for ${referenceCount} references`
    throw new CapFormatError('CAP_BAD_STATIC_IMAGE', message, place)
  }
  for (const { type, values } of arrayInits) {
    const elementSize = ELEMENT_SIZE_BYTES[type]
    if (elementSize === undefined || values.length % elementSize !== 0) {
      const message = `array initialiser of type ${type} with ${values.length} bytes`
      throw new CapFormatError('CAP_BAD_STATIC_IMAGE', message, place)
    }
  }
}

export function emitStaticFieldComponent(component: StaticFieldComponent): Uint8Array {
  return emitInfo('StaticField', (writer) => {
    requireStaticImage(component)
    writer.u16(component.imageSizeBytes).u16(component.referenceCount).u16(component.arrayInits.length)
    for (const { type, values } of component.arrayInits) writer.u8(type).u16(values.length).bytes(values)
    writer.u16(component.defaultValueCount).u16(component.nonDefaultValues.length).bytes(component.nonDefaultValues)
  })
}
