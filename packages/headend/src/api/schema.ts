import Type, { type Static } from 'typebox'

// The HTTP API's shapes: the server validates with them, OpenAPI is generated from them, the console imports their types.
// Times are ISO 8601 in UTC, in the street's simulated time; energies are whole Wh; powers whole W.

const Time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC' })
const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** What the head-end knows of the way to a meter. `refusing`: it answered, but nothing that could be trusted. */
export const MeterState = Type.Union([
  Type.Literal('new'),
  Type.Literal('online'),
  Type.Literal('unreachable'),
  Type.Literal('refusing'),
])
export type MeterState = Static<typeof MeterState>

/** control_state of class 70 (Blue Book, disconnect control). */
export const SwitchState = Type.Union([
  Type.Literal('disconnected'),
  Type.Literal('connected'),
  Type.Literal('ready-for-reconnection'),
])
export type SwitchState = Static<typeof SwitchState>

export const serialPattern = '^[A-Z0-9]{4,24}$'
export const Serial = Type.String({ pattern: serialPattern, description: 'Serial number of a meter' })

export const Street = Type.Object({
  name: Type.String(),
  version: Type.String(),
  simulatedTime: Time,
  speed: Type.Number({ description: 'Simulated seconds per second' }),
  meters: Type.Object({
    total: Type.Integer(),
    online: Type.Integer(),
    disconnected: Type.Integer(),
    attention: Type.Integer({ description: 'Unreachable or refusing' }),
  }),
  importWhToday: Type.Integer(),
  exportWhToday: Type.Integer(),
})
export type Street = Static<typeof Street>

export const MeterSummary = Type.Object({
  serial: Type.String(),
  systemTitle: Type.String({ description: '16 hex digits' }),
  logicalDeviceName: Type.String(),
  address: Type.String({ description: 'host:port' }),
  state: MeterState,
  stateReason: Nullable(Type.String({ description: 'Why it is not online, for people' })),
  switchState: Nullable(SwitchState),
  lastReadAt: Nullable(Time),
  importWh: Nullable(Type.Integer({ description: '1.0.1.8.0.255 at the last reading' })),
  exportWh: Nullable(Type.Integer({ description: '1.0.2.8.0.255 at the last reading' })),
  powerW: Nullable(Type.Integer({ description: 'Import minus export at the last reading' })),
})
export type MeterSummary = Static<typeof MeterSummary>

export const RegisterReading = Type.Object({
  logicalName: Type.String(),
  name: Type.String(),
  value: Type.Number({ description: 'Scaler applied' }),
  unit: Type.String(),
  readAt: Time,
})
export type RegisterReading = Static<typeof RegisterReading>

export const CardSlot = Type.Object({
  slot: Type.Integer(),
  send: Type.Integer({ description: 'Next invocation counter the card will use' }),
  messageFloor: Type.Integer({ description: 'Lowest counter it accepts in a message' }),
  tokenFloor: Type.Integer({ description: 'Lowest counter it accepts in an authentication token' }),
})
export const CardLifeCycle = Type.Union([
  Type.Literal('personalising'),
  Type.Literal('operational'),
  Type.Literal('locked'),
  Type.Literal('zeroised'),
])
export type CardLifeCycle = Static<typeof CardLifeCycle>
export const CardStatus = Type.Object({
  appletAid: Type.String({ description: 'Hex' }),
  appletVersion: Type.Integer(),
  lifeCycle: CardLifeCycle,
  bound: Type.Boolean({ description: 'Bound to its device since power on' }),
  appletBytes: Nullable(
    Type.Integer({
      description: 'Persistent memory the applet instance took at installation; null if it does not tell',
    }),
  ),
  freePersistentBytes: Nullable(Type.Integer()),
  freeTransientBytes: Nullable(Type.Integer()),
  slots: Type.Array(CardSlot),
  readAt: Time,
})
export type CardStatus = Static<typeof CardStatus>

export const ClockReading = Type.Object({
  meterTime: Time,
  readAt: Time,
  deviationS: Type.Number({ description: 'Meter minus head-end, seconds' }),
})
export type ClockReading = Static<typeof ClockReading>

/** What a meter's card has proved of the software it started. */
export const SoftwareState = Type.Union([Type.Literal('unknown'), Type.Literal('verified'), Type.Literal('refused')])
export type SoftwareState = Static<typeof SoftwareState>
export const SoftwareStatus = Type.Object({
  state: SoftwareState,
  reason: Nullable(Type.String({ description: 'Why it is refused, for people' })),
  version: Nullable(Type.String({ description: 'That was verified last, e.g. 1.0.0' })),
  checkedAt: Nullable(Time),
  verifiedAt: Nullable(Time),
  boots: Nullable(Type.Integer({ description: 'Power-ups of its card' })),
  events: Nullable(Type.Integer({ description: 'Events sealed in its card' })),
  releases: Type.Array(Type.String(), { description: 'Versions it can be given' }),
})
export type SoftwareStatus = Static<typeof SoftwareStatus>

/**
 * What became of a signed command. `sent`: nobody knows yet, or the connection broke. `unproven`: the meter says that it obeyed,
 * and its card does not.
 */
