import { describe, it } from 'vitest'
import { opcode } from '../../test/engine/opcode-case.ts'
import { runCase } from '../../test/engine/run-case.ts'
import { interpreter } from '../vm/interpreter/interpreter.ts'

// API methods through byte code, in the small language of the instruction suite. Values from the API documentation and
// the observed reference card.

const UTIL = 'invokestatic javacard/framework/Util'
const COPY = `${UTIL}.arrayCopy([BS[BSS)S`
const COPY_NON_ATOMIC = `${UTIL}.arrayCopyNonAtomic([BS[BSS)S`
const COMPARE = `${UTIL}.arrayCompare([BS[BSS)B`
const SYSTEM = 'invokestatic javacard/framework/JCSystem'
const AIOOBE = { throws: 'ArrayIndexOutOfBoundsException' }
const NPE = { throws: 'NullPointerException' }
/** An array of 8 bytes 1..8 in local 1, one of 8 zeros in local 2. */
const ARRAYS = `bspush 8 newarray byte astore_1 bspush 8 newarray byte astore_2 sconst_0 sstore_3
  L: aload_1 sload_3 sload_3 sconst_1 sadd bastore sinc 3 1 sload_3 bspush 8 if_scmplt L`
const copy = (call: string, from: string, to: string, length: number) =>
  `${ARRAYS} ${from} ${to} bspush ${length} ${call}`
const at = (local: number, index: number) => `aload_${local} sconst_${index} baload`

