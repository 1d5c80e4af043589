package difftest;

/** Loops, switches, exceptions, finally. */
final class Control {
    static short run(short number, short a, short b) {
        switch (number) {
            case 40: return dense(a);
            case 41: return sparse(a);
            case 42: return (short) (dense((short) (a & 7)) * 100 + sparse((short) (b << 8)));
            case 43: return loops(a, b);
            case 44: return finallies(a, b);
            case 45: return nested(a, b);
            case 46: return rethrown(a, b);
            case 47: return labelled(a, b);
            case 48: return whiles(a, b);
            case 49: return conditions(a, b);
            case 50: return returning(a, b);
            case 51: return farBranches(a, b);
            default: return recursive((short) (a & 15), b);
        }
    }

    static short dense(short s) {
        switch (s) {
            case -1: return 9;
            case 0: return 10;
            case 1:
            case 2: return 12;
            case 3: s += 5;
            case 4: return (short) (s * 2);
            case 6: return 16;
            default: return -1;
        }
    }

    static short sparse(short s) {
        switch (s) {
            case -32768: return 1;
            case -256: return 2;
            case 0: return 3;
            case 255: return 4;
            case 256: return 5;
            case 0x4100: return 6;
            case 32767: return 7;
            default: return 0;
        }
    }

    static short loops(short a, short b) {
        short sum = 0;
        for (short i = 0; i < (short) (a & 31); i++) {
            if ((i & 3) == 1) continue;
            sum += i * b;
            if (sum > 20000) break;
        }
        for (byte j = 10; j >= 0; j -= 3) sum ^= j << 4;
        return sum;
    }

    static short finallies(short a, short b) {
        short trace = 1;
        try {
            trace = (short) (trace * 3 + a / b);
            if (a > b) return (short) (trace + 7);
        } catch (ArithmeticException e) {
            trace = (short) (trace * 5);
            if (a == 1) return trace;
        } finally {
            trace = (short) (trace * 7 + 1);
            Statics.counter += trace;
        }
        return (short) (trace + Statics.counter);
    }

    static short nested(short a, short b) {
        short trace = 0;
        try {
            trace += 1;
            try {
                trace += 2;
                if (b == 0) throw new Failure(a);
                trace += a / (short) (b - 1);
            } catch (Failure e) {
                trace += e.reason;
                if (a == 5) throw new Failure((short) 77);
            } finally {
                trace += 16;
                try {
                    trace += 1000 / (short) (a - 3);
                } catch (ArithmeticException e) {
                    trace += 32;
                }
            }
            trace += 64;
        } catch (Failure e) {
            trace += (short) (e.reason + 128);
        } catch (ArithmeticException e) {
            trace += 256;
        }
        return trace;
    }

    static short rethrown(short a, short b) {
        try {
            return inner(a, b);
        } catch (RuntimeException e) {
            if (e instanceof Failure) return ((Failure) e).reason;
            throw e;
        }
    }

    private static short inner(short a, short b) {
        try {
            if (a < b) throw new SpecialFailure(a);
            if (a == b) throw new Failure(b);
            return (short) (a / b);
        } catch (SpecialFailure e) {
            return (short) (e.reason + 1);
        } finally {
            Statics.counter++;
        }
    }

    static short labelled(short a, short b) {
        short count = 0;
        outer:
        for (short i = 0; i < 6; i++) {
            for (short j = 0; j < 6; j++) {
                if ((short) (i * j) == (a & 15)) continue outer;
                if ((short) (i + j) == (b & 15)) break outer;
                count += 10 * i + j;
            }
        }
        return count;
    }

    static short whiles(short a, short b) {
        short n = (short) (a & 0x3FF);
        short steps = 0;
        while (n > 1) {
            n = (n & 1) == 0 ? (short) (n >> 1) : (short) ((short) (n * 3) + 1 & 0x7FFF);
            if (++steps > 60) break;
        }
        do { steps += 2; } while (steps < (b & 63));
        return steps;
    }

    static short conditions(short a, short b) {
        boolean p = a > 10 && b > 10 || a < -10;
        boolean q = !(p ^ b == 0);
        boolean r = p & q | (a & 1) == 0;
        p |= r;
        q &= !p;
        return (short) ((p ? 1 : 0) + (q ? 2 : 0) + (r ? 4 : 0));
    }

    @SuppressWarnings("finally")
    static short returning(short a, short b) {
        for (short i = 0; ; i++) {
            try {
                if (i == 3) return (short) (i / b);
                if (i == 1) continue;
                if (i > 5) break;
            } finally {
                if (i == 4 || a == i) break;
            }
        }
        return a;
    }

    /** Long enough that branches over it need 16 bits. */
    static short farBranches(short a, short b) {
        short s = 0;
        for (short i = 0; i < 3; i++) {
            if (a > b) {
                s += a * 3; s ^= b; s += a * 5; s ^= b; s += a * 7; s ^= b; s += a * 9; s ^= b; s += a * 11; s ^= b;
                s += b * 3; s ^= a; s += b * 5; s ^= a; s += b * 7; s ^= a; s += b * 9; s ^= a; s += b * 11; s ^= a;
                s += a * 3; s ^= b; s += a * 5; s ^= b; s += a * 7; s ^= b; s += a * 9; s ^= b; s += a * 11; s ^= b;
            } else {
                s -= a * 3; s ^= b; s -= a * 5; s ^= b; s -= a * 7; s ^= b; s -= a * 9; s ^= b; s -= a * 11; s ^= b;
            }
            if (s == 0) return i;
        }
        return s;
    }

    static short recursive(short depth, short seed) {
        return depth <= 0 ? seed : (short) (recursive((short) (depth - 1), (short) (seed * 31 + depth)) ^ depth);
    }

    static class Failure extends RuntimeException {
        final short reason;
        Failure(short reason) { this.reason = reason; }
    }

    static final class SpecialFailure extends Failure {
        SpecialFailure(short reason) { super(reason); }
    }
}