export const OrderOutcome = Type.Union([
  Type.Literal('sent'),
  Type.Literal('obeyed'),
  Type.Literal('refused'),
  Type.Literal('unproven'),
])
export type OrderOutcome = Static<typeof OrderOutcome>
export const SwitchOrder = Type.Object({
  at: Time,
  to: Type.Union([Type.Literal('disconnected'), Type.Literal('connected')]),
  counter: Type.Integer({ description: 'Of the command; its card takes each once, and none below' }),
  outcome: OrderOutcome,
  text: Nullable(Type.String({ description: 'What happened, for people' })),
  signedAt: Nullable(Time),
  command: Type.String({ description: 'Hex: header and signature of the head-end' }),
  response: Nullable(Type.String({ description: 'Hex: command, result, time, and the signature of the card' })),
})
export type SwitchOrder = Static<typeof SwitchOrder>
export const Switching = Type.Object({
  verifiedByCard: Type.Boolean({
    description: 'The switch moves only for commands that its card has verified; false for cards of earlier versions',
  }),
  orders: Type.Array(SwitchOrder, { description: 'The last ones, newest first' }),
})
export type Switching = Static<typeof Switching>

/** Whether its log is what the card was given, all of it. */
export const LogStatus = Type.Object({
  state: Type.Union([Type.Literal('verified'), Type.Literal('broken')]),
  reason: Nullable(Type.String({ description: 'Why it is broken, for people' })),
  checkedAt: Time,
  verifiedAt: Nullable(Time),
  entries: Nullable(Type.Integer({ description: 'Sealed in its card when it was verified last' })),
})
export type LogStatus = Static<typeof LogStatus>

export const MeterDetail = Type.Intersect([
  MeterSummary,
  Type.Object({
    registers: Type.Array(RegisterReading),
    clock: Nullable(ClockReading),
    card: Nullable(CardStatus),
    software: Nullable(SoftwareStatus),
    switching: Switching,
    log: Nullable(LogStatus),
    intervalsStored: Type.Integer(),
    firstIntervalEndAt: Nullable(Time),
    lastIntervalEndAt: Nullable(Time),
  }),
])
export type MeterDetail = Static<typeof MeterDetail>

export const Interval = Type.Object({
  endAt: Time,
  importWh: Type.Integer({ description: 'Energy in this interval' }),
  exportWh: Type.Integer(),
  status: Type.Integer({ description: 'Profile status byte, 0 = good' }),
})
export type Interval = Static<typeof Interval>

export const LoadProfile = Type.Object({
  serial: Type.String(),
  intervalMinutes: Type.Integer(),
  from: Time,
  to: Time,
  intervals: Type.Array(Interval),
})
export type LoadProfile = Static<typeof LoadProfile>

export const EventSeverity = Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('alarm')])
export type EventSeverity = Static<typeof EventSeverity>
export const StreetEvent = Type.Object({
  id: Type.Integer(),
  at: Time,
  serial: Nullable(Type.String()),
  source: Type.Union([Type.Literal('meter'), Type.Literal('headend')]),
  kind: Type.String({
    description: 'Stable name, e.g. meter.read, switch.disconnected, security.authentication-failed',
  }),
  severity: EventSeverity,
  text: Type.String({ description: 'One line for people' }),
})
export type StreetEvent = Static<typeof StreetEvent>

export const SwitchRequest = Type.Object({
  to: Type.Union([Type.Literal('disconnected'), Type.Literal('connected')]),
  confirmSerial: Type.String({ description: "The meter's serial once more: a switch without it is refused" }),
})
export type SwitchRequest = Static<typeof SwitchRequest>

export const SwitchOutcome = Type.Object({
  serial: Type.String(),
  requested: Type.Union([Type.Literal('disconnected'), Type.Literal('connected')]),
  done: Type.Boolean(),
  switchState: Nullable(SwitchState),
  order: Nullable(SwitchOrder),
  text: Type.String({ description: 'What happened, for people' }),
})
export type SwitchOutcome = Static<typeof SwitchOutcome>

export const SoftwareRequest = Type.Object({
  version: Type.String({ pattern: '^[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}$' }),
  confirmSerial: Type.String({ description: "The meter's serial once more: an update without it is refused" }),
})
export type SoftwareRequest = Static<typeof SoftwareRequest>

export const SoftwareOutcome = Type.Object({
  serial: Type.String(),
  version: Type.String(),
  done: Type.Boolean({ description: 'Activated; it runs once the meter has started again' }),
  text: Type.String({ description: 'What happened, for people' }),
})
export type SoftwareOutcome = Static<typeof SoftwareOutcome>

export const ReadOutcome = Type.Object({
  serial: Type.String(),
  done: Type.Boolean(),
  intervalsStored: Type.Integer({ description: 'New ones' }),
  durationMs: Type.Number(),
  text: Type.String(),
})
export type ReadOutcome = Static<typeof ReadOutcome>

export const Health = Type.Object({
  status: Type.Literal('ok'),
  version: Type.String(),
})
export type Health = Static<typeof Health>

export const Problem = Type.Object({
  code: Type.String({ description: 'Stable, e.g. HEADEND_UNKNOWN_METER' }),
  message: Type.String(),
})
export type Problem = Static<typeof Problem>

/**
 * The routes, for both sides to read. The feed is server-sent events: `event: event` with a StreetEvent, and
 * `event: meter` with a MeterSummary whenever one changed.
 */
export const routes = {
  street: 'GET /api/street',
  meters: 'GET /api/meters',
  meter: 'GET /api/meters/:serial',
  loadProfile: 'GET /api/meters/:serial/load-profile?from&to',
  meterEvents: 'GET /api/meters/:serial/events?limit',
  events: 'GET /api/events?limit',
  read: 'POST /api/meters/:serial/read',
  switch: 'POST /api/meters/:serial/switch',
  software: 'POST /api/meters/:serial/software',
  feed: 'GET /api/feed',
  openapi: 'GET /api/openapi.json',
  health: 'GET /api/health',
} as const
