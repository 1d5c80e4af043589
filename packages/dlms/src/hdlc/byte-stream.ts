/** A line that carries octets both ways: a TCP socket, a serial port, a pair of queues in a test. */
export interface ByteStream {
  write(bytes: Uint8Array): void
  close(): void
  /** One listener each; what comes before is kept or lost as the line likes. */
  onBytes(listener: (chunk: Uint8Array) => void): void
  /** Called once, whoever closed. */
  onClose(listener: (cause?: unknown) => void): void
}

/** Time for drivers: `after` calls once and gives the way to call it off. */
export interface Timer {
  nowMs(): number
  after(delayMs: number, act: () => void): () => void
}
