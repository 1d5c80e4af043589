export {
  type BindChannelOptions,
  type BindingSigner,
  bindChannel,
  channelExporter,
  iotSafeSigner,
} from './iot-safe/tls-binding.ts'
export { type PcscService, type ServePcscOptions, servePcsc } from './pcsc/serve-pcsc.ts'
export {
  type ConnectPcscOptions,
  connectPcscReader,
  listPcscReaders,
  type PcscCardLink,
  type PcscReaderState,
} from './pcsc-client/pcsc-client.ts'
export {
  type ConnectVpcdOptions,
  connectVpcd,
  defaultVpcdPort,
  type VpcdConnection,
} from './vpcd/connect-vpcd.ts'
