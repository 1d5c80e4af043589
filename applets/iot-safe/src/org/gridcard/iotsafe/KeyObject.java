package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;

/** One half of a key pair. Of a volatile one the power leaves nothing. */
abstract class KeyObject extends StoredObject {
    private static final short HASHES_ALL = 7;

    final byte type;
    private final byte usage;
    private final byte functions;
    /** Not zero when there is a key: in memory that is cleared at reset for a volatile one. */
    private final byte[] filled;

    KeyObject(byte[] buffer, Tlvs tlvs, byte idTag, byte labelTag, byte mostAccess, byte mostFunctions) {
        super(buffer, tlvs, idTag, labelTag, mostAccess);
        type = tlvs.value(buffer, Words.TAG_KEY_TYPE);
        usage = tlvs.value(buffer, Words.TAG_KEY_USAGE);
        functions = tlvs.value(buffer, Words.TAG_FUNCTIONS);
        boolean isKnown = type == Words.P256_PERSISTENT || type == Words.P256_VOLATILE
                || type == Words.BRAINPOOL_PERSISTENT || type == Words.BRAINPOOL_VOLATILE;
        if (!isKnown || usage < 1 || usage > 3 || functions == 0 || (byte) (functions & ~mostFunctions) != 0) {
            Tlvs.refuse();
        }
        filled = isVolatile() ? JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_RESET) : new byte[1];
    }

    boolean isVolatile() {
        return (type & 0x0F) == 4;
    }

    boolean isBrainpool() {
        return (type & 0xF0) == 0x20;
    }

    boolean isActive() {
        return filled[0] != 0;
    }

    void setActive(boolean active) {
        filled[0] = active ? (byte) 1 : (byte) 0;
    }

    boolean can(byte function) {
        return (functions & function) != 0;
    }

    void requireFunction(byte function) {
        if (!can(function)) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
    }

    short describeKey(byte[] to, short at, byte tag, byte labelTag, byte idTag) {
        short start = at;
        at = open(to, at, tag, labelTag, idTag);
        at = emit(to, at, Words.TAG_KEY_TYPE, type);
        at = emit(to, at, Words.TAG_KEY_USAGE, usage);
        at = emit(to, at, Words.TAG_FUNCTIONS, functions);
        if (can(Words.FUNCTION_SIGNATURE)) {
            at = emit(to, at, Words.TAG_SIGNATURE_ALGORITHM, Words.ECDSA);
            to[at++] = Words.TAG_HASH;
            to[at++] = 2;
            to[at++] = 0;
            to[at++] = (byte) HASHES_ALL;
        }
        if (can(Words.FUNCTION_AGREEMENT)) {
            at = emit(to, at, Words.TAG_AGREEMENT, Words.ECKA);
        }
        return close(to, start, at);
    }
}
