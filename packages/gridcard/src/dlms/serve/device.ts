import { fromAscii } from '@gridcard/bytes'
import {
  type AssociationConfig,
  associationLnObject,
  type CosemData,
  type CosemObject,
  clockObject,
  cosem,
  type DefinedMeter,
  DlmsServer,
  dataObject,
  dateTimeOf,
  defineMeter,
  disconnectControlObject,
  emitDateTime,
  isRefusal,
  listProfileBuffer,
  type MeterPorts,
  type ProfileEntry,
  profileGenericObject,
  registerObject,
  type SecurityEvent,
  type SecurityModule,
  sapAssignmentObject,
  securitySetupObject,
} from '@gridcard/dlms'
import type { AssociationKeys } from '../keys/association-keys.ts'
import {
  type DefinedModel,
  type DeviceModel,
  descriptionOf,
  isClock,
  numberIn,
  type ObjectModel,
  type ProfileModel,
} from './model.ts'

export interface DeviceOptions {
  readonly model: DeviceModel
  /** Both or none; with them there is a management association. */
  readonly keys?: AssociationKeys | undefined
  readonly security?: SecurityModule | undefined
  /** Sends what Push setups name; without it they refuse. */
  readonly push?: MeterPorts['push'] | undefined
  readonly nowMs: () => number
  readonly onSecurityEvent: (event: SecurityEvent) => void
  /** A switch moved, a value was written: for the log. */
  readonly onChange: (text: string) => void
}

export const managementSlot = 0
const saps = { public: 16, management: 1 } as const
const counterName = '0.0.43.1.2.255'
const setupName = '0.0.43.0.2.255'
const alwaysPublic = new Set(['0.0.42.0.0.255', '0.0.41.0.0.255', '0.0.40.0.0.255', '0.0.40.0.1.255', counterName])

/** The logical device of a description: its objects, the ones every device has, and one or two associations. */
export class Device {
  readonly server: DlmsServer
  readonly objectCount: number
  readonly associations: readonly AssociationConfig[]
  readonly #options: DeviceOptions
  readonly #meter: DefinedMeter
  readonly #values = new Map<string, CosemData>()
  readonly #clockOffsetsMs = new Map<string, number>()
  readonly #profiles: { readonly model: ProfileModel; readonly rows: { atMs: number; values: ProfileEntry }[] }[] = []

  constructor(options: DeviceOptions) {
    this.#options = options
    const { model, security } = options
    for (const object of model.objects) {
      if (object.kind === 'data' || object.kind === 'register') this.#values.set(object.logicalName, object.value)
      if (object.kind === 'clock') {
        const startMs = object.startMs ?? options.nowMs()
        this.#clockOffsetsMs.set(object.logicalName, startMs - options.nowMs())
      }
    }
    const isPublic = new Set(model.objects.filter((object) => object.isPublic).map(({ logicalName }) => logicalName))
    const publicAssociation: AssociationConfig = {
      name: 'public',
      clientSap: saps.public,
      serverSap: model.serverSap,
      mechanism: 'none',
      ciphered: false,
      access: ({ logicalName }, _index, kind) =>
        kind === 'read' && (alwaysPublic.has(logicalName) || isPublic.has(logicalName)),
    }
    const management: AssociationConfig = {
      name: 'management',
      clientSap: saps.management,
      serverSap: model.serverSap,
      // A signing key of the client is what suites 1 and 2 are for; without one it proves itself as in suite 0.
      mechanism: options.keys?.clientSigningPublicKey === undefined ? 'hls-gmac' : 'hls-ecdsa',
      ciphered: true,
      slot: managementSlot,
      suite: options.keys?.suite ?? 0,
      access: () => true,
    }
    this.associations = security === undefined ? [publicAssociation] : [publicAssociation, management]
    const objects: CosemObject[] = []
    this.#meter = defineMeter({
      ports: {
        nowMs: options.nowMs,
        ...(options.push && { push: options.push }),
        onEvent: ({ kind, object, detail }) => options.onChange(`${object}: ${kind}, ${detail}`),
      },
      objects: [
        ...this.#ownObjects(() => objects),
        ...model.objects.map((object) => (object.kind === 'defined' ? descriptionOf(object) : this.#object(object))),
      ],
    })
    objects.push(...this.#meter.objects)
    this.objectCount = objects.length
    this.server = new DlmsServer({
      objects,
      associations: this.associations,
      ...(security && { security }),
      onSecurityEvent: options.onSecurityEvent,
    })
  }

  /** What time makes happen: schedules, limits, monitors. */
  tick(): Promise<void> {
    return this.#meter.tick()
  }

  /** One row more in every capturing profile whose period ends at or before now. */
  captureDue(): void {
    for (const { model, rows } of this.#profiles) {
      if (!model.isCapturing) continue
      const periodMs = model.capturePeriodSeconds * 1000
      const dueMs = Math.floor(this.#clockMsOf(model) / periodMs) * periodMs
      if ((rows.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < dueMs) this.#capture(model, rows, dueMs)
    }
  }

  #ownObjects(all: () => readonly CosemObject[]): CosemObject[] {
    const { model, keys, security } = this.#options
    const [publicAssociation, management] = this.associations
    const name = model.logicalDeviceName
    const common = [
      dataObject({ logicalName: '0.0.42.0.0.255', value: () => cosem.octetString(fromAscii(name)) }),
      sapAssignmentObject({ devices: () => [{ sap: model.serverSap, name }] }),
      associationLnObject({
        logicalName: '0.0.40.0.0.255',
        objects: all,
        securitySetup: ({ ciphered }) => (ciphered ? setupName : undefined),
      }),
      associationLnObject({ logicalName: '0.0.40.0.1.255', association: publicAssociation!, objects: all }),
    ]
    if (keys === undefined || security === undefined || management === undefined) return common
    return [
      ...common,
      associationLnObject({
        logicalName: '0.0.40.0.2.255',
        association: management,
        objects: all,
        securitySetup: () => setupName,
      }),
      securitySetupObject({ logicalName: setupName, ...keys }),
      dataObject({
        logicalName: counterName,
        value: async () => {
          const counters = await security.counters(managementSlot)
          return isRefusal(counters)
            ? { refused: 'temporary-failure' }
            : cosem.doubleLongUnsigned(counters.messageFloor)
        },
      }),
    ]
  }

  #object(model: Exclude<ObjectModel, DefinedModel>): CosemObject {
    const { logicalName } = model
    const value = () => this.#values.get(logicalName)!
    switch (model.kind) {
      case 'data': {
        const write = (written: CosemData) => {
          if (written.type !== value().type) return { refused: 'type-unmatched' } as const
          this.#values.set(logicalName, written)
          this.#options.onChange(`${logicalName} was written`)
          return undefined
        }
        return dataObject({ logicalName, value, ...(model.isWritable && { write }) })
      }
      case 'register':
        return registerObject({ logicalName, value, scaler: model.scaler, unit: model.unit })
      case 'clock': {
        const setTime = (atMs: number) => {
          this.#clockOffsetsMs.set(logicalName, atMs - this.#options.nowMs())
          this.#options.onChange(`${logicalName} was set`)
          return undefined
        }
        return clockObject({
          logicalName,
          nowMs: () => this.#clockMs(logicalName),
          deviationMinutes: model.deviationMinutes,
          ...(model.isSettable && { setTime }),
        })
      }
      case 'disconnect-control':
        return this.#switch(model)
      case 'profile':
        return this.#profile(model)
    }
  }

  #switch(model: Extract<ObjectModel, { kind: 'disconnect-control' }>): CosemObject {
    let { isConnected } = model
    const turn = (to: boolean) => () => {
      isConnected = to
      this.#options.onChange(`${model.logicalName} was ${to ? 'connected' : 'disconnected'}`)
      return { result: 'success' } as const
    }
    return disconnectControlObject({
      logicalName: model.logicalName,
      outputState: () => isConnected,
      controlState: () => (isConnected ? 'connected' : 'disconnected'),
      // Mode 4: remote disconnection and reconnection, and by hand.
      controlMode: () => 4,
      remoteDisconnect: turn(false),
      remoteReconnect: turn(true),
    })
  }

