export {
  type AppletConfig,
  type BuiltApplet,
  buildApplet,
  buildAppletFolder,
  parseAppletConfig,
} from './applet-build.ts'
export { AppletBuildError, type AppletBuildErrorCode, LauncherError, type LauncherErrorCode } from './errors.ts'
export { findJavac, type Javac, writeStubs } from './javac.ts'
export { meterCardProfile } from './start/card-profile.ts'
export { type LaunchOptions, launchStreet, type RunningStreet } from './start/launch.ts'
export { type MeterKeys, makeMeterKeys, managementSlot, personaliseCard } from './start/personalise.ts'
