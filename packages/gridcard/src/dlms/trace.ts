import {
  type DlmsTransport,
  isRefusal,
  type Protected,
  type ProtectRequest,
  type SecurityModule,
  type SecurityRefusal,
  traceApdu,
} from '@gridcard/dlms'

/**
 * Tells each layer of what goes over the wire, one line each: addresses, the APDU, and what is inside a ciphered one.
 * `traceApdu` tells no values, challenges or keys, so a trace can be shown around.
 */
export class Tracer {
  readonly #write: (line: string) => void
  #inside: string[] = []

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  note(text: string): void {
    this.#write(`* ${text}`)
  }

  transport(
    inner: DlmsTransport,
    link: { readonly frame: string; readonly clientSap: number; readonly serverSap: number },
  ): DlmsTransport {
    const { frame, clientSap, serverSap } = link
    return {
      send: async (apdu) => {
        this.#write(`> ${frame} ${clientSap} -> ${serverSap}, ${apdu.length} bytes`)
        this.#write(`>   ${traceApdu(apdu)}`)
        for (const line of this.#inside) this.#write(`>     ${line}`)
        this.#inside = []
        const answer = await inner.send(apdu)
        this.#write(`< ${frame} ${serverSap} -> ${clientSap}, ${answer.length} bytes`)
        this.#write(`<   ${traceApdu(answer)}`)
        return answer
      },
      close: () => inner.close(),
    }
  }

  security(inner: SecurityModule): SecurityModule {
    return {
      systemTitle: inner.systemTitle,
      capabilities: inner.capabilities,
      ...(inner.sessionKeys && { sessionKeys: inner.sessionKeys }),
      ...(inner.signatures && { signatures: inner.signatures }),
      ...(inner.keyManagement && { keyManagement: inner.keyManagement }),
      protect: async (request: ProtectRequest): Promise<Protected | SecurityRefusal> => {
        // Comes before the frame it goes into, and is shown below it.
        this.#inside = [traceApdu(request.plaintext)]
        return inner.protect(request)
      },
      unprotect: async (request) => {
        const opened = await inner.unprotect(request)
        this.#write(isRefusal(opened) ? `<     refused: ${opened.refused}` : `<     ${traceApdu(opened.plaintext)}`)
        return opened
      },
      hlsChallenge: (slot, lengthBytes) => inner.hlsChallenge(slot, lengthBytes),
      hlsAnswer: (slot, challenge, exchange) => inner.hlsAnswer(slot, challenge, exchange),
      hlsVerify: async (slot, token, exchange) => {
        const verdict = await inner.hlsVerify(slot, token, exchange)
        this.#write(
          isRefusal(verdict) ? `* its HLS answer is refused: ${verdict.refused}` : '* its HLS answer is right',
        )
        return verdict
      },
      counters: (slot) => inner.counters(slot),
    }
  }
}