  #profile(model: ProfileModel): CosemObject {
    const rows = this.#firstRows(model)
    this.#profiles.push({ model, rows })
    return profileGenericObject({
      logicalName: model.logicalName,
      captureObjects: model.columns,
      capturePeriodSeconds: model.capturePeriodSeconds,
      profileEntries: model.profileEntries,
      buffer: listProfileBuffer(() => rows),
      reset: () => {
        rows.length = 0
        this.#options.onChange(`${model.logicalName} was reset`)
        return { result: 'success' }
      },
      capture: () => {
        this.#capture(model, rows, this.#clockMsOf(model))
        return { result: 'success' }
      },
    })
  }

  #firstRows(model: ProfileModel): { atMs: number; values: ProfileEntry }[] {
    const { fill } = model
    if (fill === undefined) {
      const sorted = [...model.rows].sort((a, b) => a.atMs - b.atMs).slice(-model.profileEntries)
      return sorted.map(({ atMs, cells }) => ({ atMs, values: this.#entry(model, atMs, (i) => cells[i]) }))
    }
    const periodMs = model.capturePeriodSeconds * 1000
    const lastMs = Math.floor(this.#clockMsOf(model) / periodMs) * periodMs
    return Array.from({ length: fill.entries }, (_unused, entry) => {
      const age = fill.entries - 1 - entry
      const at = (i: number) => Math.max(0, this.#number(model, i) - age * (fill.increase[i] ?? 0))
      return { atMs: lastMs - age * periodMs, values: this.#entry(model, lastMs - age * periodMs, at) }
    })
  }

  #capture(model: ProfileModel, rows: { atMs: number; values: ProfileEntry }[], atMs: number): void {
    rows.push({ atMs, values: this.#entry(model, atMs, (i) => this.#number(model, i)) })
    if (rows.length > model.profileEntries) rows.shift()
  }

  /** One cell for each column; numbers keep the type of what they were captured from. */
  #entry(model: ProfileModel, atMs: number, number: (column: number) => number | undefined): ProfileEntry {
    return model.columns.map((column, i) => {
      if (isClock(column)) return cosem.octetString(emitDateTime(dateTimeOf(atMs, this.#zone(column.logicalName))))
      const value = this.#values.get(column.logicalName)!
      return { ...value, value: number(i) ?? 0 } as CosemData
    })
  }

  #zone(logicalName: string): { deviationMinutes: number } {
    const clock = this.#options.model.objects.find((object) => object.logicalName === logicalName)
    return { deviationMinutes: clock?.kind === 'clock' ? clock.deviationMinutes : 0 }
  }

  #number(model: ProfileModel, column: number): number {
    const value = this.#values.get(model.columns[column]!.logicalName)
    return (value && numberIn(value)) ?? 0
  }

  #clockMsOf(model: ProfileModel): number {
    return this.#clockMs(model.columns.find(isClock)!.logicalName)
  }

  #clockMs(logicalName: string): number {
    return this.#options.nowMs() + (this.#clockOffsetsMs.get(logicalName) ?? 0)
  }
}
