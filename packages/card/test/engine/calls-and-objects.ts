import { opcode } from './opcode-case.ts'

/**
 * `base` and `derived` with a public virtual method (token 1) and a package-visible one (token 0x80); `derived`
 * overrides both and implements `shape` (token 0 is the public method).
 */
const HIERARCHY = {
  text: `
    .interface shape
    .interface other
    .class base extends java/lang/Object
      .public 1 base_name base_call
      .package 0 base_own
    .end
    .class derived extends base
      .public 1 derived_name
      .package 0 derived_own
      .implements shape 1
    .end
    .class further extends derived
      .public 1 further_name
    .end
    .class open extends base
      .public 1 open_name
    .end
    .method base_name stack 1 args 1
      bspush 10 sreturn
    .end
    .method base_call stack 1 args 1
      aload_0 invokevirtual base.1 sreturn
    .end
    .method base_own stack 1 args 1
      bspush 11 sreturn
    .end
    .method derived_name stack 1 args 1
      bspush 20 sreturn
    .end
    .method derived_own stack 1 args 1
      bspush 21 sreturn
    .end
    .method further_name stack 2 args 1
      aload_0 invokespecial super:further.1 sconst_1 sadd sreturn
    .end
    .method open_name abstract args 1
    .end`,
}
const METHODS = {
  twice: { code: 'sload_0 sconst_2 smul sreturn', nargs: 1, maxStack: 2 },
  difference: { code: 'iload_0 iload_2 isub ireturn', nargs: 4, maxStack: 4 },
  nothing: { code: 'return', maxStack: 0 },
  make: { code: 'sconst_3 newarray byte areturn', maxStack: 1 },
  self: { code: 'aload_0 arraylength sreturn', nargs: 1, maxStack: 1 },
  deep: { code: 'sload_0 ifeq L sload_0 sconst_1 ssub invokestatic deep sreturn L: sconst_0 sreturn', nargs: 1 },
}
const isA = (make: string, type: string) => `${make} instanceof ${type}`
const cast = (make: string, type: string) => ({ run: `${make} checkcast ${type} pop sconst_1` })
const OBJECTS = 'sconst_1 anewarray java/lang/Object'
const BYTES = 'sconst_1 newarray byte'
const INTS = 'sconst_1 newarray int'
const PIN =
  'new javacard/framework/OwnerPIN dup sconst_3 sconst_4 invokespecial javacard/framework/OwnerPIN.<init>(BB)V'
const PINS = 'sconst_1 anewarray javacard/framework/OwnerPIN'
const DERIVED = 'new derived'
const DERIVEDS = 'sconst_1 anewarray derived'

