import type uPlot from 'uplot'
import { formatFigure } from '../format/energy.ts'
import { localTime, type TimeFormat } from '../format/time.ts'
import { averageW, gapsWithin, type ProfileSeries, peakPowersW, type TimeWindow } from './profile-series.ts'

export interface PlotColours {
  readonly import: string
  readonly importFill: string
  readonly export: string
  readonly exportFill: string
  readonly grid: string
  readonly zero: string
  readonly label: string
  readonly gap: string
}

/** Time, import and export in kW; export is drawn below zero. */
export function plotColumns(series: ProfileSeries): uPlot.AlignedData {
  // Zero and null stay what they are; a negative zero would be neither.
  const kilowatts = (energyWh: number | null, sign: number) =>
    energyWh ? (sign * averageW(energyWh, series.stepS)) / 1000 : energyWh
  return [
    [...series.startsS],
    series.importWh.map((energyWh) => kilowatts(energyWh, 1)),
    series.exportWh.map((energyWh) => kilowatts(energyWh, -1)),
  ]
}

const HEADROOM = 1.08
/** An idle home is not drawn as if it were busy. */
const SMALLEST_SPAN_KW = 0.2

export function verticalScale(series: ProfileSeries, window: TimeWindow): { min: number; max: number } {
  const { importW, exportW } = peakPowersW(series, window)
  const max = (importW / 1000) * HEADROOM
  const min = exportW === 0 ? 0 : (-exportW / 1000) * HEADROOM
  return { min, max: Math.max(max, min + SMALLEST_SPAN_KW) }
}

const DAY_S = 86_400

/** Days along a month, hours along a day, and the day's name where a new one begins. */
export function axisTimes(splitsS: readonly number[], stepS: number, time: TimeFormat): string[] {
  return splitsS.map((atS) => {
    const clock = time.clock(atS * 1000)
    return stepS >= DAY_S || clock === '00:00' ? time.shortDay(atS * 1000) : clock
  })
}

export function axisPowers(splitsKw: readonly number[]): string[] {
  const digits = splitsKw.some((value) => !Number.isInteger(value)) ? 1 : 0
  const needsMore = splitsKw.some((value) => Math.abs(value * 10 - Math.round(value * 10)) > 1e-6)
  return splitsKw.map((value) => formatFigure(Math.abs(value), needsMore ? 2 : digits))
}

interface PlotWiring {
  size: { width: number; height: number }
  series(): ProfileSeries
  window(): TimeWindow
  colours(): PlotColours
  onHover(atS: number | undefined): void
  onZoom(window: TimeWindow): void
  onReset(): void
}

const FONT = '12px "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
const AXIS_WIDTH_PX = 40
/** Room for half a label at the right edge. */
const HALF_LABEL_PX = 18
const SHORTEST_DRAG_PX = 6

export function createPlotOptions(wiring: PlotWiring): uPlot.Options {
  const { fromS, toS } = wiring.window()
  return {
    ...wiring.size,
    padding: [8, HALF_LABEL_PX, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, min: fromS, max: toS, auto: false },
      y: { auto: false, ...verticalScale(wiring.series(), wiring.window()) },
    },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: SHORTEST_DRAG_PX },
      bind: {
        dblclick: () => () => {
          wiring.onReset()
          return null
        },
      },
    },
    axes: [timeAxis(wiring), powerAxis(wiring)],
    series: [
      {},
      energySeries({ wiring, stroke: () => wiring.colours().import, fill: () => wiring.colours().importFill }),
      energySeries({ wiring, stroke: () => wiring.colours().export, fill: () => wiring.colours().exportFill }),
    ],
    hooks: {
      drawClear: [(plot) => drawGaps(plot, wiring)],
      drawAxes: [(plot) => drawZeroLine(plot, wiring.colours().zero)],
      setCursor: [(plot) => wiring.onHover(hoveredTime(plot))],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < SHORTEST_DRAG_PX) return
          wiring.onZoom({ fromS: plot.posToVal(left, 'x'), toS: plot.posToVal(left + width, 'x') })
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
    },
  }
}

function timeAxis(wiring: PlotWiring): uPlot.Axis {
  return {
    stroke: () => wiring.colours().label,
    font: FONT,
    size: 28,
    gap: 8,
    space: 72,
    grid: { stroke: () => wiring.colours().grid, width: 1, filter: (_plot, splits) => splits.map(midnightOnly) },
    ticks: { stroke: () => wiring.colours().grid, width: 1, size: 4 },
    values: (_plot, splits, _axis, _space, stepS) => axisTimes(splits, stepS, localTime),
  }
}

