export { type ConnectWrapperTcpOptions, connectWrapperTcp } from './wrapper/connect-wrapper-tcp.ts'
export { type ServeWrapperTcpOptions, serveWrapperTcp, type WrapperTcpServer } from './wrapper/serve-wrapper-tcp.ts'
