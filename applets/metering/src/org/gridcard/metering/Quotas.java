package org.gridcard.metering;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.MessageDigest;

/** How often an exposed device may do something to which meters: granted by a signed ticket, counted down here. */
final class Quotas {
    static final short MOST = 8;
    /** Layout of a grant, before its signature. */
    static final short PARTY = 8;
    static final short INDEX = 9;
    static final short CLASS = 10;
    static final short COUNTER = 11;
    static final short NOT_BEFORE = 19;
    static final short REMAINING = 27;
    static final short ROOT = 29;
    static final short GRANT = 61;

    /** Layout of a record: state, party, class, window, remaining, root of the tree over the meters. */
    private static final short R_STATE = 0;
    private static final short R_PARTY = 1;
    private static final short R_CLASS = 2;
    private static final short R_WINDOW = 3;
    private static final short R_REMAINING = 11;
    private static final short R_ROOT = 13;
    private static final short RECORD = 45;

    private static final short DEEPEST = 12;
    private static final byte LEAF = 0;
    private static final byte NODE = 1;

    final short count;
    private final byte[] records;
    private final byte[] node;

    Quotas(short count) {
        this.count = count;
        records = new byte[(short) (count * RECORD)];
        node = JCSystem.makeTransientByteArray((short) (1 + 2 * Words.HASH), JCSystem.CLEAR_ON_DESELECT);
    }

    /** In the caller's transaction. */
    void put(byte[] grant, short offset) {
        short index = grant[(short) (offset + INDEX)];
        if (index < 0 || index >= count) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        short at = (short) (index * RECORD);
        records[at] = 1;
        records[(short) (at + R_PARTY)] = grant[(short) (offset + PARTY)];
        records[(short) (at + R_CLASS)] = grant[(short) (offset + CLASS)];
        Util.arrayCopy(grant, (short) (offset + NOT_BEFORE), records, (short) (at + R_WINDOW), (short) (8 + 2 + Words.HASH));
    }

    byte[] records() {
        return records;
    }

    /** Place of the window in {@link #records}, of a quota that is there and of that class. */
    short requireWindow(short index, byte commandClass) {
        short at = (short) (index * RECORD);
        if (index < 0 || index >= count || records[at] == 0) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        if (records[(short) (at + R_CLASS)] != commandClass) {
            ISOException.throwIt(Words.SW_POLICY);
        }
        return (short) (at + R_WINDOW);
    }

    /**
     * The meter is in the set: hashes from the leaf 00 || title up to the root, 01 || left || right, the bits of the
     * position saying on which side we are, lowest first.
     */
    void requireMember(short index, byte[] proof, short title, short position, short hashes, short depth, MessageDigest sha256) {
        if (depth > DEEPEST) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        node[0] = LEAF;
        Util.arrayCopyNonAtomic(proof, title, node, (short) 1, Words.TITLE);
        sha256.doFinal(node, (short) 0, (short) (1 + Words.TITLE), node, (short) 1);
        short path = Util.getShort(proof, position);
        for (short i = 0; i < depth; i++) {
            short sibling = (short) (hashes + i * Words.HASH);
            if ((path & (short) (1 << i)) != 0) {
                Util.arrayCopyNonAtomic(node, (short) 1, node, (short) (1 + Words.HASH), Words.HASH);
                Util.arrayCopyNonAtomic(proof, sibling, node, (short) 1, Words.HASH);
            } else {
                Util.arrayCopyNonAtomic(proof, sibling, node, (short) (1 + Words.HASH), Words.HASH);
            }
            node[0] = NODE;
            sha256.doFinal(node, (short) 0, (short) (1 + 2 * Words.HASH), node, (short) 1);
        }
        if (!Numbers.areEqual(node, (short) 1, records, (short) (index * RECORD + R_ROOT), Words.HASH)) {
            ISOException.throwIt(Words.SW_POLICY);
        }
    }

    /** One less, before anything is done with it. @return how many are left */
    short consume(short index) {
        short at = (short) (index * RECORD + R_REMAINING);
        short left = Util.getShort(records, at);
        if (left == 0) {
            ISOException.throwIt(Words.SW_EXHAUSTED);
        }
        left--;
        Util.setShort(records, at, left);
        return left;
    }

    /** State, party, class, window, remaining of a quota. @return the end */
    short describe(short index, byte[] to, short offset) {
        return Util.arrayCopyNonAtomic(records, (short) (index * RECORD), to, offset, R_ROOT);
    }

    /** What a party granted ends with it; all of it with the owner. In the caller's transaction. */
    void forgetParty(short party, boolean all) {
        for (short i = 0; i < count; i++) {
            short at = (short) (i * RECORD);
            if (all || records[(short) (at + R_PARTY)] == (byte) party) {
                records[at] = 0;
            }
        }
    }
}
