package org.gridcard.iotsafe;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/**
 * The data of a command in one piece, the answer, and room to work. CLEAR_ON_RESET, because STORE DATA comes while the
 * security domain is selected, not we; what is secret in it is wiped by whoever put it there.
 */
final class Exchange {
    /** Longest data of a short command, and the longest answer. */
    static final short MOST = 256;
    /**
     * Longest answer of READ FILE and of a part of the object list: one client copies answers with an 8-bit length.
     */
    static final short MOST_PART = 255;
    static final short SCRATCH = 224;

    final byte[] work;
    final byte[] out;
    final byte[] scratch;

    Exchange() {
        work = JCSystem.makeTransientByteArray(MOST, JCSystem.CLEAR_ON_RESET);
        out = JCSystem.makeTransientByteArray(MOST, JCSystem.CLEAR_ON_RESET);
        scratch = JCSystem.makeTransientByteArray(SCRATCH, JCSystem.CLEAR_ON_RESET);
    }

    /** Brings the command data into {@link #work}. @return its length */
    short receive(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        short count = apdu.setIncomingAndReceive();
        short at = 0;
        while (count > 0) {
            if (count > (short) (MOST - at)) {
                ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
            }
            at = Util.arrayCopyNonAtomic(buffer, ISO7816.OFFSET_CDATA, work, at, count);
            count = apdu.receiveBytes(ISO7816.OFFSET_CDATA);
        }
        return at;
    }

    static short p1(APDU apdu) {
        return (short) (apdu.getBuffer()[ISO7816.OFFSET_P1] & 0xFF);
    }

    static short p2(APDU apdu) {
        return (short) (apdu.getBuffer()[ISO7816.OFFSET_P2] & 0xFF);
    }

    static void requireP1P2(APDU apdu, short p1, short p2) {
        if (p1(apdu) != p1 || p2(apdu) != p2) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    /** An answer whose length the command fixes: whoever asks for less hears how long it is. */
    void send(APDU apdu, byte[] from, short length) {
        if (apdu.setOutgoing() < length) {
            ISOException.throwIt((short) (ISO7816.SW_CORRECT_LENGTH_00 + (length & 0xFF)));
        }
        apdu.setOutgoingLength(length);
        apdu.sendBytesLong(from, (short) 0, length);
    }

    void wipe() {
        Util.arrayFillNonAtomic(work, (short) 0, MOST, (byte) 0);
        Util.arrayFillNonAtomic(out, (short) 0, MOST, (byte) 0);
        Util.arrayFillNonAtomic(scratch, (short) 0, SCRATCH, (byte) 0);
    }
}
