import type { MeterSummary } from '@gridcard/headend/api'
import { needsAttention } from '../meter/meter-states.ts'

// The street as a drawing: one house per meter, its wall as high as the power it draws; a bar under the ground line as
// deep as the power it feeds in. One scale for both, so that heights and depths may be compared.

export type HouseKind = 'supplied' | 'dark' | 'troubled' | 'unread'

export interface House {
  readonly serial: string
  readonly kind: HouseKind
  /** Closed outline of wall and gable. */
  readonly outline: string
  /** The bar under the ground; undefined where nothing is fed in. */
  readonly feed: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | undefined
  /** The whole column, for the pointer. */
  readonly column: { readonly x: number; readonly width: number }
}

export interface Skyline {
  readonly widthPx: number
  readonly heightPx: number
  readonly groundPx: number
  readonly houses: readonly House[]
}

const NARROWEST_PITCH_PX = 7
const WIDEST_PITCH_PX = 64
const LOWEST_WALL_PX = 9
/** A street asleep is drawn low. */
const LEAST_POWER_W = 500
/** For the tallest wall and the deepest bar together. */
const POWER_PX = 84
const ROOF_PITCH = 0.5

/** Undefined when the houses would be too narrow to be told apart, or when there are none. */
export function layoutSkyline(meters: readonly MeterSummary[], widthPx: number): Skyline | undefined {
  const pitchPx = Math.min(widthPx / Math.max(meters.length, 1), WIDEST_PITCH_PX)
  if (meters.length === 0 || pitchPx < NARROWEST_PITCH_PX) return undefined
  const scale = pixelsPerWatt(meters)
  const bodyPx = Math.min(pitchPx * 0.72, 34)
  const roofPx = bodyPx * ROOF_PITCH
  const tallestPx = Math.max(0, ...meters.map((meter) => powerOf(meter) * scale))
  const deepestPx = Math.max(0, ...meters.map((meter) => -powerOf(meter) * scale))
  const groundPx = Math.ceil(tallestPx + LOWEST_WALL_PX + roofPx + 2)
  const houses = meters.map((meter, index): House => {
    const x = index * pitchPx + (pitchPx - bodyPx) / 2
    const powerW = powerOf(meter)
    const wallPx = LOWEST_WALL_PX + Math.max(0, powerW) * scale
    const depthPx = Math.max(0, -powerW) * scale
    return {
      serial: meter.serial,
      kind: houseKind(meter),
      outline: gabledOutline({ x, bodyPx, roofPx, wallPx, groundPx }),
      feed: depthPx === 0 ? undefined : { x: round(x), y: groundPx + 2, width: round(bodyPx), height: round(depthPx) },
      column: { x: round(index * pitchPx), width: round(pitchPx) },
    }
  })
  return {
    widthPx: Math.ceil(pitchPx * meters.length),
    heightPx: groundPx + 2 + Math.ceil(deepestPx),
    groundPx,
    houses,
  }
}

/** A meter that does not answer draws nobody knows how much: it counts as zero here and is drawn as troubled. */
const powerOf = (meter: MeterSummary): number => (needsAttention(meter) ? 0 : (meter.powerW ?? 0))

function pixelsPerWatt(meters: readonly MeterSummary[]): number {
  const powers = meters.map(powerOf)
  const mostDrawnW = Math.max(0, ...powers)
  const mostFedW = Math.max(0, ...powers.map((powerW) => -powerW))
  return POWER_PX / Math.max(mostDrawnW + mostFedW, LEAST_POWER_W)
}

function houseKind(meter: MeterSummary): HouseKind {
  if (needsAttention(meter)) return 'troubled'
  if (meter.powerW === null) return 'unread'
  return meter.switchState === null || meter.switchState === 'connected' ? 'supplied' : 'dark'
}

function gabledOutline(house: { x: number; bodyPx: number; roofPx: number; wallPx: number; groundPx: number }): string {
  const left = round(house.x)
  const right = round(house.x + house.bodyPx)
  const middle = round(house.x + house.bodyPx / 2)
  const eaves = round(house.groundPx - house.wallPx)
  const ridge = round(eaves - house.roofPx)
  return `M${left} ${house.groundPx}V${eaves}L${middle} ${ridge}L${right} ${eaves}V${house.groundPx}Z`
}

const round = (px: number): number => Math.round(px * 10) / 10
