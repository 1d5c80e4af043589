import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { messageOf } from '../api/errors.ts'
import { PageHeading } from './page-heading.tsx'

export function NotFoundPage() {
  return (
    <div className="fallback">
      <EmptyLot />
      <PageHeading title="There is nothing here" />
      <p>This address leads to no page of the console.</p>
      <Link to="/" className="button button-primary">
        Go to the street
      </Link>
    </div>
  )
}

/** A house that is not there. */
const EmptyLot = () => (
  <svg className="empty-lot" viewBox="0 0 160 56" aria-hidden="true" focusable="false">
    <path className="empty-lot-house" d="M63 54V26L80 9L97 26V54" />
    <path className="empty-lot-ground" d="M0 54.5H160" />
  </svg>
)

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  return (
    <div className="fallback" role="alert">
      <PageHeading title="This page broke" />
      <p>That is a fault of the console, not of a meter. Nothing was switched or changed by it.</p>
      <p className="fallback-detail">{messageOf(error)}</p>
      <div className="button-row">
        <button type="button" className="button button-primary" onClick={reset}>
          Try again
        </button>
        <Link to="/" className="button">
          Go to the street
        </Link>
      </div>
    </div>
  )
}
