package org.gridcard.integrity;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.MessageDigest;
import javacard.security.RandomData;

/** What the card knows of its device and of those who may decide on its software, and the checks that commands share. */
final class Device {
    /** Flags of status and quote. */
    static final byte FLAG_ALARM = 1;
    static final byte FLAG_MISMATCH = 2;
    static final byte FLAG_TRIAL = 4;
    static final byte FLAG_STARTED = 8;
    static final byte FLAG_FALLBACK = 16;

    /** Places in {@link #points}: who makes software, who decides on it, and our own key for quotes. */
    static final short MANUFACTURER = 0;
    static final short RESPONSIBLE = Words.POINT;
    static final short ATTESTATION = (short) (2 * Words.POINT);

    /** System title 8, type 4, hardware 2. */
    static final short IDENTITY = 14;
    static final short TYPE = 8;
    static final short HARDWARE = 12;

    byte lifeCycle;
    final byte[] identity;
    final byte[] points;
    /** Counter of the responsible party's last order, then the latest time that came with one. */
    final byte[] floors;
    static final short TIME_FLOOR = Words.LONG_COUNTER;
    /** An alarm waits to be acknowledged 1, mismatches ever 2. */
    final byte[] alarm;
    /** Not zero: a check has failed since the reset. */
    final byte[] mismatch;

    final Exchange exchange;
    final byte[] work;
    final byte[] scratch;
    final MessageDigest sha256;
    final RandomData random;
    final Registers registers;
    final Curve curve;
    final Vault vault;

    Device() {
        lifeCycle = Words.PERSONALISING;
        identity = new byte[IDENTITY];
        points = new byte[(short) (3 * Words.POINT)];
        floors = new byte[(short) (Words.LONG_COUNTER + Words.TIME)];
        alarm = new byte[3];
        mismatch = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_RESET);
        exchange = new Exchange();
        work = exchange.work;
        scratch = exchange.scratch;
        sha256 = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
        random = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM);
        registers = new Registers(sha256, scratch);
        curve = new Curve();
        vault = new Vault();
    }

    void requireOperational() {
        if (lifeCycle != Words.OPERATIONAL) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
    }

    /** In the work buffer: the message, and somewhere a signature over it. */
    void requireSignature(short point, byte[] purpose, short message, short length, short signature) {
        if (!curve.verify(points, point, purpose, work, message, length, work, signature, scratch)) {
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
    }

    /** In the work buffer: a counter of the responsible party that was not accepted yet. */
    void requireAbove(short counter) {
        if (Numbers.compare(work, counter, floors, (short) 0, Words.LONG_COUNTER) <= 0) {
            ISOException.throwIt(Words.SW_BELOW_FLOOR);
        }
    }

    /** In the caller's transaction. */
    void acceptCounter(short counter) {
        Util.arrayCopy(work, counter, floors, (short) 0, Words.LONG_COUNTER);
    }

    /** Something is not as it was measured: sealed values stay closed until the next boot, the alarm for longer. */
    void raiseAlarm() {
        mismatch[0] = 1;
        short count = Util.getShort(alarm, (short) 1);
        scratch[0] = 1;
        Util.setShort(scratch, (short) 1, count == (short) 0xFFFF ? count : (short) (count + 1));
        Util.arrayCopy(scratch, (short) 0, alarm, (short) 0, (short) 3);
    }
}
