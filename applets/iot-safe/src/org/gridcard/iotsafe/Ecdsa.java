package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.security.CryptoException;
import javacard.security.ECPublicKey;
import javacard.security.KeyBuilder;
import javacard.security.MessageDigest;
import javacard.security.Signature;
import javacardx.crypto.Cipher;

/** Signatures over a hash value, and the key objects that points are looked at with. */
final class Ecdsa {
    /** Over what it is given; null on cards that do not have it: they sign, but cannot verify. */
    private final Signature raw;
    private final Signature overSha256;
    private final ECPublicKey p256;
    private final ECPublicKey brainpool;

    Ecdsa() {
        raw = createRaw();
        overSha256 = raw == null ? Signature.getInstance(Signature.ALG_ECDSA_SHA_256, false) : null;
        p256 = newWorkKey(false);
        brainpool = newWorkKey(true);
    }

    private static Signature createRaw() {
        try {
            return Signature.getInstance(MessageDigest.ALG_NULL, Signature.SIG_CIPHER_ECDSA, Cipher.PAD_NULL, false);
        } catch (CryptoException e) {
            return null;
        }
    }

    private static ECPublicKey newWorkKey(boolean isBrainpool) {
        ECPublicKey key = (ECPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PUBLIC, KeyBuilder.LENGTH_EC_FP_256, false);
        Curves.setDomain(key, isBrainpool);
        return key;
    }

    ECPublicKey workKey(KeyObject key) {
        return workKey(key.isBrainpool());
    }

    ECPublicKey workKey(boolean isBrainpool) {
        return isBrainpool ? brainpool : p256;
    }

    /** Signs the hash at the beginning of {@code scratch}: of a longer one the leftmost 256 bits (FIPS 186-4, 6.4). */
    void sign(PrivateKeyObject key, byte[] scratch, byte[] to, short toOffset) {
        short der = Words.NUMBER;
        if (raw != null) {
            raw.init(key.key, Signature.MODE_SIGN);
            raw.sign(scratch, (short) 0, Words.NUMBER, scratch, der);
        } else {
            overSha256.init(key.key, Signature.MODE_SIGN);
            overSha256.signPreComputedHash(scratch, (short) 0, Words.NUMBER, scratch, der);
        }
        DerSignature.toPlain(scratch, der, to, toOffset);
    }

    boolean verify(PublicKeyObject key, byte[] scratch, byte[] signature, short offset) {
        if (raw == null) {
            ISOException.throwIt(ISO7816.SW_FUNC_NOT_SUPPORTED);
        }
        ECPublicKey workKey = workKey(key);
        workKey.setW(key.point, (short) 0, Words.POINT);
        raw.init(workKey, Signature.MODE_VERIFY);
        short length = DerSignature.fromPlain(signature, offset, scratch, Words.NUMBER);
        return raw.verify(scratch, (short) 0, Words.NUMBER, scratch, Words.NUMBER, length);
    }
}
