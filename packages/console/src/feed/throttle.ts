/**
 * Lets `act` run at most once per `intervalMs`, the last call of a burst never being lost: a street at high speed
 * reports changes far faster than anyone can read a page.
 */
export function createThrottle(intervalMs: number, act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isWanted = false
  const run = () => {
    isWanted = false
    act()
    timer = setTimeout(() => {
      timer = undefined
      if (isWanted) run()
    }, intervalMs)
  }
  return () => {
    if (timer === undefined) run()
    else isWanted = true
  }
}
