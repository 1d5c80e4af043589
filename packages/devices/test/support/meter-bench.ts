import { nodeCrypto } from '@gridcard/crypto/node'
import {
  cardlessElement,
  clientSaps,
  createMeter,
  type DeviceStore,
  type Meter,
  type MeterEvent,
  type MeterOptions,
  managementSlot,
  memoryDeviceStore,
  meterSap,
  numberedIdentity,
  SettableClock,
} from '@gridcard/devices'
import { tcpListener } from '@gridcard/devices/node'
import { DlmsClient, memoryCounterStore, SoftwareSecurityModule } from '@gridcard/dlms'
import { connectWrapperTcp } from '@gridcard/dlms/node'

export const quarterMs = 900_000
export const dayMs = 86_400_000
export const installedAtMs = Date.UTC(2026, 3, 1)
/** Half past nine, 31 days after installation. */
export const nowMs = installedAtMs + 31 * dayMs + 9.5 * 3_600_000

export const headendTitle = Uint8Array.of(0x47, 0x52, 0x43, 0xff, 0, 0, 0, 1)

/** Keys of one pair of peers, fresh for each test; which end has which is up to the caller. */
export function freshKeys() {
  return { blockCipherKey: nodeCrypto.randomBytes(16), authenticationKey: nodeCrypto.randomBytes(16) }
}
export type FreshKeys = ReturnType<typeof freshKeys>

export function softwareModule(
  systemTitle: Uint8Array,
  peerSystemTitle: Uint8Array,
  keys: FreshKeys,
  counters = memoryCounterStore(),
) {
  return new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle,
    slots: (slot) => (slot === managementSlot ? { ...keys, peerSystemTitle } : undefined),
    counters,
  })
}

/** A meter with keys in software, a store and a clock of the test's, and a head-end that has the same keys. */
export class MeterBench {
  readonly identity = numberedIdentity(4711, nodeCrypto.randomBytes(16))
  readonly clock = new SettableClock(nowMs)
  readonly keys = freshKeys()
  readonly store: DeviceStore
  readonly headend = softwareModule(headendTitle, this.identity.systemTitle, this.keys)
  readonly events: MeterEvent[] = []
  readonly #counters = memoryCounterStore()
  readonly #listen = tcpListener()
  readonly #running: Meter[] = []

  constructor(store: DeviceStore = memoryDeviceStore()) {
    this.store = store
  }

  /** Another one each time, over the same store, keys and counters. */
  meter(change: Partial<MeterOptions> = {}): Meter {
    const element = cardlessElement(softwareModule(this.identity.systemTitle, headendTitle, this.keys, this.#counters))
    const meter = createMeter({
      identity: this.identity,
      clientSystemTitle: headendTitle,
      ...('link' in change ? {} : { element }),
      clock: this.clock,
      seed: 12,
      store: this.store,
      listen: this.#listen,
      installedAtMs,
      ...change,
    })
    meter.onEvent((event) => this.events.push(event))
    this.#running.push(meter)
    return meter
  }

  async started(change: Partial<MeterOptions> = {}): Promise<Meter> {
    const meter = this.meter(change)
    await meter.start()
    return meter
  }

  eventsOf(kind: MeterEvent['kind']): MeterEvent[] {
    return this.events.filter((event) => event.kind === kind)
  }

  async publicClient(meter: Meter): Promise<DlmsClient> {
    const client = new DlmsClient({ transport: await transportTo(meter, clientSaps.public), mechanism: 'none' })
    await client.associate()
    return client
  }

  /** The head-end, through HLS with GMAC. */
  async managementClient(meter: Meter, security = this.headend): Promise<DlmsClient> {
    const client = new DlmsClient({
      transport: await transportTo(meter, clientSaps.management),
      mechanism: 'hls-gmac',
      security,
      slot: managementSlot,
      serverSystemTitle: this.identity.systemTitle,
    })
    await client.associate()
    return client
  }

  async close(): Promise<void> {
    for (const meter of this.#running) await meter.stop().catch(() => {})
  }
}

export function transportTo(meter: Meter, clientSap: number) {
  const { host, port } = meter.address!
  return connectWrapperTcp({ host, port, clientSap, serverSap: meterSap, timeoutMs: 5000 })
}