const util = [
  ...[COPY, COPY_NON_ATOMIC].flatMap((call) => [
    opcode(`${call}: negative offset`, { run: copy(call, 'aload_1 sconst_m1', 'aload_2 sconst_0', 0), ...AIOOBE }),
    opcode(`${call}: negative length`, { run: copy(call, 'aload_1 sconst_0', 'aload_2 sconst_0', -1), ...AIOOBE }),
    opcode(`${call}: source too short`, { run: copy(call, 'aload_1 sconst_5', 'aload_2 sconst_0', 4), ...AIOOBE }),
    opcode(`${call}: destination too short`, { run: copy(call, 'aload_1 sconst_0', 'aload_2 sconst_5', 4), ...AIOOBE }),
    opcode(`${call}: offset beyond the end, nothing to copy`, {
      run: copy(call, 'aload_1 bspush 9', 'aload_2 sconst_0', 0),
      ...AIOOBE,
    }),
    opcode(`${call}: offset at the end, nothing to copy`, {
      run: copy(call, 'aload_1 bspush 8', 'aload_2 bspush 8', 0),
      gives: 8,
    }),
    opcode(`${call}: null source`, { run: copy(call, 'aconst_null sconst_0', 'aload_2 sconst_0', 0), ...NPE }),
    opcode(`${call}: null destination`, { run: copy(call, 'aload_1 sconst_0', 'aconst_null sconst_0', 0), ...NPE }),
    opcode(`${call} of a short array is refused`, {
      run: copy(call, 'sconst_5 newarray short sconst_0', 'aload_2 sconst_0', 0),
      throws: 'SecurityException',
    }),
    opcode(`${call} returns the offset behind`, {
      run: copy(call, 'aload_1 sconst_2', 'aload_2 sconst_3', 4),
      gives: 7,
    }),
    opcode(`${call} copies`, {
      run: `${copy(call, 'aload_1 sconst_2', 'aload_2 sconst_3', 4)} pop ${at(2, 3)}`,
      gives: 3,
    }),
    opcode(`${call} upwards in one array goes as if through a copy`, {
      run: `${copy(call, 'aload_1 sconst_0', 'aload_1 sconst_2', 4)} pop ${at(1, 4)}`,
      gives: 3,
    }),
    opcode(`${call} downwards in one array`, {
      run: `${copy(call, 'aload_1 sconst_2', 'aload_1 sconst_0', 4)} pop ${at(1, 3)}`,
      gives: 6,
    }),
  ]),
  opcode('arrayCopy beyond the commit buffer is refused, outside of a transaction too', {
    run: `sspush 600 newarray byte astore_1 aload_1 sconst_0 aload_1 sconst_0 sspush 600 ${COPY}`,
    throws: 'TransactionException',
    reason: 3,
  }),
  opcode('arrayCopyNonAtomic is not', {
    run: `sspush 600 newarray byte astore_1 aload_1 sconst_0 aload_1 sconst_0 sspush 600 ${COPY_NON_ATOMIC}`,
    gives: 600,
  }),
  ...['arrayFill', 'arrayFillNonAtomic'].flatMap((name) => [
    opcode(`${name}: bad range`, {
      run: `${ARRAYS} aload_2 sconst_5 sconst_4 sconst_1 ${UTIL}.${name}([BSSB)S`,
      ...AIOOBE,
    }),
    opcode(`${name}: null`, { run: `aconst_null sconst_0 sconst_0 sconst_0 ${UTIL}.${name}([BSSB)S`, ...NPE }),
    opcode(`${name} returns the offset behind`, {
      run: `${ARRAYS} aload_2 sconst_1 sconst_3 sspush 255 ${UTIL}.${name}([BSSB)S`,
      gives: 4,
    }),
    opcode(`${name} fills`, {
      run: `${ARRAYS} aload_2 sconst_1 sconst_3 sspush 255 ${UTIL}.${name}([BSSB)S pop ${at(2, 3)} ${at(2, 4)} sadd`,
      gives: -1,
    }),
  ]),
  opcode('arrayCompare: equal', { run: `${ARRAYS} aload_1 sconst_0 aload_1 sconst_0 bspush 8 ${COMPARE}`, gives: 0 }),
  opcode('arrayCompare: less', { run: `${ARRAYS} aload_1 sconst_0 aload_1 sconst_1 sconst_4 ${COMPARE}`, gives: -1 }),
  opcode('arrayCompare: greater', { run: `${ARRAYS} aload_1 sconst_1 aload_1 sconst_0 sconst_4 ${COMPARE}`, gives: 1 }),
  opcode('arrayCompare takes bytes as signed', {
    run: `${ARRAYS} aload_2 sconst_0 sspush 128 bastore aload_2 sconst_0 aload_1 sconst_0 sconst_1 ${COMPARE}`,
    gives: -1,
  }),
  opcode('arrayCompare of nothing', {
    run: `${ARRAYS} aload_1 sconst_0 aload_2 sconst_0 sconst_0 ${COMPARE}`,
    gives: 0,
  }),
  opcode('arrayCompare: negative length', {
    run: `${ARRAYS} aload_1 sconst_0 aload_2 sconst_0 sconst_m1 ${COMPARE}`,
    ...AIOOBE,
  }),
  opcode('getShort at the last byte', { run: `${ARRAYS} aload_1 bspush 7 ${UTIL}.getShort([BS)S`, ...AIOOBE }),
  opcode('getShort of null', { run: `aconst_null sconst_m1 ${UTIL}.getShort([BS)S`, ...NPE }),
  opcode('getShort is big-endian', { run: `${ARRAYS} aload_1 sconst_2 ${UTIL}.getShort([BS)S`, gives: 0x0304 }),
  opcode('setShort at the last byte', {
    run: `${ARRAYS} aload_1 bspush 7 sconst_0 ${UTIL}.setShort([BSS)S`,
    ...AIOOBE,
  }),
  opcode('setShort returns the offset behind', {
    run: `${ARRAYS} aload_1 sconst_3 sspush -2 ${UTIL}.setShort([BSS)S`,
    gives: 5,
  }),
  opcode('setShort writes what getShort reads', {
    run: `${ARRAYS} aload_1 sconst_3 sspush -12345 ${UTIL}.setShort([BSS)S pop aload_1 sconst_3 ${UTIL}.getShort([BS)S`,
    gives: -12345,
  }),
  opcode('setShort leaves its argument alone', {
    run: `sspush 4660 sstore_0 ${ARRAYS} aload_1 sconst_0 sload_0 ${UTIL}.setShort([BSS)S pop sload_0`,
    gives: 0x1234,
  }),
  opcode('makeShort', { run: `bspush -1 sspush 128 ${UTIL}.makeShort(BB)S`, gives: -128 }),
]

