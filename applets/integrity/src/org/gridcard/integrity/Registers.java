package org.gridcard.integrity;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.MessageDigest;

/**
 * What was measured. Registers 0 to 3 are those of the targets: only an image that was verified here gets into them. 4 to 7
 * are the device's. All eight begin at zero with each reset of the card, which is the device's boot, and nothing but a reset
 * sets them back. Register 8 is of the events: it stays.
 */
final class Registers {
    static final short COUNT = 9;
    static final short EVENTS = 8;
    static final short ALL = (short) ((1 << COUNT) - 1);

    private final byte[] values;
    /** Value of the event register, then the number of events. */
    private final byte[] events;
    /** Power-ups of the card in which it was asked anything. */
    private final byte[] boots;
    /** Not zero once this one was counted; then the number of checks since. */
    private final byte[] session;
    private final MessageDigest sha256;
    private final byte[] scratch;

    Registers(MessageDigest sha256, byte[] scratch) {
        this.sha256 = sha256;
        this.scratch = scratch;
        values = JCSystem.makeTransientByteArray((short) (EVENTS * Words.HASH), JCSystem.CLEAR_ON_RESET);
        session = JCSystem.makeTransientByteArray((short) (1 + Words.COUNTER), JCSystem.CLEAR_ON_RESET);
        events = new byte[(short) (Words.HASH + Words.COUNTER)];
        boots = new byte[Words.COUNTER];
    }

    /** The first command after a reset counts it, before anything is answered. */
    void countBoot() {
        if (session[0] != 0) {
            return;
        }
        if (!Numbers.isAll(boots, (short) 0, Words.COUNTER, (byte) 0xFF)) {
            Util.arrayCopyNonAtomic(boots, (short) 0, scratch, (short) 0, Words.COUNTER);
            Numbers.increment(scratch, (short) 0, Words.COUNTER);
            Util.arrayCopy(scratch, (short) 0, boots, (short) 0, Words.COUNTER);
        }
        session[0] = 1;
    }

    void countCheck() {
        Numbers.increment(session, (short) 1, Words.COUNTER);
    }

    /** register := SHA-256(register || digest) */
    void extend(short register, byte[] digest, short offset) {
        if (register != EVENTS) {
            short at = (short) (register * Words.HASH);
            chain(values, at, digest, offset, scratch, (short) 0);
            Util.arrayCopyNonAtomic(scratch, (short) 0, values, at, Words.HASH);
            return;
        }
        if (Numbers.isAll(events, Words.HASH, Words.COUNTER, (byte) 0xFF)) {
            ISOException.throwIt(Words.SW_EXHAUSTED);
        }
        chain(events, (short) 0, digest, offset, scratch, (short) 0);
        Util.arrayCopyNonAtomic(events, Words.HASH, scratch, Words.HASH, Words.COUNTER);
        Numbers.increment(scratch, Words.HASH, Words.COUNTER);
        Util.arrayCopy(scratch, (short) 0, events, (short) 0, (short) (Words.HASH + Words.COUNTER));
    }

    private void chain(byte[] value, short at, byte[] digest, short offset, byte[] to, short toOffset) {
        sha256.reset();
        sha256.update(value, at, Words.HASH);
        sha256.doFinal(digest, offset, Words.HASH, to, toOffset);
    }

    /** Whether these digests, one after the other from zero, make the register what it is. */
    boolean isMadeOf(short register, byte[] digests, short offset, short count) {
        Util.arrayFillNonAtomic(scratch, (short) 0, Words.HASH, (byte) 0);
        for (short i = 0; i < count; i++) {
            chain(scratch, (short) 0, digests, (short) (offset + i * Words.HASH), scratch, (short) 0);
        }
        return Numbers.areEqual(scratch, (short) 0, values, (short) (register * Words.HASH), Words.HASH);
    }

    boolean isZero(short register) {
        return Numbers.isAll(values, (short) (register * Words.HASH), Words.HASH, (byte) 0);
    }

    short read(short register, byte[] to, short offset) {
        return register == EVENTS ? Util.arrayCopyNonAtomic(events, (short) 0, to, offset, Words.HASH)
                : Util.arrayCopyNonAtomic(values, (short) (register * Words.HASH), to, offset, Words.HASH);
    }

    /** SHA-256(mask || the registers in it, from 0 on). @return the end */
    short digest(short mask, byte[] to, short offset) {
        Util.setShort(scratch, (short) 0, mask);
        sha256.reset();
        sha256.update(scratch, (short) 0, (short) 2);
        for (short i = 0; i < EVENTS; i++) {
            if ((mask & (short) (1 << i)) != 0) {
                sha256.update(values, (short) (i * Words.HASH), Words.HASH);
            }
        }
        short last = (mask & (short) (1 << EVENTS)) != 0 ? Words.HASH : (short) 0;
        sha256.doFinal(events, (short) 0, last, to, offset);
        return (short) (offset + Words.HASH);
    }

    static short requireRegister(short register) {
        if (register >= COUNT) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return register;
    }

    static short requireMask(short mask) {
        if (mask == 0 || (mask & (short) ~ALL) != 0) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return mask;
    }

    // ---- counters, for status and quotes

    short bootCount(byte[] to, short offset) {
        return Util.arrayCopyNonAtomic(boots, (short) 0, to, offset, Words.COUNTER);
    }

    short checkCount(byte[] to, short offset) {
        return Util.arrayCopyNonAtomic(session, (short) 1, to, offset, Words.COUNTER);
    }

    short eventCount(byte[] to, short offset) {
        return Util.arrayCopyNonAtomic(events, Words.HASH, to, offset, Words.COUNTER);
    }
}
