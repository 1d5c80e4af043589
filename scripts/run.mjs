// The one door on any machine with Node 18 and npm: `node scripts/run.mjs start|test|bench|npm|node [arguments]`.
// Nothing is imported statically and the syntax is old, so that a Node that is too old hears a plain sentence.
const major = Number(process.versions.node.split('.')[0])

if (major < 18) {
  console.error(
    `Gridcard needs Node 18 or newer to start; this is ${process.version}. Get a newer one at https://nodejs.org/`,
  )
  process.exitCode = 2
} else {
  import('./ground/main.mjs')
    .then((ground) => ground.main(process.argv.slice(2)))
    .then((exitCode) => {
      process.exitCode = exitCode
    })
}
