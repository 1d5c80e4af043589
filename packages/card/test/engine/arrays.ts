import { opcode } from './opcode-case.ts'

const KINDS = {
  byte: { load: 'baload', store: 'bastore', value: 'sconst_1' },
  boolean: { load: 'baload', store: 'bastore', value: 'sconst_1' },
  short: { load: 'saload', store: 'sastore', value: 'sconst_1' },
  int: { load: 'iaload', store: 'iastore', value: 'iconst_1' },
} as const
const OBJECT_ARRAY = 'anewarray java/lang/Object'
const BAD_INDICES = ['sconst_m1', 'sconst_2', 'sspush 32767', 'sspush -32768']
const TRANSIENT = 'sconst_1 invokestatic javacard/framework/JCSystem.makeTransient'

export const arrays = [
  ...Object.entries(KINDS).flatMap(([kind, { load, store, value }]) => [
    opcode(`newarray ${kind} of negative length`, {
      run: `sconst_m1 newarray ${kind}`,
      throws: 'NegativeArraySizeException',
    }),
    opcode(`newarray ${kind} of length 0 has no component`, {
      run: `sconst_0 newarray ${kind} sconst_0 ${load}`,
      throws: 'ArrayIndexOutOfBoundsException',
    }),
    opcode(`${load} of null, before the index is looked at (${kind})`, {
      run: `aconst_null sconst_m1 ${load}`,
      throws: 'NullPointerException',
    }),
    opcode(`${store} of null (${kind})`, {
      run: `aconst_null sconst_m1 ${value} ${store}`,
      throws: 'NullPointerException',
    }),
    ...BAD_INDICES.flatMap((index) => [
      opcode(`${load} at ${index} of 2 (${kind})`, {
        run: `sconst_2 newarray ${kind} ${index} ${load}`,
        throws: 'ArrayIndexOutOfBoundsException',
      }),
      opcode(`${store} at ${index} of 2 (${kind})`, {
        run: `sconst_2 newarray ${kind} ${index} ${value} ${store}`,
        throws: 'ArrayIndexOutOfBoundsException',
      }),
    ]),
    opcode(`a new ${kind}[] holds zeros`, {
      run: `sconst_2 newarray ${kind} sconst_1 ${load}${kind === 'int' ? ' i2s' : ''}`,
      gives: 0,
    }),
    opcode(`components of ${kind}[] keep apart`, {
      run: `sconst_3 newarray ${kind} astore_1 aload_1 sconst_1 ${value} ${store}
        aload_1 sconst_0 ${load}${kind === 'int' ? ' i2s' : ''} aload_1 sconst_2 ${load}${kind === 'int' ? ' i2s' : ''}
        sor aload_1 sconst_1 ${load}${kind === 'int' ? ' i2s' : ''} sadd`,
      gives: 1,
    }),
  ]),
  opcode('baload sign-extends 80 (hex)', {
    run: 'sconst_1 newarray byte astore_1 aload_1 sconst_0 sspush 128 bastore aload_1 sconst_0 baload',
    gives: -128,
  }),
  opcode('bastore cuts to 8 bits', {
    run: 'sconst_1 newarray byte astore_1 aload_1 sconst_0 sspush 511 bastore aload_1 sconst_0 baload',
    gives: -1,
  }),
  opcode('sastore and saload keep 16 bits', {
    run: 'sconst_2 newarray short astore_1 aload_1 sconst_1 sspush -12345 sastore aload_1 sconst_1 saload',
    gives: -12345,
  }),
  opcode('iastore and iaload keep 32 bits', {
    run: 'sconst_2 newarray int astore_1 aload_1 sconst_1 iipush -123456789 iastore aload_1 sconst_1 iaload',
    givesInt: -123456789,
  }),
  opcode('an int array in a transient reference array is reachable', {
    run: `sconst_1 ${TRANSIENT}ObjectArray(SB)[Ljava/lang/Object; astore_1
      aload_1 sconst_0 sconst_3 newarray int aastore aload_1 sconst_0 aaload arraylength`,
    gives: 3,
  }),
  opcode('bytes in transient memory', {
    run: `sconst_4 ${TRANSIENT}ByteArray(SB)[B astore_1 aload_1 sconst_3 bspush -5 bastore aload_1 sconst_3 baload`,
    gives: -5,
  }),
  opcode('shorts in transient memory', {
    run: `sconst_4 ${TRANSIENT}ShortArray(SB)[S astore_1 aload_1 sconst_3 sspush -500 sastore aload_1 sconst_3 saload`,
    gives: -500,
  }),
  opcode('booleans in transient memory', {
    run: `sconst_4 ${TRANSIENT}BooleanArray(SB)[Z astore_1 aload_1 sconst_3 sconst_1 bastore aload_1 sconst_3 baload`,
    gives: 1,
  }),
  opcode('ints in global memory', {
    run: `sconst_4 sconst_4 invokestatic javacard/framework/JCSystem.makeGlobalArray(BS)Ljava/lang/Object; astore_1
      aload_1 sconst_3 iipush -70000 iastore aload_1 sconst_3 iaload`,
    givesInt: -70000,
  }),

  opcode('arraylength', { run: 'sspush 300 newarray short arraylength', gives: 300 }),
  opcode('arraylength of null', { run: 'aconst_null arraylength', throws: 'NullPointerException' }),
  opcode('arraylength of an object is refused', { run: 'new main arraylength', throws: 'SecurityException' }),
  opcode('a byte array taken for a short array is refused', {
    run: 'sconst_2 newarray byte sconst_0 saload',
    throws: 'SecurityException',
  }),
  opcode('a short array taken for a byte array is refused', {
    run: 'sconst_2 newarray short sconst_0 baload',
    throws: 'SecurityException',
  }),
  opcode('a reference array taken for a short array is refused', {
    run: `sconst_2 ${OBJECT_ARRAY} sconst_0 saload`,
    throws: 'SecurityException',
  }),
  opcode('a short array taken for a reference array is refused', {
    run: 'sconst_2 newarray short sconst_0 aaload',
    throws: 'SecurityException',
  }),
  opcode('an array too large for the card', {
    run: 'sspush 32767 newarray byte',
    throws: 'SystemException',
    reason: 5,
  }),

  opcode('anewarray of negative length', { run: `sconst_m1 ${OBJECT_ARRAY}`, throws: 'NegativeArraySizeException' }),
  opcode('anewarray holds nulls', { run: `sconst_2 ${OBJECT_ARRAY} sconst_1 aaload`, gives: 0 }),
  opcode('aaload of null', { run: 'aconst_null sconst_0 aaload', throws: 'NullPointerException' }),
  ...BAD_INDICES.map((index) =>
    opcode(`aaload at ${index} of 2`, {
      run: `sconst_2 ${OBJECT_ARRAY} ${index} aaload`,
      throws: 'ArrayIndexOutOfBoundsException',
    }),
  ),
  opcode('aastore of null', { run: 'aconst_null sconst_0 aconst_null aastore', throws: 'NullPointerException' }),
  opcode('aastore: an array goes into Object[]', {
    run: `sconst_1 ${OBJECT_ARRAY} astore_1 aload_1 sconst_0 sconst_5 newarray byte aastore
      aload_1 sconst_0 aaload arraylength`,
    gives: 5,
  }),
  opcode('aastore: null goes into any array', {
    run: 'sconst_1 anewarray main sconst_0 aconst_null aastore sconst_1',
    gives: 1,
  }),
  opcode('aastore of the wrong class', {
    run: 'sconst_1 anewarray main sconst_0 sconst_1 newarray byte aastore',
    throws: 'ArrayStoreException',
  }),
  opcode('aastore into an interface array of a class that does not implement it', {
    run: 'sconst_1 anewarray javacard/framework/Shareable sconst_0 new main aastore',
    throws: 'ArrayStoreException',
  }),
  opcode('aastore looks at the class before the index', {
    run: 'sconst_1 anewarray main sconst_5 sconst_1 newarray byte aastore',
    throws: 'ArrayStoreException',
  }),
  opcode('aastore at a bad index', {
    run: 'sconst_1 anewarray main sconst_1 new main aastore',
    throws: 'ArrayIndexOutOfBoundsException',
  }),
]
