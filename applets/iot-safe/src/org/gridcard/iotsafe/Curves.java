package org.gridcard.iotsafe;

import javacard.security.ECKey;

/** Domain parameters of the curves. @source FIPS 186-4 D.1.2.3, RFC 5639 3.4 */
final class Curves {
    private Curves() {
    }

    private static final byte[] P256_P = {
            -1, -1, -1, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            -1, -1
    };
    private static final byte[] P256_A = {
            -1, -1, -1, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            -1, -4
    };
    private static final byte[] P256_B = {
            90, -58, 53, -40, -86, 58, -109, -25, -77, -21, -67, 85, 118, -104, -122, -68, 101, 29, 6, -80, -52, 83,
            -80, -10, 59, -50, 60, 62, 39, -46, 96, 75
    };
    private static final byte[] P256_G = {
            4, 107, 23, -47, -14, -31, 44, 66, 71, -8, -68, -26, -27, 99, -92, 64, -14, 119, 3, 125, -127, 45, -21,
            51, -96, -12, -95, 57, 69, -40, -104, -62, -106, 79, -29, 66, -30, -2, 26, 127, -101, -114, -25, -21, 74,
            124, 15, -98, 22, 43, -50, 51, 87, 107, 49, 94, -50, -53, -74, 64, 104, 55, -65, 81, -11
    };
    private static final byte[] P256_R = {
            -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -68, -26, -6, -83, -89, 23, -98, -124, -13,
            -71, -54, -62, -4, 99, 37, 81
    };
    private static final byte[] BRAINPOOL_P = {
            -87, -5, 87, -37, -95, -18, -87, -68, 62, 102, 10, -112, -99, -125, -115, 114, 110, 59, -10, 35, -43, 38,
            32, 40, 32, 19, 72, 29, 31, 110, 83, 119
    };
    private static final byte[] BRAINPOOL_A = {
            125, 90, 9, 117, -4, 44, 48, 87, -18, -10, 117, 48, 65, 122, -1, -25, -5, -128, 85, -63, 38, -36, 92, 108,
            -23, 74, 75, 68, -13, 48, -75, -39
    };
    private static final byte[] BRAINPOOL_B = {
            38, -36, 92, 108, -23, 74, 75, 68, -13, 48, -75, -39, -69, -41, 124, -65, -107, -124, 22, 41, 92, -9, -31,
            -50, 107, -52, -36, 24, -1, -116, 7, -74
    };
    private static final byte[] BRAINPOOL_G = {
            4, -117, -46, -82, -71, -53, 126, 87, -53, 44, 75, 72, 47, -4, -127, -73, -81, -71, -34, 39, -31, -29,
            -67, 35, -62, 58, 68, 83, -67, -102, -50, 50, 98, 84, 126, -8, 53, -61, -38, -60, -3, -105, -8, 70, 26,
            20, 97, 29, -55, -62, 119, 69, 19, 45, -19, -114, 84, 92, 29, 84, -57, 47, 4, 105, -105
    };
    private static final byte[] BRAINPOOL_R = {
            -87, -5, 87, -37, -95, -18, -87, -68, 62, 102, 10, -112, -99, -125, -115, 113, -116, 57, 122, -93, -75,
            97, -90, -9, -112, 30, 14, -126, -105, 72, 86, -89
    };

    static void setDomain(ECKey key, boolean isBrainpool) {
        byte[] p = isBrainpool ? BRAINPOOL_P : P256_P;
        byte[] a = isBrainpool ? BRAINPOOL_A : P256_A;
        byte[] b = isBrainpool ? BRAINPOOL_B : P256_B;
        byte[] g = isBrainpool ? BRAINPOOL_G : P256_G;
        byte[] r = isBrainpool ? BRAINPOOL_R : P256_R;
        key.setFieldFP(p, (short) 0, (short) p.length);
        key.setA(a, (short) 0, (short) a.length);
        key.setB(b, (short) 0, (short) b.length);
        key.setG(g, (short) 0, (short) g.length);
        key.setR(r, (short) 0, (short) r.length);
        key.setK((short) 1);
    }
}