const transient = (type: string, length: string, event: string) => `${length} ${event} ${SYSTEM}.makeTransient${type}`
const memoryOf = (type: number) => `sconst_2 newarray short astore_1 aload_1 sconst_0 sconst_${type}
  ${SYSTEM}.getAvailableMemory([SSB)V aload_1 sconst_1 saload`

const jcSystem = [
  ...['BooleanArray(SB)[Z', 'ByteArray(SB)[B', 'ShortArray(SB)[S', 'ObjectArray(SB)[Ljava/lang/Object;'].flatMap(
    (type) => [
      opcode(`makeTransient${type}: unknown event`, {
        run: transient(type, 'sconst_4', 'sconst_3'),
        throws: 'SystemException',
        reason: 1,
      }),
      opcode(`makeTransient${type}: the event is looked at first`, {
        run: transient(type, 'sconst_m1', 'sconst_3'),
        throws: 'SystemException',
        reason: 1,
      }),
      opcode(`makeTransient${type}: negative length`, {
        run: transient(type, 'sconst_m1', 'sconst_1'),
        throws: 'NegativeArraySizeException',
      }),
      opcode(`makeTransient${type}: too large`, {
        run: transient(type, 'sspush 32767', 'sconst_1'),
        throws: 'SystemException',
        reason: 2,
      }),
      opcode(`makeTransient${type}: length 0`, {
        run: `${transient(type, 'sconst_0', 'sconst_1')} arraylength`,
        gives: 0,
      }),
      opcode(`makeTransient${type} is transient`, {
        run: `${transient(type, 'sconst_4', 'sconst_1')} ${SYSTEM}.isTransient(Ljava/lang/Object;)B`,
        gives: 1,
      }),
    ],
  ),
  opcode('makeGlobalArray: unknown type', {
    run: `bspush 6 sconst_4 ${SYSTEM}.makeGlobalArray(BS)Ljava/lang/Object;`,
    throws: 'SystemException',
    reason: 1,
  }),
  opcode('makeGlobalArray: negative length', {
    run: `sconst_2 sconst_m1 ${SYSTEM}.makeGlobalArray(BS)Ljava/lang/Object;`,
    throws: 'NegativeArraySizeException',
  }),
  opcode('a global array cannot be kept', {
    text: '.statics references 1',
    run: `sconst_2 sconst_4 ${SYSTEM}.makeGlobalArray(BS)Ljava/lang/Object; putstatic_a static@0`,
    throws: 'SecurityException',
  }),
  opcode('isTransient of null', { run: `aconst_null ${SYSTEM}.isTransient(Ljava/lang/Object;)B`, gives: 0 }),
  opcode('isTransient of a persistent array', {
    run: `sconst_4 newarray byte ${SYSTEM}.isTransient(Ljava/lang/Object;)B`,
    gives: 0,
  }),
  opcode('isTransient of an object', { run: `new main ${SYSTEM}.isTransient(Ljava/lang/Object;)B`, gives: 0 }),
  opcode('getVersion', { run: `${SYSTEM}.getVersion()S`, gives: 0x0302 }),
  opcode('commit without a transaction', {
    run: `${SYSTEM}.commitTransaction()V`,
    throws: 'TransactionException',
    reason: 2,
  }),
  opcode('abort without a transaction', {
    run: `${SYSTEM}.abortTransaction()V`,
    throws: 'TransactionException',
    reason: 2,
  }),
  opcode('begin inside a transaction', {
    run: `${SYSTEM}.beginTransaction()V ${SYSTEM}.beginTransaction()V`,
    throws: 'TransactionException',
    reason: 1,
  }),
  opcode('depth outside', { run: `${SYSTEM}.getTransactionDepth()B`, gives: 0 }),
  opcode('depth inside', { run: `${SYSTEM}.beginTransaction()V ${SYSTEM}.getTransactionDepth()B`, gives: 1 }),
  opcode('depth after', {
    run: `${SYSTEM}.beginTransaction()V ${SYSTEM}.commitTransaction()V ${SYSTEM}.getTransactionDepth()B`,
    gives: 0,
  }),
  opcode('commit capacity', {
    run: `${SYSTEM}.getMaxCommitCapacity()S ${SYSTEM}.getUnusedCommitCapacity()S ssub`,
    gives: 0,
  }),
  opcode('commit capacity used by a short field', {
    run: `new main astore_1 ${SYSTEM}.beginTransaction()V ${SYSTEM}.getUnusedCommitCapacity()S
      aload_1 sconst_1 putfield_s main.3 aload_1 sconst_2 putfield_s main.3
      ${SYSTEM}.getUnusedCommitCapacity()S ssub`,
    gives: 12,
  }),
  opcode('abort brings fields, components and statics back', {
    text: '.statics default 2',
    run: `new main astore_1 sconst_2 newarray byte astore_2 ${SYSTEM}.beginTransaction()V
      aload_1 sconst_1 putfield_s main.3 aload_2 sconst_0 sconst_1 bastore sconst_1 putstatic_s static@0
      ${SYSTEM}.abortTransaction()V
      aload_1 getfield_s main.3 aload_2 sconst_0 baload sadd getstatic_s static@0 sadd`,
    gives: 0,
  }),
  opcode('abort leaves transient arrays and NonAtomic copies', {
    run: `${transient('ByteArray(SB)[B', 'sconst_4', 'sconst_1')} astore_1 sconst_4 newarray byte astore_2
      ${SYSTEM}.beginTransaction()V aload_1 sconst_0 sconst_5 bastore
      aload_1 sconst_0 aload_2 sconst_0 sconst_1 ${COPY_NON_ATOMIC} pop ${SYSTEM}.abortTransaction()V
      aload_1 sconst_0 baload aload_2 sconst_0 baload sadd`,
    gives: 10,
  }),
  opcode('NonAtomic first, then atomic, abort: the value of the NonAtomic write', {
    run: `sconst_4 newarray byte astore_2 ${SYSTEM}.beginTransaction()V
      aload_2 sconst_0 sconst_4 bspush 9 ${UTIL}.arrayFillNonAtomic([BSSB)S pop aload_2 sconst_0 sconst_5 bastore
      ${SYSTEM}.abortTransaction()V aload_2 sconst_0 baload`,
    gives: 9,
  }),
  opcode('abort of a transaction that made an object ends the command', {
    run: `${SYSTEM}.beginTransaction()V sconst_2 newarray byte pop ${SYSTEM}.abortTransaction()V`,
    halts: 'abort of a transaction that made objects',
  }),
  opcode('the commit buffer full, caught, and the transaction goes on', {
    run: `sspush 200 newarray short astore_1 sconst_0 sstore_2 ${SYSTEM}.beginTransaction()V
      A: aload_1 sload_2 sconst_1 sastore sinc 2 1 sload_2 sspush 200 if_scmplt A B: sconst_0 sreturn
      C: pop ${SYSTEM}.getTransactionDepth()B`,
    catches: ['A B C javacard/framework/TransactionException'],
    gives: 1,
  }),
  opcode('getAvailableMemory: bad type', {
    run: `sconst_3 ${SYSTEM}.getAvailableMemory(B)S`,
    throws: 'SystemException',
    reason: 1,
  }),
  opcode('getAvailableMemory is exact', {
    run: `sconst_0 ${SYSTEM}.getAvailableMemory(B)S bspush 20 newarray byte pop sconst_0 ${SYSTEM}.getAvailableMemory(B)S ssub`,
    gives: 28,
  }),
  opcode('getAvailableMemory in two words', {
    run: `${memoryOf(0)} sconst_0 ${SYSTEM}.getAvailableMemory(B)S ssub`,
    gives: 0,
  }),
  opcode('getAvailableMemory into an array too short', {
    run: `sconst_1 newarray short sconst_0 sconst_0 ${SYSTEM}.getAvailableMemory([SSB)V`,
    ...AIOOBE,
  }),
  opcode('getAvailableMemory into a byte array is refused', {
    run: `sconst_4 newarray byte sconst_0 sconst_0 ${SYSTEM}.getAvailableMemory([SSB)V`,
    throws: 'SecurityException',
  }),
  opcode('object deletion is there', { run: `${SYSTEM}.isObjectDeletionSupported()Z`, gives: 1 }),
  opcode('getAID before register', { run: `${SYSTEM}.getAID()Ljavacard/framework/AID;`, gives: 0 }),
  opcode('getPreviousContextAID when the JCRE called', {
    run: `${SYSTEM}.getPreviousContextAID()Ljavacard/framework/AID;`,
    gives: 0,
  }),
]

