package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;

/**
 * What INIT commands leave for their UPDATEs: for signatures, verifications and public keys six sessions each. Numbers are
 * those of a logical channel: clients on different ones all begin with 0 or 1. A session ends with its channel, with a new
 * SELECT there, and with the power.
 */
final class Sessions {
    static final short SIGN = 0;
    static final short VERIFY = 1;
    static final short PUT = 2;
    /** Sessions of a kind; their numbers are 0 to 5. */
    static final short MOST = 6;

    private static final short KINDS = 3;
    /** Of each session: channel and 1, or 0 while it is closed; number; mode of operation; hash. */
    private static final short CHANNEL = 0;
    private static final short NUMBER = 1;
    private static final short MODE = 2;
    private static final short HASH = 3;
    private static final short BYTES = 4;

    private final Object[] objects;
    private final byte[] state;

    Sessions() {
        objects = JCSystem.makeTransientObjectArray((short) (KINDS * MOST), JCSystem.CLEAR_ON_RESET);
        state = JCSystem.makeTransientByteArray((short) (KINDS * MOST * BYTES), JCSystem.CLEAR_ON_RESET);
    }

    private static byte owner() {
        return (byte) (JCSystem.getAssignedChannel() + 1);
    }

    /** The session of this channel, or with {@code channel} 0 a free one. @return its index, -1 if there is none */
    private short find(short kind, byte channel, short number) {
        for (short index = (short) (kind * MOST); index < (short) ((kind + 1) * MOST); index++) {
            short at = (short) (index * BYTES);
            if (state[at] == channel && (channel == 0 || state[(short) (at + NUMBER)] == (byte) number)) {
                return index;
            }
        }
        return -1;
    }

    /** Opens a session, in place of an earlier one with its number. @return its index */
    short open(short kind, short number, StoredObject object, byte mode, byte hash) {
        requireNumber(number);
        byte owner = owner();
        short index = find(kind, owner, number);
        if (index < 0) {
            index = find(kind, (byte) 0, (short) 0);
        }
        if (index < 0) {
            ISOException.throwIt(Words.SW_CAPACITY);
        }
        short at = (short) (index * BYTES);
        objects[index] = object;
        state[(short) (at + CHANNEL)] = owner;
        state[(short) (at + NUMBER)] = (byte) number;
        state[(short) (at + MODE)] = mode;
        state[(short) (at + HASH)] = hash;
        return index;
    }

    /** The session of this channel. @return its index */
    short require(short kind, short number) {
        requireNumber(number);
        short index = find(kind, owner(), number);
        if (index < 0) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        return index;
    }

    private static void requireNumber(short number) {
        if (number >= MOST) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    StoredObject object(short index) {
        return (StoredObject) objects[index];
    }

    byte mode(short index) {
        return state[(short) (index * BYTES + MODE)];
    }

    byte hash(short index) {
        return state[(short) (index * BYTES + HASH)];
    }

    void close(short index) {
        objects[index] = null;
        state[(short) (index * BYTES)] = 0;
    }

    short count() {
        return (short) objects.length;
    }

    boolean isOfThisChannel(short index) {
        return state[(short) (index * BYTES)] == owner();
    }
}
