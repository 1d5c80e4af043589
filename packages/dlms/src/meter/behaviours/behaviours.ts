import type { ClassBehaviour } from '../meter-context.ts'
import { communicationPortProtection, ipv4Setup, ipv6Setup, mbusClient, pushSetup } from './communication.ts'
import { imageTransfer } from './image-transfer.ts'
import { account, charge, credit, tokenGateway } from './payment.ts'
import { profileGeneric } from './profile.ts'
import {
  demandRegister,
  disconnectControl,
  extendedRegister,
  functionControl,
  register,
  registerActivation,
  registerTable,
} from './registers.ts'
import { activityCalendar, arrayManager, scriptTable, singleActionSchedule, specialDays } from './time.ts'
import { arbitrator, limiter, registerMonitor } from './watching.ts'

/** What each class does by itself, by class id. A class that is not here only holds values. */
export const behaviours: ReadonlyMap<number, ClassBehaviour> = new Map([
  [3, register],
  [4, extendedRegister],
  [5, demandRegister],
  [6, registerActivation],
  [7, profileGeneric],
  [9, scriptTable],
  [11, specialDays],
  [18, imageTransfer],
  [20, activityCalendar],
  [21, registerMonitor],
  [22, singleActionSchedule],
  [40, pushSetup],
  [42, ipv4Setup],
  [48, ipv6Setup],
  [61, registerTable],
  [68, arbitrator],
  [70, disconnectControl],
  [71, limiter],
  [72, mbusClient],
  [111, account],
  [112, credit],
  [113, charge],
  [115, tokenGateway],
  [122, functionControl],
  [123, arrayManager],
  [124, communicationPortProtection],
])
