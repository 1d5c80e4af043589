package difftest;

/**
 * Small programs whose results must not depend on the machine: the same source runs on a JVM and, converted, on a card.
 * `run` picks one by number; exceptions come back as negative outcomes.
 */
public final class Cases {
    public static final byte RESULT = 0;
    public static final byte ARITHMETIC = 1;
    public static final byte INDEX = 2;
    public static final byte NULL = 3;
    public static final byte NEGATIVE_SIZE = 4;
    public static final byte CAST = 5;
    public static final byte OTHER = 6;

    /** What the last call of `run` gave: RESULT or the kind of exception. */
    public static byte outcome;

    private Cases() { }

    public static short run(short number, short a, short b) {
        outcome = RESULT;
        try {
            if (number < 40) return Arithmetic.run(number, a, b);
            if (number < 60) return Control.run(number, a, b);
            if (number < 80) return Arrays.run(number, a, b);
            if (number < 100) return Objects.run(number, a, b);
            return Statics.run(number, a, b);
        } catch (ArithmeticException e) {
            outcome = ARITHMETIC;
        } catch (ArrayIndexOutOfBoundsException e) {
            outcome = INDEX;
        } catch (NullPointerException e) {
            outcome = NULL;
        } catch (NegativeArraySizeException e) {
            outcome = NEGATIVE_SIZE;
        } catch (ClassCastException e) {
            outcome = CAST;
        } catch (Throwable e) {
            outcome = OTHER;
        }
        return 0;
    }
}
