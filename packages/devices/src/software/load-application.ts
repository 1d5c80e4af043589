import type { MeterApplication } from './meter-platform.ts'

/**
 * Makes the application that these bytes are, from nothing else: they are evaluated as an ES module without imports. Whoever calls
 * has verified them. The process is the meter: there is no sandbox around its software.
 *
 * @throws whatever the module throws, TypeError if it is none
 */
export async function loadApplication(body: Uint8Array): Promise<MeterApplication> {
  const url = `data:text/javascript;base64,${btoa(Array.from(body, (octet) => String.fromCharCode(octet)).join(''))}`
  const module: unknown = await import(/* @vite-ignore */ url)
  const application: unknown =
    typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  if (typeof application !== 'function') throw new TypeError('the image has no application')
  return application as MeterApplication // what it gives is tried out before it counts
}
