package org.gridcard.bench;

import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/** What the benchmark runs: an echo, and a loop of known length. */
public final class BenchApplet extends Applet {
    private static final byte INS_ECHO = (byte) 0x01;
    private static final byte INS_LOOP = (byte) 0x02;
    private static final short ARRAY_LENGTH = 64;

    private final byte[] array;

    public static void install(byte[] parameters, short offset, byte length) {
        new BenchApplet().register();
    }

    private BenchApplet() {
        array = JCSystem.makeTransientByteArray(ARRAY_LENGTH, JCSystem.CLEAR_ON_DESELECT);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        switch (buffer[ISO7816.OFFSET_INS]) {
            case INS_ECHO:
                short length = apdu.setIncomingAndReceive();
                Util.arrayCopyNonAtomic(buffer, ISO7816.OFFSET_CDATA, buffer, (short) 0, length);
                apdu.setOutgoingAndSend((short) 0, length);
                break;
            case INS_LOOP:
                Util.arrayFillNonAtomic(array, (short) 0, ARRAY_LENGTH, (byte) 1);
                short sum = loop(array, Util.getShort(buffer, ISO7816.OFFSET_P1));
                Util.setShort(buffer, (short) 0, sum);
                apdu.setOutgoingAndSend((short) 0, (short) 2);
                break;
            default:
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
    }

    /** One turn is 26 instructions: short arithmetic, a byte array read and written, two branches. */
    private static short loop(byte[] array, short turns) {
        short sum = 0;
        short i = 0;
        while (i < turns) {
            short at = (short) (i & 63);
            short value = array[at];
            sum = (short) ((short) (sum + (short) (value * 3)) ^ i);
            array[at] = (byte) sum;
            i++;
        }
        return sum;
    }
}
