package org.gridcard.integrity;

import javacard.security.CryptoException;
import javacard.security.ECKey;
import javacard.security.ECPrivateKey;
import javacard.security.ECPublicKey;
import javacard.security.KeyBuilder;
import javacard.security.KeyPair;
import javacard.security.Signature;

/** ECDSA with SHA-256 on P-256: signatures of others, and our own for quotes. @source FIPS 186-4 D.1.2.3 */
final class Curve {
    private static final byte[] P = {
            -1, -1, -1, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            -1
    };
    private static final byte[] A = {
            -1, -1, -1, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            -4
    };
    private static final byte[] B = {
            90, -58, 53, -40, -86, 58, -109, -25, -77, -21, -67, 85, 118, -104, -122, -68, 101, 29, 6, -80, -52, 83,
            -80, -10, 59, -50, 60, 62, 39, -46, 96, 75
    };
    private static final byte[] G = {
            4, 107, 23, -47, -14, -31, 44, 66, 71, -8, -68, -26, -27, 99, -92, 64, -14, 119, 3, 125, -127, 45, -21, 51,
            -96, -12, -95, 57, 69, -40, -104, -62, -106, 79, -29, 66, -30, -2, 26, 127, -101, -114, -25, -21, 74, 124,
            15, -98, 22, 43, -50, 51, 87, 107, 49, 94, -50, -53, -74, 64, 104, 55, -65, 81, -11
    };
    private static final byte[] R = {
            -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -68, -26, -6, -83, -89, 23, -98, -124, -13,
            -71, -54, -62, -4, 99, 37, 81
    };
    private static final short N = 32;

    private final ECPublicKey publicKey;
    private final ECPrivateKey privateKey;
    private final KeyPair pair;
    private final Signature ecdsa;

    Curve() {
        publicKey = (ECPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PUBLIC, KeyBuilder.LENGTH_EC_FP_256, false);
        privateKey = (ECPrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PRIVATE, KeyBuilder.LENGTH_EC_FP_256, false);
        setDomain(publicKey);
        setDomain(privateKey);
        pair = new KeyPair(publicKey, privateKey);
        ecdsa = Signature.getInstance(Signature.ALG_ECDSA_SHA_256, false);
    }

    private static void setDomain(ECKey key) {
        key.setFieldFP(P, (short) 0, (short) P.length);
        key.setA(A, (short) 0, (short) A.length);
        key.setB(B, (short) 0, (short) B.length);
        key.setG(G, (short) 0, (short) G.length);
        key.setR(R, (short) 0, (short) R.length);
        key.setK((short) 1);
    }

    /** Whether that can be a key of somebody: cards refuse at once what is no point of the curve. */
    boolean isPoint(byte[] from, short offset) {
        if (from[offset] != 4) {
            return false;
        }
        try {
            publicKey.setW(from, offset, Words.POINT);
            return true;
        } catch (CryptoException refused) {
            return false;
        }
    }

    /** In the caller's transaction. @return length of the point in {@code to} */
    short generate(byte[] to, short offset) {
        pair.genKeyPair();
        return publicKey.getW(to, offset);
    }

    /** r || s over the purpose and the message. @return its length */
    short sign(byte[] purpose, byte[] message, short offset, short length, byte[] to, short toOffset, byte[] scratch) {
        ecdsa.init(privateKey, Signature.MODE_SIGN);
        ecdsa.update(purpose, (short) 0, (short) purpose.length);
        ecdsa.sign(message, offset, length, scratch, (short) 0);
        return DerSignature.toPlain(scratch, (short) 0, to, toOffset, N);
    }

    boolean verify(byte[] points, short point, byte[] purpose, byte[] message, short offset, short length, byte[] signature,
            short signatureOffset, byte[] scratch) {
        short derLength = DerSignature.fromPlain(signature, signatureOffset, N, scratch, (short) 0);
        publicKey.setW(points, point, Words.POINT);
        ecdsa.init(publicKey, Signature.MODE_VERIFY);
        ecdsa.update(purpose, (short) 0, (short) purpose.length);
        return ecdsa.verify(message, offset, length, scratch, (short) 0, derLength);
    }
}
