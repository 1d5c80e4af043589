import { opcode } from './opcode-case.ts'

/** Leaves the top three words as one number with a decimal digit each, lowest first. */
const DIGITS = 'sstore_2 sstore_1 bspush 100 smul sload_1 bspush 10 smul sadd sload_2 sadd'
/** The same for five words. */
const FIVE_DIGITS = `sstore 5 sstore 4 ${DIGITS} bspush 10 smul sload 4 sadd sstore_0 sload_0 bspush 10 smul sload 5 sadd`

export const stack = [
  opcode('pop drops a word', { run: 'sconst_1 sconst_2 pop', gives: 1 }),
  opcode('pop2 drops two words', { run: 'sconst_1 sconst_2 sconst_3 pop2', gives: 1 }),
  opcode('pop2 drops an int', { run: 'sconst_1 iconst_2 pop2', gives: 1 }),
  opcode('dup', { run: 'sconst_3 dup sadd', gives: 6 }),
  opcode('dup2 doubles two words', { run: 'sconst_1 sconst_2 dup2 sadd sadd sadd', gives: 6 }),
  opcode('dup2 doubles an int', { run: 'iipush 70000 dup2 iadd', givesInt: 140000 }),
  opcode('dup_x 0x10 copies the top word onto it', { run: `sconst_1 sconst_2 dup_x 0x10 ${DIGITS}`, gives: 122 }),
  opcode('dup_x 0x12 puts the copy under the second word', {
    run: `sconst_1 sconst_2 dup_x 0x12 ${DIGITS}`,
    gives: 212,
  }),
  opcode('dup_x 0x13 puts the copy under the third word', {
    run: `sconst_1 sconst_2 sconst_3 dup_x 0x13 sstore_3 ${DIGITS}`,
    gives: 312,
  }),
  opcode('dup_x 0x23 puts two words under three', {
    run: `sconst_1 sconst_2 sconst_3 dup_x 0x23 ${FIVE_DIGITS}`,
    gives: 23123,
  }),
  opcode('dup_x 0x20 copies two words onto them', {
    run: `sconst_1 sconst_2 sconst_3 dup_x 0x20 ${FIVE_DIGITS}`,
    gives: 12323,
  }),
  opcode('dup_x 0x48 copies four words under eight', {
    run: `sconst_1 sconst_2 sconst_3 sconst_4 sconst_5 sconst_0 sconst_1 sconst_2 dup_x 0x48
      pop2 pop2 pop2 pop2 ${DIGITS}`,
    gives: 12 + 0,
  }),
  opcode('swap_x 0x11', { run: `sconst_1 sconst_2 sconst_3 swap_x 0x11 ${DIGITS}`, gives: 132 }),
  opcode('swap_x 0x12 brings the top word under two', {
    run: `sconst_1 sconst_2 sconst_3 swap_x 0x12 ${DIGITS}`,
    gives: 312,
  }),
  opcode('swap_x 0x21 brings two words under one', {
    run: `sconst_1 sconst_2 sconst_3 swap_x 0x21 ${DIGITS}`,
    gives: 231,
  }),
  opcode('swap_x 0x22 exchanges two ints', { run: 'iipush 100000 iipush 300000 swap_x 0x22 isub', givesInt: 200000 }),
]
