import { fromAscii, toHex } from '@gridcard/bytes'
import { type CapFile, HEADER_FLAGS, type Version } from './cap-file.ts'

const MAX_LINE_BYTES = 72

/**
 * The JAR manifest that loaders show to people; nothing on a card reads it. Names of JCVM 3.1 §4.1.3, without creation
 * time, so that it depends on the package alone.
 */
export function emitManifest(cap: CapFile): Uint8Array {
  const { header, packagePath } = cap
  const lines: string[] = ['Manifest-Version: 1.0', '']
  const add = (name: string, value: string) => lines.push(...wrapped(`Java-Card-${name}: ${value}`))
  if (packagePath) lines.push(...wrapped(`Name: ${packagePath}`))
  else lines.push('Name: javacard')
  add('CAP-File-Version', versionText(header.formatVersion))
  if (header.packages) {
    add('CAP-Version', versionText(header.package.version))
    add('CAP-AID', aidText(header.package.aid))
    header.packages.forEach((one, i) => {
      add(`Package-${i + 1}-AID`, aidText(one.aid))
      add(`Package-${i + 1}-Version`, versionText(one.version))
    })
  } else {
    add('Package-Version', versionText(header.package.version))
    add('Package-AID', aidText(header.package.aid))
    if (packagePath) add('Package-Name', packagePath.replaceAll('/', '.'))
  }
  add('Integer-Support-Required', header.flags & HEADER_FLAGS.ACC_INT ? 'TRUE' : 'FALSE')
  cap.applet?.applets.forEach((applet, i) => {
    add(`Applet-${i + 1}-AID`, aidText(applet.aid))
  })
  cap.imports.forEach((one, i) => {
    add(`Imported-Package-${i + 1}-AID`, aidText(one.aid))
    add(`Imported-Package-${i + 1}-Version`, versionText(one.version))
  })
  return fromAscii(`${lines.join('\r\n')}\r\n\r\n`)
}

function versionText({ major, minor }: Version): string {
  return `${major}.${minor}`
}

/** The converters' spelling: `0xa0:0x00:0x00:0x00:0x62`. */
function aidText(aid: Uint8Array): string {
  return Array.from(aid, (byte) => `0x${toHex(Uint8Array.of(byte)).toLowerCase()}`).join(':')
}

/** Lines of a manifest hold 72 bytes; the rest continues behind one blank. */
function wrapped(line: string): string[] {
  const lines = [line.slice(0, MAX_LINE_BYTES)]
  for (let at = MAX_LINE_BYTES; at < line.length; at += MAX_LINE_BYTES - 1) {
    lines.push(` ${line.slice(at, at + MAX_LINE_BYTES - 1)}`)
  }
  return lines
}
