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
export { type LaunchOptions, launchStreet, type RunningStreet } from './start/launch.ts'
export {
  associationKeysOf,
  type CardSoftware,
  type MadeMeterCard,
  type MeterCardMaker,
  makeMeterCard,
  meterCardElement,
  meterCardProfile,
} from './start/meter-card.ts'
export { meterSecurityCardProfile } from './start/meter-security-profile.ts'
