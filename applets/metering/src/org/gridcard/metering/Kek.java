package org.gridcard.metering;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;

/** The master key that wraps others: the one in use, and the next one until something genuine came under it. */
final class Kek {
    private final AESKey[] keys;
    private byte inUse;
    private boolean isChanging;

    Kek() {
        keys = new AESKey[4];
        for (short i = 0; i < 4; i++) {
            short bits = i < 2 ? KeyBuilder.LENGTH_AES_128 : KeyBuilder.LENGTH_AES_256;
            keys[i] = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, bits, false);
        }
        inUse = 0;
    }

    /** Index: generation, plus 2 for 256 bits. */
    private AESKey find(byte generation) {
        AESKey large = keys[(short) (generation + 2)];
        return large.isInitialized() ? large : keys[generation];
    }

    AESKey require(boolean next) {
        if (next && !isChanging) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        AESKey key = find(next ? (byte) (1 - inUse) : inUse);
        if (!key.isInitialized()) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        return key;
    }

    boolean isLoaded() {
        return find(inUse).isInitialized();
    }

    /** At once, in place of whatever was there. In the caller's transaction. */
    void load(byte[] from, short offset, short length) {
        clear();
        put(inUse, from, offset, length);
    }

    /** In the caller's transaction. */
    void putNext(byte[] from, short offset, short length) {
        byte next = (byte) (1 - inUse);
        clearGeneration(next);
        put(next, from, offset, length);
        isChanging = true;
    }

    /** In the caller's transaction. */
    void confirm() {
        clearGeneration(inUse);
        inUse = (byte) (1 - inUse);
        isChanging = false;
    }

    private void put(byte generation, byte[] from, short offset, short length) {
        if (length != 16 && length != 32) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        keys[(short) (generation + (length == 32 ? 2 : 0))].setKey(from, offset);
    }

    private void clearGeneration(byte generation) {
        for (short i = generation; i < 4; i += 2) {
            if (keys[i].isInitialized()) {
                keys[i].clearKey();
            }
        }
    }

    void clear() {
        clearGeneration((byte) 0);
        clearGeneration((byte) 1);
        isChanging = false;
    }
}
