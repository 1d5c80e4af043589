package difftest;

/** Shorts and bytes, with casts where Java Card asks for them and without where it does not. */
final class Arithmetic {
    static short run(short number, short a, short b) {
        byte x = (byte) a;
        byte y = (byte) b;
        switch (number) {
            case 0: return (short) (a + b);
            case 1: return (short) (a - b);
            case 2: return (short) (a * b);
            case 3: return (short) (a / b);
            case 4: return (short) (a % b);
            case 5: return (short) -a;
            case 6: return (short) ~a;
            case 7: return (short) (a & b);
            case 8: return (short) (a | b);
            case 9: return (short) (a ^ b);
            case 10: return (short) (a << b);
            case 11: return (short) (a >> b);
            case 12: return (short) (a >>> b);
            case 13: return (short) (a << 3 | b >> 2);
            case 14: return (short) (a + b + a * b - (b << 4));
            case 15: return (short) ((short) (a + b) / 7);
            case 16: return (short) ((a & 0xFF) + (b & 0xFF));
            case 17: return (short) ((a & 0xFF) / ((b & 0x0F) + 1));
            case 18: return (byte) (a + b);
            case 19: return (byte) (x * y);
            case 20: return (short) (x << 8 | y & 0xFF);
            case 21: return (short) (x >>> 4);
            case 22: return (short) ((x & 0xFF) >>> 4);
            case 23: return (short) (x + y > 100 ? 1 : 0);
            case 24: return (short) ((a & 0x8000) != 0 ? 1 : 0);
            case 25: return (short) (a & 0xFFFF);
            case 26: { short s = a; s += b; s -= 3; s *= 5; s ^= b; s <<= 2; s >>= 1; return s; }
            case 27: { byte s = x; s += y; s -= 3; s *= 5; s ^= y; s <<= 2; s >>= 1; return s; }
            case 28: { short s = a; s++; ++s; short t = s++; s--; --s; return (short) (s * 3 + t); }
            case 29: { byte s = x; s++; ++s; byte t = s--; return (short) (s * 3 + t); }
            case 30: { short s = a; s += 1000; s -= 129; s += 127; s -= 128; return s; }
            case 31: return (short) (a == b ? 1 : a < b ? 2 : a > b ? 3 : 4);
            case 32: return (short) ((a <= b ? 1 : 0) + (a >= b ? 2 : 0) + (a != b ? 4 : 0));
            case 33: return (short) ((a > 0 ? 1 : 0) + (a < 0 ? 2 : 0) + (a == 0 ? 4 : 0) + (a >= 0 ? 8 : 0) + (a <= 0 ? 16 : 0));
            case 34: return (short) (a >>> 17);
            case 35: return (short) ((short) (b << 12) >>> 20);
            case 36: return (short) ((short) (a >>> 1) + (a >> 15));
            case 37: return (short) (x / (y == 0 ? 1 : y));
            case 38: return (short) (-x + (-y << 1) + ~x);
            default: return (short) ((a ^ 0x5A5A) + (b | -256) - (a & 0x7FFF));
        }
    }
}
