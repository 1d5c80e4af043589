const HEARTBEAT_MS = 15_000

/**
 * Tells what is being waited for: `Installing packages (about 200) ... 14 s`. Speaks on stderr only, so that stdout
 * belongs to the program that is started afterwards.
 * @param {string} title
 * @param {{ isTTY?: boolean, write(text: string): unknown }} out
 */
export function startProgress(title, out = process.stderr) {
  const startedAt = Date.now()
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`
  out.write(`${title} ...${out.isTTY ? '' : '\n'}`)
  const timer = setInterval(
    () => out.write(out.isTTY ? `\r${title} ... ${seconds()}` : `${title} ... ${seconds()}\n`),
    out.isTTY ? 1000 : HEARTBEAT_MS,
  )
  timer.unref()

  /** @param {string} ending */
  const end = (ending) => {
    clearInterval(timer)
    out.write(`${out.isTTY ? '\r' : ''}${title} ... ${ending} ${seconds()}\n`)
  }
  return { done: () => end('done in'), failed: () => end('failed after') }
}
