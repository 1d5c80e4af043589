package org.gridcard.integrity;

import javacard.framework.Util;

/** ECDSA signatures: a card makes SEQUENCE { r, s } in DER, DLMS sends r || s with leading zeros. */
final class DerSignature {
    private DerSignature() {
    }

    /** @param n bytes of r and of s @return length of what stands in {@code to} */
    static short toPlain(byte[] der, short offset, byte[] to, short toOffset, short n) {
        short at = putNumber(der, (short) (offset + 2), to, toOffset, n);
        putNumber(der, at, to, (short) (toOffset + n), n);
        return (short) (2 * n);
    }

    private static short putNumber(byte[] der, short at, byte[] to, short toOffset, short n) {
        short length = (short) (der[(short) (at + 1)] & 0xFF);
        short from = (short) (at + 2);
        short next = (short) (from + length);
        while (length > n) {
            from++;
            length--;
        }
        Util.arrayFillNonAtomic(to, toOffset, n, (byte) 0);
        Util.arrayCopyNonAtomic(der, from, to, (short) (toOffset + n - length), length);
        return next;
    }

    /** @return length of the DER form in {@code to}, which must not be the array of {@code plain} */
    static short fromPlain(byte[] plain, short offset, short n, byte[] to, short toOffset) {
        short r = sizeOf(plain, offset, n);
        short s = sizeOf(plain, (short) (offset + n), n);
        short at = toOffset;
        to[at++] = 0x30;
        to[at++] = (byte) (4 + r + s); // below 128 for P-384, too: 2 * (2 + 49)
        at = emitNumber(plain, offset, n, r, to, at);
        at = emitNumber(plain, (short) (offset + n), n, s, to, at);
        return (short) (at - toOffset);
    }

    /** Bytes of the shortest two's complement form. */
    private static short sizeOf(byte[] a, short offset, short n) {
        short skipped = 0;
        while (skipped < (short) (n - 1) && a[(short) (offset + skipped)] == 0) {
            skipped++;
        }
        short size = (short) (n - skipped);
        return a[(short) (offset + skipped)] < 0 ? (short) (size + 1) : size;
    }

    private static short emitNumber(byte[] a, short offset, short n, short size, byte[] to, short at) {
        to[at++] = 0x02;
        to[at++] = (byte) size;
        if (size > n) {
            to[at++] = 0;
            size = n;
        }
        return Util.arrayCopyNonAtomic(a, (short) (offset + n - size), to, at, size);
    }
}
