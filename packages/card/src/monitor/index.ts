/** For debuggers, coverage and tracers: watching a card run, and looking into it. */
export { findHandler } from '../vm/interpreter/slow-paths.ts'
export type { LinkedClass, LinkedHandler, LinkedMethod, LinkedPackage } from '../vm/link/linked-package.ts'
export { OPERATION } from '../vm/link/prepared-code.ts'
export { JCRE_CONTEXT, type Machine, type PackageInstance } from '../vm/machine.ts'
export { type CodePosition, type Monitor, TO_HOST } from '../vm/monitor.ts'
export { describeApdu, type RunningApdu } from './apdu.ts'
export { CoverageMonitor, type MethodCoverage, type PackageCoverage } from './coverage-monitor.ts'
export { type Frame, NativeCalls, walkFrames } from './frames.ts'
export {
  type ArrayObject,
  type CardObject,
  type ClassObject,
  cellAt,
  contextName,
  type ElementType,
  elementAt,
  elementSizeBytes,
  intCellAt,
  objectAt,
  objectsOn,
  ownerName,
  reasonAt,
  type StoragePlace,
  staticByteAt,
  staticIntAt,
  staticShortAt,
} from './objects.ts'
export { type MemoryRegion, memoryRegions } from './regions.ts'
export { WatchedCode } from './watched-code.ts'
