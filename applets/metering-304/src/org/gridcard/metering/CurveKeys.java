package org.gridcard.metering;

import javacard.framework.JCSystem;
import javacard.security.ECPrivateKey;
import javacard.security.ECPublicKey;
import javacard.security.Key;
import javacard.security.KeyBuilder;

/** Key objects of a curve, each with its own parameters: API 3.0.4 cannot share them. */
final class CurveKeys {
    private CurveKeys() {
    }

    static short bits(byte suite) {
        return suite == 1 ? KeyBuilder.LENGTH_EC_FP_256 : KeyBuilder.LENGTH_EC_FP_384;
    }

    static Key domain(byte suite, byte[] scratch) {
        return null;
    }

    static ECPublicKey publicKey(Key domain, byte suite, byte[] scratch) {
        ECPublicKey key = (ECPublicKey) KeyBuilder.buildKey(KeyBuilder.ALG_TYPE_EC_FP_PUBLIC,
                JCSystem.MEMORY_TYPE_PERSISTENT, bits(suite), false);
        Curves.setDomain(key, suite, scratch);
        return key;
    }

    static ECPrivateKey privateKey(byte memory, Key domain, byte suite, byte[] scratch) {
        ECPrivateKey key = (ECPrivateKey) KeyBuilder.buildKey(KeyBuilder.ALG_TYPE_EC_FP_PRIVATE, memory, bits(suite), false);
        Curves.setDomain(key, suite, scratch);
        return key;
    }

    /** Before a pair is made: a key that was cleared, or that forgets at deselection, may have no parameters any more. */
    static void prepare(ECPrivateKey key, byte suite, byte[] scratch) {
        if (!key.isInitialized()) {
            Curves.setDomain(key, suite, scratch);
        }
    }
}
