package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.security.HMACKey;
import javacard.security.KeyBuilder;

/** A secret key for derivation: a pre-shared key. */
final class SecretObject extends StoredObject {
    static final byte[] KNOWN = {
            Words.TAG_SECRET_ID, Words.TAG_SECRET_LABEL, Words.TAG_ACCESS, Words.TAG_KEY_TYPE, Words.TAG_FUNCTIONS,
            Words.TAG_DERIVATION, Words.TAG_SECRET
    };
    /** Shorter ones could be tried through by whoever asks for derivations. */
    private static final short LEAST = 16;
    static final short MOST = 64;

    private final HMACKey key;
    private final byte derivations;

    SecretObject(byte[] buffer, Tlvs tlvs) {
        super(buffer, tlvs, Words.TAG_SECRET_ID, Words.TAG_SECRET_LABEL, (byte) 0);
        derivations = tlvs.value(buffer, Words.TAG_DERIVATION);
        short length = tlvs.length(Words.TAG_SECRET);
        if (tlvs.value(buffer, Words.TAG_KEY_TYPE) != Words.TYPE_HMAC
                || tlvs.value(buffer, Words.TAG_FUNCTIONS) != Words.FUNCTION_DERIVATION
                || derivations < 1 || derivations > (Words.DERIVATION_PRF | Words.DERIVATION_HKDF)
                || length < LEAST || length > MOST) {
            Tlvs.refuse();
        }
        key = (HMACKey) KeyBuilder.buildKey(KeyBuilder.TYPE_HMAC, KeyBuilder.LENGTH_HMAC_SHA_256_BLOCK_64, false);
        key.setKey(buffer, tlvs.offset(Words.TAG_SECRET), length);
    }

    boolean isActive() {
        return true;
    }

    /** For one derivation; the caller wipes it. @return its length */
    short get(byte derivation, byte[] to, short at) {
        if ((derivations & derivation) == 0) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        return key.getKey(to, at);
    }

    short describe(byte[] to, short at) {
        short start = at;
        at = open(to, at, Words.TAG_SECRET_KEY, Words.TAG_SECRET_LABEL, Words.TAG_SECRET_ID);
        at = emit(to, at, Words.TAG_KEY_TYPE, Words.TYPE_HMAC);
        at = emit(to, at, Words.TAG_FUNCTIONS, Words.FUNCTION_DERIVATION);
        at = emit(to, at, Words.TAG_DERIVATION, derivations);
        return close(to, start, at);
    }
}
