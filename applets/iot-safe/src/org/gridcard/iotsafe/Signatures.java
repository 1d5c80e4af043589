package org.gridcard.iotsafe;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;
import javacard.security.InitializedMessageDigest;

/** COMPUTE SIGNATURE and VERIFY SIGNATURE, each with INIT and UPDATE. @source GSMA IoT.05 2.5.14 for the modes */
final class Signatures {
    private static final byte[] SIGN_INIT = {
            Words.TAG_PRIVATE_ID, Words.TAG_PRIVATE_LABEL, Words.TAG_MODE, Words.TAG_HASH, Words.TAG_SIGNATURE_ALGORITHM
    };
    private static final byte[] VERIFY_INIT = {
            Words.TAG_PUBLIC_ID, Words.TAG_PUBLIC_LABEL, Words.TAG_MODE, Words.TAG_HASH, Words.TAG_SIGNATURE_ALGORITHM
    };
    private static final byte[] SIGN_LAST_BLOCK = {
            Words.TAG_LAST_BLOCK, Words.TAG_INTERMEDIATE_HASH, Words.TAG_BYTES_HASHED
    };
    private static final byte[] VERIFY_LAST_BLOCK = {
            Words.TAG_LAST_BLOCK, Words.TAG_INTERMEDIATE_HASH, Words.TAG_BYTES_HASHED, Words.TAG_SIGNATURE
    };
    private static final byte[] SIGN_HASH = { Words.TAG_HASH_VALUE };
    private static final byte[] VERIFY_HASH = { Words.TAG_HASH_VALUE, Words.TAG_SIGNATURE };
    private static final short OPEN = 0;
    private static final short CLOSE = 1;
    private static final short LAST = 0x80;
    private static final short PLAIN = 2 * Words.NUMBER;

    private final IotSafe applet;

    Signatures(IotSafe applet) {
        this.applet = applet;
    }

    void init(APDU apdu, boolean verifying) {
        short kind = verifying ? Sessions.VERIFY : Sessions.SIGN;
        short p1 = Exchange.p1(apdu);
        short number = Exchange.p2(apdu);
        if (p1 == CLOSE) {
            applet.closeSession(applet.sessions.require(kind, number));
            return;
        }
        if (p1 != OPEN) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        byte[] work = applet.exchange.work;
        Tlvs tlvs = applet.tlvs;
        tlvs.parse(work, (short) 0, applet.exchange.receive(apdu), verifying ? VERIFY_INIT : SIGN_INIT);
        KeyObject key = (KeyObject) (verifying ? applet.publicKeys : applet.privateKeys).find(work, tlvs);
        byte mode = tlvs.value(work, Words.TAG_MODE);
        byte hash = applet.hashes.named(work, tlvs);
        if (mode < Words.MODE_FULL_TEXT || mode > Words.MODE_HASH
                || tlvs.value(work, Words.TAG_SIGNATURE_ALGORITHM) != Words.ECDSA) {
            Tlvs.refuse();
        }
        key.requireFunction(Words.FUNCTION_SIGNATURE);
        key.requireActive();
        short index = applet.sessions.open(kind, number, key, mode, hash);
        applet.giveUpText(index);
    }

    void update(APDU apdu, boolean verifying) {
        short p1 = Exchange.p1(apdu);
        if (p1 != 0 && p1 != LAST) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        short index = applet.sessions.require(verifying ? Sessions.VERIFY : Sessions.SIGN, Exchange.p2(apdu));
        boolean done = false;
        try {
            done = update(apdu, index, p1 == LAST, verifying);
        } finally {
            if (!done) {
                applet.giveUpText(index);
            }
        }
    }

