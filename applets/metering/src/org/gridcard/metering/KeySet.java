package org.gridcard.metering;

import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;

/** One generation of the global keys of a slot, with the floors of what was received under them. */
final class KeySet {
    static final byte UNICAST = 0;
    static final byte BROADCAST = 1;
    static final byte AUTHENTICATION = 2;

    /** Places in {@link #floors}: the lowest counter that is accepted in a message, an HLS token, a broadcast. */
    static final short MESSAGE_FLOOR = 0;
    static final short TOKEN_FLOOR = 4;
    static final short BROADCAST_FLOOR = 8;
    static final short FLOORS = 12;

    final AESKey unicast;
    final AESKey broadcast;
    /** Additional authenticated data rather than a cipher key (Green Book, 9.2.7.2), so its bytes are needed. */
    final byte[] authentication;
    final byte[] floors;

    KeySet(short keyBits) {
        unicast = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, keyBits, false);
        broadcast = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, keyBits, false);
        authentication = new byte[(short) (keyBits / 8)];
        floors = new byte[FLOORS];
    }

    /** Takes over keys and floors of another generation; {@code scratch} has room for a key. In the caller's transaction. */
    void copyFrom(KeySet other, byte[] scratch, short offset) {
        other.unicast.getKey(scratch, offset);
        unicast.setKey(scratch, offset);
        if (other.broadcast.isInitialized()) {
            other.broadcast.getKey(scratch, offset);
            broadcast.setKey(scratch, offset);
        } else if (broadcast.isInitialized()) {
            broadcast.clearKey();
        }
        Util.arrayFillNonAtomic(scratch, offset, (short) authentication.length, (byte) 0);
        Util.arrayCopy(other.authentication, (short) 0, authentication, (short) 0, (short) authentication.length);
        Util.arrayCopy(other.floors, (short) 0, floors, (short) 0, FLOORS);
    }

    /** A new key begins with floors of zero; nothing under it was received yet. In the caller's transaction. */
    void put(byte which, byte[] from, short offset) {
        if (which == UNICAST) {
            unicast.setKey(from, offset);
            Numbers.clear(floors, MESSAGE_FLOOR, (short) (2 * Words.COUNTER));
        } else if (which == BROADCAST) {
            broadcast.setKey(from, offset);
            Numbers.clear(floors, BROADCAST_FLOOR, Words.COUNTER);
        } else {
            Util.arrayCopy(from, offset, authentication, (short) 0, (short) authentication.length);
        }
    }

    /** In the caller's transaction. */
    void clear() {
        if (unicast.isInitialized()) {
            unicast.clearKey();
        }
        if (broadcast.isInitialized()) {
            broadcast.clearKey();
        }
        Numbers.clear(authentication, (short) 0, (short) authentication.length);
    }
}
