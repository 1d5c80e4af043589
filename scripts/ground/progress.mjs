const HEARTBEAT_MS = 15_000

/**
 * Tells what is being waited for: `Installing packages (about 200) ... 14 s`. Speaks on stderr only, so that stdout
 * belongs to the program that is started afterwards.
 * @param {string} title
 * @param {{ isTTY?: boolean, write(text: string): unknown }} out
 */
export function startProgress(title, out = process.stderr) {
  const startedAt = Date.now()
  const line = () => `${title} ... ${Math.round((Date.now() - startedAt) / 1000)} s`
  out.write(out.isTTY ? line() : `${title} ...\n`)
  const timer = setInterval(() => out.write(out.isTTY ? `\r${line()}` : `${line()}\n`), out.isTTY ? 1000 : HEARTBEAT_MS)
  timer.unref()

  /** @param {string} ending */
  const end = (ending) => {
    clearInterval(timer)
    out.write(`${out.isTTY ? '\r' : ''}${line()}${ending}\n`)
  }
  return { done: () => end(''), failed: () => end(', failed') }
}
