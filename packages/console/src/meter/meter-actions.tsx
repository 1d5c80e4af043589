import type { MeterDetail, ReadOutcome } from '@gridcard/headend/api'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { messageOf } from '../api/errors.ts'
import { headend } from '../api/headend-client.ts'
import { formatWait } from '../format/time.ts'
import { Icon } from '../icons/icon.tsx'
import { useShortcut } from '../shell/use-shortcut.ts'
import { SwitchDialog } from './switch-dialog.tsx'
import { offeredTarget, type SwitchTarget, switchWords } from './switch-order.ts'

export function MeterActions({ meter }: { meter: MeterDetail }) {
  const client = useQueryClient()
  const [ordered, setOrdered] = useState<SwitchTarget>()
  const read = useMutation({
    mutationFn: () => headend.read(meter.serial),
    onSettled: () => client.invalidateQueries(),
  })
  const startReading = () => {
    if (!read.isPending) read.mutate()
  }
  useShortcut('read', startReading)
  const target = offeredTarget(meter)
  return (
    <div className="meter-actions">
      <div className="button-row">
        <button
          type="button"
          className="button button-primary"
          aria-disabled={read.isPending}
          title="Read now (r)"
          onClick={startReading}
        >
          <span className={read.isPending ? 'glyph turning' : 'glyph'}>
            <Icon name="read" />
          </span>
          {read.isPending ? 'Reading' : 'Read now'}
        </button>
        <button
          type="button"
          className="button"
          disabled={target === undefined}
          title={target === undefined ? 'How the switch stands is known once the meter was read' : undefined}
          onClick={() => setOrdered(target)}
        >
          <Icon name={target === 'connected' ? 'switch-closed' : 'switch-open'} />
          {switchWords[target ?? 'disconnected'].action}
        </button>
      </div>
      <div className="outcome" role="status">
        <ReadResult outcome={read.data} error={read.error} isPending={read.isPending} />
      </div>
      {ordered !== undefined && (
        <SwitchDialog serial={meter.serial} target={ordered} onClose={() => setOrdered(undefined)} />
      )}
    </div>
  )
}

function ReadResult(props: { outcome: ReadOutcome | undefined; error: Error | null; isPending: boolean }) {
  const { outcome, error, isPending } = props
  if (isPending) return <p>Reading clock, registers, load profile and card.</p>
  if (error !== null) return <Outcome isDone={false} text={messageOf(error)} />
  if (outcome === undefined) return null
  const took = outcome.done ? ` (${formatWait(outcome.durationMs)})` : ''
  return <Outcome isDone={outcome.done} text={`${outcome.text}${took}`} />
}

export function Outcome({ isDone, text }: { isDone: boolean; text: string }) {
  return (
    <p className="mark" data-tone={isDone ? 'normal' : 'alarm'}>
      <Icon name={isDone ? 'online' : 'warning'} />
      {text}
    </p>
  )
}
