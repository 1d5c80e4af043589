// Runs before an `npm install` in the root. Under an older Node npm would choose older packages without a word, and leave
// out those made for this platform.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(`This is Node ${process.versions.node}; packages are installed under Node 24 or newer.
\`npm start\` and \`npm test\` do that by themselves. By hand: npm run npm -- install`)
  process.exitCode = 1
}