const AID = 'javacard/framework/AID'
const newAid = (length: number) => `new ${AID} dup aload_1 sconst_0 bspush ${length} invokespecial ${AID}.<init>([BSB)V`
const BYTES = `bspush 16 newarray byte astore_1 aload_1 sconst_0 bspush 16 bspush 7 ${UTIL}.arrayFill([BSSB)S pop`

const aid = [
  opcode('AID of 4 bytes', { run: `${BYTES} ${newAid(4)}`, throws: 'SystemException', reason: 1 }),
  opcode('AID of 17 bytes', { run: `${BYTES} ${newAid(17)}`, ...AIOOBE }),
  opcode('AID of null', {
    run: `new ${AID} dup aconst_null sconst_0 sconst_5 invokespecial ${AID}.<init>([BSB)V`,
    ...NPE,
  }),
  opcode('equals null', {
    run: `${BYTES} ${newAid(8)} aconst_null invokevirtual ${AID}.equals(Ljava/lang/Object;)Z`,
    gives: 0,
  }),
  opcode('equals another AID of the same bytes', {
    run: `${BYTES} ${newAid(8)} ${newAid(8)} invokevirtual ${AID}.equals(Ljava/lang/Object;)Z`,
    gives: 1,
  }),
  opcode('equals an AID that is longer', {
    run: `${BYTES} ${newAid(8)} ${newAid(9)} invokevirtual ${AID}.equals(Ljava/lang/Object;)Z`,
    gives: 0,
  }),
  opcode('equals an array', {
    run: `${BYTES} ${newAid(8)} aload_1 sconst_0 bspush 8 invokevirtual ${AID}.equals([BSB)Z`,
    gives: 1,
  }),
  opcode('equals an array of another length', {
    run: `${BYTES} ${newAid(8)} aload_1 sconst_0 bspush 7 invokevirtual ${AID}.equals([BSB)Z`,
    gives: 0,
  }),
  opcode('partialEquals', {
    run: `${BYTES} ${newAid(8)} aload_1 sconst_0 bspush 6 invokevirtual ${AID}.partialEquals([BSB)Z`,
    gives: 1,
  }),
  opcode('partialEquals longer than the AID', {
    run: `${BYTES} ${newAid(8)} aload_1 sconst_0 bspush 9 invokevirtual ${AID}.partialEquals([BSB)Z`,
    gives: 0,
  }),
  opcode('RIDEquals', {
    run: `${BYTES} ${newAid(8)} ${newAid(9)} invokevirtual ${AID}.RIDEquals(L${AID};)Z`,
    gives: 1,
  }),
  opcode('RIDEquals null', {
    run: `${BYTES} ${newAid(8)} aconst_null invokevirtual ${AID}.RIDEquals(L${AID};)Z`,
    gives: 0,
  }),
  opcode('getBytes', {
    run: `${BYTES} ${newAid(8)} bspush 9 newarray byte sconst_1 invokevirtual ${AID}.getBytes([BS)B`,
    gives: 8,
  }),
  opcode('getBytes without room', {
    run: `${BYTES} ${newAid(8)} bspush 8 newarray byte sconst_1 invokevirtual ${AID}.getBytes([BS)B`,
    ...AIOOBE,
  }),
  opcode('getPartialBytes: all the rest', {
    run: `${BYTES} ${newAid(8)} sconst_3 aload_1 sconst_0 sconst_0 invokevirtual ${AID}.getPartialBytes(S[BSB)B`,
    gives: 5,
  }),
  opcode('getPartialBytes beyond the AID', {
    run: `${BYTES} ${newAid(8)} sconst_3 aload_1 sconst_0 bspush 6 invokevirtual ${AID}.getPartialBytes(S[BSB)B`,
    ...AIOOBE,
  }),
  opcode('lookupAID of a stranger', {
    run: `${BYTES} aload_1 sconst_0 sconst_5 ${SYSTEM}.lookupAID([BSB)L${AID};`,
    gives: 0,
  }),
  opcode('isAppletActive of null', { run: `aconst_null ${SYSTEM}.isAppletActive(L${AID};)Z`, ...NPE }),
]

