package org.gridcard.iotsafe;

import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.security.CryptoException;
import javacard.security.InitializedMessageDigest;
import javacard.security.MessageDigest;

/** SHA-256, SHA-384 and SHA-512, as 0, 1 and 2. One text at a time for each of them. */
final class Hashes {
    private static final short COUNT = 3;
    private static final byte FREE = 0;

    private final InitializedMessageDigest[] digests;
    /** Index and 1 of the session whose text is being hashed. */
    private final byte[] owners;
    /** Bytes of the text's TLV that are still to come. */
    private final short[] remaining;

    Hashes() {
        digests = new InitializedMessageDigest[COUNT];
        for (short i = 0; i < COUNT; i++) {
            digests[i] = create((byte) (MessageDigest.ALG_SHA_256 + i));
        }
        owners = JCSystem.makeTransientByteArray(COUNT, JCSystem.CLEAR_ON_RESET);
        remaining = JCSystem.makeTransientShortArray(COUNT, JCSystem.CLEAR_ON_RESET);
    }

    /** SHA-384 and SHA-512 are optional. */
    private static InitializedMessageDigest create(byte algorithm) {
        try {
            return MessageDigest.getInitializedMessageDigestInstance(algorithm, false);
        } catch (CryptoException e) {
            return null;
        }
    }

    /** The hash that the value of tag 91 names, two bytes or one. */
    byte named(byte[] buffer, Tlvs tlvs) {
        short offset = tlvs.offset(Words.TAG_HASH);
        short length = tlvs.length(Words.TAG_HASH);
        if (length == 2 && buffer[offset] == 0) {
            offset++;
        } else if (length != 1) {
            Tlvs.refuse();
        }
        byte bit = buffer[offset];
        byte hash = (byte) (bit == 1 ? 0 : bit == 2 ? 1 : bit == 4 ? 2 : -1);
        if (hash < 0 || digests[hash] == null) {
            Tlvs.refuse();
        }
        return hash;
    }

    /** As tag 91 names them. */
    byte supported() {
        byte bits = 0;
        for (short i = 0; i < COUNT; i++) {
            if (digests[i] != null) {
                bits |= (byte) (1 << i);
            }
        }
        return bits;
    }

    short length(byte hash) {
        return digests[hash].getLength();
    }

    InitializedMessageDigest digest(byte hash) {
        return digests[hash];
    }

    /** For the text of one session, until it ends or is given up. @return true if it begins now */
    boolean claim(byte hash, short session) {
        byte owner = (byte) (session + 1);
        if (owners[hash] == owner) {
            return false;
        }
        if (owners[hash] != FREE) {
            ISOException.throwIt(Words.SW_CAPACITY);
        }
        owners[hash] = owner;
        remaining[hash] = 0;
        digests[hash].reset();
        return true;
    }

    void release(byte hash, short session) {
        if (owners[hash] == (byte) (session + 1)) {
            owners[hash] = FREE;
            digests[hash].reset();
        }
    }

    short remaining(byte hash) {
        return remaining[hash];
    }

    void setRemaining(byte hash, short length) {
        remaining[hash] = length;
    }
}
