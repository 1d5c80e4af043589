package org.gridcard.metering;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.ECPrivateKey;
import javacard.security.ECPublicKey;
import javacard.security.Key;
import javacard.security.KeyAgreement;
import javacard.security.KeyPair;
import javacard.security.MessageDigest;
import javacard.security.Signature;

/**
 * The device's own key pairs on one curve: one to sign, one to agree, each with the next one while a certificate is being
 * renewed, and an ephemeral one. Private keys are made here and have no way out.
 */
final class DeviceKeys {
    /** Uses of a key, as certificates say it. */
    static final short SIGN = 0;
    static final short AGREE = 1;

    /** 1 is P-256 with SHA-256, 2 is P-384 with SHA-384. */
    final byte suite;
    /** Bytes of a number on this curve. */
    final short length;
    /** Private keys: for each use two, the one in use and the next one. */
    private final ECPrivateKey[] privateKeys;
    private final KeyPair[] pairs;
    /** Points of these keys; the place of one follows from its index. */
    private final byte[] points;
    /** Which of the two keys of a use is in use; 2 while there is none. */
    private final byte[] inUse;
    private final KeyPair ephemeral;
    private final ECPrivateKey ephemeralKey;
    /** Not zero while there is an ephemeral key that was not used yet. */
    private final byte[] ephemeralState;
    /** Whoever's point is looked at or made just now: points are kept as bytes, a key object for each would take 4 KB. */
    private final ECPublicKey publicKey;
    private final Signature ecdsa;
    private final KeyAgreement ecdh;
    final MessageDigest hash;
    private final byte[] scratch;

    DeviceKeys(byte suite, MessageDigest hash, byte[] scratch) {
        this.suite = suite;
        this.hash = hash;
        length = suite == 1 ? (short) 32 : (short) 48;
        this.scratch = scratch;
        Key domain = CurveKeys.domain(suite, scratch);
        publicKey = CurveKeys.publicKey(domain, suite, scratch);
        privateKeys = new ECPrivateKey[4];
        pairs = new KeyPair[4];
        for (short i = 0; i < 4; i++) {
            privateKeys[i] = CurveKeys.privateKey(JCSystem.MEMORY_TYPE_PERSISTENT, domain, suite, scratch);
            pairs[i] = new KeyPair(publicKey, privateKeys[i]);
        }
        points = new byte[(short) (4 * pointLength())];
        inUse = new byte[2];
        inUse[SIGN] = 2;
        inUse[AGREE] = 2;
        ephemeralKey = CurveKeys.privateKey(JCSystem.MEMORY_TYPE_TRANSIENT_DESELECT, domain, suite, scratch);
        ephemeral = new KeyPair(publicKey, ephemeralKey);
        ephemeralState = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_DESELECT);
        ecdsa = Signature.getInstance(suite == 1 ? Signature.ALG_ECDSA_SHA_256 : Signature.ALG_ECDSA_SHA_384, false);
        ecdh = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN, false);
    }

    short pointLength() {
        return (short) (2 * length + 1);
    }

    /** Makes the next key of a use; the first one is in use at once. @return length of the public point in {@code to} */
    short generate(short use, byte[] to, short offset) {
        boolean isFirst = inUse[use] == 2;
        short index = isFirst ? (short) (2 * use) : index(use, true);
        CurveKeys.prepare(privateKeys[index], suite, scratch);
        JCSystem.beginTransaction();
        pairs[index].genKeyPair();
        publicKey.getW(to, offset);
        Util.arrayCopy(to, offset, points, (short) (index * pointLength()), pointLength());
        if (isFirst) {
            inUse[use] = 0;
        }
        JCSystem.commitTransaction();
        return pointLength();
    }

    short publicKey(short use, boolean next, byte[] to, short offset) {
        short index = index(use, next);
        if (!privateKeys[index].isInitialized()) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        Util.arrayCopyNonAtomic(points, (short) (index * pointLength()), to, offset, pointLength());
        return pointLength();
    }

    /** The certificate of the next key has arrived: from now on it is in use, and the old one is gone. */
    void activateNext(short use) {
        if (!privateKeys[index(use, true)].isInitialized()) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        JCSystem.beginTransaction();
        privateKeys[index(use, false)].clearKey();
        inUse[use] = (byte) (1 - inUse[use]);
        JCSystem.commitTransaction();
    }

    private short index(short use, boolean next) {
        if (inUse[use] == 2) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        return (short) (2 * use + (next ? 1 - inUse[use] : inUse[use]));
    }

    boolean hasKey(short use) {
        return inUse[use] != 2;
    }

    // ---- signatures

    /** r || s over the separator and the message. @return its length */
    short sign(byte[] separator, byte[] message, short offset, short size, byte[] to, short toOffset, byte[] scratch) {
        ecdsa.init(privateKeys[index(SIGN, false)], Signature.MODE_SIGN);
        if (separator != null) {
            ecdsa.update(separator, (short) 0, (short) separator.length);
        }
        ecdsa.sign(message, offset, size, scratch, (short) 0);
        return DerSignature.toPlain(scratch, (short) 0, to, toOffset, length);
    }

    boolean verify(byte[] partyPoints, short point, byte[] separator, byte[] message, short offset, short size, byte[] signature,
            short signatureOffset, byte[] scratch) {
        short derLength = DerSignature.fromPlain(signature, signatureOffset, length, scratch, (short) 0);
        publicKey.setW(partyPoints, point, pointLength());
        ecdsa.init(publicKey, Signature.MODE_VERIFY);
        if (separator != null) {
            ecdsa.update(separator, (short) 0, (short) separator.length);
        }
        return ecdsa.verify(message, offset, size, scratch, (short) 0, derLength);
    }

    // ---- key agreement

    /** An ephemeral key, good for one agreement. @return length of its public point */
    short generateEphemeral(byte[] to, short offset) {
        CurveKeys.prepare(ephemeralKey, suite, scratch);
        ephemeral.genKeyPair();
        ephemeralState[0] = 1;
        return publicKey.getW(to, offset);
    }

    /**
     * Z, then the key: hash(00000001 || Z || otherInfo), as long as asked. Nothing but the key is left behind.
     *
     * @source NIST SP 800-56A 5.8.1, as profiled in Green Book 9.2.3.4.6.5
     */
    void agree(boolean withEphemeral, byte[] point, short pointOffset, byte[] info, short infoOffset, short infoLength,
            byte[] key, byte[] scratch) {
        if (withEphemeral) {
            if (ephemeralState[0] == 0) {
                ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
            }
            ephemeralState[0] = 0;
            ecdh.init(ephemeralKey);
        } else {
            ecdh.init(privateKeys[index(AGREE, false)]);
        }
        scratch[0] = 0;
        scratch[1] = 0;
        scratch[2] = 0;
        scratch[3] = 1;
        short zLength = ecdh.generateSecret(point, pointOffset, pointLength(), scratch, (short) 4);
        if (withEphemeral) {
            ephemeralKey.clearKey();
        }
        hash.reset();
        hash.update(scratch, (short) 0, (short) (4 + zLength));
        hash.doFinal(info, infoOffset, infoLength, key, (short) 0);
        Util.arrayFillNonAtomic(scratch, (short) 0, (short) (4 + zLength), (byte) 0);
    }

    void zeroise() {
        for (short i = 0; i < 4; i++) {
            privateKeys[i].clearKey();
        }
        inUse[SIGN] = 2;
        inUse[AGREE] = 2;
    }
}
