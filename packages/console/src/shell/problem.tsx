import type { ReactNode } from 'react'
import { messageOf } from '../api/errors.ts'

/** A part of the page that could not be had, and the way to try again. */
export function Problem({ title, error, onRetry }: { title: string; error: unknown; onRetry(): void }) {
  return (
    <div className="problem" role="alert">
      <p className="problem-title">{title}</p>
      <p>{messageOf(error)}</p>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  )
}

/** A part of the page that is rightly empty. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  )
}

/** The place of something on its way. `lines` as many as it will roughly fill. */
export function Loading({ label, lines }: { label: string; lines: number }) {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike and never move
        <span key={line} className="loading-line" aria-hidden="true" />
      ))}
    </div>
  )
}
