/** Words of the nibbles of a type descriptor; 6 and 14 are followed by a class. @source JCVM 3.1 table 6-40 */
const TYPE_WORDS: ReadonlyMap<number, string> = new Map([
  [1, 'void'],
  [2, 'boolean'],
  [3, 'byte'],
  [4, 'short'],
  [5, 'int'],
  [10, 'boolean[]'],
  [11, 'byte[]'],
  [12, 'short[]'],
  [13, 'int[]'],
])
const REFERENCE = 6
const REFERENCE_ARRAY = 14

const NIBBLES_BY_WORD: ReadonlyMap<string, number> = new Map([...TYPE_WORDS].map(([nibble, word]) => [word, nibble]))

/** Words like `byte[] short void`; undefined when the nibbles are not a list of types. */
export function typeWords(nibbles: readonly number[], classText: (ref: number) => string): string[] | undefined {
  const words: string[] = []
  for (let i = 0; i < nibbles.length; i++) {
    const nibble = nibbles[i]!
    const word = TYPE_WORDS.get(nibble)
    if (word !== undefined) {
      words.push(word)
    } else if ((nibble === REFERENCE || nibble === REFERENCE_ARRAY) && i + 4 < nibbles.length) {
      const ref = nibbles.slice(i + 1, i + 5).reduce((value, one) => value * 16 + one, 0)
      words.push(classText(ref) + (nibble === REFERENCE_ARRAY ? '[]' : ''))
      i += 4
    } else {
      return undefined
    }
  }
  return words
}

/** The nibbles of one word of `typeWords`. */
export function typeNibbles(word: string, classRef: (text: string) => number): number[] {
  const nibble = NIBBLES_BY_WORD.get(word)
  if (nibble !== undefined) return [nibble]
  const isArray = word.endsWith('[]')
  const ref = classRef(isArray ? word.slice(0, -2) : word)
  return [isArray ? REFERENCE_ARRAY : REFERENCE, ref >> 12, (ref >> 8) & 15, (ref >> 4) & 15, ref & 15]
}
