import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LauncherError } from './errors.ts'

/** A file that an npm package brings along, and a checkout has elsewhere; both from the folder of this package. */
export function bundledPath(inPackage: string, inCheckout: string): string {
  const home = new URL('../', import.meta.url)
  const bundled = fileURLToPath(new URL(`bundled/${inPackage}`, home))
  return existsSync(bundled) ? bundled : fileURLToPath(new URL(inCheckout, home))
}

/** @throws LauncherError `GRIDCARD_APPLET_MISSING` */
export function readBundledCap(name: 'meter-security' | 'metering' | 'integrity' | 'iot-safe'): Uint8Array {
  const path = bundledPath(`${name}.cap`, `../../applets/prebuilt/${name}.cap`)
  if (!existsSync(path)) throw new LauncherError('GRIDCARD_APPLET_MISSING', `${path} is missing; is this copy whole?`)
  return new Uint8Array(readFileSync(path))
}
