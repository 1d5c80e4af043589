import { opcode } from './opcode-case.ts'

/** The narrow and the wide form of a conditional, taken and not. */
function conditional(mnemonic: string, taken: readonly string[], notTaken: readonly string[]) {
  return ['', '_w'].flatMap((suffix) => [
    ...taken.map((operands) =>
      opcode(`${mnemonic}${suffix} branches on ${operands}`, {
        run: `${operands} ${mnemonic}${suffix} YES sconst_0 sreturn YES: sconst_1`,
        gives: 1,
      }),
    ),
    ...notTaken.map((operands) =>
      opcode(`${mnemonic}${suffix} goes on with ${operands}`, {
        run: `${operands} ${mnemonic}${suffix} YES sconst_0 sreturn YES: sconst_1`,
        gives: 0,
      }),
    ),
  ])
}

const NULL = 'aconst_null'
const OBJECT = 'sconst_0 newarray byte'
const TWICE = 'sconst_0 newarray byte dup'
const lookup = (value: string, cases: string) => `${value} slookupswitch { ${cases} default: OTHER }
  A: sconst_1 sreturn B: sconst_2 sreturn OTHER: sconst_m1`
const tableOf = (mnemonic: string, value: string) => `${value} ${mnemonic} { 3: A B default: OTHER }
  A: sconst_1 sreturn B: sconst_2 sreturn OTHER: sconst_m1`

export const control = [
  ...conditional('ifeq', ['sconst_0'], ['sconst_1', 'sconst_m1']),
  ...conditional('ifne', ['sconst_1', 'sconst_m1'], ['sconst_0']),
  ...conditional('iflt', ['sconst_m1'], ['sconst_0', 'sconst_1']),
  ...conditional('ifge', ['sconst_0', 'sconst_1'], ['sconst_m1']),
  ...conditional('ifgt', ['sconst_1'], ['sconst_0', 'sconst_m1']),
  ...conditional('ifle', ['sconst_0', 'sconst_m1'], ['sconst_1']),
  ...conditional('ifnull', [NULL], [OBJECT]),
  ...conditional('ifnonnull', [OBJECT], [NULL]),
  ...conditional('if_acmpeq', [TWICE, `${NULL} ${NULL}`], [`${OBJECT} ${OBJECT}`]),
  ...conditional('if_acmpne', [`${OBJECT} ${NULL}`], [TWICE]),
  ...conditional('if_scmpeq', ['sconst_3 sconst_3'], ['sconst_3 sconst_4']),
  ...conditional('if_scmpne', ['sconst_3 sconst_4'], ['sconst_3 sconst_3']),
  ...conditional('if_scmplt', ['sspush -32768 sconst_1'], ['sconst_3 sconst_3', 'sconst_4 sconst_3']),
  ...conditional('if_scmpge', ['sconst_3 sconst_3', 'sconst_4 sconst_3'], ['sconst_m1 sconst_3']),
  ...conditional('if_scmpgt', ['sconst_4 sconst_3'], ['sconst_3 sconst_3', 'sconst_m1 sconst_3']),
  ...conditional('if_scmple', ['sconst_3 sconst_3', 'sconst_m1 sconst_3'], ['sconst_4 sconst_3']),
  opcode('goto forward', { run: 'goto L sconst_0 sreturn L: sconst_1', gives: 1 }),
  opcode('goto_w forward', { run: 'goto_w L sconst_0 sreturn L: sconst_1', gives: 1 }),
  opcode('a loop counts down', {
    run: 'bspush 100 sstore_1 sconst_0 sstore_2 L: sinc 2 3 sinc 1 -1 sload_1 ifgt L sload_2',
    gives: 300,
  }),
  opcode('a loop without end uses up the budget', { run: 'L: goto L', halts: 'instruction budget used up' }),

  opcode('jsr and ret come back behind the call', {
    run: `sconst_0 sstore_1 jsr S jsr S sload_1 sreturn
      S: astore_2 sinc 1 5 ret 2`,
    gives: 10,
  }),
  opcode('ret through a local that holds no return address stays in the method', {
    run: 'sconst_0 sstore_1 jsr S sconst_1 sreturn S: astore_2 sspush 9999 sstore_2 ret 2',
    throws: 'SecurityException',
  }),
  opcode('nested subroutines', {
    run: `sconst_0 sstore_1 jsr S sload_1 sreturn
      S: astore_2 sinc 1 1 jsr T sinc 1 100 ret 2
      T: astore_3 sinc 1 10 ret 3`,
    gives: 111,
  }),

  opcode('stableswitch: first case', { run: tableOf('stableswitch', 'sconst_3'), gives: 1 }),
  opcode('stableswitch: last case', { run: tableOf('stableswitch', 'sconst_4'), gives: 2 }),
  opcode('stableswitch: below', { run: tableOf('stableswitch', 'sspush -32768'), gives: -1 }),
  opcode('stableswitch: above', { run: tableOf('stableswitch', 'sconst_5'), gives: -1 }),
  opcode('itableswitch: first case', { run: tableOf('itableswitch', 'iconst_3'), gives: 1 }),
  opcode('itableswitch: last case', { run: tableOf('itableswitch', 'iconst_4'), gives: 2 }),
  opcode('itableswitch: below', { run: tableOf('itableswitch', 'iipush -2147483648'), gives: -1 }),
  opcode('itableswitch: above', { run: tableOf('itableswitch', 'iipush 65539'), gives: -1 }),
  opcode('slookupswitch: found', { run: lookup('sspush 300', '-7: A 300: B'), gives: 2 }),
  opcode('slookupswitch: negative key found', { run: lookup('bspush -7', '-7: A 300: B'), gives: 1 }),
  opcode('slookupswitch: missing', { run: lookup('sconst_0', '-7: A 300: B'), gives: -1 }),
  opcode('slookupswitch without cases', {
    run: 'sconst_0 slookupswitch { default: OTHER } OTHER: sconst_m1',
    gives: -1,
  }),
  ...(
    [
      ['70000', 1],
      ['70001', 2],
      ['4464', -1],
    ] as const
  ).map(([key, gives]) =>
    opcode(`ilookupswitch: ${key}`, {
      run: `iipush ${key} ilookupswitch { 70000: A 70001: B default: OTHER }
        A: sconst_1 sreturn B: sconst_2 sreturn OTHER: sconst_m1`,
      gives,
    }),
  ),
]
