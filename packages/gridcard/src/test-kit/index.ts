/** Tests for applets: a card in this process. docs/testing.md has examples. */
export { Answer } from './answer.ts'
export type { AppletSource } from './applet-source.ts'
export { assertAnswer, assertPowerLost } from './assertions.ts'
export type { Channel } from './channel.ts'
export type { CommandWork, WrittenPlace } from './command-work.ts'
export { Coverage } from './coverage/coverage.ts'
export {
  type CoverageReport,
  type CoveredFile,
  type CoveredLine,
  type CoveredMethod,
  type LineState,
  lineState,
} from './coverage/coverage-report.ts'
export { isPowerLost, TestKitError, type TestKitErrorCode } from './errors.ts'
export { type CardMatchers, matchers } from './matchers.ts'
export { Card, type CardOptions, type CommandSource, type Cut, type PowerOptions, type Snapshot } from './test-card.ts'
export { type HotByte, type WearReport, wearText } from './wear.ts'
