import type { MeterSummary } from '@gridcard/headend/api'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { metersQuery } from '../api/queries.ts'
import { Icon } from '../icons/icon.tsx'
import { Empty, Loading, Problem } from '../shell/problem.tsx'
import { useMediaQuery } from '../shell/use-media-query.ts'
import { MeterCards } from './meter-cards.tsx'
import { emitStreetSearch, filterMeters, type MeterSort, sortMeters, sortOf } from './meter-list.ts'
import { MeterTable } from './meter-table.tsx'

const route = getRouteApi('/')

export function MeterPanel() {
  const { data: meters, error, refetch } = useQuery(metersQuery)
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const typed = search.q ?? ''
  const sort = sortOf(search)
  const show = (change: { typed?: string; sort?: MeterSort }) =>
    void navigate({ search: emitStreetSearch({ typed, sort, ...change }), replace: true, resetScroll: false })
  return (
    <section aria-labelledby="meters-title">
      <div className="section-head">
        <h2 id="meters-title" className="section-title">
          Meters
        </h2>
        <a className="to-feed" href="#feed-title">
          To the live feed
        </a>
        <MeterFilter typed={typed} onType={(text) => show({ typed: text })} />
      </div>
      {meters !== undefined ? (
        <MeterList
          {...{ meters, typed, sort }}
          onSort={(wanted) => show({ sort: wanted })}
          onClear={() => show({ typed: '' })}
        />
      ) : error !== null ? (
        <Problem title="No meters to show" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading label="Loading meters" lines={10} />
      )}
    </section>
  )
}

function MeterFilter({ typed, onType }: { typed: string; onType(text: string): void }) {
  return (
    <label className="filter">
      <span className="visually-hidden">Filter meters</span>
      <Icon name="search" />
      <input
        type="search"
        value={typed}
        placeholder="Serial or state"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onType(event.target.value)}
      />
      <span className="filter-key" aria-hidden="true">
        /
      </span>
    </label>
  )
}

/** Rows drawn at once: more than anyone reads, few enough to stay quick with thousands of meters. */
const PAGE_SIZE = 200

interface MeterListProps {
  meters: readonly MeterSummary[]
  typed: string
  sort: MeterSort
  onSort(sort: MeterSort): void
  onClear(): void
}

function MeterList({ meters, typed, sort, onSort, onClear }: MeterListProps) {
  const isNarrow = useMediaQuery('(max-width: 720px)')
  const [limit, setLimit] = useState(PAGE_SIZE)
  const { key, direction } = sort
  const shown = useMemo(
    () => sortMeters(filterMeters(meters, typed), { key, direction }),
    [meters, typed, key, direction],
  )
  if (meters.length === 0) {
    return (
      <Empty title="No meter on this street yet">
        <p>A meter appears here as soon as it is registered with the head-end.</p>
      </Empty>
    )
  }
  const List = isNarrow ? MeterCards : MeterTable
  return (
    <>
      <p className="visually-hidden" role="status">
        {typed === '' ? '' : `${shown.length} of ${meters.length} meters shown`}
      </p>
      {shown.length === 0 ? (
        <Empty title={`No meter matches “${typed}”`}>
          <button type="button" className="button" onClick={onClear}>
            Show all meters
          </button>
        </Empty>
      ) : (
        <>
          <List meters={shown.slice(0, limit)} sort={sort} onSort={onSort} />
          {shown.length > limit && (
            <p className="more">
              {limit} of {shown.length} meters shown.
              <button type="button" className="link-button" onClick={() => setLimit(limit + PAGE_SIZE)}>
                Show {Math.min(PAGE_SIZE, shown.length - limit)} more
              </button>
            </p>
          )}
        </>
      )}
    </>
  )
}
