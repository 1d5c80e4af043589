import { opcode } from './opcode-case.ts'

/** Calls a static method as if it were the object's own: local 0 is the object. */
const onObject = (code: string) => ({
  run: 'new main invokestatic body',
  methods: { body: { code: `${code} sreturn`, nargs: 1, maxLocals: 4 } },
})
const STATICS = { text: '.statics references 1 default 9' }
const ACCESS = ['', '_w', '_this'] as const
/** `object value putfield`, or `value putfield` for the form that takes `this`. */
const put = (type: string, form: string, cell: number, value: string) =>
  form === '_this'
    ? `${value} putfield_${type}_this main.${cell}`
    : `aload_0 ${value} putfield_${type}${form} main.${cell}`
const get = (type: string, form: string, cell: number) =>
  form === '_this' ? `getfield_${type}_this main.${cell}` : `aload_0 getfield_${type}${form} main.${cell}`

export const fields = [
  ...ACCESS.flatMap((form) => [
    opcode(
      `getfield_a${form} and putfield_a${form}`,
      onObjectCase(form, 'a', 0, 'sconst_3 newarray byte', 'arraylength', 3),
    ),
    opcode(`getfield_b${form} and putfield_b${form} cut to 8 bits`, onObjectCase(form, 'b', 2, 'sspush 200', '', -56)),
    opcode(`getfield_s${form} and putfield_s${form}`, onObjectCase(form, 's', 3, 'sspush -12345', '', -12345)),
    opcode(`getfield_i${form} and putfield_i${form}`, onObjectCase(form, 'i', 4, 'iipush 305419896', 'i2s', 0x5678)),
    opcode(`putfield_i${form} keeps the high half`, {
      ...onObject(`${put('i', form, 4, 'iipush 305419896')} ${get('s', form, 4)}`),
      gives: 0x1234,
    }),
    ...(form === '_this'
      ? []
      : (['a', 'b', 's', 'i'] as const).flatMap((type) => [
          opcode(`getfield_${type}${form} of null`, {
            run: `aconst_null getfield_${type}${form} main.2${type === 'i' ? ' i2s' : ''}`,
            throws: 'NullPointerException',
          }),
          opcode(`putfield_${type}${form} of null`, {
            run: `aconst_null ${type === 'i' ? 'iconst_0' : 'sconst_0'} putfield_${type}${form} main.2`,
            throws: 'NullPointerException',
          }),
        ])),
  ]),
  ...(['a', 'b', 's', 'i'] as const).flatMap((type) => [
    opcode(`getfield_${type}_this without an object in local 0`, {
      run: `getfield_${type}_this main.2${type === 'i' ? ' i2s' : ''}`,
      throws: 'NullPointerException',
    }),
    opcode(`putfield_${type}_this without an object in local 0`, {
      run: `${type === 'i' ? 'iconst_0' : 'sconst_0'} putfield_${type}_this main.2`,
      throws: 'NullPointerException',
    }),
  ]),
  opcode('new objects hold zeros', { run: 'new main getfield_s main.5', gives: 0 }),
  opcode('fields of two objects keep apart', {
    run: `new main astore_1 new main astore_2 aload_1 sconst_1 putfield_s main.3 aload_2 sconst_2 putfield_s main.3
      aload_1 getfield_s main.3`,
    gives: 1,
  }),
  opcode('a field of an array is refused', {
    run: 'bspush 20 newarray byte getfield_s main.3',
    throws: 'SecurityException',
  }),
  opcode('a field beyond the object is refused', {
    run: 'new java/lang/Object getfield_s main.0',
    throws: 'SecurityException',
  }),
  opcode('a made-up reference is null', { run: 'sspush 32000 getfield_s main.0', throws: 'NullPointerException' }),
  opcode('a made-up reference with the high bit is null', {
    run: 'sconst_m1 getfield_s main.0',
    throws: 'NullPointerException',
  }),

  opcode('getstatic_a and putstatic_a', {
    ...STATICS,
    run: 'sconst_4 newarray byte putstatic_a static@0 getstatic_a static@0 arraylength',
    gives: 4,
  }),
  opcode('getstatic_b and putstatic_b cut to 8 bits', {
    ...STATICS,
    run: 'sspush 200 putstatic_b static@2 getstatic_b static@2',
    gives: -56,
  }),
  opcode('getstatic_s and putstatic_s at an odd offset', {
    ...STATICS,
    run: 'sspush -12345 putstatic_s static@3 getstatic_s static@3',
    gives: -12345,
  }),
  opcode('getstatic_i and putstatic_i at an odd offset', {
    ...STATICS,
    run: 'iipush -123456789 putstatic_i static@7 getstatic_i static@7',
    givesInt: -123456789,
  }),
  opcode('static fields keep apart', {
    ...STATICS,
    run: `sconst_m1 putstatic_b static@2 sspush 4660 putstatic_s static@3 sconst_m1 putstatic_s static@5
      getstatic_s static@3`,
    gives: 0x1234,
  }),
  opcode('static fields begin with the values of the package', {
    text: '.statics references 1 default 1 values 807FFF\n.array short 1234 8001',
    run: 'getstatic_b static@3 getstatic_s static@4 sadd getstatic_a static@0 sconst_1 saload sadd',
    gives: ((-128 + 0x7fff - 0x7fff) << 16) >> 16,
  }),
]

function onObjectCase(form: string, type: string, cell: number, value: string, after: string, gives: number) {
  return { ...onObject(`${put(type, form, cell, value)} ${get(type, form, cell)} ${after}`), gives }
}
