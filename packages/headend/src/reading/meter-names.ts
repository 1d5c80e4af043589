import type { AttributeRef } from '@gridcard/dlms'

/** The objects a reading asks for. @source Blue Book ed. 14 §6 */
export const meterNames = {
  clock: '0.0.1.0.0.255',
  logicalDeviceName: '0.0.42.0.0.255',
  serial: '0.0.96.1.0.255',
  disconnectControl: '0.0.96.3.10.255',
  profileStatus: '0.0.96.10.1.255',
  importEnergy: '1.0.1.8.0.255',
  exportEnergy: '1.0.2.8.0.255',
  importPower: '1.0.1.7.0.255',
  exportPower: '1.0.2.7.0.255',
  voltage: '1.0.32.7.0.255',
  loadProfile: '1.0.99.1.0.255',
  /** Maker's own object: what the meter tells of its card. */
  cardStatus: '0.128.96.0.0.255',
  imageTransfer: '0.0.44.0.0.255',
  /** Maker's own: the word for an update, and what the meter proves of its software. */
  softwareActivation: '0.128.96.1.0.255',
  softwareQuote: '0.128.96.2.0.255',
  /** Maker's own: the signed word for a critical command, and what the card signed about the last one. */
  commandAuthorisation: '0.128.96.3.0.255',
  commandResponse: '0.128.96.3.1.255',
  /** Maker's own: a nonce goes in, the seal of its card over its log and the entries come out. */
  sealedLog: '0.128.96.4.0.255',
} as const

const CLASS_DATA = 1
const CLASS_REGISTER = 3
const CLASS_PROFILE_GENERIC = 7
const CLASS_CLOCK = 8
const CLASS_DISCONNECT_CONTROL = 70

const attribute = (classId: number, logicalName: string, attributeIndex: number): AttributeRef => ({
  classId,
  logicalName,
  attributeIndex,
})

export const attributes = {
  clockTime: attribute(CLASS_CLOCK, meterNames.clock, 2),
  logicalDeviceName: attribute(CLASS_DATA, meterNames.logicalDeviceName, 2),
  serial: attribute(CLASS_DATA, meterNames.serial, 2),
  controlState: attribute(CLASS_DISCONNECT_CONTROL, meterNames.disconnectControl, 3),
  cardStatus: attribute(CLASS_DATA, meterNames.cardStatus, 2),
  commandAuthorisation: attribute(CLASS_DATA, meterNames.commandAuthorisation, 2),
  commandResponse: attribute(CLASS_DATA, meterNames.commandResponse, 2),
  profileBuffer: attribute(CLASS_PROFILE_GENERIC, meterNames.loadProfile, 2),
  profileColumns: attribute(CLASS_PROFILE_GENERIC, meterNames.loadProfile, 3),
  registerValue: (logicalName: string) => attribute(CLASS_REGISTER, logicalName, 2),
  registerUnit: (logicalName: string) => attribute(CLASS_REGISTER, logicalName, 3),
  logBuffer: (logicalName: string) => attribute(CLASS_PROFILE_GENERIC, logicalName, 2),
} as const

/** Methods of the disconnect control. @source Blue Book ed. 14 §4.5.8 */
export const switchMethods = {
  disconnected: { classId: CLASS_DISCONNECT_CONTROL, logicalName: meterNames.disconnectControl, methodIndex: 1 },
  connected: { classId: CLASS_DISCONNECT_CONTROL, logicalName: meterNames.disconnectControl, methodIndex: 2 },
} as const

/** Registers read each time, with a name for people. */
export const readRegisters: readonly { readonly logicalName: string; readonly name: string }[] = [
  { logicalName: meterNames.importEnergy, name: 'Energy imported' },
  { logicalName: meterNames.exportEnergy, name: 'Energy exported' },
  { logicalName: meterNames.importPower, name: 'Power imported' },
  { logicalName: meterNames.exportPower, name: 'Power exported' },
  { logicalName: meterNames.voltage, name: 'Voltage L1' },
]

export const registerName = (logicalName: string): string =>
  readRegisters.find((register) => register.logicalName === logicalName)?.name ?? logicalName
