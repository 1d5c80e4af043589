import { opcode } from './opcode-case.ts'

const MIN = -2147483648
const binaryShort = (mnemonic: string, left: number, right: number, gives: number) =>
  opcode(`${mnemonic}: ${left}, ${right}`, { run: `sspush ${left} sspush ${right} ${mnemonic}`, gives })
const binaryInt = (mnemonic: string, left: number, right: number, givesInt: number) =>
  opcode(`${mnemonic}: ${left}, ${right}`, { run: `iipush ${left} iipush ${right} ${mnemonic}`, givesInt })
/** Shorts as the hex of a table. */
const short = (bits: number) => (bits << 16) >> 16

export const arithmetic = [
  binaryShort('sadd', 32767, 1, -32768),
  binaryShort('ssub', -32768, 1, 32767),
  binaryShort('smul', 300, 300, 24464),
  binaryInt('iadd', 2147483647, 1, MIN),
  binaryInt('iadd', 65535, 1, 65536),
  binaryInt('isub', MIN, 1, 2147483647),
  binaryInt('isub', 65536, 1, 65535),
  binaryInt('imul', 100000, 100000, 1410065408),
  binaryInt('imul', 2147483647, 2147483647, 1),

  opcode('sdiv by zero', { run: 'sconst_1 sconst_0 sdiv', throws: 'ArithmeticException' }),
  opcode('srem by zero', { run: 'sconst_1 sconst_0 srem', throws: 'ArithmeticException' }),
  opcode('idiv by zero', { run: 'iconst_1 iconst_0 idiv', throws: 'ArithmeticException' }),
  opcode('irem by zero', { run: 'iconst_1 iconst_0 irem', throws: 'ArithmeticException' }),
  binaryShort('sdiv', -32768, -1, -32768),
  binaryShort('srem', -32768, -1, 0),
  binaryInt('idiv', MIN, -1, MIN),
  binaryInt('irem', MIN, -1, 0),
  binaryShort('sdiv', -7, 2, -3),
  binaryShort('srem', -7, 2, -1),
  binaryShort('sdiv', 7, -2, -3),
  binaryShort('srem', 7, -2, 1),
  binaryShort('srem', -7, -2, -1),
  binaryInt('idiv', -7, 2, -3),
  binaryInt('irem', -7, 2, -1),

  opcode('sneg of the least short stays', { run: 'sspush -32768 sneg', gives: -32768 }),
  opcode('sneg', { run: 'sspush 5 sneg', gives: -5 }),
  opcode('ineg of the least int stays', { run: `iipush ${MIN} ineg`, givesInt: MIN }),
  opcode('ineg', { run: 'iipush 70000 ineg', givesInt: -70000 }),

  // Observed on the reference card: the count is masked with 1F, the result cut to 16 bits.
  ...(
    [
      [15, 0x8000],
      [16, 0],
      [17, 0],
      [31, 0],
      [32, 1],
      [33, 2],
      [-1, 0],
      [-16, 0],
      [-32, 1],
    ] as const
  ).map(([count, bits]) => binaryShort('sshl', 1, count, short(bits))),
  ...(
    [
      [15, 0xffff],
      [16, 0xffff],
      [17, 0xffff],
      [31, 0xffff],
      [32, 0x8001],
      [33, 0xc000],
      [-1, 0xffff],
      [-16, 0xffff],
      [-31, 0xc000],
    ] as const
  ).map(([count, bits]) => binaryShort('sshr', short(0x8001), count, short(bits))),
  ...(
    [
      [1, 0xc000],
      [15, 0xffff],
      [16, 0xffff],
      [17, 0x7fff],
      [31, 1],
      [32, 0x8001],
      [33, 0xc000],
      [-1, 1],
      [-16, 0xffff],
    ] as const
  ).map(([count, bits]) => binaryShort('sushr', short(0x8001), count, short(bits))),
  ...(
    [
      [31, MIN],
      [32, 1],
      [33, 2],
      [-1, MIN],
      [63, MIN],
      [-32, 1],
    ] as const
  ).map(([count, gives]) => binaryInt('ishl', 1, count, gives)),
  binaryInt('iushr', -2147483647, 1, 0x4000_0000),
  binaryInt('iushr', -2147483647, 32, -2147483647),
  binaryInt('iushr', -2147483647, 33, 0x4000_0000),
  binaryInt('ishr', -2147483647, 33, -0x4000_0000),
  binaryInt('ishr', -2147483647, -1, -1),

  binaryShort('sand', 0x0ff0, 0x3c3c, 0x0c30),
  binaryShort('sor', 0x0ff0, 0x3c3c, 0x3ffc),
  binaryShort('sxor', 0x0ff0, 0x3c3c, 0x33cc),
  binaryInt('iand', 0x0ff0_0ff0, 0x3c3c_3c3c, 0x0c30_0c30),
  binaryInt('ior', 0x0ff0_0ff0, 0x3c3c_3c3c, 0x3ffc_3ffc),
  binaryInt('ixor', 0x0ff0_0ff0, 0x3c3c_3c3c, 0x33cc_33cc),

  opcode('s2b of 1280 (hex)', { run: 'sspush 4736 s2b', gives: short(0xff80) }),
  opcode('s2b of 7F', { run: 'sspush 127 s2b', gives: 0x7f }),
  opcode('s2b of FF7F', { run: 'sspush -129 s2b', gives: 0x7f }),
  opcode('s2i keeps the sign', { run: 'sspush -2 s2i', givesInt: -2 }),
  opcode('i2s of 12348765 (hex)', { run: 'iipush 305432421 i2s', gives: short(0x8765) }),
  opcode('i2b of 12348765 (hex)', { run: 'iipush 305432421 i2b', gives: 0x65 }),
  opcode('i2b of FF', { run: 'iipush 255 i2b', gives: -1 }),

  opcode('icmp: the least int is less than 1', { run: `iipush ${MIN} iconst_1 icmp`, gives: -1 }),
  opcode('icmp: equal', { run: 'iipush 70000 iipush 70000 icmp', gives: 0 }),
  opcode('icmp: greater', { run: 'iipush 65536 iipush 65535 icmp', gives: 1 }),
]
