export { type AppletConfig, buildApplet, buildAppletFolder, parseAppletConfig } from './applet-build.ts'
export { AppletBuildError, type AppletBuildErrorCode, LauncherError, type LauncherErrorCode } from './errors.ts'
export { meterCardProfile } from './start/card-profile.ts'
export { type MeterKeys, makeMeterKeys, managementSlot, personaliseCard } from './start/personalise.ts'
