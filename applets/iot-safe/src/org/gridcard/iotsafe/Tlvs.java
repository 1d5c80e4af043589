package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;

/**
 * Tags of one byte, each at most once, and only those that a command knows.
 *
 * Lengths are those of ETSI TS 101 220 (one byte, 81 and one, 82 and two), with two habits of clients beside: tag 33 has a
 * length of two bytes (00 40) in GSMA IoT.05, and some clients write lengths from 80 on as one plain byte, all but 81 and 82.
 */
final class Tlvs {
    private static final short MOST = 10;

    private final byte[] tags;
    /** Offset and length of each. */
    private final short[] places;
    /** Their number; where a length that was read ends. */
    private final short[] state;
    private static final short COUNT = 0;
    private static final short NEXT = 1;

    Tlvs() {
        tags = JCSystem.makeTransientByteArray(MOST, JCSystem.CLEAR_ON_RESET);
        places = JCSystem.makeTransientShortArray((short) (2 * MOST), JCSystem.CLEAR_ON_RESET);
        state = JCSystem.makeTransientShortArray((short) 2, JCSystem.CLEAR_ON_RESET);
    }

    /** @param known the tags that may come, in any order */
    void parse(byte[] buffer, short offset, short length, byte[] known) {
        short end = (short) (offset + length);
        short count = 0;
        state[COUNT] = 0;
        for (short at = offset; at < end;) {
            byte tag = buffer[at++];
            short size = readLength(buffer, at, end, tag);
            at = state[NEXT];
            if (count == MOST || !contains(known, tag) || find(tag) >= 0 || size > (short) (end - at)) {
                refuse();
            }
            tags[count] = tag;
            places[(short) (2 * count)] = at;
            places[(short) (2 * count + 1)] = size;
            count++;
            state[COUNT] = count;
            at += size;
        }
    }

    /** The length behind a tag; {@link #next} then says where the value begins. */
    short readLength(byte[] buffer, short at, short end, byte tag) {
        if (at >= end) {
            refuse();
        }
        short first = (short) (buffer[at++] & 0xFF);
        short size = first;
        short more = 0;
        if (first == 0x81 || (first == 0 && tag == Words.TAG_SIGNATURE)) {
            more = 1;
        } else if (first == 0x82) {
            more = 2;
        }
        if (more > (short) (end - at)) {
            refuse();
        }
        if (more == 1) {
            size = (short) (buffer[at] & 0xFF);
        } else if (more == 2) {
            size = javacard.framework.Util.getShort(buffer, at);
        }
        if (size < 0) {
            refuse();
        }
        state[NEXT] = (short) (at + more);
        return size;
    }

    short next() {
        return state[NEXT];
    }

    private static boolean contains(byte[] known, byte tag) {
        for (short i = 0; i < (short) known.length; i++) {
            if (known[i] == tag) {
                return true;
            }
        }
        return false;
    }

    private short find(byte tag) {
        for (short i = 0; i < state[COUNT]; i++) {
            if (tags[i] == tag) {
                return (short) (2 * i);
            }
        }
        return -1;
    }

    boolean has(byte tag) {
        return find(tag) >= 0;
    }

    /** Where the value stands. */
    short offset(byte tag) {
        return places[require(tag)];
    }

    short length(byte tag) {
        return places[(short) (require(tag) + 1)];
    }

    /** A value of one byte. */
    byte value(byte[] buffer, byte tag) {
        if (length(tag) != 1) {
            refuse();
        }
        return buffer[offset(tag)];
    }

    private short require(byte tag) {
        short found = find(tag);
        if (found < 0) {
            refuse();
        }
        return found;
    }

    static void refuse() {
        ISOException.throwIt(ISO7816.SW_WRONG_DATA);
    }
}
