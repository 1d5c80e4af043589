package org.gridcard.iotsafe;

import javacard.framework.JCSystem;
import javacard.framework.Util;

/** A point, kept as bytes: a key object for each would take the domain parameters with it. */
final class PublicKeyObject extends KeyObject {
    static final byte[] KNOWN = {
            Words.TAG_PUBLIC_ID, Words.TAG_PUBLIC_LABEL, Words.TAG_ACCESS, Words.TAG_KEY_TYPE, Words.TAG_KEY_USAGE,
            Words.TAG_FUNCTIONS, Words.TAG_POINT
    };
    /** Behind the tag 34: length, key type, length, point, length; then the point. */
    private static final byte[] HEAD = { 0x45, 0x49, 0x43, (byte) 0x86, 0x41 };
    static final short ENCODED = 71;

    final byte[] point;

    PublicKeyObject(byte[] buffer, Tlvs tlvs) {
        super(buffer, tlvs, Words.TAG_PUBLIC_ID, Words.TAG_PUBLIC_LABEL,
                (byte) (Words.ACCESS_READ | Words.ACCESS_UPDATE),
                (byte) (Words.FUNCTION_SIGNATURE | Words.FUNCTION_AGREEMENT));
        boolean hasPoint = tlvs.has(Words.TAG_POINT);
        if (isVolatile()) {
            if (hasPoint) {
                Tlvs.refuse();
            }
            point = JCSystem.makeTransientByteArray(Words.POINT, JCSystem.CLEAR_ON_RESET);
            return;
        }
        point = new byte[Words.POINT];
        if (hasPoint) {
            // The tag stands before the value; one byte of length, as in the commands.
            put(buffer, pointIn(buffer, (short) (tlvs.offset(Words.TAG_POINT) - 2),
                    (short) (tlvs.length(Words.TAG_POINT) + 2)));
        }
    }

    /** Where the point stands in 34 45 49 43 86 41 04 x y. */
    static short pointIn(byte[] buffer, short offset, short length) {
        if (length != ENCODED || buffer[offset] != Words.TAG_POINT
                || Util.arrayCompare(buffer, (short) (offset + 1), HEAD, (short) 0, (short) HEAD.length) != 0
                || buffer[(short) (offset + 6)] != 4) {
            Tlvs.refuse();
        }
        return (short) (offset + 6);
    }

    /** All or nothing. In no transaction, or in the caller's. */
    void put(byte[] from, short offset) {
        if (isVolatile()) {
            setActive(false);
            Util.arrayCopyNonAtomic(from, offset, point, (short) 0, Words.POINT);
            setActive(true);
            return;
        }
        boolean alone = JCSystem.getTransactionDepth() == 0;
        if (alone) {
            JCSystem.beginTransaction();
        }
        Util.arrayCopy(from, offset, point, (short) 0, Words.POINT);
        setActive(true);
        if (alone) {
            JCSystem.commitTransaction();
        }
    }

    short emitPoint(byte[] to, short at) {
        to[at++] = Words.TAG_POINT;
        at = Util.arrayCopyNonAtomic(HEAD, (short) 0, to, at, (short) HEAD.length);
        return Util.arrayCopyNonAtomic(point, (short) 0, to, at, Words.POINT);
    }

    short describe(byte[] to, short at) {
        return describeKey(to, at, Words.TAG_PUBLIC_KEY, Words.TAG_PUBLIC_LABEL, Words.TAG_PUBLIC_ID);
    }
}
