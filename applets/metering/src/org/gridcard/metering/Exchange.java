package org.gridcard.metering;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import org.globalplatform.GPSystem;
import org.globalplatform.SecureChannel;

/** The command data in one piece, and room to work. Everything here is gone when the applet is deselected. */
final class Exchange {
    static final short MOST = 1460;
    static final short SCRATCH = 160;

    /** What secrets ask for: the host has proved its keys, and each command is authenticated and encrypted. */
    private static final byte SECURED = SecureChannel.AUTHENTICATED | SecureChannel.C_MAC | SecureChannel.C_DECRYPTION;
    /** CLA with secure messaging of GlobalPlatform. @source GPC 2.3.1 §11.1.4 */
    private static final byte CLA_SECURED = (byte) 0x84;
    private static final byte INS_INITIALIZE_UPDATE = (byte) 0x50;
    private static final byte INS_EXTERNAL_AUTHENTICATE = (byte) 0x82;

    final byte[] work;
    final byte[] scratch;
    /** One more than the length of command data that was unwrapped in the APDU buffer; 0 while there are none. */
    private final short[] unwrapped;

    Exchange() {
        unwrapped = JCSystem.makeTransientShortArray((short) 1, JCSystem.CLEAR_ON_DESELECT);
        work = JCSystem.makeTransientByteArray(MOST, JCSystem.CLEAR_ON_DESELECT);
        scratch = JCSystem.makeTransientByteArray(SCRATCH, JCSystem.CLEAR_ON_DESELECT);
    }

    /** Before each command. */
    void begin() {
        unwrapped[0] = 0;
    }

    /** Brings the whole command data into the work buffer. @return its length */
    short receive(APDU apdu, short at, short least, short most) {
        byte[] buffer = apdu.getBuffer();
        short length = (short) (unwrapped[0] - 1);
        short count = length;
        if (length < 0) {
            count = apdu.setIncomingAndReceive();
            length = apdu.getIncomingLength();
        }
        if (length < least || length > most || length > (short) (MOST - at)) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        short dataOffset = unwrapped[0] > 0 ? ISO7816.OFFSET_CDATA : apdu.getOffsetCdata();
        while (count > 0) {
            at = Util.arrayCopyNonAtomic(buffer, dataOffset, work, at, count);
            count = unwrapped[0] > 0 ? (short) 0 : apdu.receiveBytes(dataOffset);
        }
        return length;
    }

    // ---- the secure channel of the security domain that this applet belongs to

    /** INITIALIZE UPDATE or EXTERNAL AUTHENTICATE. @return false if the command is neither */
    static boolean openChannel(APDU apdu) {
        byte ins = apdu.getBuffer()[ISO7816.OFFSET_INS];
        if (ins != INS_INITIALIZE_UPDATE && ins != INS_EXTERNAL_AUTHENTICATE) {
            return false;
        }
        short length = GPSystem.getSecureChannel().processSecurity(apdu);
        if (length > 0) {
            apdu.setOutgoingAndSend(ISO7816.OFFSET_CDATA, length);
        }
        return true;
    }

    /**
     * Takes the protection off a command with a secret; {@link #receive} then gives its plain data.
     *
     * @param takesClear commands without protection are taken, too
     */
    void unwrap(APDU apdu, boolean takesClear) {
        byte[] buffer = apdu.getBuffer();
        if (takesClear && buffer[ISO7816.OFFSET_CLA] != CLA_SECURED) {
            return;
        }
        SecureChannel channel = GPSystem.getSecureChannel();
        if ((byte) (channel.getSecurityLevel() & SECURED) != SECURED || buffer[ISO7816.OFFSET_CLA] != CLA_SECURED) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
        short length = apdu.setIncomingAndReceive();
        if (apdu.getOffsetCdata() != ISO7816.OFFSET_CDATA || length != apdu.getIncomingLength()) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        length = channel.unwrap(buffer, (short) 0, (short) (ISO7816.OFFSET_CDATA + length));
        unwrapped[0] = (short) (length - ISO7816.OFFSET_CDATA + 1);
    }

    /** Answers with the first bytes of the APDU buffer, protected if the command was and the channel's level asks for it. */
    void answer(APDU apdu, short length) {
        if (unwrapped[0] > 0) {
            SecureChannel channel = GPSystem.getSecureChannel();
            if ((channel.getSecurityLevel() & SecureChannel.R_MAC) != 0) {
                byte[] buffer = apdu.getBuffer();
                Util.setShort(buffer, length, ISO7816.SW_NO_ERROR);
                length = channel.wrap(buffer, (short) 0, (short) (length + 2));
            }
        }
        if (length > 0) {
            apdu.setOutgoingAndSend((short) 0, length);
        }
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

    void wipe() {
        Util.arrayFillNonAtomic(work, (short) 0, MOST, (byte) 0);
        Util.arrayFillNonAtomic(scratch, (short) 0, SCRATCH, (byte) 0);
    }
}
