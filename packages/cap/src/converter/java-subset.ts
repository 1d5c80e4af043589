/** A feature of Java that a card does not have. */
export interface MissingFeature {
  /** As programmers call it; code in backticks. */
  readonly java: string
  /** What to write instead. */
  readonly advice: string
}

/**
 * What the Java Card language leaves out of Java, one row a feature: the converter takes its advice from here, and
 * docs/java-subset.md is this table. Each row has an example in `java-subset.test.ts`.
 *
 * @source JCVM 3.1 §2.2
 */
export const MISSING_FEATURES = {
  long: {
    java: '`long`',
    advice: 'keep larger numbers in byte arrays, or compute with javacardx.framework.math.BigNumber',
  },
  float: { java: '`float`', advice: 'use integers in a smaller unit' },
  double: { java: '`double`', advice: 'use integers in a smaller unit' },
  char: { java: '`char`', advice: 'use byte or short' },
  int: {
    java: '`int` in fields, parameters, results, variables and arrays',
    advice: 'make it a short, keep larger numbers in byte arrays, or build for cards with int (--int)',
  },
  'int-value': {
    java: 'a value beyond 16 bits between operations, as in `a * b / c`',
    advice: 'cast it to short or byte first',
  },
  string: { java: '`String` and text in quotes', advice: 'write the text as a byte array' },
  concatenation: {
    java: 'text joined with `+`',
    advice: 'put the bytes of both into one byte array with Util.arrayCopy',
  },
  'string-switch': {
    java: '`switch` on a `String`',
    advice: 'compare byte arrays with Util.arrayCompare, or switch on a byte',
  },
  boxing: { java: '`Short`, `Integer` and the other wrappers', advice: 'keep the primitive value' },
  enum: { java: '`enum`', advice: 'use constants: static final byte RED = 0' },
  'enum-switch': { java: '`switch` on an `enum`', advice: 'switch on a byte' },
  record: { java: '`record`', advice: 'write a class with fields' },
  lambda: { java: 'lambdas and method references', advice: 'write a class that implements the interface' },
  'interface-body': { java: 'methods with a body in an interface', advice: 'move the body to a class' },
  varargs: {
    java: 'methods with a variable number of arguments',
    advice: 'take an array, and make it once in install',
  },
  'class-literal': {
    java: '`Purse.class`, `getClass()` and reflection',
    advice: 'leave it out: cards have no reflection',
  },
  threads: { java: '`Thread`, `wait`, `notify`', advice: 'leave it out: a card has one thread' },
  synchronized: { java: '`synchronized` methods and blocks', advice: 'leave it out: a card has one thread' },
  volatile: { java: '`volatile`', advice: 'leave it out: a card has one thread' },
  transient: {
    java: '`transient`',
    advice: 'leave it out, and make arrays in RAM with JCSystem.makeTransientByteArray',
  },
  strictfp: { java: '`strictfp`', advice: 'leave it out: a card has no floating point' },
  native: { java: '`native`', advice: 'write it in Java' },
  assert: { java: '`assert`', advice: 'check with if, and throw an ISOException' },
  'try-with-resources': { java: '`try` with resources', advice: 'use try and finally' },
  'array-of-arrays': {
    java: 'arrays of arrays',
    advice: 'keep the rows in separate arrays, or in one with an offset each',
  },
  'array-clone': { java: '`clone()`', advice: 'make an array in install and copy with Util.arrayCopyNonAtomic' },
  finalize: { java: '`finalize()`', advice: 'leave it out: a card calls it never' },
  'object-methods': {
    java: '`hashCode()` and `toString()` of `Object`',
    advice: "use equals, the one method that a card's Object has, or write a method of another name",
  },
  'static-initialiser': {
    java: 'static fields that begin with more than constants and arrays of constants',
    advice: 'a card runs no static initialiser: keep constants and arrays of constants, set the rest in install',
  },
  'library-array': {
    java: 'static arrays of constants in a package without applets',
    advice: 'make the array where it is first used',
  },
  collections: { java: '`java.util`', advice: 'use arrays' },
  system: { java: '`System`', advice: 'use JCSystem, and Util.arrayCopy for arrays' },
  math: { java: '`Math`', advice: 'write the comparison out' },
  'java-security': { java: '`java.security`, `javax.crypto`', advice: 'use javacard.security and javacardx.crypto' },
  jsr: { java: 'subroutines of compilers before Java 6', advice: 'compile with a current compiler' },
} as const satisfies Readonly<Record<string, MissingFeature>>

export type MissingFeatureName = keyof typeof MISSING_FEATURES

/**
 * Compilers make several class file instructions of one line with these; what else cannot be there follows from them and
 * is not worth a finding. The words are those of the finding.
 */
export const WHOLE_LINES: Readonly<Record<string, string | undefined>> = {
  assert: 'uses assert',
  concatenation: 'joins text with +',
  'enum-switch': 'switches on an enum',
  'string-switch': 'switches on a String',
  'try-with-resources': 'uses try with resources',
} satisfies Partial<Record<MissingFeatureName, string>>

const WRAPPERS = ['Boolean', 'Byte', 'Character', 'Double', 'Float', 'Integer', 'Long', 'Number', 'Short']

/** Longer names first; those with a `/` at the end are packages. */
const CLASSES: readonly (readonly [name: string, feature: MissingFeatureName])[] = [
  ...WRAPPERS.map((name) => [`java/lang/${name}`, 'boxing'] as const),
  ['java/lang/AssertionError', 'assert'],
  ['java/lang/AutoCloseable', 'try-with-resources'],
  ['java/lang/Class', 'class-literal'],
  ['java/lang/Enum', 'enum'],
  ['java/lang/Math', 'math'],
  ['java/lang/Record', 'record'],
  ['java/lang/Runnable', 'threads'],
  ['java/lang/String', 'string'],
  ['java/lang/StringBuffer', 'concatenation'],
  ['java/lang/StringBuilder', 'concatenation'],
  ['java/lang/System', 'system'],
  ['java/lang/Thread', 'threads'],
  ['java/lang/ThreadLocal', 'threads'],
  ['java/lang/invoke/', 'lambda'],
  ['java/lang/reflect/', 'class-literal'],
  ['java/security/', 'java-security'],
  ['java/util/concurrent/', 'threads'],
  ['java/util/', 'collections'],
  ['javax/crypto/', 'java-security'],
]

const METHODS: ReadonlyMap<string, MissingFeatureName> = new Map([
  ['addSuppressed', 'try-with-resources'],
  ['clone', 'array-clone'],
  ['desiredAssertionStatus', 'assert'],
  ['getClass', 'class-literal'],
  ['hashCode', 'object-methods'],
  ['notify', 'threads'],
  ['notifyAll', 'threads'],
  ['ordinal', 'enum'],
  ['toString', 'object-methods'],
  ['wait', 'threads'],
])

/** The feature that a class of the JDK is part of. @param name internal */
export function featureOfClass(name: string): MissingFeatureName | undefined {
  return CLASSES.find(([start]) => (start.endsWith('/') ? name.startsWith(start) : name === start))?.[1]
}

/** The feature that a method is part of which a class has in the JDK, but not on a card. */
export function featureOfMethod(name: string): MissingFeatureName | undefined {
  return METHODS.get(name)
}

/** The table of docs/java-subset.md. */
export function missingFeaturesText(): string {
  const rows: readonly MissingFeature[] = Object.values(MISSING_FEATURES)
  return ['| Java | write instead |', '|---|---|', ...rows.map(({ java, advice }) => `| ${java} | ${advice} |`)].join(
    '\n',
  )
}