const PIN = 'javacard/framework/OwnerPIN'
const newPin = (limit: string, size: string) => `new ${PIN} dup ${limit} ${size} invokespecial ${PIN}.<init>(BB)V`
/** A PIN of three bytes 1 2 3, three tries, in local 4; the bytes in local 1. */
const SET_PIN = `${ARRAYS} ${newPin('sconst_3', 'sconst_4')} astore 4
  aload 4 aload_1 sconst_0 sconst_3 invokevirtual ${PIN}.update([BSB)V`
const check = (offset: number, length: number) =>
  `aload 4 aload_1 sconst_${offset} bspush ${length} invokevirtual ${PIN}.check([BSB)Z`
const TRIES = `aload 4 invokevirtual ${PIN}.getTriesRemaining()B`
const VALIDATED = `aload 4 invokevirtual ${PIN}.isValidated()Z`

const ownerPin = [
  opcode('limit 0', { run: newPin('sconst_0', 'sconst_4'), throws: 'PINException', reason: 1 }),
  opcode('size 0', { run: newPin('sconst_3', 'sconst_0'), throws: 'PINException', reason: 1 }),
  opcode('update longer than the size', {
    run: `${ARRAYS} ${newPin('sconst_3', 'sconst_4')} aload_1 sconst_0 sconst_5 invokevirtual ${PIN}.update([BSB)V`,
    throws: 'PINException',
    reason: 1,
  }),
  opcode('a new PIN matches nothing, not even nothing', {
    run: `${ARRAYS} ${newPin('sconst_3', 'sconst_4')} astore 4 ${check(0, 0)}`,
    gives: 0,
  }),
  opcode('the right PIN', { run: `${SET_PIN} ${check(0, 3)} ${VALIDATED} sadd`, gives: 2 }),
  opcode('a wrong PIN costs a try', { run: `${SET_PIN} ${check(1, 3)} pop ${TRIES}`, gives: 2 }),
  opcode('a shorter PIN is wrong', { run: `${SET_PIN} ${check(0, 2)} ${TRIES} sadd`, gives: 2 }),
  opcode('a right PIN restores the tries', {
    run: `${SET_PIN} ${check(1, 3)} pop ${check(0, 3)} pop ${TRIES}`,
    gives: 3,
  }),
  opcode('three wrong PINs block it, even for the right one', {
    run: `${SET_PIN} ${check(1, 3)} pop ${check(1, 3)} pop ${check(1, 3)} pop ${check(0, 3)} ${TRIES} sadd`,
    gives: 0,
  }),
  opcode('reset without validation changes nothing', {
    run: `${SET_PIN} ${check(1, 3)} pop aload 4 invokevirtual ${PIN}.reset()V ${TRIES}`,
    gives: 2,
  }),
  opcode('resetAndUnblock', {
    run: `${SET_PIN} ${check(1, 3)} pop aload 4 invokevirtual ${PIN}.resetAndUnblock()V ${TRIES}`,
    gives: 3,
  }),
  opcode('a range beyond the array costs a try and the validation', {
    run: `${SET_PIN} ${check(0, 3)} pop A: ${check(5, 4)} pop B: sconst_0 sreturn C: pop ${TRIES} ${VALIDATED} sadd`,
    catches: ['A B C java/lang/ArrayIndexOutOfBoundsException'],
    gives: 2,
  }),
  opcode('tries do not come back with an aborted transaction', {
    run: `${SET_PIN} ${SYSTEM}.beginTransaction()V ${check(1, 3)} pop ${SYSTEM}.abortTransaction()V ${TRIES}`,
    gives: 2,
  }),
  opcode('a new PIN value does', {
    run: `${SET_PIN} ${SYSTEM}.beginTransaction()V aload 4 aload_1 sconst_1 sconst_3 invokevirtual ${PIN}.update([BSB)V
      ${SYSTEM}.abortTransaction()V ${check(0, 3)}`,
    gives: 1,
  }),
  opcode('update clears the validation', {
    run: `${SET_PIN} ${check(0, 3)} pop aload 4 aload_1 sconst_0 sconst_3 invokevirtual ${PIN}.update([BSB)V ${VALIDATED}`,
    gives: 0,
  }),
  opcode('a subclass may keep the flag elsewhere', {
    text: `.class lenient extends ${PIN}
        .public 3 lenient_get
      .end
      .method lenient_get stack 1 args 1
        sconst_1 sreturn
      .end`,
    run: `new lenient dup sconst_3 sconst_4 invokespecial ${PIN}.<init>(BB)V invokevirtual ${PIN}.isValidated()Z`,
    gives: 1,
  }),
]

