const TOKEN =
  /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\b(?:abstract|boolean|break|byte|case|catch|class|continue|default|do|else|extends|final|finally|for|if|implements|import|instanceof|int|interface|new|null|package|private|protected|public|return|short|static|super|switch|this|throw|throws|true|false|try|void|while)\b/g

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** Lines of Java, comments, strings and words of the language marked. */
export function javaHtml(source: string): string[] {
  let html = ''
  let at = 0
  for (const found of source.matchAll(TOKEN)) {
    html += escapeHtml(source.slice(at, found.index)) + marked(found[0])
    at = found.index + found[0].length
  }
  html += escapeHtml(source.slice(at))
  return html.replace(/\r?\n$/, '').split(/\r?\n/)
}

/** A token of several lines is marked in each. */
function marked(token: string): string {
  const kind = token.startsWith('/') ? 'comment' : /^["']/.test(token) ? 'string' : 'word'
  return token
    .split('\n')
    .map((line) => (line === '' ? '' : `<span class="${kind}">${escapeHtml(line)}</span>`))
    .join('\n')
}
