package org.gridcard.metering;

import javacard.framework.ISOException;
import javacard.framework.Util;
import javacard.security.MessageDigest;

/** Head of the hash chain over the device's log: what was once entered cannot be left out any more. */
final class EventLog {
    /** Number of entries, then the head. */
    static final short SIZE = (short) (Words.COUNTER + Words.HASH);

    private final byte[] head;

    EventLog() {
        head = new byte[SIZE];
    }

    /** head := SHA-256(head || number || digest of the entry), stored whole. */
    void extend(byte[] entry, short offset, MessageDigest sha256, byte[] scratch) {
        if (Numbers.isAll(head, (short) 0, Words.COUNTER, (byte) 0xFF)) {
            ISOException.throwIt(Words.SW_EXHAUSTED);
        }
        Util.arrayCopyNonAtomic(head, (short) 0, scratch, (short) 0, Words.COUNTER);
        Numbers.increment(scratch, (short) 0, Words.COUNTER);
        sha256.reset();
        sha256.update(head, Words.COUNTER, Words.HASH);
        sha256.update(scratch, (short) 0, Words.COUNTER);
        sha256.doFinal(entry, offset, Words.HASH, scratch, Words.COUNTER);
        Util.arrayCopy(scratch, (short) 0, head, (short) 0, SIZE);
    }

    /** @return the end */
    short describe(byte[] to, short offset) {
        return Util.arrayCopyNonAtomic(head, (short) 0, to, offset, SIZE);
    }
}
