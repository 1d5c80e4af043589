package org.gridcard.iotsafe;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;
import javacard.security.KeyAgreement;

/** COMPUTE DH, COMPUTE PRF, COMPUTE HKDF: what TLS makes its keys of. */
final class Derivation {
    private static final byte[] DH = {
            Words.TAG_PRIVATE_ID, Words.TAG_PRIVATE_LABEL, Words.TAG_PUBLIC_ID, Words.TAG_PUBLIC_LABEL
    };
    private static final byte[] PRF = {
            Words.TAG_SECRET_ID, Words.TAG_SECRET_LABEL, Words.TAG_SECRET, Words.TAG_PREMASTER, Words.TAG_LABEL_AND_SEED,
            Words.TAG_LENGTH
    };
    private static final byte[] HKDF = {
            Words.TAG_SECRET_ID, Words.TAG_SECRET_LABEL, Words.TAG_SECRET, Words.TAG_SALT, Words.TAG_HASH
    };
    /** COMPUTE PRF, P1: over a secret that the host has, over a stored key, over both (RFC 4279, RFC 5489). */
    private static final short GENERAL = 0;
    private static final short PSK = 1;
    private static final short PSK_ECDHE = 2;

    private static final byte SHA256 = 0;
    private static final short DIGEST = 32;
    /** Coordinates on P-521, the longest shared secret there is. */
    private static final short MOST_SHARED = 66;
    /** Places in the scratch buffer: the secret (at most 2 + 66 + 2 + 64 bytes), A(i), a block. */
    private static final short CHAIN = 160;
    private static final short BLOCK = 192;

    private final IotSafe applet;
    private final KeyAgreement ecdh;

