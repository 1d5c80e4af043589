import type { ReactNode } from 'react'

/** The page's one h1, which navigation focuses, and the window's title. */
export function PageHeading({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <>
      <title>{title === 'Gridcard' ? title : `${title} · Gridcard`}</title>
      <h1 className="page-title" tabIndex={-1}>
        {children ?? title}
      </h1>
    </>
  )
}
