package org.gridcard.integrity;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/**
 * The command data in one piece, gone when the applet is deselected, and room to work, which is needed too while others
 * call: the security domain with STORE DATA, applets that ask for the state.
 */
final class Exchange {
    static final short MOST = 544;
    static final short SCRATCH = 160;

    final byte[] work;
    final byte[] scratch;

    Exchange() {
        work = JCSystem.makeTransientByteArray(MOST, JCSystem.CLEAR_ON_DESELECT);
        scratch = JCSystem.makeTransientByteArray(SCRATCH, JCSystem.CLEAR_ON_RESET);
    }

    /** Brings the whole command data into the work buffer. @return its length */
    short receive(APDU apdu, short at, short least, short most) {
        byte[] buffer = apdu.getBuffer();
        short count = apdu.setIncomingAndReceive();
        short length = apdu.getIncomingLength();
        if (length < least || length > most || length > (short) (MOST - at)) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        short dataOffset = apdu.getOffsetCdata();
        while (count > 0) {
            at = Util.arrayCopyNonAtomic(buffer, dataOffset, work, at, count);
            count = apdu.receiveBytes(dataOffset);
        }
        return length;
    }

    static short p1(APDU apdu) {
        return (short) (apdu.getBuffer()[ISO7816.OFFSET_P1] & 0xFF);
    }

    static short p2(APDU apdu) {
        return (short) (apdu.getBuffer()[ISO7816.OFFSET_P2] & 0xFF);
    }

    void send(APDU apdu, short offset, short length) {
        apdu.setOutgoing();
        apdu.setOutgoingLength(length);
        apdu.sendBytesLong(work, offset, length);
    }
}
