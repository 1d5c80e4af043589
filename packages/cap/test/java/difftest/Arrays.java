package difftest;

/** Arrays of every element type, and the exceptions that using them wrongly raises. */
final class Arrays {
    static short run(short number, short a, short b) {
        byte[] bytes = {1, -2, 3, -4, 5, -6, 7, (byte) 200};
        short[] shorts = {1000, -2000, 30000, -32768};
        boolean[] flags = new boolean[4];
        switch (number) {
            case 60: return bytes[a];
            case 61: bytes[a] = (byte) b; return sum(bytes);
            case 62: return shorts[(short) (a & 3)];
            case 63: shorts[(short) (a & 3)] = b; return sum(shorts);
            case 64: flags[(short) (a & 3)] = b > 0; flags[0] ^= true; return (short) ((flags[0] ? 1 : 0) + (flags[1] ? 2 : 0) + (flags[3] ? 8 : 0));
            case 65: return (short) new byte[a > 100 ? 100 : a].length;
            case 66: bytes[(short) (a & 7)] += b; return sum(bytes);
            case 67: bytes[(short) (a & 7)]++; --bytes[(short) (b & 7)]; return sum(bytes);
            case 68: shorts[(short) (a & 3)] *= b; shorts[(short) (b & 3)] >>= 3; return sum(shorts);
            case 69: { short i = (short) (a & 3); short r = bytes[i++]; r += bytes[i++] * 10; r += bytes[++i] * 100; return (short) (r + i); }
            case 70: { bytes = null; return bytes[a]; }
            case 71: { byte[] none = null; return (short) none.length; }
            case 72: return forEach(bytes, shorts, b);
            case 73: { Object o = bytes; return (short) (((byte[]) o)[(short) (a & 7)] + (o instanceof byte[] ? 100 : 0) + (o instanceof short[] ? 200 : 0)); }
            case 74: { Object o = shorts; return a > 0 ? ((short[]) o)[0] : ((byte[]) o)[0]; }
            case 75: { Object[] list = {bytes, shorts, null, new Control.Failure(b)}; return list[(short) (a & 3)] == null ? 1 : list[(short) (a & 3)] instanceof Control.Failure ? ((Control.Failure) list[3]).reason : 3; }
            case 76: { Control.Failure[] list = new Control.Failure[2]; list[1] = new Control.SpecialFailure(a); return (short) (list[1].reason + (list[0] == null ? 1 : 0)); }
            case 77: return swap(bytes, (short) (a & 7), (short) (b & 7));
            case 78: { short i = 0; bytes[i] = bytes[i += 1] = bytes[i += 1] = (byte) a; return sum(bytes); }
            default: return bytes[(short) (a + 1)];
        }
    }

    private static short sum(byte[] bytes) {
        short sum = 0;
        for (short i = 0; i < bytes.length; i++) sum = (short) (sum * 3 + bytes[i]);
        return sum;
    }

    private static short sum(short[] shorts) {
        short sum = 0;
        for (short i = (short) (shorts.length - 1); i >= 0; i--) sum = (short) (sum * 3 + shorts[i]);
        return sum;
    }

    /** The compiler counts this loop in an int of its own. */
    private static short forEach(byte[] bytes, short[] shorts, short b) {
        short sum = b;
        for (byte one : bytes) sum += one;
        for (short one : shorts) sum ^= one;
        return sum;
    }

    private static short swap(byte[] bytes, short i, short j) {
        byte kept = bytes[i];
        bytes[i] = bytes[j];
        bytes[j] = kept;
        return sum(bytes);
    }
}
