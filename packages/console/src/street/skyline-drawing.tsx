import type { MeterSummary } from '@gridcard/headend/api'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { describePower } from '../format/power.ts'
import { meterStates } from '../meter/meter-states.ts'
import { useWidth } from '../shell/use-width.ts'
import { layoutSkyline } from './skyline.ts'

/**
 * The street drawn from its last readings. A drawing for the eye and the pointer: the table below says all of it in
 * words and is what keyboards and screen readers use.
 */
export function Skyline({ meters }: { meters: readonly MeterSummary[] }) {
  const [frame, widthPx] = useWidth<HTMLDivElement>()
  const [pointedAt, setPointedAt] = useState<string>()
  const navigate = useNavigate()
  const skyline = widthPx === 0 ? undefined : layoutSkyline(meters, widthPx)
  const pointed = meters.find((meter) => meter.serial === pointedAt)
  return (
    <figure className="skyline" aria-hidden="true" ref={frame}>
      {skyline !== undefined && (
        <>
          <svg
            width={widthPx}
            height={skyline.heightPx}
            viewBox={`0 0 ${widthPx} ${skyline.heightPx}`}
            onPointerLeave={() => setPointedAt(undefined)}
          >
            <title>Power of each meter at its last reading</title>
            {skyline.houses.map(({ serial, kind, outline, feed, column }) => (
              // biome-ignore lint/a11y/noStaticElementInteractions: hidden from assistive technology, see above
              <g
                key={serial}
                className="house"
                data-kind={kind}
                onPointerEnter={() => setPointedAt(serial)}
                onClick={() => void navigate({ to: '/meters/$serial', params: { serial } })}
              >
                <rect className="house-column" x={column.x} width={column.width} y="0" height={skyline.heightPx} />
                <path className="house-outline" d={outline} />
                {feed !== undefined && <rect className="house-feed" {...feed} />}
              </g>
            ))}
            <line className="ground" x1="0" x2={widthPx} y1={skyline.groundPx + 0.5} y2={skyline.groundPx + 0.5} />
          </svg>
          <figcaption className="skyline-caption">
            {pointed === undefined ? <SkylineKey meters={meters} /> : <PointedMeter meter={pointed} />}
          </figcaption>
        </>
      )}
    </figure>
  )
}

function PointedMeter({ meter }: { meter: MeterSummary }) {
  const power = meter.powerW === null ? '' : describePower(meter.powerW)
  const words = meter.state === 'online' ? power : meterStates[meter.state].label.toLowerCase()
  return (
    <span className="skyline-pointed">
      <strong>{meter.serial}</strong> {meter.switchState === 'disconnected' ? 'disconnected' : words}
    </span>
  )
}

/** Names only what the drawing shows at the moment. */
function SkylineKey({ meters }: { meters: readonly MeterSummary[] }) {
  const isFeeding = meters.some((meter) => (meter.powerW ?? 0) < 0)
  return (
    <>
      <span>Power at the last reading.</span>
      <span className="key-entry" data-kind="draws">
        drawn
      </span>
      {isFeeding && (
        <span className="key-entry" data-kind="feeds">
          fed in
        </span>
      )}
      {meters.some((meter) => meter.switchState === 'disconnected') && (
        <span className="key-entry" data-kind="dark">
          no supply
        </span>
      )}
      {meters.some((meter) => meter.state === 'unreachable' || meter.state === 'refusing') && (
        <span className="key-entry" data-kind="troubled">
          needs attention
        </span>
      )}
    </>
  )
}
