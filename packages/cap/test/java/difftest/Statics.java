package difftest;

/** Static fields with every kind of initial value. */
final class Statics {
    static final short CONSTANT = 1234;
    static final byte[] TABLE = {0, 1, 4, 9, 16, 25, 36, (byte) 0xFF};
    static final short[] WORDS = {1, -1, (short) 0x8000, 0x7FFF};
    static final boolean[] FLAGS = {true, false, true};
    static final byte[] EMPTY = {};
    static byte[] blank = new byte[5];
    static short counter;
    static short seeded = -300;
    static byte small = -7;
    static boolean on = true;
    static boolean off;
    static Objects.Box nothing = null;

    static short run(short number, short a, short b) {
        counter = 0;
        switch (number) {
            case 100: return (short) (TABLE[(short) (a & 7)] + WORDS[(short) (b & 3)] + CONSTANT);
            case 101: return (short) ((FLAGS[0] ? 1 : 0) + (FLAGS[1] ? 2 : 0) + (FLAGS[2] ? 4 : 0) + EMPTY.length * 8 + blank.length * 16);
            case 102: { short kept = seeded; seeded += a; short r = (short) (seeded * 2 + kept); seeded = kept; return r; }
            case 103: return (short) (small * 10 + (on ? 1 : 0) + (off ? 2 : 0) + (nothing == null ? 4 : 0));
            case 104: { byte kept = small; small = (byte) a; small -= b; short r = small; small = kept; return r; }
            case 105: { nothing = new Objects.Box(a, b); short r = nothing.width; nothing = null; return r; }
            case 106: { on = !on; off = on; short r = (short) (on ? 1 : 2); on = true; off = false; return r; }
            default: { blank[2] = (byte) a; short r = blank[2]; blank[2] = 0; return (short) (r + counter++ + ++counter); }
        }
    }
}
