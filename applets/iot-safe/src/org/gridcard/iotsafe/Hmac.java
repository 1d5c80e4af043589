package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.CryptoException;
import javacard.security.HMACKey;
import javacard.security.KeyBuilder;
import javacard.security.Signature;

/** HMAC of the card over the hashes of {@link Hashes}; a key longer than a block is hashed first. @source RFC 2104 2 */
final class Hmac {
    private static final short BLOCK = 64;
    private static final short LONG_BLOCK = 128;
    private static final short LONGEST_DIGEST = 64;

    private final Hashes hashes;
    /** Null on cards without HMAC: then there is no derivation. */
    private final HMACKey key;
    private final HMACKey longKey;
    private final Signature[] macs;
    private final byte[] hashedKey;

    Hmac(Hashes hashes) {
        this.hashes = hashes;
        key = newKey(KeyBuilder.LENGTH_HMAC_SHA_256_BLOCK_64);
        longKey = newKey(KeyBuilder.LENGTH_HMAC_SHA_512_BLOCK_128);
        macs = new Signature[3];
        for (short i = 0; i < 3; i++) {
            macs[i] = newMac((byte) (Signature.ALG_HMAC_SHA_256 + i));
        }
        hashedKey = JCSystem.makeTransientByteArray(LONGEST_DIGEST, JCSystem.CLEAR_ON_RESET);
    }

    private static HMACKey newKey(short length) {
        try {
            return (HMACKey) KeyBuilder.buildKey(KeyBuilder.TYPE_HMAC_TRANSIENT_RESET, length, false);
        } catch (CryptoException e) {
            return null;
        }
    }

    private static Signature newMac(byte algorithm) {
        try {
            return Signature.getInstance(algorithm, false);
        } catch (CryptoException e) {
            return null;
        }
    }

    boolean isThere(byte hash) {
        return macs[hash] != null && keyOf(hash) != null;
    }

    void require(byte hash) {
        if (!isThere(hash)) {
            ISOException.throwIt(ISO7816.SW_FUNC_NOT_SUPPORTED);
        }
    }

    private HMACKey keyOf(byte hash) {
        return hash == 0 ? key : longKey;
    }

    /** An empty key is one of zeros: HMAC fills keys up with them. The hash must be free for keys longer than a block. */
    void setKey(byte hash, byte[] from, short offset, short length) {
        HMACKey target = keyOf(hash);
        short size = hashes.length(hash);
        if (length == 0) {
            Util.arrayFillNonAtomic(hashedKey, (short) 0, size, (byte) 0);
            target.setKey(hashedKey, (short) 0, size);
        } else if (length > (hash == 0 ? BLOCK : LONG_BLOCK)) {
            hashes.digest(hash).doFinal(from, offset, length, hashedKey, (short) 0);
            target.setKey(hashedKey, (short) 0, size);
        } else {
            target.setKey(from, offset, length);
        }
    }

    /** The MAC over up to two parts. */
    void compute(byte hash, byte[] a, short aOffset, short aLength, byte[] b, short bOffset, short bLength, byte[] to,
            short toOffset) {
        Signature mac = macs[hash];
        mac.init(keyOf(hash), Signature.MODE_SIGN);
        mac.update(a, aOffset, aLength);
        mac.sign(b, bOffset, bLength, to, toOffset);
    }

    void clear(byte hash) {
        keyOf(hash).clearKey();
        Util.arrayFillNonAtomic(hashedKey, (short) 0, LONGEST_DIGEST, (byte) 0);
    }
}
