import type { ByteReader } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import { HEADER_FLAGS, type HeaderComponent, type Version } from './cap-file.ts'
import {
  emitInfo,
  FORMAT_2_2,
  FORMAT_2_3,
  formatNumber,
  parseInfo,
  readMany,
  readName,
  readPackageInfo,
  readVersion,
  writeName,
  writePackageInfo,
  writeVersion,
} from './component-codec.ts'

const MAGIC = 0xdecaffed
const KNOWN_FLAGS = HEADER_FLAGS.ACC_INT | HEADER_FLAGS.ACC_EXPORT | HEADER_FLAGS.ACC_APPLET | HEADER_FLAGS.ACC_EXTENDED

/** @source JCVM 3.1 §6.4 */
export function parseHeader(info: Uint8Array): HeaderComponent {
  return parseInfo('Header', info, readHeader)
}

function readHeader(reader: ByteReader): HeaderComponent {
  if (reader.u32() !== MAGIC) {
    throw new CapFormatError('CAP_BAD_MAGIC', 'Header does not begin with DECAFFED', { component: 'Header' })
  }
  const formatVersion = readVersion(reader)
  if (formatVersion.major !== 2 || formatVersion.minor < 1 || formatVersion.minor > 3) {
    const { major, minor } = formatVersion
    throw new CapFormatError('CAP_VERSION_UNSUPPORTED', `CAP format ${major}.${minor}; 2.1 to 2.3 are supported`, {
      component: 'Header',
      offsetBytes: 4,
    })
  }
  const flags = reader.u8()
  requireFlags(flags, formatVersion)
  const packageInfo = readPackageInfo(reader, 'Header')
  const common = { formatVersion, flags, package: packageInfo }
  if (flags & HEADER_FLAGS.ACC_EXTENDED) {
    const count = reader.u8()
    return {
      ...common,
      packages: readMany(count, () => readPackageInfo(reader, 'Header')),
      packageNames: readMany(count, () => readName(reader)),
    }
  }
  return formatNumber(formatVersion) < FORMAT_2_2 ? common : { ...common, packageName: readName(reader) }
}

function requireFlags(flags: number, formatVersion: Version): void {
  const isTooOld = (flags & HEADER_FLAGS.ACC_EXTENDED) !== 0 && formatNumber(formatVersion) < FORMAT_2_3
  if (flags & ~KNOWN_FLAGS || isTooOld) {
    throw new CapFormatError('CAP_BAD_FLAGS', `unknown Header flags ${flags.toString(16)}`, {
      component: 'Header',
      offsetBytes: 6,
    })
  }
}

export function emitHeader(header: HeaderComponent): Uint8Array {
  return emitInfo('Header', (writer) => {
    requireFlags(header.flags, header.formatVersion)
    writer.u32(MAGIC)
    writeVersion(writer, header.formatVersion)
    writer.u8(header.flags)
    writePackageInfo(writer, header.package, 'Header')
    if (header.flags & HEADER_FLAGS.ACC_EXTENDED) {
      const { packages = [], packageNames = [] } = header
      writer.u8(packages.length)
      for (const one of packages) writePackageInfo(writer, one, 'Header')
      for (const [i] of packages.entries()) writeName(writer, packageNames[i] ?? '')
    } else if (formatNumber(header.formatVersion) >= FORMAT_2_2) writeName(writer, header.packageName ?? '')
  })
}
