import {
  type CoverageReport,
  type CoveredFile,
  type CoveredLine,
  type FileTotals,
  lineState,
  percentOf,
  totalsOf,
} from './coverage-report.ts'
import { COVERAGE_STYLE } from './coverage-style.ts'
import { escapeHtml, javaHtml } from './java-html.ts'

/** Whole pages, by file name. Nothing in them is fetched from anywhere. */
export function coveragePages(report: CoverageReport): ReadonlyMap<string, string> {
  const names = pageNames(report.files)
  return new Map([
    ['index.html', indexPage(report, names)],
    ...report.files.map((file, i) => [names[i]!, sourcePage(file)] as const),
  ])
}

/** `Purse.java.html`, with a number where two are called alike. */
function pageNames(files: readonly CoveredFile[]): string[] {
  const seen = new Map<string, number>()
  return files.map(({ name }) => {
    const simple = name.slice(name.lastIndexOf('/') + 1).replace(/[^\w.-]/g, '_')
    const count = (seen.get(simple) ?? 0) + 1
    seen.set(simple, count)
    return `${simple}${count === 1 ? '' : `.${count}`}.html`
  })
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${COVERAGE_STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`
}

function indexPage({ files, withoutSource }: CoverageReport, names: readonly string[]): string {
  const all = totalsOf(files)
  const rows = files.map((file, i) => {
    const totals = totalsOf([file])
    return `<tr>
<th scope="row"><a href="${names[i]}">${fileName(file.name)}</a></th>
<td class="bar-cell">${bar(totals)}</td>
<td class="figure">${percentOf(totals)} %</td>
<td class="figure">${totals.missed === 0 ? '<span class="none">0</span>' : totals.missed}</td>
<td class="figure">${totals.partly === 0 ? '<span class="none">0</span>' : totals.partly}</td>
<td class="figure">${totals.methodsRun} of ${totals.methods}</td>
</tr>`
  })
  const others = withoutSource.map(
    ({ name, ran, instructions }) => `<li><span class="code">${escapeHtml(name)}</span>
<span class="soft">no sources; ${ran} of ${instructions} instructions ran</span></li>`,
  )
  const table = `<table>
<thead><tr>
<th scope="col">File</th><th scope="col"><span class="hidden">Covered, partly, missed</span></th>
<th scope="col" class="figure">Lines run</th><th scope="col" class="figure">Missed</th>
<th scope="col" class="figure">Partly</th><th scope="col" class="figure">Methods</th>
</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
  return page(
    'Coverage',
    `<header>
<p class="kind">Coverage</p>
<h1>${files.length === 0 ? 'No sources' : `${percentOf(all)} % of ${all.lines} lines ran`}</h1>
${files.length === 0 ? '' : `${bar(all)}${legend(all)}`}
</header>
<main>
${files.length === 0 ? '<p class="soft">Nothing that ran on a card has debug information. Build it with “gridcard applet build”.</p>' : table}
${others.length === 0 ? '' : `<h2>Packages without sources</h2><ul>${others.join('\n')}</ul>`}
</main>`,
  )
}

/** The folder in soft ink, the name in full. */
function fileName(name: string): string {
  const at = name.lastIndexOf('/') + 1
  return `<span class="folder">${escapeHtml(name.slice(0, at))}</span>${escapeHtml(name.slice(at))}`
}

function bar({ lines, covered, partly, missed }: FileTotals): string {
  const part = (name: string, count: number) =>
    count === 0 ? '' : `<span class="${name}" style="flex-grow:${count}"></span>`
  const label = `${covered} lines covered, ${partly} partly, ${missed} missed`
  return lines === 0
    ? ''
    : `<span class="bar" role="img" aria-label="${label}">${part('covered', covered)}${part('partly', partly)}${part('missed', missed)}</span>`
}

function legend({ covered, partly, missed }: FileTotals): string {
  const item = (name: string, count: number) => `<li class="${name}"><span class="figure">${count}</span> ${name}</li>`
  return `<ul class="legend">${item('covered', covered)}${item('partly', partly)}${item('missed', missed)}</ul>`
}

function sourcePage(file: CoveredFile): string {
  const totals = totalsOf([file])
  const simple = file.name.slice(file.name.lastIndexOf('/') + 1)
  return page(
    simple,
    `<header>
<p class="kind"><a href="index.html">Coverage</a></p>
<h1>${fileName(file.name)}</h1>
${bar(totals)}${legend(totals)}
</header>
<main>
${file.source === undefined ? withoutText(file) : sourceText(file, file.source)}
</main>`,
  )
}

function sourceText({ lines }: CoveredFile, source: string): string {
  const rows = javaHtml(source).map((html, i) => {
    const line = lines.get(i + 1)
    const state = line && lineState(line)
    const about = line && state !== 'covered' ? ` title="${describeLine(line)}"` : ''
    return `<li id="L${i + 1}"${state ? ` class="${state}"` : ''}${about}><a href="#L${i + 1}">${i + 1}</a><code>${html}</code></li>`
  })
  return `<ol class="source">\n${rows.join('\n')}\n</ol>`
}

function describeLine({ ran, instructions }: CoveredLine): string {
  return ran === 0 ? 'did not run' : `${ran} of ${instructions} byte codes ran`
}

function withoutText({ path, methods }: CoveredFile): string {
  const rows = methods.map(({ name, ran, instructions }) => {
    const about = ran === 0 ? 'did not run' : `${ran} of ${instructions} byte codes ran`
    return `<li><span class="code">${escapeHtml(name)}</span> <span class="soft">${about}</span></li>`
  })
  return `<p class="soft">${escapeHtml(path)} cannot be read.</p><ul>${rows.join('\n')}</ul>`
}
