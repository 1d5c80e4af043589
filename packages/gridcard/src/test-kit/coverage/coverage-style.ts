/** The console's colours and type, for pages that stand alone. */
export const COVERAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f5f5f2, #0f1214);
  --surface: light-dark(#ffffff, #171b1e);
  --ink: light-dark(#14191b, #e8ebec);
  --ink-soft: light-dark(#4b5559, #a8b2b6);
  --line: light-dark(#e1e2dd, #2a3135);
  --accent: light-dark(#0b6178, #6cc7dc);
  --attention: light-dark(#865000, #e8b468);
  --attention-wash: light-dark(#fbf0dc, #30260f);
  --alarm: light-dark(#ad2519, #ff9186);
  --alarm-wash: light-dark(#fbe8e5, #391a17);
  --font: -apple-system, 'Segoe UI Variable Text', 'Segoe UI', Roboto, Cantarell, 'Noto Sans', 'Helvetica Neue',
    'Liberation Sans', Arial, system-ui, sans-serif;
  --font-code: ui-monospace, 'SF Mono', 'Cascadia Mono', 'Roboto Mono', 'Noto Sans Mono', 'Liberation Mono',
    'DejaVu Sans Mono', monospace;
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto;
  max-width: 72rem;
  padding: 2rem;
  background: var(--paper);
  color: var(--ink);
  font: 0.875rem / 1.5 var(--font);
}
h1, h2, p, ul, ol { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 1.625rem; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1rem; font-weight: 600; margin: 2rem 0 0.5rem; }
a { color: var(--accent); text-decoration-color: color-mix(in srgb, currentcolor 35%, transparent); text-underline-offset: 0.2em; }
a:hover { text-decoration-color: currentcolor; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
header { display: grid; gap: 0.75rem; margin-bottom: 2rem; }
.kind, .soft, .folder { color: var(--ink-soft); }
.folder { font-weight: 400; }
h1 .folder { display: block; font-size: 0.875rem; }
.code { font-family: var(--font-code); font-size: 0.9285em; overflow-wrap: anywhere; }
.hidden { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.figure { font-variant-numeric: tabular-nums lining-nums; }
.none { color: var(--ink-soft); }

.bar { display: flex; gap: 1px; block-size: 0.5rem; inline-size: 100%; border-radius: 3px; overflow: hidden; }
.bar span { flex: 0 0 0; min-inline-size: 2px; }
.bar .covered { background: var(--accent); }
.bar .partly { background: var(--attention); }
.bar .missed { background: var(--alarm); }
header .bar { max-inline-size: 36rem; }

.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; color: var(--ink-soft); }
.legend li { display: flex; align-items: baseline; gap: 0.375rem; }
.legend li::before { content: ''; inline-size: 0.625rem; block-size: 0.625rem; border-radius: 2px; background: var(--mark); }
.legend .figure { color: var(--ink); }
.covered { --mark: var(--accent); }
.partly { --mark: var(--attention); }
.missed { --mark: var(--alarm); }

table { inline-size: 100%; border-collapse: separate; overflow: hidden; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; border-spacing: 0; }
th, td { padding: 0.625rem 1rem; border-top: 1px solid var(--line); text-align: start; font-weight: inherit; vertical-align: middle; }
thead th { border-top: 0; color: var(--ink-soft); font-size: 0.8125rem; }
tbody th { overflow-wrap: anywhere; }
tbody th a { font-weight: 600; }
th.figure, td.figure { text-align: end; white-space: nowrap; }
.bar-cell { inline-size: 22%; }

.source { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 0.5rem 0; overflow-x: auto; font: 0.8125rem / 1.6 var(--font-code); tab-size: 4; }
.source li { display: flex; min-inline-size: max-content; border-inline-start: 3px solid transparent; }
.source li > a { position: sticky; left: 0; flex: none; inline-size: 4.5rem; padding-inline: 0.5rem 1rem; text-align: end; color: var(--ink-soft); background: var(--surface); text-decoration: none; user-select: none; }
.source code { font: inherit; white-space: pre; padding-inline-end: 1rem; }
.source .covered { border-color: var(--accent); }
.source .partly, .source .partly > a { background: var(--attention-wash); }
.source .missed, .source .missed > a { background: var(--alarm-wash); }
.source .partly { border-color: var(--attention); }
.source .missed { border-color: var(--alarm); }
.source .partly > a { color: var(--attention); }
.source .missed > a { color: var(--alarm); }
.source .partly > a::before { content: '\\25d0'; float: left; }
.source .missed > a::before { content: '\\25cb'; float: left; }
.source li:target { outline: 2px solid var(--accent); outline-offset: -2px; }
.comment { color: var(--ink-soft); }
.string { color: var(--accent); }
.word { font-weight: 600; }

@media (max-width: 720px) {
  body { padding: 1rem; }
  h1 { font-size: 1.25rem; }
  thead { display: none; }
  table, tbody, tr, th, td { display: block; }
  tr { display: grid; grid-template-columns: 1fr auto; gap: 0.375rem 1rem; padding: 0.75rem 1rem; border-top: 1px solid var(--line); }
  tbody tr:first-child { border-top: 0; }
  th, td { padding: 0; border: 0; }
  tbody th { grid-column: 1; }
  .bar-cell { grid-column: 1 / -1; grid-row: 2; inline-size: 100%; }
  td.figure { display: none; }
  td.figure:nth-of-type(2) { display: block; grid-column: 2; grid-row: 1; }
  .source li > a { inline-size: 3.5rem; padding-inline-end: 0.625rem; }
}
`
