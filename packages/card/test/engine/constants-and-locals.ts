import { opcode } from './opcode-case.ts'

export const constantsAndLocals = [
  opcode('nop does nothing', { run: 'sconst_3 nop', gives: 3 }),
  opcode('aconst_null is null', { run: 'aconst_null', gives: 0 }),
  ...[-1, 0, 1, 2, 3, 4, 5].flatMap((value) => {
    const name = value < 0 ? 'm1' : `${value}`
    return [
      opcode(`sconst_${name}`, { run: `sconst_${name}`, gives: value }),
      opcode(`iconst_${name}`, { run: `iconst_${name}`, givesInt: value }),
    ]
  }),
  opcode('bspush sign-extends its byte to a short', { run: 'bspush -128', gives: -128 }),
  opcode('sspush takes 16 bits', { run: 'sspush -32768', gives: -32768 }),
  opcode('bipush sign-extends its byte to an int', { run: 'bipush -2', givesInt: -2 }),
  opcode('sipush sign-extends its short to an int', { run: 'sipush -32768', givesInt: -32768 }),
  opcode('iipush takes 32 bits', { run: 'iipush -2147483648', givesInt: -2147483648 }),
  opcode('iipush keeps both halves', { run: 'iipush 305419896', givesInt: 0x12345678 }),

  opcode('sstore and sload with an index', { run: 'sspush 1234 sstore 5 sload 5', gives: 1234 }),
  opcode('astore and aload with an index', { run: 'aconst_null astore 5 sconst_1 pop aload 5', gives: 0 }),
  opcode('istore and iload with an index', { run: 'iipush 305419896 istore 4 iload 4', givesInt: 0x12345678 }),
  ...[0, 1, 2, 3].flatMap((local) => [
    opcode(`sstore_${local} and sload_${local}`, {
      run: `bspush ${10 + local} sstore_${local} sload_${local} sload ${local} ssub`,
      gives: 0,
    }),
    opcode(`sload_${local} reads local ${local}`, {
      run: `bspush ${10 + local} sstore ${local} sload_${local}`,
      gives: 10 + local,
    }),
    opcode(`astore_${local} and aload_${local}`, {
      run: `sconst_2 newarray byte astore_${local} aload_${local} arraylength`,
      gives: 2,
    }),
    opcode(`istore_${local} and iload_${local} use two locals`, {
      run: `iipush 65537 istore_${local} sload ${local} sload ${local + 1} sadd pop iload_${local}`,
      givesInt: 0x10001,
    }),
  ]),
  opcode('an int in locals 0 and 1 does not touch local 2', {
    run: 'bspush 7 sstore_2 iconst_m1 istore_0 sload_2',
    gives: 7,
  }),
  opcode('locals begin as zero, whatever the stack held before', {
    run: 'sspush 4660 sspush 22136 pop2 invokestatic residue',
    methods: { residue: { code: 'sload 4 sreturn', maxLocals: 6, maxStack: 1 } },
    gives: 0,
  }),
  opcode('sinc adds a signed byte', { run: 'bspush 10 sstore_1 sinc 1 -3 sload_1', gives: 7 }),
  opcode('sinc wraps at 16 bits', { run: 'sspush 32767 sstore_1 sinc 1 1 sload_1', gives: -32768 }),
  opcode('sinc_w adds a signed short', { run: 'bspush 10 sstore_1 sinc_w 1 -300 sload_1', gives: -290 }),
  opcode('iinc carries into the high word', { run: 'iipush 65535 istore_1 iinc 1 1 iload_1', givesInt: 65536 }),
  opcode('iinc with a negative constant', { run: 'iconst_0 istore_1 iinc 1 -1 iload_1', givesInt: -1 }),
  opcode('iinc_w adds a signed short', { run: 'iconst_0 istore_1 iinc_w 1 -300 iload_1', givesInt: -300 }),
]
