import type { CardStatus } from '@gridcard/headend/api'
import { Instant } from '../clock/instant.tsx'
import { formatByteSize, spacedHex } from '../format/byte-size.ts'
import { formatFigure } from '../format/energy.ts'
import { Empty } from '../shell/problem.tsx'

export function CardPanel({ card }: { card: CardStatus | null }) {
  return (
    <section className="panel" aria-labelledby="card-title">
      <div className="section-head">
        <h2 id="card-title" className="section-title">
          Card
        </h2>
        {card !== null && (
          <p className="section-note">
            read <Instant at={card.readAt} />
          </p>
        )}
      </div>
      {card === null ? <Empty title="Not read yet" /> : <Card card={card} />}
    </section>
  )
}

function Card({ card }: { card: CardStatus }) {
  return (
    <>
      <dl className="facts">
        <div>
          <dt>Applet</dt>
          <dd>
            <span className="code">{spacedHex(card.appletAid)}</span>
            <span className="cell-soft"> version {card.appletVersion}</span>
          </dd>
        </div>
        <div>
          <dt>Life cycle</dt>
          <dd>{lifeCycles[card.lifeCycle]}</dd>
        </div>
        <div>
          <dt>Bound to this meter</dt>
          <dd>{card.bound ? 'Yes, since power on' : 'No'}</dd>
        </div>
      </dl>
      <CardMemory card={card} />
      <Counters card={card} />
    </>
  )
}

const lifeCycles: Readonly<Record<CardStatus['lifeCycle'], string>> = {
  personalising: 'Personalising',
  operational: 'Operational',
  locked: 'Locked',
  zeroised: 'Zeroised',
}

/** Nothing for an applet that does not tell. */
function CardMemory({ card }: { card: CardStatus }) {
  const { appletBytes, freePersistentBytes, freeTransientBytes } = card
  if (appletBytes === null || freePersistentBytes === null || freeTransientBytes === null) return null
  const totalBytes = appletBytes + freePersistentBytes
  const words = `${formatByteSize(appletBytes)} used, ${formatByteSize(freePersistentBytes)} free`
  return (
    <div className="memory">
      <h3 className="panel-subtitle">Memory of the applet</h3>
      <meter className="memory-bar" aria-label="Memory of the applet" min={0} max={totalBytes} value={appletBytes}>
        {words}
      </meter>
      <p className="memory-words figure">
        <span>{words}</span>
        <span className="cell-soft">{formatByteSize(freeTransientBytes)} of working memory free</span>
      </p>
    </div>
  )
}

function Counters({ card }: { card: CardStatus }) {
  return (
    <div className="counters">
      <h3 className="panel-subtitle">Invocation counters</h3>
      <p className="panel-text">
        Every protected message carries a number that is used once. The card raises its own number before a message
        leaves it, and refuses whatever comes in below its floor: a recorded message cannot be played back.
      </p>
      <table className="data-table">
        <thead>
          <tr>
            <th scope="col">Key slot</th>
            <th scope="col" className="cell-figure">
              Next sent
            </th>
            <th scope="col" className="cell-figure">
              Message floor
            </th>
            <th scope="col" className="cell-figure">
              Token floor
            </th>
          </tr>
        </thead>
        <tbody>
          {card.slots.map((slot) => (
            <tr key={slot.slot}>
              <th scope="row">{slot.slot}</th>
              <td className="cell-figure">{formatFigure(slot.send, 0)}</td>
              <td className="cell-figure">{formatFigure(slot.messageFloor, 0)}</td>
              <td className="cell-figure">{formatFigure(slot.tokenFloor, 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
