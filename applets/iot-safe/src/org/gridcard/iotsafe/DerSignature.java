package org.gridcard.iotsafe;

import javacard.framework.Util;

/** ECDSA signatures: a card makes SEQUENCE { r, s } in DER, IoT SAFE sends r || s with leading zeros. */
final class DerSignature {
    private static final short N = Words.NUMBER;

    private DerSignature() {
    }

    static void toPlain(byte[] der, short offset, byte[] to, short toOffset) {
        short at = putNumber(der, (short) (offset + 2), to, toOffset);
        putNumber(der, at, to, (short) (toOffset + N));
    }

    private static short putNumber(byte[] der, short at, byte[] to, short toOffset) {
        short length = (short) (der[(short) (at + 1)] & 0xFF);
        short from = (short) (at + 2);
        short next = (short) (from + length);
        while (length > N) {
            from++;
            length--;
        }
        Util.arrayFillNonAtomic(to, toOffset, N, (byte) 0);
        Util.arrayCopyNonAtomic(der, from, to, (short) (toOffset + N - length), length);
        return next;
    }

    /** @return length of the DER form in {@code to}, which must not be the array of {@code plain} */
    static short fromPlain(byte[] plain, short offset, byte[] to, short toOffset) {
        short r = sizeOf(plain, offset);
        short s = sizeOf(plain, (short) (offset + N));
        short at = toOffset;
        to[at++] = 0x30;
        to[at++] = (byte) (4 + r + s);
        at = emitNumber(plain, offset, r, to, at);
        at = emitNumber(plain, (short) (offset + N), s, to, at);
        return (short) (at - toOffset);
    }

    /** Bytes of the shortest two's complement form. */
    private static short sizeOf(byte[] a, short offset) {
        short skipped = 0;
        while (skipped < (short) (N - 1) && a[(short) (offset + skipped)] == 0) {
            skipped++;
        }
        short size = (short) (N - skipped);
        return a[(short) (offset + skipped)] < 0 ? (short) (size + 1) : size;
    }

    private static short emitNumber(byte[] a, short offset, short size, byte[] to, short at) {
        to[at++] = 0x02;
        to[at++] = (byte) size;
        if (size > N) {
            to[at++] = 0;
            size = N;
        }
        return Util.arrayCopyNonAtomic(a, (short) (offset + N - size), to, at, size);
    }
}
