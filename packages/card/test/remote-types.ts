import {
  type CapFile,
  type CapFileParts,
  CLASS_FLAGS,
  type ClassInfo,
  classInfoSizeBytes,
  type InterfaceInfo,
  interfaceInfoSizeBytes,
  type RemoteInterfaceInfo,
  withDirectory,
} from '@gridcard/cap'

/** As the file formats are numbered there: 2.2. */
const FORMAT_2_2 = 0x0202

/** What a converter adds to a package with remote objects. */
export interface RemoteTypes {
  /** Internal form */
  readonly packageName: string
  /** Descriptors of remote methods: for each how many nibbles, then the nibbles. */
  readonly signaturePool: Uint8Array
  /** By index in the file. */
  readonly interfaceNames: Readonly<Record<number, string>>
  readonly classes: Readonly<Record<number, RemoteInterfaceInfo>>
}

/** The same package of format 2.2 with remote types; classes move apart, and all references to them along. */
export function withRemoteTypes(cap: CapFile, o: RemoteTypes): CapFile {
  const moved = new Map<number, number>()
  let at = 2 + o.signaturePool.length
  const place = <T extends InterfaceInfo | ClassInfo>(one: T, sizeBytes: (placed: T) => number): T => {
    moved.set(one.offset, at)
    const placed = { ...one, offset: at }
    at += sizeBytes(placed)
    return placed
  }
  const interfaces = cap.classes.interfaces.map((one, i) => {
    const interfaceName = o.interfaceNames[i]
    const remote =
      interfaceName === undefined ? one : { ...one, flags: one.flags | CLASS_FLAGS.ACC_REMOTE, interfaceName }
    return place(remote, interfaceInfoSizeBytes)
  })
  const classes = cap.classes.classes.map((one, i) => {
    const remote = o.classes[i]
    const info = remote === undefined ? one : { ...one, flags: one.flags | CLASS_FLAGS.ACC_REMOTE, remote }
    return place(info, (placed) => classInfoSizeBytes(placed, FORMAT_2_2))
  })
  const { directory: _, ...parts } = cap
  const changed: CapFileParts = {
    ...parts,
    header: { ...parts.header, packageName: o.packageName },
    classes: { signaturePool: o.signaturePool, interfaces, classes },
  }
  return withDirectory(mapClassOffsets(changed, moved) as CapFileParts)
}

function mapClassOffsets(value: unknown, moved: ReadonlyMap<number, number>): unknown {
  if (Array.isArray(value)) return value.map((one) => mapClassOffsets(one, moved))
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === 'classOffset') return [key, moved.get(inner as number) ?? inner]
      return [key, mapClassOffsets(inner, moved)]
    }),
  )
}
