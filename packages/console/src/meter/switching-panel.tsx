import type { Switching, SwitchOrder } from '@gridcard/headend/api'
import { Instant } from '../clock/instant.tsx'
import { Icon } from '../icons/icon.tsx'
import { Empty } from '../shell/problem.tsx'
import { orderMarks, orderTitle, shortCounter } from './switch-evidence.ts'

/** Who decides whether the switch moves, and what its card has signed. */
export function SwitchingPanel({ switching }: { switching: Switching }) {
  return (
    <section className="panel" aria-labelledby="switching-title">
      <h2 id="switching-title" className="section-title">
        Switch commands
      </h2>
      {switching.verifiedByCard ? (
        <p className="panel-text">
          The switch moves only for a command that the head-end has signed and the meter's card has verified: for this
          meter, this call, this time, once.
        </p>
      ) : (
        <p className="mark" data-tone="attention">
          <Icon name="warning" />
          Not verified by its card. This meter has a card from before: whoever has its keys can switch it.
        </p>
      )}
      {switching.verifiedByCard && <Orders orders={switching.orders} />}
    </section>
  )
}

function Orders({ orders }: { orders: readonly SwitchOrder[] }) {
  if (orders.length === 0) return <Empty title="None yet" />
  return (
    <ul className="orders">
      {orders.map((order) => (
        <Order key={order.counter} order={order} />
      ))}
    </ul>
  )
}

function Order({ order }: { order: SwitchOrder }) {
  const { icon, tone, words } = orderMarks[order.outcome]
  return (
    <li className="order">
      <div className="order-head">
        <span className="mark" data-tone={tone}>
          <Icon name={icon} />
          {orderTitle(order)}
        </span>
        <span className="cell-soft">
          <Instant at={order.at} />
        </span>
      </div>
      <p className="order-words">
        {words}
        {order.signedAt !== null && (
          <>
            {' '}
            at <Instant at={order.signedAt} />
          </>
        )}
        , counter <span className="figure">{shortCounter(order.counter)}</span>
      </p>
      <details className="order-bytes">
        <summary>Evidence</summary>
        <dl>
          <dt>Command, signed by the head-end</dt>
          <dd className="code">{order.command}</dd>
          <dt>Response, signed by the card</dt>
          <dd className="code">{order.response ?? 'None'}</dd>
        </dl>
      </details>
    </li>
  )
}
