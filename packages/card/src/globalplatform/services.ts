import { equalBytes } from '@gridcard/bytes'
import type { AppletRecord } from '../runtime/applet-registry.ts'
import type { Application } from './content-registry.ts'
import type { GlobalPlatform } from './globalplatform.ts'

/** Of an application's entry: services it registered. */
export const SERVICES_TAG = 0xcb

/** Two bytes each: family and service. @source GPC 2.3.1 §8.1.3 */
export function servicesOf({ entry }: Application): number[] {
  return entry.objects
    .filter(({ tag }) => tag === SERVICES_TAG)
    .flatMap(({ value }) =>
      Array.from({ length: value.length >> 1 }, (_, i) => (value[2 * i]! << 8) | value[2 * i + 1]!),
    )
}

/** Who offers a service: the application named, or the only one that registered it, or its whole family. @source GPC 2.3.1 §8.1.3 */
export function findServer(gp: GlobalPlatform, service: number, aid: Uint8Array | undefined): AppletRecord | undefined {
  const family = service & 0xff00
  const offered = gp.registry.withPrivilege('globalService').filter((one) => {
    if (!gp.isSelectable(one.applet)) return false
    return servicesOf(one).some((registered) => registered === service || registered === family)
  })
  if (aid === undefined) return offered[0]?.applet
  return offered.find(({ applet }) => equalBytes(applet.aid, aid))?.applet
}
