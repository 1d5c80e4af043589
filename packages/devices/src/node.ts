export { fileDeviceStore } from './file-device-store.ts'
export { tcpListener } from './tcp-listener.ts'