export const callsAndObjects = [
  opcode('invokestatic passes arguments and brings the result', {
    run: 'bspush 21 invokestatic twice',
    methods: METHODS,
    gives: 42,
  }),
  opcode('invokestatic keeps what lies below its arguments', {
    run: 'sconst_5 bspush 21 invokestatic twice sadd invokestatic nothing',
    methods: METHODS,
    gives: 47,
  }),
  opcode('int arguments and an int result', {
    run: 'iipush 100000 iipush 1 invokestatic difference',
    methods: METHODS,
    givesInt: 99999,
  }),
  opcode('areturn brings a reference', { run: 'invokestatic make arraylength', methods: METHODS, gives: 3 }),
  opcode('return brings nothing', { run: 'sconst_4 invokestatic nothing', methods: METHODS, gives: 4 }),
  opcode('recursion 20 deep', { run: 'bspush 20 invokestatic deep', methods: METHODS, gives: 0 }),
  opcode('recursion without end stops the VM', {
    run: 'invokestatic endless',
    methods: { endless: { code: 'invokestatic endless return' } },
    halts: 'stack overflow',
  }),
  opcode('and cannot be caught', {
    run: 'A: invokestatic endless return B: pop return',
    catches: ['A B B java/lang/Throwable'],
    methods: { endless: { code: 'invokestatic endless return' } },
    halts: 'stack overflow',
  }),
  opcode('invokestatic of a native method', {
    run: 'bspush 18 bspush 52 invokestatic javacard/framework/Util.makeShort(BB)S',
    gives: 0x1234,
  }),

  opcode('invokespecial of a private method', {
    run: 'sconst_2 newarray byte invokespecial self',
    methods: METHODS,
    gives: 2,
  }),
  opcode('invokespecial of null', {
    run: 'aconst_null invokespecial self',
    methods: METHODS,
    throws: 'NullPointerException',
  }),
  opcode('invokespecial of a native constructor', {
    run: `${PIN} sconst_1`,
    gives: 1,
  }),
  opcode('a native constructor refuses an object of another class', {
    run: 'new main sconst_3 sconst_4 invokespecial javacard/framework/OwnerPIN.<init>(BB)V',
    throws: 'SecurityException',
  }),
  opcode('invokespecial of a super method begins above the calling class', {
    ...HIERARCHY,
    run: 'new further invokevirtual base.1',
    gives: 21,
  }),

  opcode('invokevirtual of null', {
    ...HIERARCHY,
    run: 'aconst_null invokevirtual base.1',
    throws: 'NullPointerException',
  }),
  opcode('invokevirtual of the class itself', { ...HIERARCHY, run: 'new base invokevirtual base.1', gives: 10 }),
  opcode('invokevirtual of an overridden method', { ...HIERARCHY, run: 'new derived invokevirtual base.1', gives: 20 }),
  opcode('an inherited method calls the overriding one', {
    ...HIERARCHY,
    run: 'new derived invokevirtual base.2',
    gives: 20,
  }),
  opcode('invokevirtual of a package-visible method', {
    ...HIERARCHY,
    run: 'new base invokevirtual base.128 new derived invokevirtual base.128 sadd',
    gives: 32,
  }),
  opcode('invokevirtual on an object of an unrelated class is refused', {
    ...HIERARCHY,
    run: 'new main invokevirtual base.2',
    throws: 'SecurityException',
  }),
  opcode('an abstract method cannot be reached', {
    ...HIERARCHY,
    run: 'new open invokevirtual base.1',
    halts: 'call of an abstract method',
  }),
  opcode('equals of an array is that of Object', {
    run: `${BYTES} dup invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z`,
    gives: 1,
  }),
  opcode('equals of another object', {
    run: 'new main new main invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z',
    gives: 0,
  }),
  opcode('equals of null as argument', {
    run: 'new main aconst_null invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z',
    gives: 0,
  }),

  opcode('invokeinterface of null', {
    ...HIERARCHY,
    run: 'aconst_null invokeinterface 1 shape.0',
    throws: 'NullPointerException',
  }),
  opcode('invokeinterface', { ...HIERARCHY, run: 'new derived invokeinterface 1 shape.0', gives: 20 }),
  opcode('invokeinterface reaches what a subclass overrides', {
    ...HIERARCHY,
    run: 'new further invokeinterface 1 shape.0',
    gives: 21,
  }),
  opcode('invokeinterface on an object that does not implement it is refused', {
    ...HIERARCHY,
    run: 'new base invokeinterface 1 shape.0',
    throws: 'SecurityException',
  }),
  opcode('invokeinterface with another number of arguments is refused', {
    ...HIERARCHY,
    run: 'new derived sconst_1 invokeinterface 2 shape.0',
    throws: 'SecurityException',
  }),
  opcode('invokeinterface of a native object', {
    run: `${PIN} invokeinterface 1 javacard/framework/PIN.getTriesRemaining()B`,
    gives: 3,
    stack: 8,
  }),

  opcode('athrow of null', { run: 'aconst_null athrow', throws: 'NullPointerException' }),
  opcode('athrow leaves the method', { run: 'new java/lang/RuntimeException athrow', throws: 'RuntimeException' }),
  opcode('a handler for the class catches', {
    run: `A: sconst_1 sconst_0 sdiv pop B: sconst_0 sreturn
      C: pop bspush 7 sreturn`,
    catches: ['A B C java/lang/ArithmeticException'],
    gives: 7,
  }),
  opcode('a handler for a superclass catches', {
    run: 'A: sconst_1 sconst_0 sdiv pop B: sconst_0 sreturn C: pop bspush 7 sreturn',
    catches: ['A B C java/lang/RuntimeException'],
    gives: 7,
  }),
  opcode('a handler for another class does not', {
    run: 'A: sconst_1 sconst_0 sdiv pop B: sconst_0 sreturn C: pop bspush 7 sreturn',
    catches: ['A B C java/lang/NullPointerException'],
    throws: 'ArithmeticException',
  }),
  opcode('a handler does not cover what stands behind its range', {
    run: 'A: sconst_1 pop B: sconst_1 sconst_0 sdiv sreturn C: pop bspush 7 sreturn',
    catches: ['A B C any'],
    throws: 'ArithmeticException',
  }),
  opcode('finally catches everything, with the stack emptied', {
    run: 'A: sconst_1 sconst_2 aconst_null athrow B: C: pop bspush 7 sreturn',
    catches: ['A B C any'],
    gives: 7,
  }),
  opcode('the inner handler is asked first, then the outer one', {
    run: `A: sconst_1 sconst_0 sdiv sreturn B:
      C: pop aconst_null arraylength sreturn D:
      E: pop bspush 9 sreturn`,
    catches: ['A B C java/lang/ArithmeticException', 'A D E java/lang/NullPointerException'],
    gives: 9,
  }),
  opcode('an exception passes through the frames of callers that do not catch it', {
    run: 'A: sconst_5 invokestatic outer pop pop B: sconst_0 sreturn C: pop bspush 8 sreturn',
    catches: ['A B C java/lang/ArithmeticException'],
    methods: {
      outer: { code: 'sconst_1 invokestatic inner sadd sreturn' },
      inner: { code: 'sconst_1 sconst_0 sdiv sreturn' },
    },
    gives: 8,
  }),
  opcode('the object caught is the object thrown', {
    run: `new java/lang/RuntimeException astore_1 A: aload_1 athrow B:
      C: aload_1 if_acmpeq SAME sconst_0 sreturn SAME: sconst_1`,
    catches: ['A B C any'],
    gives: 1,
  }),

  opcode('checkcast lets null pass', { run: 'aconst_null checkcast class main pop sconst_1', gives: 1 }),
  opcode('instanceof of null is false', { run: 'aconst_null instanceof class main', gives: 0 }),
  opcode('instanceof of null for an array is false', { run: 'aconst_null instanceof byte', gives: 0 }),
  opcode('an object is of its class', { ...HIERARCHY, run: isA(DERIVED, 'class derived'), gives: 1 }),
  opcode('and of its superclass', { ...HIERARCHY, run: isA(DERIVED, 'class base'), gives: 1 }),
  opcode('and of Object', { ...HIERARCHY, run: isA(DERIVED, 'class java/lang/Object'), gives: 1 }),
  opcode('and of its interface', { ...HIERARCHY, run: isA(DERIVED, 'class shape'), gives: 1 }),
  opcode('not of a subclass', { ...HIERARCHY, run: isA('new base', 'class derived'), gives: 0 }),
  opcode('not of another interface', { ...HIERARCHY, run: isA(DERIVED, 'class other'), gives: 0 }),
  opcode('a subclass is of an inherited interface', { ...HIERARCHY, run: isA('new further', 'class shape'), gives: 1 }),
  opcode('checkcast to a subclass', {
    ...HIERARCHY,
    run: 'new base checkcast class derived pop sconst_1',
    throws: 'ClassCastException',
  }),
  ...(
    [
      [DERIVEDS, 'class java/lang/Object', 1],
      [DERIVEDS, 'reference java/lang/Object', 1],
      [DERIVEDS, 'reference derived', 1],
      [DERIVEDS, 'reference base', 1],
      [DERIVEDS, 'reference other', 0],
      [DERIVEDS, 'byte', 0],
      [OBJECTS, 'reference derived', 0],
      [BYTES, 'class java/lang/Object', 1],
      [BYTES, 'reference java/lang/Object', 0],
      [BYTES, 'byte', 1],
      [BYTES, 'short', 0],
      [BYTES, 'boolean', 0],
      [INTS, 'int', 1],
      [INTS, 'class java/lang/Object', 1],
      [INTS, 'short', 0],
      [PIN, 'class javacard/framework/PIN', 1],
      [PIN, 'class javacard/framework/Shareable', 0],
      [PIN, 'class javacard/framework/OwnerPIN', 1],
      [PINS, 'reference javacard/framework/PIN', 1],
      [PINS, 'reference java/lang/Object', 1],
      [PINS, 'class javacard/framework/Shareable', 0],
    ] as const
  ).map(([make, type, gives]) =>
    opcode(`${make.replace(/ dup .*/, '')} instanceof ${type}: ${gives}`, {
      ...HIERARCHY,
      run: isA(make, type),
      gives,
    }),
  ),
  opcode('checkcast A[] to Object[]', { ...HIERARCHY, ...cast(DERIVEDS, 'reference java/lang/Object'), gives: 1 }),
  opcode('checkcast A[] to Base[]', { ...HIERARCHY, ...cast(DERIVEDS, 'reference base'), gives: 1 }),
  opcode('checkcast Object[] to A[]', {
    ...HIERARCHY,
    ...cast(OBJECTS, 'reference derived'),
    throws: 'ClassCastException',
  }),
  opcode('checkcast byte[] to short[]', { ...cast(BYTES, 'short'), throws: 'ClassCastException' }),
  opcode('checkcast byte[] to Object[]', {
    ...cast(BYTES, 'reference java/lang/Object'),
    throws: 'ClassCastException',
  }),
  opcode('checkcast boolean[] to byte[]', {
    ...cast('sconst_1 newarray boolean', 'byte'),
    throws: 'ClassCastException',
  }),
]
