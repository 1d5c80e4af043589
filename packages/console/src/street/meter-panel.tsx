import type { MeterSummary } from '@gridcard/headend/api'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import { Icon } from '../icons/icon.tsx'
import { Empty } from '../shell/problem.tsx'
import { useMediaQuery } from '../shell/use-media-query.ts'
import { MeterCards } from './meter-cards.tsx'
import { emitStreetSearch, filterMeters, type MeterSort, sortMeters, sortOf } from './meter-list.ts'
import { MeterTable } from './meter-table.tsx'

const route = getRouteApi('/')

export function MeterPanel({ meters }: { meters: readonly MeterSummary[] }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const isNarrow = useMediaQuery('(max-width: 720px)')
  const typed = search.q ?? ''
  const sort = sortOf(search)
  const { key, direction } = sort
  const shown = useMemo(
    () => sortMeters(filterMeters(meters, typed), { key, direction }),
    [meters, typed, key, direction],
  )
  const show = (change: { typed?: string; sort?: MeterSort }) =>
    void navigate({ search: emitStreetSearch({ typed, sort, ...change }), replace: true, resetScroll: false })

  const List = isNarrow ? MeterCards : MeterTable
  return (
    <section aria-labelledby="meters-title">
      <div className="section-head">
        <h2 id="meters-title" className="section-title">
          Meters
        </h2>
        <p className="section-note" role="status">
          {typed === '' ? '' : `${shown.length} of ${meters.length}`}
        </p>
        <a className="to-feed" href="#feed-title">
          To the live feed
        </a>
        <label className="filter">
          <span className="visually-hidden">Filter meters</span>
          <Icon name="search" />
          <input
            type="search"
            value={typed}
            placeholder="Serial or state"
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => show({ typed: event.target.value })}
          />
          <span className="filter-key" aria-hidden="true">
            /
          </span>
        </label>
      </div>
      {shown.length === 0 ? (
        <Empty title={`No meter matches “${typed}”`}>
          <button type="button" className="button" onClick={() => show({ typed: '' })}>
            Show all meters
          </button>
        </Empty>
      ) : (
        <List meters={shown} sort={sort} onSort={(wanted) => show({ sort: wanted })} />
      )}
    </section>
  )
}
