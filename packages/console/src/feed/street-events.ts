import type { MeterDetail, MeterSummary, StreetEvent } from '@gridcard/headend/api'

/** How many events a list keeps; older ones stay in the head-end's store. */
export const FEED_LIMIT = 200

/** Joins two lists of events, newest first, each event once. An event learnt later replaces the earlier copy. */
export function mergeEvents(
  known: readonly StreetEvent[],
  arriving: readonly StreetEvent[],
  limit: number = FEED_LIMIT,
): StreetEvent[] {
  const byId = new Map<number, StreetEvent>()
  for (const event of known) byId.set(event.id, event)
  for (const event of arriving) byId.set(event.id, event)
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, limit)
}

/** Replaces one meter's summary in place; a meter not known yet is added in order of serial. */
export function mergeMeter(known: readonly MeterSummary[], changed: MeterSummary): MeterSummary[] {
  const index = known.findIndex((meter) => meter.serial === changed.serial)
  if (index >= 0) return known.with(index, changed)
  return [...known, changed].sort((a, b) => (a.serial < b.serial ? -1 : 1))
}

export const mergeMeterDetail = (known: MeterDetail, changed: MeterSummary): MeterDetail => ({ ...known, ...changed })

/** One line of a list of events, or several routine ones folded into one. */
export type FeedEntry =
  | { readonly kind: 'event'; readonly event: StreetEvent }
  | { readonly kind: 'run'; readonly key: number; readonly events: readonly StreetEvent[] }

const SHORTEST_RUN = 3

/** A successful scheduled reading: it happens all the time and says only that all is well. */
export const isRoutine = (event: StreetEvent): boolean => event.severity === 'info' && event.kind === 'meter.read'

/** Folds consecutive routine events, so that what matters stays in sight. Nothing is dropped. */
export function foldRoutine(events: readonly StreetEvent[]): FeedEntry[] {
  const entries: FeedEntry[] = []
  let run: StreetEvent[] = []
  const closeRun = () => {
    const oldest = run.at(-1)
    if (oldest !== undefined && run.length >= SHORTEST_RUN) entries.push({ kind: 'run', key: oldest.id, events: run })
    else for (const event of run) entries.push({ kind: 'event', event })
    run = []
  }
  for (const event of events) {
    if (isRoutine(event)) {
      run.push(event)
      continue
    }
    closeRun()
    entries.push({ kind: 'event', event })
  }
  closeRun()
  return entries
}