    /** @return false when the text, if there was one, has ended */
    private boolean update(APDU apdu, short index, boolean isLast, boolean verifying) {
        KeyObject key = (KeyObject) applet.sessions.object(index);
        byte hash = applet.sessions.hash(index);
        byte mode = applet.sessions.mode(index);
        short length = applet.exchange.receive(apdu);
        short signature;
        if (mode == Words.MODE_FULL_TEXT) {
            signature = text(index, hash, length, isLast, verifying);
            if (!isLast) {
                return true;
            }
            applet.hashes.digest(hash).doFinal(applet.exchange.work, (short) 0, (short) 0, applet.exchange.scratch, (short) 0);
        } else {
            if (!isLast) {
                ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
            }
            signature = mode == Words.MODE_LAST_BLOCK ? lastBlock(index, hash, length, verifying)
                    : hashValue(hash, length, verifying);
        }
        // The key may have been replaced since, or its power may be gone.
        key.requireActive();
        if (verifying) {
            if (!applet.ecdsa.verify((PublicKeyObject) key, applet.exchange.scratch, applet.exchange.work, signature)) {
                ISOException.throwIt(Words.SW_SIGNATURE_MISMATCH);
            }
            return false;
        }
        byte[] out = applet.exchange.out;
        out[0] = Words.TAG_SIGNATURE;
        short at = 1;
        if (!applet.hasShortSignatureLength) {
            out[at++] = 0;
        }
        out[at++] = (byte) PLAIN;
        applet.ecdsa.sign((PrivateKeyObject) key, applet.exchange.scratch, out, at);
        applet.exchange.send(apdu, out, (short) (at + PLAIN));
        return false;
    }

    /**
     * A piece of the text: it may lie in one TLV that goes on over many commands, or in many TLVs.
     *
     * @return where the signature stands, when it is the last piece of a verification
     */
    private short text(short index, byte hash, short length, boolean isLast, boolean verifying) {
        byte[] work = applet.exchange.work;
        Hashes hashes = applet.hashes;
        boolean isBegun = !hashes.claim(hash, index);
        short signature = -1;
        for (short at = 0; at < length;) {
            short left = hashes.remaining(hash);
            if (left > 0) {
                short piece = left < (short) (length - at) ? left : (short) (length - at);
                hashes.digest(hash).update(work, at, piece);
                hashes.setRemaining(hash, (short) (left - piece));
                at += piece;
                continue;
            }
            byte tag = work[at++];
            short size = applet.tlvs.readLength(work, at, length, tag);
            at = applet.tlvs.next();
            if (tag == Words.TAG_TEXT && signature < 0) {
                hashes.setRemaining(hash, size);
                isBegun = true;
            } else if (tag == Words.TAG_SIGNATURE && verifying && isLast && signature < 0 && size == PLAIN
                    && size <= (short) (length - at)) {
                signature = at;
                at += size;
            } else {
                Tlvs.refuse();
            }
        }
        if (!isBegun || (isLast && (hashes.remaining(hash) > 0 || verifying != signature >= 0))) {
            Tlvs.refuse();
        }
        return signature;
    }

    /** The rest of a text whose beginning was hashed outside: whole blocks, their count in bytes, and the state after them. */
    private short lastBlock(short index, byte hash, short length, boolean verifying) {
        byte[] work = applet.exchange.work;
        Tlvs tlvs = applet.tlvs;
        tlvs.parse(work, (short) 0, length, verifying ? VERIFY_LAST_BLOCK : SIGN_LAST_BLOCK);
        short signature = verifying ? requireSignature() : -1;
        short block = tlvs.offset(Words.TAG_LAST_BLOCK);
        applet.hashes.claim(hash, index);
        InitializedMessageDigest digest = applet.hashes.digest(hash);
        digest.setInitialDigest(work, tlvs.offset(Words.TAG_INTERMEDIATE_HASH), tlvs.length(Words.TAG_INTERMEDIATE_HASH),
                work, tlvs.offset(Words.TAG_BYTES_HASHED), tlvs.length(Words.TAG_BYTES_HASHED));
        digest.doFinal(work, block, tlvs.length(Words.TAG_LAST_BLOCK), applet.exchange.scratch, (short) 0);
        return signature;
    }

    private short hashValue(byte hash, short length, boolean verifying) {
        byte[] work = applet.exchange.work;
        Tlvs tlvs = applet.tlvs;
        tlvs.parse(work, (short) 0, length, verifying ? VERIFY_HASH : SIGN_HASH);
        short size = tlvs.length(Words.TAG_HASH_VALUE);
        if (size != applet.hashes.length(hash)) {
            Tlvs.refuse();
        }
        Util.arrayCopyNonAtomic(work, tlvs.offset(Words.TAG_HASH_VALUE), applet.exchange.scratch, (short) 0, size);
        return verifying ? requireSignature() : -1;
    }

    private short requireSignature() {
        if (applet.tlvs.length(Words.TAG_SIGNATURE) != PLAIN) {
            Tlvs.refuse();
        }
        return applet.tlvs.offset(Words.TAG_SIGNATURE);
    }
}
