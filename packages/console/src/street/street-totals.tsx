import type { Street } from '@gridcard/headend/api'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { streetQuery } from '../api/queries.ts'
import { energyQuantity, type Quantity } from '../format/energy.ts'
import { Icon, type IconName } from '../icons/icon.tsx'
import { Problem } from '../shell/problem.tsx'
import type { StreetSearch } from './meter-list.ts'

export function StreetTotals() {
  const { data: street, error, refetch } = useQuery(streetQuery)
  if (street === undefined && error !== null) {
    return <Problem title="The street cannot be shown" error={error} onRetry={() => void refetch()} />
  }
  return (
    <dl className="totals" aria-busy={street === undefined}>
      <Total label="Import today">{street && <Figure quantity={energyQuantity(street.importWhToday)} />}</Total>
      <Total label="Export today">{street && <Figure quantity={energyQuantity(street.exportWhToday)} />}</Total>
      <Total label="Meters online">{street && <Online meters={street.meters} />}</Total>
      <Total label="Disconnected">
        {street && <Count count={street.meters.disconnected} icon="switch-open" search={{ q: 'disconnected' }} />}
      </Total>
      <Total label="Needing attention">
        {street && <Count count={street.meters.attention} icon="warning" search={{ q: 'attention' }} />}
      </Total>
    </dl>
  )
}

function Total({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="total">
      <dt>{label}</dt>
      <dd>{children ?? <span className="loading-line" aria-hidden="true" />}</dd>
    </div>
  )
}

export const Figure = ({ quantity }: { quantity: Quantity }) => (
  <>
    <span className="total-figure">{quantity.figure}</span> <span className="total-unit">{quantity.unit}</span>
  </>
)

const Online = ({ meters }: { meters: Street['meters'] }) => (
  <>
    <span className="total-figure">{meters.online}</span> <span className="total-unit">of {meters.total}</span>
  </>
)

/** A count that leads to the meters it counts. Zero is good news and stays quiet. */
function Count({ count, icon, search }: { count: number; icon: IconName; search: StreetSearch }) {
  if (count === 0) return <span className="total-figure">0</span>
  return (
    <Link to="/" search={search} className="total-link" title="Show them">
      <Icon name={icon} />
      <span className="total-figure">{count}</span>
    </Link>
  )
}