const ISO = 'javacard/framework/ISOException'
const exceptions = [
  opcode('throwIt carries its reason', {
    run: `sspush 27013 invokestatic ${ISO}.throwIt(S)V`,
    throws: 'ISOException',
    reason: 27013,
  }),
  opcode('two throwIt give one object, with the second reason', {
    run: `A: sspush 1 invokestatic ${ISO}.throwIt(S)V B: C: astore_1
      D: sspush 2 invokestatic ${ISO}.throwIt(S)V E: F: aload_1 if_acmpne G
      aload_1 invokevirtual ${ISO}.getReason()S sreturn G: sconst_0`,
    catches: [`A B C ${ISO}`, `D E F ${ISO}`],
    gives: 2,
  }),
  opcode('an exception of one’s own keeps its reason', {
    run: `new ${ISO} dup sspush 300 invokespecial ${ISO}.<init>(S)V invokevirtual ${ISO}.getReason()S`,
    gives: 300,
  }),
  opcode('setReason', {
    run: `new ${ISO} dup sspush 300 invokespecial ${ISO}.<init>(S)V dup sspush 301 invokevirtual ${ISO}.setReason(S)V
      invokevirtual ${ISO}.getReason()S`,
    gives: 301,
  }),
  opcode('a reason set in a transaction stays', {
    run: `new ${ISO} dup sspush 300 invokespecial ${ISO}.<init>(S)V astore_1 ${SYSTEM}.beginTransaction()V
      aload_1 sspush 301 invokevirtual ${ISO}.setReason(S)V ${SYSTEM}.abortTransaction()V
      aload_1 invokevirtual ${ISO}.getReason()S`,
    gives: 301,
  }),
  ...[
    'CardException',
    'UserException',
    'CardRuntimeException',
    'APDUException',
    'SystemException',
    'TransactionException',
    'PINException',
  ].map((name) =>
    opcode(`${name}.throwIt`, {
      run: `bspush 9 invokestatic javacard/framework/${name}.throwIt(S)V`,
      throws: name,
      reason: 9,
    }),
  ),
  opcode('Applet.install that nobody wrote', {
    run: 'aconst_null sconst_0 sconst_0 invokestatic javacard/framework/Applet.install([BSB)V',
    throws: 'ISOException',
    reason: 0x6a81,
  }),
]

const GROUPS = { Util: util, JCSystem: jcSystem, AID: aid, OwnerPIN: ownerPin, exceptions }
for (const [group, cases] of Object.entries(GROUPS)) {
  describe(group, () => {
    for (const one of cases) it(one.name, () => runCase(interpreter, { locals: 8, ...one }))
  })
}
