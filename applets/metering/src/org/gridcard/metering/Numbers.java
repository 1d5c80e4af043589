package org.gridcard.metering;

import javacard.framework.Util;

/**
 * Unsigned big-endian numbers of any length, as they stand in frames. What lies in persistent memory is only ever replaced
 * whole by {@link Util#arrayCopy}, which is atomic, so a power cut leaves the old or the new value.
 */
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

    /** Looks at every byte whatever it finds, so that the time says nothing. */
    static boolean areEqual(byte[] a, short aOffset, byte[] b, short bOffset, short length) {
        short difference = 0;
        for (short i = 0; i < length; i++) {
            difference |= (short) (a[(short) (aOffset + i)] ^ b[(short) (bOffset + i)]);
        }
        return difference == 0;
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

    /** a := a + b. For transient memory. The carry out is lost. */
    static void add(byte[] a, short aOffset, byte[] b, short bOffset, short length) {
        short carry = 0;
        for (short i = (short) (length - 1); i >= 0; i--) {
            short sum = (short) ((a[(short) (aOffset + i)] & 0xFF) + (b[(short) (bOffset + i)] & 0xFF) + carry);
            a[(short) (aOffset + i)] = (byte) sum;
            carry = (short) ((sum >> 8) & 1);
        }
    }

    private static final byte[] ZEROS = new byte[32];

    /** All zero, in the caller's transaction if there is one. API 3.0.4 has no arrayFill. @param length at most 32 */
    static void clear(byte[] bytes, short offset, short length) {
        Util.arrayCopy(ZEROS, (short) 0, bytes, offset, length);
    }
}
