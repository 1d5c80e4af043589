/** Text of a name as one word: what would end the word or open a comment is written `%` and four hex digits. */
export function wordOf(name: string): string {
  const escaped = name.replace(/[^\x21-\x7e]|%|^\//g, (char) => `%${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return escaped === '' ? '%' : escaped
}

export function nameOfWord(word: string): string {
  if (word === '%') return ''
  return word.replace(/%([0-9a-fA-F]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
