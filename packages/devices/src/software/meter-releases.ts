import { currentObject, meterApplication } from './meter-application.ts'

/** Type of device in the headers of its images: electricity meter of this maker. */
export const meterSoftwareType = Uint8Array.of(0x47, 0x43, 0x45, 0x4d)
/** Hardware of the street's meters. */
export const meterHardware = 1
/** The one piece of software of a meter. */
export const meterSoftwareTarget = 0

/** A release as it comes from its makers, before anybody signed it. */
export interface MeterRelease {
  readonly version: number
  readonly rollback: number
  /** An ES module whose default export is a `MeterApplication`; UTF-8. */
  readonly body: Uint8Array
}

/** `1.2.3` as 00010203 hex, and back. */
export const versionNumber = (text: string): number =>
  text.split('.').reduce((value, part, i) => value + Number(part) * 2 ** (16 - 8 * i), 0)
export const versionText = (version: number): string =>
  [version >>> 16, (version >> 8) & 0xff, version & 0xff].join('.')

const bodyOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Oldest first. The functions' own text is the software: what is in the repository is what is signed. */
export const meterReleases: readonly MeterRelease[] = [
  { version: versionNumber('1.0.0'), rollback: 1, body: bodyOf(`export default ${meterApplication.toString()}\n`) },
  {
    version: versionNumber('1.1.0'),
    rollback: 1,
    body: bodyOf(
      `const base = ${meterApplication.toString()}\nconst current = ${currentObject.toString()}\nexport default (platform) => [...base(platform), current(platform)]\n`,
    ),
  },
]
