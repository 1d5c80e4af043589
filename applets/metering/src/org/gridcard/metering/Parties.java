package org.gridcard.metering;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;

/**
 * Who may order what: a cell for each role that the device knows, with the key that verifies the party's signatures, the
 * point to agree keys with, and the counters below which nothing of that party counts.
 *
 * Roles are those of the hub architecture: root 0, recovery 1, supplier 2, network operator 3, access controller 4, change
 * of supplier 5, WAN provider 6, issuing authority 7.
 */
final class Parties {
    static final short CELLS = 8;
    /** Classes of commands, each with counters of its own. */
    static final short CLASSES = 16;

    /** Bits of {@link #present}. */
    static final byte HAS_SIGN = 1;
    static final byte HAS_AGREE = 2;

    final byte suite;
    private final short pointLength;
    /** For each role the row of its cell in the arrays below, or -1 where the device has no such party. */
    private final byte[] rows;
    private final short rowCount;
    /** Points to verify signatures with, then points to agree keys with. */
    private final byte[] points;
    private final byte[] entityIds;
    private final byte[] present;
    /** For each cell and class the highest counter that was accepted. */
    private final byte[] counters;

    /** @param cells a bit for each role that the device knows */
    Parties(byte suite, byte cells) {
        this.suite = suite;
        pointLength = suite == 1 ? (short) 65 : (short) 97;
        rows = new byte[CELLS];
        byte count = 0;
        for (short i = 0; i < CELLS; i++) {
            rows[i] = (cells & (short) (1 << i)) == 0 ? (byte) -1 : count++;
        }
        rowCount = count;
        points = new byte[(short) (2 * count * pointLength)];
        entityIds = new byte[(short) (count * Words.TITLE)];
        present = new byte[count];
        counters = new byte[(short) (count * CLASSES * Words.LONG_COUNTER)];
    }

    private short row(short cell) {
        short row = cell < 0 || cell >= CELLS ? (short) -1 : rows[cell];
        if (row < 0) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        return row;
    }

    short pointLength() {
        return pointLength;
    }

    /**
     * Puts a credential: entity id, kind (1 to sign, 2 to agree), point. A key of another entity takes the cell over, and then
     * the other kind of the old one is gone. In the caller's transaction.
     */
    void put(short cell, byte[] from, short offset) {
        byte kind = from[(short) (offset + Words.TITLE)];
        short point = (short) (offset + Words.TITLE + 1);
        if (kind != HAS_SIGN && kind != HAS_AGREE) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        short row = row(cell);
        if (!isEntity(cell, from, offset)) {
            present[row] = 0;
            Util.arrayCopy(from, offset, entityIds, (short) (row * Words.TITLE), Words.TITLE);
        }
        if (from[point] != 4) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        Util.arrayCopy(from, point, points, pointAt(row, kind), pointLength);
        present[row] |= kind;
    }

    boolean isEntity(short cell, byte[] from, short offset) {
        return Util.arrayCompare(from, offset, entityIds, (short) (row(cell) * Words.TITLE), Words.TITLE) == 0;
    }

    byte[] points() {
        return points;
    }

    /** Place in {@link #points} of the cell's point of that kind. */
    short requirePoint(short cell, byte kind) {
        short row = row(cell);
        if ((present[row] & kind) == 0) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        return pointAt(row, kind);
    }

    private short pointAt(short row, byte kind) {
        return (short) ((short) (row + (kind == HAS_SIGN ? 0 : rowCount)) * pointLength);
    }

    /** Entity id, kinds, and the counter of a class. @return the end */
    short describe(short cell, short commandClass, byte[] to, short offset) {
        short row = row(cell);
        short at = Util.arrayCopyNonAtomic(entityIds, (short) (row * Words.TITLE), to, offset, Words.TITLE);
        to[at++] = present[row];
        return Util.arrayCopyNonAtomic(counters, counterAt(cell, commandClass), to, at, Words.LONG_COUNTER);
    }

    boolean isAbove(short cell, short commandClass, byte[] counter, short offset) {
        return Numbers.compare(counter, offset, counters, counterAt(cell, commandClass), Words.LONG_COUNTER) > 0;
    }

    /** In the caller's transaction, or atomic by itself. */
    void accept(short cell, short commandClass, byte[] counter, short offset) {
        Util.arrayCopy(counter, offset, counters, counterAt(cell, commandClass), Words.LONG_COUNTER);
    }

    /** No counter of the cell is below the floor afterwards; none goes down. In the caller's transaction. */
    void raiseFloors(short cell, byte[] floor, short offset) {
        for (short i = 0; i < CLASSES; i++) {
            if (isAbove(cell, i, floor, offset)) {
                accept(cell, i, floor, offset);
            }
        }
    }

    private short counterAt(short cell, short commandClass) {
        return (short) ((short) (row(cell) * CLASSES + commandClass) * Words.LONG_COUNTER);
    }

    void clear() {
        for (short i = 0; i < rowCount; i++) {
            present[i] = 0;
        }
    }
}
