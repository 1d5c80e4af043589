package org.gridcard.metering;

import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;

/**
 * A key that lives until deselection: dedicated to an association, or agreed. It borrows title, authentication key and
 * send counter of a key slot, so that even a peer who gives the same key twice gets no counter twice.
 */
final class SessionSlot {
    /** Places in {@link #state}. */
    private static final short LOADED = 0;
    private static final short SLOT = 1;
    private static final short CAN_RECUR = 2;
    private static final short SUITE = 3;
    private static final short FLOOR = 4;

    private final AESKey key128;
    private final AESKey key256;
    final byte[] state;

    SessionSlot() {
        key128 = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES_TRANSIENT_DESELECT, KeyBuilder.LENGTH_AES_128, false);
        key256 = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES_TRANSIENT_DESELECT, KeyBuilder.LENGTH_AES_256, false);
        state = JCSystem.makeTransientByteArray((short) (FLOOR + Words.COUNTER), JCSystem.CLEAR_ON_DESELECT);
    }

    /**
     * @param canRecur the key may be the same another time, because no fresh secret of ours is in it: floors are then kept
     *                 in the key slot, for good
     */
    void load(byte slot, byte suite, boolean canRecur, byte[] key, short offset) {
        if (suite == 2) {
            key256.setKey(key, offset);
        } else {
            key128.setKey(key, offset);
        }
        Util.arrayFillNonAtomic(state, (short) 0, (short) state.length, (byte) 0);
        state[SLOT] = slot;
        state[SUITE] = suite;
        state[CAN_RECUR] = canRecur ? (byte) 1 : (byte) 0;
        state[LOADED] = 1;
    }

    void requireLoaded() {
        if (state[LOADED] == 0) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
    }

    void clear() {
        key128.clearKey();
        key256.clearKey();
        state[LOADED] = 0;
    }

    short slot() {
        return state[SLOT];
    }

    byte suite() {
        return state[SUITE];
    }

    AESKey key() {
        return state[SUITE] == 2 ? key256 : key128;
    }

    byte[] floors(KeySlot of) {
        return state[CAN_RECUR] != 0 ? of.agreedFloor : state;
    }

    short floorOffset() {
        return state[CAN_RECUR] != 0 ? (short) 0 : FLOOR;
    }
}
