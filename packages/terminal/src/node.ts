export { type PcscService, type ServePcscOptions, servePcsc } from './pcsc/serve-pcsc.ts'
