package org.gridcard.integrity;

import javacard.framework.Util;

/** Unsigned big-endian numbers of any length. What lies in persistent memory is only ever replaced whole. */
final class Numbers {
    private Numbers() {
    }

    /** -1, 0 or 1. Not for secrets: it stops at the first difference. */
    static short compare(byte[] a, short aOffset, byte[] b, short bOffset, short length) {
        for (short i = 0; i < length; i++) {
            short left = (short) (a[(short) (aOffset + i)] & 0xFF);
            short right = (short) (b[(short) (bOffset + i)] & 0xFF);
            if (left != right) {
                return left < right ? (short) -1 : (short) 1;
            }
        }
        return 0;
    }

    static boolean isAll(byte[] a, short offset, short length, byte value) {
        for (short i = 0; i < length; i++) {
            if (a[(short) (offset + i)] != value) {
                return false;
            }
        }
        return true;
    }

    static boolean areEqual(byte[] a, short aOffset, byte[] b, short bOffset, short length) {
        return Util.arrayCompare(a, aOffset, b, bOffset, length) == 0;
    }

    /** a := a + 1. For transient memory: byte by byte. */
    static void increment(byte[] a, short offset, short length) {
        for (short i = (short) (offset + length - 1); i >= offset; i--) {
            a[i]++;
            if (a[i] != 0) {
                return;
            }
        }
    }

    /** a := a + b, where b is 0..32767 and a has four bytes. For transient memory. */
    static void add(byte[] a, short offset, short b) {
        short carry = b;
        for (short i = (short) (offset + 3); i >= offset; i--) {
            short sum = (short) ((a[i] & 0xFF) + (carry & 0xFF));
            a[i] = (byte) sum;
            carry = (short) ((short) ((carry >> 8) & 0x7F) + (short) (sum >> 8));
        }
    }
}
