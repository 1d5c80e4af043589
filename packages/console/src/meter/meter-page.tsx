import type { MeterDetail } from '@gridcard/headend/api'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { isNotFound } from '../api/errors.ts'
import { meterQuery } from '../api/queries.ts'
import { Ago } from '../clock/instant.tsx'
import { energyQuantity, formatRegisterKwh, UNKNOWN_FIGURE } from '../format/energy.ts'
import { powerLabel, powerQuantity } from '../format/power.ts'
import { Icon } from '../icons/icon.tsx'
import { LoadProfilePanel } from '../load-profile/load-profile-panel.tsx'
import { PageHeading } from '../shell/page-heading.tsx'
import { Loading, Problem } from '../shell/problem.tsx'
import { CardPanel } from './card-panel.tsx'
import { ClockPanel } from './clock-panel.tsx'
import { MeterActions } from './meter-actions.tsx'
import { MeterEvents } from './meter-events.tsx'
import { explainState, meterStates } from './meter-states.ts'
import { RegisterPanel } from './register-panel.tsx'
import { SoftwarePanel } from './software-panel.tsx'
import { StateMark, SwitchMark } from './state-mark.tsx'
import { SwitchingPanel } from './switching-panel.tsx'

export function MeterPage({ serial }: { serial: string }) {
  const { data: meter, error, refetch } = useQuery(meterQuery(serial))
  return (
    <div className="page">
      <Link to="/" className="back-link">
        <Icon name="back" />
        All meters
      </Link>
      <header className="meter-header">
        <div>
          {/* One heading from first paint on: navigation puts the focus here, and it must not be replaced. */}
          <PageHeading title={serial} />
          {meter !== undefined && (
            <div className="meter-marks">
              <StateMark state={meter.state} />
              {meter.switchState !== null && <SwitchMark state={meter.switchState} />}
            </div>
          )}
        </div>
        {meter !== undefined && <MeterActions meter={meter} />}
      </header>
      {meter !== undefined ? (
        <MeterSections meter={meter} />
      ) : isNotFound(error) ? (
        <p className="page-note">No meter on this street has this serial.</p>
      ) : error !== null ? (
        <Problem title="The meter cannot be shown" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading label={`Loading meter ${serial}`} lines={12} />
      )}
    </div>
  )
}

function MeterSections({ meter }: { meter: MeterDetail }) {
  return (
    <>
      {meter.state !== 'online' && <StateNotice meter={meter} />}
      <KeyFigures meter={meter} />
      <LoadProfilePanel meter={meter} />
      <div className="meter-columns">
        <div className="meter-stack">
          <RegisterPanel registers={meter.registers} />
          <ClockPanel clock={meter.clock} />
          {meter.software !== null && <SoftwarePanel serial={meter.serial} software={meter.software} />}
        </div>
        <div className="meter-stack">
          <CardPanel card={meter.card} />
          <SwitchingPanel switching={meter.switching} />
        </div>
      </div>
      <MeterEvents serial={meter.serial} log={meter.log} />
      <Identity meter={meter} />
    </>
  )
}

function StateNotice({ meter }: { meter: MeterDetail }) {
  const { tone } = meterStates[meter.state]
  return (
    <div className="notice" data-tone={tone}>
      <p>{explainState(meter)}</p>
      {meter.stateReason !== null && <p className="notice-reason">{meter.stateReason}</p>}
    </div>
  )
}

function KeyFigures({ meter }: { meter: MeterDetail }) {
  return (
    <dl className="totals totals-meter">
      <KeyFigure
        label="Import"
        title={meter.importWh === null ? undefined : `${formatRegisterKwh(meter.importWh)} kWh`}
      >
        {meter.importWh === null ? undefined : energyQuantity(meter.importWh)}
      </KeyFigure>
      <KeyFigure
        label="Export"
        title={meter.exportWh === null ? undefined : `${formatRegisterKwh(meter.exportWh)} kWh`}
      >
        {meter.exportWh === null ? undefined : energyQuantity(meter.exportWh)}
      </KeyFigure>
      <KeyFigure label={powerLabel(meter)} title={undefined}>
        {meter.powerW === null ? undefined : powerQuantity(Math.abs(meter.powerW))}
      </KeyFigure>
      <div className="total">
        <dt>Last read</dt>
        <dd>
          <span className="total-figure">{meter.lastReadAt === null ? 'never' : <Ago at={meter.lastReadAt} />}</span>
        </dd>
      </div>
    </dl>
  )
}

function KeyFigure(props: {
  label: string
  title: string | undefined
  children: { figure: string; unit: string } | undefined
}) {
  return (
    <div className="total">
      <dt>{props.label}</dt>
      <dd title={props.title}>
        <span className="total-figure">{props.children?.figure ?? UNKNOWN_FIGURE}</span>{' '}
        <span className="total-unit">{props.children?.unit}</span>
      </dd>
    </div>
  )
}

function Identity({ meter }: { meter: MeterDetail }) {
  return (
    <dl className="identity">
      <div>
        <dt>System title</dt>
        <dd className="code">{meter.systemTitle}</dd>
      </div>
      <div>
        <dt>Logical device name</dt>
        <dd className="code">{meter.logicalDeviceName}</dd>
      </div>
      <div>
        <dt>Address</dt>
        <dd className="code">{meter.address}</dd>
      </div>
    </dl>
  )
}
