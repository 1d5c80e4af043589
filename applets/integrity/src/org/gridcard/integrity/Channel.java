package org.gridcard.integrity;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;
import org.globalplatform.GPSystem;
import org.globalplatform.SecureChannel;

/** The secure channel of the security domain that this applet belongs to, with the applet itself selected. */
final class Channel {
    /** Nothing that comes is secret, but it is to be genuine. */
    private static final byte LEVEL = SecureChannel.AUTHENTICATED | SecureChannel.C_MAC;
    /** CLA with secure messaging of GlobalPlatform, on the first four logical channels. @source GPC 2.3.1 11.1.4 */
    private static final byte CLA_SECURED = (byte) 0x84;
    private static final byte CLA_CHANNEL = (byte) 0x03;
    private static final byte INS_INITIALIZE_UPDATE = (byte) 0x50;
    private static final byte INS_EXTERNAL_AUTHENTICATE = (byte) 0x82;

    private Channel() {
    }

    static boolean isSecured(byte[] buffer) {
        return (byte) (buffer[ISO7816.OFFSET_CLA] & (byte) ~CLA_CHANNEL) == CLA_SECURED;
    }

    /** INITIALIZE UPDATE or EXTERNAL AUTHENTICATE. @return false if the command is neither */
    static boolean open(APDU apdu) {
        byte ins = apdu.getBuffer()[ISO7816.OFFSET_INS];
        if (ins != INS_INITIALIZE_UPDATE && ins != INS_EXTERNAL_AUTHENTICATE) {
            return false;
        }
        apdu.setOutgoingAndSend(ISO7816.OFFSET_CDATA, GPSystem.getSecureChannel().processSecurity(apdu));
        return true;
    }

    /** Of a short command. @return length of the plain data, which stand where the others stood */
    static short unwrap(byte[] buffer, short length) {
        SecureChannel channel = GPSystem.getSecureChannel();
        if ((byte) (channel.getSecurityLevel() & LEVEL) != LEVEL) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
        length = channel.unwrap(buffer, (short) 0, (short) (ISO7816.OFFSET_CDATA + length));
        return (short) (length - ISO7816.OFFSET_CDATA);
    }

    /** The first bytes of the buffer, protected if the channel's level asks for it. @return their length */
    static short wrap(byte[] buffer, short length) {
        SecureChannel channel = GPSystem.getSecureChannel();
        if ((channel.getSecurityLevel() & SecureChannel.R_MAC) == 0) {
            return length;
        }
        Util.setShort(buffer, length, ISO7816.SW_NO_ERROR);
        return channel.wrap(buffer, (short) 0, (short) (length + 2));
    }
}
