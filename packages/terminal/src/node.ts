export { type PcscService, type ServePcscOptions, servePcsc } from './pcsc/serve-pcsc.ts'
export {
  type ConnectVpcdOptions,
  connectVpcd,
  defaultVpcdPort,
  type VpcdConnection,
} from './vpcd/connect-vpcd.ts'
