import type { DlmsTransport } from './client/dlms-client.ts'
import { DlmsError } from './errors.ts'
import type { DlmsServer } from './server/dlms-server.ts'

export interface ServeWrapperTcpOptions {
  readonly server: DlmsServer
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** Default 8. More are closed at once. */
  readonly maxConnections?: number
  /** A connection without a complete request for so long is closed, default 120 s. */
  readonly idleTimeoutMs?: number
}

export interface WrapperTcpServer {
  readonly port: number
  close(): Promise<void>
}

export function serveWrapperTcp(_options: ServeWrapperTcpOptions): Promise<WrapperTcpServer> {
  return Promise.reject(new DlmsError('DLMS_CONFIGURATION', 'under construction'))
}

export interface ConnectWrapperTcpOptions {
  readonly host: string
  readonly port: number
  readonly clientSap: number
  readonly serverSap: number
  /** For connecting, and for each answer; then the connection is aborted. Default 10 s. */
  readonly timeoutMs?: number
}

export function connectWrapperTcp(_options: ConnectWrapperTcpOptions): Promise<DlmsTransport> {
  return Promise.reject(new DlmsError('DLMS_CONFIGURATION', 'under construction'))
}
