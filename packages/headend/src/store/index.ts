// The store alone, for measurements and tools that need no head-end around it.
export { type Database, openDatabase, openMemoryDatabase, type StartStep } from './database.ts'
export { listMeters, type MeterRegistration, registerMeterRow } from './meters.ts'
export {
  createReadingStore,
  type InsertedIntervals,
  type IntervalEnergy,
  type IntervalRow,
  type ReadingStore,
  type StoredExtent,
} from './readings.ts'
