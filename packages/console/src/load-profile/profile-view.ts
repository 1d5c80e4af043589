import type { TimeWindow } from './profile-series.ts'

const DAY_S = 86_400

export const rangeDays = [1, 7, 30] as const
export type RangeDays = (typeof rangeDays)[number]

/** What the plot shows: the last days up to now, moving on with time, or a stretch someone chose, standing still. */
export type ProfileView =
  | { readonly kind: 'last'; readonly days: RangeDays }
  | { readonly kind: 'chosen'; readonly window: TimeWindow }

export const initialView: ProfileView = { kind: 'last', days: 7 }

/** An hour: four values are the least that still make a curve. */
const SHORTEST_S = 3600

export function windowOf(view: ProfileView, bounds: TimeWindow): TimeWindow {
  if (view.kind === 'chosen') return view.window
  return { fromS: bounds.toS - view.days * DAY_S, toS: bounds.toS }
}

/** A dragged stretch, not shorter than an hour and inside the bounds. */
export function zoomTo(dragged: TimeWindow, bounds: TimeWindow): ProfileView {
  const missingS = Math.max(0, SHORTEST_S - (dragged.toS - dragged.fromS))
  return chosen({ fromS: dragged.fromS - missingS / 2, toS: dragged.toS + missingS / 2 }, bounds)
}

/** One window's length earlier (-1) or later (1), as far as the bounds allow. */
export function page(view: ProfileView, bounds: TimeWindow, direction: -1 | 1): ProfileView {
  const window = windowOf(view, bounds)
  const shiftS = (window.toS - window.fromS) * direction
  return chosen({ fromS: window.fromS + shiftS, toS: window.toS + shiftS }, bounds)
}

export function canPage(view: ProfileView, bounds: TimeWindow, direction: -1 | 1): boolean {
  const window = windowOf(view, bounds)
  return direction < 0 ? window.fromS > bounds.fromS : window.toS < bounds.toS
}

/** The same length, moved just so far that the instant is inside. */
export function reveal(view: ProfileView, bounds: TimeWindow, atS: number): ProfileView {
  const window = windowOf(view, bounds)
  if (atS >= window.fromS && atS <= window.toS) return view
  const shiftS = atS < window.fromS ? atS - window.fromS : atS - window.toS
  return chosen({ fromS: window.fromS + shiftS, toS: window.toS + shiftS }, bounds)
}

function chosen(window: TimeWindow, bounds: TimeWindow): ProfileView {
  const lengthS = Math.min(window.toS - window.fromS, bounds.toS - bounds.fromS)
  const fromS = Math.min(Math.max(window.fromS, bounds.fromS), bounds.toS - lengthS)
  return { kind: 'chosen', window: { fromS, toS: fromS + lengthS } }
}
