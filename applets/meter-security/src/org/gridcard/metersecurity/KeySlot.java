package org.gridcard.metersecurity;

import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;

/**
 * One key set of a DLMS security setup, suite 0: block cipher key, authentication key, the one peer that shares them,
 * and the counters of both directions. The counters live as long as the keys do and never go back.
 */
final class KeySlot {
    static final short TITLE_LENGTH = 8;
    static final short KEY_LENGTH = 16;
    static final short CHALLENGE_MIN = 8;
    static final short CHALLENGE_MAX = 64;

    /** Places in {@link #counters}. */
    static final short SEND = 0;
    static final short MESSAGE_FLOOR = 4;
    static final short TOKEN_FLOOR = 8;
    static final short COUNTERS_LENGTH = 12;

    final AESKey encryptionKey;
    /** Additional authenticated data rather than a cipher key (Green Book, suite 0), so its bytes are needed. */
    final byte[] authenticationKey;
    final byte[] peerSystemTitle;
    /** Next counter to send, lowest one to accept in a message, lowest one to accept in an HLS token. */
    final byte[] counters;
    /** Length and bytes of the challenge given last; length 0 when there is none to answer. */
    final byte[] challenge;
    private boolean loaded;

    KeySlot() {
        encryptionKey = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);
        authenticationKey = new byte[KEY_LENGTH];
        peerSystemTitle = new byte[TITLE_LENGTH];
        counters = new byte[COUNTERS_LENGTH];
        challenge = JCSystem.makeTransientByteArray((short) (1 + CHALLENGE_MAX), JCSystem.CLEAR_ON_DESELECT);
    }

    boolean isLoaded() {
        return loaded;
    }

    /** Takes peer title, encryption key and authentication key from a buffer, all or nothing. */
    void load(byte[] buffer, short offset) {
        JCSystem.beginTransaction();
        Util.arrayCopy(buffer, offset, peerSystemTitle, (short) 0, TITLE_LENGTH);
        encryptionKey.setKey(buffer, (short) (offset + TITLE_LENGTH));
        Util.arrayCopy(buffer, (short) (offset + TITLE_LENGTH + KEY_LENGTH), authenticationKey, (short) 0, KEY_LENGTH);
        Util.arrayFill(counters, (short) 0, COUNTERS_LENGTH, (byte) 0);
        loaded = true;
        JCSystem.commitTransaction();
    }
}
