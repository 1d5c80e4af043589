/** To standard output. */
export function writeOut(text: string): void {
  endWhenNobodyReads()
  process.stdout.write(text)
}

/** `gridcard script x | head`: the reader has seen enough, that is no fault to report. */
export function endWhenNobodyReads(): void {
  if (process.stdout.listenerCount('error') > 0) return
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(1)
  })
}
