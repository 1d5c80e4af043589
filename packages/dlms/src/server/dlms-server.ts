import { DlmsError } from '../errors.ts'
import type { Wpdu } from '../wrapper/wrapper.ts'
import type { DlmsServerOptions } from './server-options.ts'

export class DlmsServer {
  readonly options: DlmsServerOptions

  constructor(options: DlmsServerOptions) {
    this.options = options
  }

  connection(): DlmsServerConnection {
    return new DlmsServerConnection(this)
  }
}

/** One transport connection; associations die with it. */
export class DlmsServerConnection {
  readonly server: DlmsServer

  constructor(server: DlmsServer) {
    this.server = server
  }

  /** The APDU to send back, or undefined for none. Never rejects, whatever the bytes. One request at a time. */
  handle(_wpdu: Wpdu): Promise<Uint8Array | undefined> {
    return Promise.reject(new DlmsError('DLMS_NOT_ASSOCIATED', 'under construction'))
  }

  close(): void {}
}
