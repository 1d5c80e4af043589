import { type KeyboardEvent, type PointerEvent, useEffect, useEffectEvent, useRef } from 'react'
import uPlot from 'uplot'
import { useWidth } from '../shell/use-width.ts'
import { createPlotOptions, plotColumns, readPlotColours, verticalScale } from './plot-drawing.ts'
import { describeReading } from './profile-readout.tsx'
import { indexAt, intervalAt, type ProfileSeries, type TimeWindow } from './profile-series.ts'

interface ProfilePlotProps {
  series: ProfileSeries
  window: TimeWindow
  /** Index of the interval looked at. */
  cursor: number | undefined
  onCursor(index: number | undefined): void
  /** The cursor was moved by keyboard and may have left the window. */
  onCursorKey(index: number): void
  onZoom(window: TimeWindow): void
  onReset(): void
}

const HEIGHT_PX = 300
const VALUES_PER_DAY_KEY_S = 86_400

/**
 * Import above the zero line, export below it. To assistive technology it is a slider over the intervals, which is
 * what the arrow keys make of it; the table under it has the figures.
 */
export function ProfilePlot(props: ProfilePlotProps) {
  const { series, window, cursor } = props
  const [host, widthPx] = useWidth<HTMLDivElement>()
  const plot = usePlot(host, props, widthPx)
  const last = series.startsS.length - 1
  const reading = cursor === undefined ? undefined : intervalAt(series, cursor)

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return props.onReset()
    const target = keyTarget(event.key, { cursor, series, window })
    if (target === undefined) return
    event.preventDefault()
    props.onCursorKey(target)
  }
  // The plot library hears a mouse only; a finger chooses the value under it.
  const onTouch = (event: PointerEvent) => {
    if (event.pointerType === 'mouse' || plot.current === null) return
    const left = event.clientX - plot.current.over.getBoundingClientRect().left
    props.onCursor(indexAt(series, plot.current.posToVal(left, 'x')))
  }
  return (
    <div
      ref={host}
      className="plot"
      role="slider"
      tabIndex={0}
      aria-label="Load profile, value at"
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={cursor ?? last}
      aria-valuetext={describeReading(reading)}
      onKeyDown={onKeyDown}
      onPointerDown={onTouch}
      onPointerMove={onTouch}
    />
  )
}

function keyTarget(
  key: string,
  at: { cursor: number | undefined; series: ProfileSeries; window: TimeWindow },
): number | undefined {
  const last = at.series.startsS.length - 1
  const perDay = VALUES_PER_DAY_KEY_S / at.series.stepS
  const current = at.cursor ?? Math.min(indexAt(at.series, at.window.toS) ?? last, last)
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageDown: -perDay, PageUp: perDay }
  if (key === 'Home') return 0
  if (key === 'End') return last
  const step = steps[key]
  // The first key shows where the cursor is; only then does it move.
  return step === undefined ? undefined : at.cursor === undefined ? current : current + step
}

/** Keeps one uPlot instance in step with the properties. */
function usePlot(host: { current: HTMLDivElement | null }, props: ProfilePlotProps, widthPx: number) {
  const { series, window, cursor } = props
  const plot = useRef<uPlot>(null)
  const onHover = useEffectEvent((atS: number | undefined) =>
    props.onCursor(atS === undefined ? undefined : indexAt(props.series, atS)),
  )
  const onZoom = useEffectEvent((dragged: TimeWindow) => props.onZoom(dragged))
  const onReset = useEffectEvent(() => props.onReset())
  const currentSeries = useEffectEvent(() => props.series)
  const currentWindow = useEffectEvent(() => props.window)
  const hasWidth = widthPx > 0

  useEffect(() => {
    if (host.current === null || !hasWidth) return
    const element = host.current
    let colours = readPlotColours(element)
    const options = createPlotOptions({
      size: { width: element.clientWidth, height: HEIGHT_PX },
      series: () => currentSeries(),
      window: () => currentWindow(),
      colours: () => colours,
      onHover: (atS) => onHover(atS),
      onZoom: (dragged) => onZoom(dragged),
      onReset: () => onReset(),
    })
    const created = new uPlot(options, plotColumns(currentSeries()), element)
    plot.current = created
    const stopWatching = watchTheme(() => {
      colours = readPlotColours(element)
      created.redraw(false, true)
    })
    return () => {
      stopWatching()
      created.destroy()
      plot.current = null
    }
  }, [host, hasWidth])

  useEffect(() => {
    if (hasWidth) plot.current?.setSize({ width: widthPx, height: HEIGHT_PX })
  }, [widthPx, hasWidth])

  useEffect(() => {
    const current = plot.current
    if (current === null || !hasWidth) return
    current.batch(() => {
      current.setData(plotColumns(series), false)
      current.setScale('x', { min: window.fromS, max: window.toS })
      current.setScale('y', verticalScale(series, window))
    })
  }, [series, window, hasWidth])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a moved window moves the cursor's place
  useEffect(() => {
    const current = plot.current
    if (current === null || !hasWidth) return
    const startS = cursor === undefined ? undefined : series.startsS[cursor]
    const left = startS === undefined ? -10 : current.valToPos(startS + series.stepS / 2, 'x')
    const hovered = current.cursor.left ?? -10
    const isUnderPointer = hovered >= 0 && indexAt(series, current.posToVal(hovered, 'x')) === cursor
    if (!isUnderPointer) current.setCursor({ left, top: left < 0 ? -10 : 0 }, false)
  }, [cursor, series, window, hasWidth])

  return plot
}

function watchTheme(onChange: () => void): () => void {
  const media = matchMedia('(prefers-color-scheme: dark)')
  const observer = new MutationObserver(onChange)
  media.addEventListener('change', onChange)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => {
    media.removeEventListener('change', onChange)
    observer.disconnect()
  }
}
