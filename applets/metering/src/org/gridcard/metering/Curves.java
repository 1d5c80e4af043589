package org.gridcard.metering;

import javacard.framework.Util;
import javacard.security.ECKey;

/** Domain parameters of the curves of the DLMS security suites 1 and 2. @source FIPS 186-4 D.1.2.3, D.1.2.4 */
final class Curves {
    private Curves() {
    }

    private static final byte[] P256_P = {
            -1, -1, -1, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            -1
    };
    private static final byte[] P256_B = {
            90, -58, 53, -40, -86, 58, -109, -25, -77, -21, -67, 85, 118, -104, -122, -68, 101, 29, 6, -80, -52, 83,
            -80, -10, 59, -50, 60, 62, 39, -46, 96, 75
    };
    private static final byte[] P256_G = {
            4, 107, 23, -47, -14, -31, 44, 66, 71, -8, -68, -26, -27, 99, -92, 64, -14, 119, 3, 125, -127, 45, -21, 51,
            -96, -12, -95, 57, 69, -40, -104, -62, -106, 79, -29, 66, -30, -2, 26, 127, -101, -114, -25, -21, 74, 124,
            15, -98, 22, 43, -50, 51, 87, 107, 49, 94, -50, -53, -74, 64, 104, 55, -65, 81, -11
    };
    private static final byte[] P256_R = {
            -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -68, -26, -6, -83, -89, 23, -98, -124, -13,
            -71, -54, -62, -4, 99, 37, 81
    };
    private static final byte[] P384_P = {
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            -1, -1, -1, -1, -2, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1
    };
    private static final byte[] P384_B = {
            -77, 49, 47, -89, -30, 62, -25, -28, -104, -114, 5, 107, -29, -8, 45, 25, 24, 29, -100, 110, -2, -127, 65,
            18, 3, 20, 8, -113, 80, 19, -121, 90, -58, 86, 57, -115, -118, 46, -47, -99, 42, -123, -56, -19, -45, -20,
            42, -17
    };
    private static final byte[] P384_G = {
            4, -86, -121, -54, 34, -66, -117, 5, 55, -114, -79, -57, 30, -13, 32, -83, 116, 110, 29, 59, 98, -117, -89,
            -101, -104, 89, -9, 65, -32, -126, 84, 42, 56, 85, 2, -14, 93, -65, 85, 41, 108, 58, 84, 94, 56, 114, 118,
            10, -73, 54, 23, -34, 74, -106, 38, 44, 111, 93, -98, -104, -65, -110, -110, -36, 41, -8, -12, 29, -67, 40,
            -102, 20, 124, -23, -38, 49, 19, -75, -16, -72, -64, 10, 96, -79, -50, 29, 126, -127, -99, 122, 67, 29,
            124, -112, -22, 14, 95
    };
    private static final byte[] P384_R = {
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -57, 99,
            77, -127, -12, 55, 45, -33, 88, 26, 13, -78, 72, -80, -89, 122, -20, -20, 25, 106, -52, -59, 41, 115
    };

    /** @param scratch room for a number of the curve: a = p - 3 is worked out, not kept */
    static void setDomain(ECKey key, byte suite, byte[] scratch) {
        boolean is256 = suite == 1;
        byte[] p = is256 ? P256_P : P384_P;
        byte[] b = is256 ? P256_B : P384_B;
        byte[] g = is256 ? P256_G : P384_G;
        byte[] r = is256 ? P256_R : P384_R;
        short length = (short) p.length;
        key.setFieldFP(p, (short) 0, length);
        Util.arrayCopyNonAtomic(p, (short) 0, scratch, (short) 0, length);
        scratch[(short) (length - 1)] -= 3;
        key.setA(scratch, (short) 0, length);
        key.setB(b, (short) 0, length);
        key.setG(g, (short) 0, (short) g.length);
        key.setR(r, (short) 0, length);
        key.setK((short) 1);
    }
}
