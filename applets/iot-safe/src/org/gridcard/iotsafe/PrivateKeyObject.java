package org.gridcard.iotsafe;

import javacard.framework.JCSystem;
import javacard.security.CryptoException;
import javacard.security.ECPrivateKey;
import javacard.security.ECPublicKey;
import javacard.security.KeyBuilder;
import javacard.security.KeyPair;

/** A private key, and the public object that its pair fills. It has no way out. */
final class PrivateKeyObject extends KeyObject {
    static final byte[] KNOWN = {
            Words.TAG_PRIVATE_ID, Words.TAG_PRIVATE_LABEL, Words.TAG_ACCESS, Words.TAG_KEY_TYPE, Words.TAG_KEY_USAGE,
            Words.TAG_FUNCTIONS, Words.TAG_PUBLIC_ID, Words.TAG_PRIVATE_VALUE
    };

    final ECPrivateKey key;
    /** Null for a key that is imported and never generated. */
    private final PublicKeyObject partner;
    private final KeyPair pair;

    PrivateKeyObject(byte[] buffer, Tlvs tlvs, PublicKeyObject partner, ECPublicKey workKey) {
        super(buffer, tlvs, Words.TAG_PRIVATE_ID, Words.TAG_PRIVATE_LABEL, Words.ACCESS_UPDATE,
                (byte) (Words.FUNCTION_SIGNATURE | Words.FUNCTION_GENERATION | Words.FUNCTION_AGREEMENT));
        this.partner = partner;
        // A key either signs or agrees; and a secret leaves the card in clear only if its key lives as long as the power.
        if (can(Words.FUNCTION_AGREEMENT) && (can(Words.FUNCTION_SIGNATURE) || !isVolatile())) {
            Tlvs.refuse();
        }
        if (can(Words.FUNCTION_GENERATION) ? partner == null || partner.type != type : isVolatile()) {
            Tlvs.refuse();
        }
        key = isVolatile() ? newVolatileKey() : newKey(KeyBuilder.TYPE_EC_FP_PRIVATE);
        Curves.setDomain(key, isBrainpool());
        pair = partner == null ? null : new KeyPair(workKey, key);
        if (tlvs.has(Words.TAG_PRIVATE_VALUE)) {
            if (isVolatile() || tlvs.length(Words.TAG_PRIVATE_VALUE) != Words.NUMBER) {
                Tlvs.refuse();
            }
            key.setS(buffer, tlvs.offset(Words.TAG_PRIVATE_VALUE), Words.NUMBER);
            setActive(true);
        }
    }

    private static ECPrivateKey newKey(byte type) {
        return (ECPrivateKey) KeyBuilder.buildKey(type, KeyBuilder.LENGTH_EC_FP_256, false);
    }

    /** Few physical cards keep EC keys in RAM. Elsewhere the object forgets at reset that it has one. */
    private static ECPrivateKey newVolatileKey() {
        try {
            return newKey(KeyBuilder.TYPE_EC_FP_PRIVATE_TRANSIENT_RESET);
        } catch (CryptoException e) {
            return newKey(KeyBuilder.TYPE_EC_FP_PRIVATE);
        }
    }

    /** A new pair; both halves change together or not at all. */
    void generate(ECPublicKey workKey, byte[] scratch) {
        if (isVolatile()) {
            setActive(false);
            partner.setActive(false);
            Curves.setDomain(key, isBrainpool());
            pair.genKeyPair();
            workKey.getW(scratch, (short) 0);
            partner.put(scratch, (short) 0);
            setActive(true);
            return;
        }
        JCSystem.beginTransaction();
        pair.genKeyPair();
        workKey.getW(scratch, (short) 0);
        partner.put(scratch, (short) 0);
        setActive(true);
        JCSystem.commitTransaction();
    }

    /** Private id, public id, public key. */
    short emitPair(byte[] to, short at) {
        at = emitId(to, at, Words.TAG_PRIVATE_ID);
        at = partner.emitId(to, at, Words.TAG_PUBLIC_ID);
        return partner.emitPoint(to, at);
    }

    /** The public half of the pair, as READ PUBLIC KEY has it. */
    short emitPublic(byte[] to, short at) {
        return partner.emitPoint(to, at);
    }

    short describe(byte[] to, short at) {
        return describeKey(to, at, Words.TAG_PRIVATE_KEY, Words.TAG_PRIVATE_LABEL, Words.TAG_PRIVATE_ID);
    }
}
