import difftest.Cases;

/** Prints outcome and result of every case with every pair of operands, one a line: number a b outcome result. */
public final class Main {
    public static void main(String[] arguments) {
        short[] operands = new short[arguments.length - 1];
        for (int i = 0; i < operands.length; i++) operands[i] = Short.parseShort(arguments[i + 1]);
        StringBuilder out = new StringBuilder();
        for (short number = 0; number < Short.parseShort(arguments[0]); number++) {
            for (short a : operands) {
                for (short b : operands) {
                    short result = Cases.run(number, a, b);
                    out.append(number).append(' ').append(a).append(' ').append(b).append(' ');
                    out.append(Cases.outcome).append(' ').append(result).append('\n');
                }
            }
        }
        System.out.print(out);
    }
}
