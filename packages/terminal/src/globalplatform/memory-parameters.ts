import { ByteWriter, concatBytes, emitTlv } from '@gridcard/bytes'

/** Bytes of memory in the system parameters of an INSTALL; what is left out is not limited. */
export interface MemoryParameters {
  readonly quota?: MemoryBytes
  /** Set aside at once. */
  readonly reserved?: MemoryBytes
  /** Of a security domain: most that it and all below it may have together. @source GPC Amd C */
  readonly granted?: MemoryBytes
}

export interface MemoryBytes {
  readonly nonVolatile?: number
  readonly volatile?: number
}

/** @source GPC 2.3.1 table 11-49 */
const TAGS = {
  quota: { volatile: 0xc7, nonVolatile: 0xc8 },
  reserved: { volatile: 0xd7, nonVolatile: 0xd8 },
  granted: { volatile: 0x82, nonVolatile: 0x83 },
} as const
const SYSTEM_PARAMETERS = 0xef
/** Above that four bytes. */
const LARGEST_SHORT = 32_767

/** Tag EF with them, for `systemParameters` of an installation; empty without any. */
export function emitMemoryParameters(parameters: MemoryParameters): Uint8Array {
  const objects = (['quota', 'reserved', 'granted'] as const).flatMap((name) =>
    (['volatile', 'nonVolatile'] as const).flatMap((kind) => {
      const bytes = parameters[name]?.[kind]
      return bytes === undefined ? [] : [emitTlv(TAGS[name][kind], amount(bytes))]
    }),
  )
  return objects.length === 0 ? new Uint8Array() : emitTlv(SYSTEM_PARAMETERS, concatBytes(...objects))
}

/** @source GPC 2.3.1 §11.5.2.3.7 */
function amount(bytes: number): Uint8Array {
  const writer = new ByteWriter()
  return (bytes > LARGEST_SHORT ? writer.u32(bytes) : writer.u16(bytes)).toBytes()
}