    Derivation(IotSafe applet) {
        this.applet = applet;
        ecdh = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN, false);
    }

    void dh(APDU apdu) {
        Exchange.requireP1P2(apdu, (short) 0, (short) 0);
        byte[] work = applet.exchange.work;
        applet.tlvs.parse(work, (short) 0, applet.exchange.receive(apdu), DH);
        PrivateKeyObject own = (PrivateKeyObject) applet.privateKeys.find(work, applet.tlvs);
        PublicKeyObject other = (PublicKeyObject) applet.publicKeys.find(work, applet.tlvs);
        own.requireFunction(Words.FUNCTION_AGREEMENT);
        other.requireFunction(Words.FUNCTION_AGREEMENT);
        own.requireActive();
        other.requireActive();
        if (own.isBrainpool() != other.isBrainpool()) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        ecdh.init(own.key);
        short length = ecdh.generateSecret(other.point, (short) 0, Words.POINT, applet.exchange.out, (short) 0);
        sendSecret(apdu, length);
    }

    /** P_SHA256 of RFC 5246, section 5: HMAC(secret, A(i) || label and seed), A(i) = HMAC(secret, A(i - 1)). */
    void prf(APDU apdu) {
        short mode = Exchange.p1(apdu);
        if (mode > PSK_ECDHE || Exchange.p2(apdu) != 0) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        applet.hmac.require(SHA256);
        byte[] work = applet.exchange.work;
        byte[] scratch = applet.exchange.scratch;
        byte[] out = applet.exchange.out;
        Tlvs tlvs = applet.tlvs;
        tlvs.parse(work, (short) 0, applet.exchange.receive(apdu), PRF);
        short length = requestedLength();
        short seed = tlvs.offset(Words.TAG_LABEL_AND_SEED);
        short seedLength = tlvs.length(Words.TAG_LABEL_AND_SEED);
        // What a mode does not use may not be there.
        if (seedLength == 0 || tlvs.has(Words.TAG_SECRET) != (mode == GENERAL)
                || tlvs.has(Words.TAG_PREMASTER) != (mode == PSK_ECDHE)
                || applet.secretKeys.isNamed(tlvs) != (mode != GENERAL)) {
            Tlvs.refuse();
        }
        short secretLength = mode == GENERAL ? givenSecret() : premasterSecret(mode);
        Hashes hashes = applet.hashes;
        hashes.claim(SHA256, IotSafe.NO_SESSION);
        try {
            applet.hmac.setKey(SHA256, scratch, (short) 0, secretLength);
            applet.hmac.compute(SHA256, work, seed, seedLength, work, (short) 0, (short) 0, scratch, CHAIN);
            for (short at = 0; at < length;) {
                applet.hmac.compute(SHA256, scratch, CHAIN, DIGEST, work, seed, seedLength, scratch, BLOCK);
                short piece = (short) (length - at) < DIGEST ? (short) (length - at) : DIGEST;
                at = Util.arrayCopyNonAtomic(scratch, BLOCK, out, at, piece);
                applet.hmac.compute(SHA256, scratch, CHAIN, DIGEST, work, (short) 0, (short) 0, scratch, CHAIN);
            }
        } finally {
            hashes.release(SHA256, IotSafe.NO_SESSION);
            applet.hmac.clear(SHA256);
        }
        sendSecret(apdu, length);
    }

    private short requestedLength() {
        byte[] work = applet.exchange.work;
        short offset = applet.tlvs.offset(Words.TAG_LENGTH);
        short size = applet.tlvs.length(Words.TAG_LENGTH);
        if (size != 1 && size != 2) {
            Tlvs.refuse();
        }
        short length = size == 1 ? (short) (work[offset] & 0xFF) : Util.getShort(work, offset);
        if (length < 1 || length > Exchange.MOST) {
            Tlvs.refuse();
        }
        return length;
    }

    private short givenSecret() {
        short length = applet.tlvs.length(Words.TAG_SECRET);
        if (length == 0 || length > CHAIN) {
            Tlvs.refuse();
        }
        Util.arrayCopyNonAtomic(applet.exchange.work, applet.tlvs.offset(Words.TAG_SECRET), applet.exchange.scratch,
                (short) 0, length);
        return length;
    }

    /** Length and other secret, length and key: the other secret is zeros (RFC 4279, 2) or the shared one (RFC 5489, 2). */
    private short premasterSecret(short mode) {
        byte[] work = applet.exchange.work;
        byte[] scratch = applet.exchange.scratch;
        Tlvs tlvs = applet.tlvs;
        SecretObject secret = (SecretObject) applet.secretKeys.find(work, tlvs);
        short keyLength = secret.get(Words.DERIVATION_PRF, scratch, (short) 0);
        short otherLength = keyLength;
        if (mode == PSK_ECDHE) {
            otherLength = tlvs.length(Words.TAG_PREMASTER);
            if (otherLength == 0 || otherLength > MOST_SHARED) {
                Tlvs.refuse();
            }
        }
        short key = (short) (2 + otherLength + 2);
        Util.arrayCopyNonAtomic(scratch, (short) 0, scratch, key, keyLength);
        Util.setShort(scratch, (short) 0, otherLength);
        if (mode == PSK_ECDHE) {
            Util.arrayCopyNonAtomic(work, tlvs.offset(Words.TAG_PREMASTER), scratch, (short) 2, otherLength);
        } else {
            Util.arrayFillNonAtomic(scratch, (short) 2, otherLength, (byte) 0);
        }
        Util.setShort(scratch, (short) (2 + otherLength), keyLength);
        return (short) (key + keyLength);
    }

    /** HKDF-Extract: the pseudo-random key HMAC(salt, secret). @source RFC 5869 2.2 */
    void hkdf(APDU apdu) {
        Exchange.requireP1P2(apdu, (short) 0, (short) 0);
        byte[] work = applet.exchange.work;
        byte[] scratch = applet.exchange.scratch;
        Tlvs tlvs = applet.tlvs;
        tlvs.parse(work, (short) 0, applet.exchange.receive(apdu), HKDF);
        byte hash = applet.hashes.named(work, tlvs);
        applet.hmac.require(hash);
        if (tlvs.has(Words.TAG_SECRET) == applet.secretKeys.isNamed(tlvs)) {
            Tlvs.refuse();
        }
        boolean hasSalt = tlvs.has(Words.TAG_SALT);
        short salt = hasSalt ? tlvs.offset(Words.TAG_SALT) : 0;
        short saltLength = hasSalt ? tlvs.length(Words.TAG_SALT) : 0;
        applet.hashes.claim(hash, IotSafe.NO_SESSION);
        try {
            applet.hmac.setKey(hash, work, salt, saltLength);
            if (tlvs.has(Words.TAG_SECRET)) {
                applet.hmac.compute(hash, work, tlvs.offset(Words.TAG_SECRET), tlvs.length(Words.TAG_SECRET), work,
                        (short) 0, (short) 0, applet.exchange.out, (short) 0);
            } else {
                SecretObject secret = (SecretObject) applet.secretKeys.find(work, tlvs);
                short length = secret.get(Words.DERIVATION_HKDF, scratch, (short) 0);
                applet.hmac.compute(hash, scratch, (short) 0, length, work, (short) 0, (short) 0, applet.exchange.out,
                        (short) 0);
            }
        } finally {
            applet.hashes.release(hash, IotSafe.NO_SESSION);
            applet.hmac.clear(hash);
        }
        sendSecret(apdu, applet.hashes.length(hash));
    }

    private void sendSecret(APDU apdu, short length) {
        applet.exchange.send(apdu, applet.exchange.out, length);
    }
}
