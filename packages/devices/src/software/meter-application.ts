import type { CaptureObject, CosemObject } from '@gridcard/dlms'
import type { EventLogName } from '../meter/event-log.ts'
import type { MeterPlatform } from './meter-platform.ts'

/**
 * The software of the street's meters, release 1.0.0. Its text, types taken off, is the body of the image: so it uses nothing but its
 * parameter, and imports only types.
 */
export function meterApplication(platform: MeterPlatform): readonly CosemObject[] {
  const { dlms, clock, metrology, log } = platform
  const { cosem } = dlms
  const unit = { wattHour: 30, watt: 27, volt: 35 }
  // Remote disconnection and direct remote reconnection, nothing by hand. Blue Book ed. 14 §4.5.8, control modes
  const controlMode = 4
  const clockName = '0.0.1.0.0.255'
  const statusName = '0.0.96.10.1.255'
  const importName = '1.0.1.8.0.255'
  const exportName = '1.0.2.8.0.255'

  const energy = (logicalName: string, direction: 'importWh' | 'exportWh') =>
    dlms.registerObject({
      logicalName,
      scaler: 0,
      unit: unit.wattHour,
      value: () => cosem.doubleLongUnsigned(metrology.registers()[direction]),
    })
  const power = (logicalName: string, direction: 'importW' | 'exportW') =>
    dlms.registerObject({
      logicalName,
      scaler: 0,
      unit: unit.watt,
      value: () => cosem.doubleLongUnsigned(metrology.instantaneous()[direction]),
    })
  const clockColumn: CaptureObject = { classId: 8, logicalName: clockName, attributeIndex: 2, dataIndex: 0 }
  const eventLog = (name: EventLogName, codeName: string, logName: string) => [
    dlms.dataObject({ logicalName: codeName, value: () => cosem.unsigned(log.entries(name).at(-1)?.code ?? 0) }),
    dlms.profileGenericObject({
      logicalName: logName,
      captureObjects: [clockColumn, { classId: 1, logicalName: codeName, attributeIndex: 2, dataIndex: 0 }],
      capturePeriodSeconds: 0,
      profileEntries: log.capacity,
      buffer: dlms.listProfileBuffer(() =>
        log.entries(name).map(({ atMs, code }) => ({ atMs, values: [clock.data(atMs), cosem.unsigned(code)] })),
      ),
    }),
  ]

  return [
    dlms.clockObject({
      logicalName: clockName,
      nowMs: clock.nowMs,
      status: () => (clock.isSound() ? 0 : dlms.clockStatus.doubtfulValue),
    }),
    energy(importName, 'importWh'),
    energy(exportName, 'exportWh'),
    power('1.0.1.7.0.255', 'importW'),
    power('1.0.2.7.0.255', 'exportW'),
    dlms.registerObject({
      logicalName: '1.0.32.7.0.255',
      scaler: -1,
      unit: unit.volt,
      value: () => cosem.longUnsigned(metrology.instantaneous().voltageDv),
    }),
    dlms.dataObject({ logicalName: statusName, value: () => cosem.unsigned(0) }),
    dlms.profileGenericObject({
      logicalName: '1.0.99.1.0.255',
      captureObjects: [
        clockColumn,
        { classId: 1, logicalName: statusName, attributeIndex: 2, dataIndex: 0 },
        { classId: 3, logicalName: importName, attributeIndex: 2, dataIndex: 0 },
        { classId: 3, logicalName: exportName, attributeIndex: 2, dataIndex: 0 },
      ],
      capturePeriodSeconds: metrology.capturePeriodMs / 1000,
      profileEntries: metrology.profileCapacity,
      buffer: metrology.loadProfile,
    }),
    dlms.disconnectControlObject({
      logicalName: '0.0.96.3.10.255',
      outputState: () => platform.switch.state() === 'connected',
      controlState: () => platform.switch.state(),
      controlMode: () => controlMode,
      remoteDisconnect: () => platform.switch.to('disconnected'),
      remoteReconnect: () => platform.switch.to('connected'),
    }),
    ...eventLog('standard', '0.0.96.11.0.255', '0.0.99.98.0.255'),
    ...eventLog('fraud', '0.0.96.11.1.255', '0.0.99.98.1.255'),
    ...eventLog('disconnector', '0.0.96.11.2.255', '0.0.99.98.2.255'),
  ]
}

/** What release 1.1.0 adds: the current of L1, in hundredths of an ampere, out of power and voltage. */
export function currentObject(platform: MeterPlatform): CosemObject {
  const { dlms, metrology } = platform
  return dlms.registerObject({
    logicalName: '1.0.31.7.0.255',
    scaler: -2,
    unit: 33,
    value: () => {
      const { importW, exportW, voltageDv } = metrology.instantaneous()
      return dlms.cosem.longUnsigned(Math.round((1000 * Math.abs(importW - exportW)) / Math.max(1, voltageDv)))
    },
  })
}
