export {
  type BuildOverrides,
  type BuiltApplet,
  type BuiltExtended,
  buildApplet,
  buildAppletFolder,
  buildExtended,
} from './applet-build.ts'
export { type AppletConfig, type ExtendedConfig, parseAppletConfig, parseBuildConfig } from './applet-config.ts'
export { AppletBuildError, type AppletBuildErrorCode, LauncherError, type LauncherErrorCode } from './errors.ts'
export { compileApplet, findJavac, type Javac, writeStubs } from './javac.ts'
export { meterCardProfile } from './start/card-profile.ts'
export { type LaunchOptions, launchStreet, type RunningStreet } from './start/launch.ts'
export { type MeterKeys, makeMeterKeys, managementSlot, personaliseCard } from './start/personalise.ts'