const midnightOnly = (atS: number): number | null => (localTime.clock(atS * 1000) === '00:00' ? atS : null)

function powerAxis(wiring: PlotWiring): uPlot.Axis {
  return {
    stroke: () => wiring.colours().label,
    font: FONT,
    size: AXIS_WIDTH_PX,
    gap: 8,
    space: 44,
    grid: { stroke: () => wiring.colours().grid, width: 1 },
    ticks: { show: false },
    values: (_plot, splits) => axisPowers(splits),
  }
}

function energySeries(look: { wiring: PlotWiring; stroke(): string; fill(): string }): uPlot.Series {
  return {
    stroke: look.stroke,
    fill: look.fill,
    width: 1,
    points: { show: false },
    paths: (plot, seriesIndex, first, last) =>
      drawIntervals(plot, { seriesIndex, first, last }, look.wiring.series().stepS),
  }
}

/**
 * Each interval as wide as it lasted and level, standing on the zero line. The library's own stepped paths end with
 * the last value's start and bridge a gap's edges; an interval's energy must neither be lost nor invented.
 */
function drawIntervals(
  plot: uPlot,
  range: { seriesIndex: number; first: number; last: number },
  stepS: number,
): uPlot.Series.Paths {
  const stroke = new Path2D()
  const fill = new Path2D()
  const starts = plot.data[0]
  const values = plot.data[range.seriesIndex] ?? []
  const zeroY = plot.valToPos(0, 'y', true)
  let isStanding = false
  let rightX = 0
  const sitDown = () => {
    if (isStanding) for (const path of [stroke, fill]) path.lineTo(rightX, zeroY)
    isStanding = false
  }
  for (let index = Math.max(range.first - 1, 0); index <= range.last; index++) {
    const value = values[index] ?? 0
    if (value === 0) {
      sitDown()
      continue
    }
    const leftX = plot.valToPos(starts[index] ?? 0, 'x', true)
    const y = plot.valToPos(value, 'y', true)
    rightX = plot.valToPos((starts[index] ?? 0) + stepS, 'x', true)
    for (const path of [stroke, fill]) {
      if (!isStanding) path.moveTo(leftX, zeroY)
      path.lineTo(leftX, y)
      path.lineTo(rightX, y)
    }
    isStanding = true
  }
  sitDown()
  return { stroke, fill }
}

function drawZeroLine(plot: uPlot, colour: string): void {
  const { ctx, bbox } = plot
  const y = Math.round(plot.valToPos(0, 'y', true)) + 0.5
  ctx.save()
  ctx.strokeStyle = colour
  ctx.lineWidth = devicePixelRatio
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  ctx.restore()
}

const HATCH_PX = 6

/** Hatches what is missing, so that nobody takes it for a quiet night. */
function drawGaps(plot: uPlot, wiring: PlotWiring): void {
  const { ctx, bbox } = plot
  const bottom = bbox.top + bbox.height
  ctx.save()
  ctx.beginPath()
  for (const gap of gapsWithin(wiring.series(), wiring.window())) {
    const left = Math.max(plot.valToPos(gap.fromS, 'x', true), bbox.left)
    const right = Math.min(plot.valToPos(gap.toS, 'x', true), bbox.left + bbox.width)
    ctx.rect(left, bbox.top, Math.max(right - left, 1), bbox.height)
  }
  ctx.clip()
  ctx.strokeStyle = wiring.colours().gap
  ctx.lineWidth = devicePixelRatio
  ctx.beginPath()
  for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += HATCH_PX * devicePixelRatio) {
    ctx.moveTo(x, bottom)
    ctx.lineTo(x + bbox.height, bbox.top)
  }
  ctx.stroke()
  ctx.restore()
}

function hoveredTime(plot: uPlot): number | undefined {
  const { left } = plot.cursor
  return left === undefined || left < 0 ? undefined : plot.posToVal(left, 'x')
}

/** Canvas knows no custom properties: each colour is asked of an element that wears it. */
export function readPlotColours(host: Element): PlotColours {
  const probe = document.createElement('span')
  host.append(probe)
  const read = (name: string) => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const colours: PlotColours = {
    import: read('series-import'),
    importFill: read('series-import-fill'),
    export: read('series-export'),
    exportFill: read('series-export-fill'),
    grid: read('line'),
    zero: read('line-strong'),
    label: read('ink-soft'),
    gap: read('series-gap'),
  }
  probe.remove()
  return colours
}
