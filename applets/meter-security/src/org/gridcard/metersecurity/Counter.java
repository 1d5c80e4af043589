package org.gridcard.metersecurity;

import javacard.framework.Util;

/**
 * Invocation counters: four bytes, big-endian, unsigned, as they stand in a frame. A counter in persistent memory is
 * only ever replaced whole by {@link Util#arrayCopy}, which is atomic, so a power cut leaves the old or the new value.
 */
final class Counter {
    static final short LENGTH = 4;

    private Counter() {
    }

    /** True if the counter at a is below the one at b. */
    static boolean isBelow(byte[] a, short aOffset, byte[] b, short bOffset) {
        for (short i = 0; i < LENGTH; i++) {
            short left = (short) (a[(short) (aOffset + i)] & 0xFF);
            short right = (short) (b[(short) (bOffset + i)] & 0xFF);
            if (left != right) {
                return left < right;
            }
        }
        return false;
    }

    /** True for FFFFFFFF, the value that has no successor and is therefore never used. */
    static boolean isLast(byte[] counter, short offset) {
        for (short i = 0; i < LENGTH; i++) {
            if (counter[(short) (offset + i)] != (byte) 0xFF) {
                return false;
            }
        }
        return true;
    }

    /** Stores the successor of the counter at {@code from}, atomically; {@code scratch} is four transient bytes. */
    static void storeSuccessor(byte[] from, short fromOffset, byte[] to, short toOffset, byte[] scratch) {
        short carry = 1;
        for (short i = (short) (LENGTH - 1); i >= 0; i--) {
            short sum = (short) ((short) (from[(short) (fromOffset + i)] & 0xFF) + carry);
            scratch[i] = (byte) sum;
            carry = (short) ((sum >> 8) & 1);
        }
        Util.arrayCopy(scratch, (short) 0, to, toOffset, LENGTH);
    }
}
