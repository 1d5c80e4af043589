package org.gridcard.integrity;

import javacard.framework.AID;
import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Shareable;
import javacardx.apdu.ExtendedLength;
import org.globalplatform.Application;
import org.globalplatform.GPSystem;
import org.globalplatform.SecureChannel;

/**
 * The honesty of a metering device: what software was started, whether it may be, whether it still is what it was, and proof
 * of that for somebody far away. The APDUs stand in this folder's README.
 *
 * Rules that hold everywhere: registers only grow and only a reset clears them; floors and counters are stored before
 * anything is answered and never go down; who makes software and who decides that it runs are two parties with a key each;
 * what changes together changes in one transaction.
 */
public final class Integrity extends Applet implements ExtendedLength, Application {
    /** Class 80, on the first four logical channels, without secure messaging. */
    private static final byte CLA_GRIDCARD = (byte) 0x80;
    private static final byte CLA_CHANNEL = (byte) 0x03;

    private static final byte INS_GET_STATUS = (byte) 0x02;
    private static final byte INS_READ_REGISTER = (byte) 0x04;
    private static final byte INS_READ_PUBLIC_KEY = (byte) 0x06;
    private static final byte INS_READ_RELEASE = (byte) 0x08;
    private static final byte INS_VERIFY_IMAGE = (byte) 0x30;
    private static final byte INS_IMAGE_DATA = (byte) 0x32;
    private static final byte INS_IMAGE_FINAL = (byte) 0x34;
    private static final byte INS_ACTIVATE_IMAGE = (byte) 0x36;
    private static final byte INS_START_IMAGE = (byte) 0x38;
    private static final byte INS_CONFIRM_IMAGE = (byte) 0x3A;
    private static final byte INS_MEASURE = (byte) 0x40;
    private static final byte INS_CHECK = (byte) 0x42;
    private static final byte INS_QUOTE = (byte) 0x44;
    private static final byte INS_SEAL = (byte) 0x46;
    private static final byte INS_UNSEAL = (byte) 0x48;
    private static final byte INS_ORDER = (byte) 0x50;
    private static final byte INS_PUT_DATA = (byte) 0xDA;

    /** Installation data: personalisation is taken in clear. */
    private static final byte FLAG_CLEAR = 1;
    /** Parameters of getShareableInterfaceObject. */
    private static final byte SHARE_APPLICATION = 0;
    private static final byte SHARE_STATE = 1;

    private final Device device;
    private final Images images;
    private final Updates updates;
    private final Measurements measurements;
    private final Personalisation personalisation;
    private final SharedState shared;
    private final boolean takesClear;

    /** Installation data: flags (1: PUT DATA in clear), or none. */
    public static void install(byte[] parameters, short offset, byte length) {
        short aidLength = (short) (parameters[offset] & 0xFF);
        short at = (short) (offset + 1 + aidLength);
        at = (short) (at + 1 + (parameters[at] & 0xFF));
        short count = (short) (parameters[at] & 0xFF);
        byte flags = count == 0 ? 0 : parameters[(short) (at + 1)];
        if (count > 1 || (flags & (byte) ~FLAG_CLEAR) != 0) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        Integrity applet = new Integrity((flags & FLAG_CLEAR) != 0);
        if (aidLength == 0) {
            applet.register();
        } else {
            applet.register(parameters, (short) (offset + 1), (byte) aidLength);
        }
    }

    private Integrity(boolean takesClear) {
        this.takesClear = takesClear;
        device = new Device();
        Releases releases = new Releases();
        images = new Images(device, releases);
        updates = new Updates(device, images, releases);
        measurements = new Measurements(device, releases);
        personalisation = new Personalisation(device, releases);
        shared = new SharedState(device, measurements, personalisation);
    }

    public Shareable getShareableInterfaceObject(AID client, byte parameter) {
        if (parameter == SHARE_APPLICATION && device.lifeCycle == Words.PERSONALISING) {
            return this;
        }
        return parameter == SHARE_STATE && personalisation.mayShare(client) ? shared : null;
    }

    /** STORE DATA that the security domain hands on, header first: only after it has authenticated whoever sent it. */
    public void processData(byte[] buffer, short offset, short length) {
        SecureChannel channel = GPSystem.getSecureChannel();
        if ((channel.getSecurityLevel() & SecureChannel.AUTHENTICATED) == 0) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
        if (length < 5) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        personalisation.putAll(buffer, (short) (offset + 5), (short) (length - 5));
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        boolean isSecured = Channel.isSecured(buffer) && device.lifeCycle == Words.PERSONALISING;
        if ((byte) (buffer[ISO7816.OFFSET_CLA] & (byte) ~CLA_CHANNEL) != CLA_GRIDCARD && !isSecured) {
            ISOException.throwIt(ISO7816.SW_CLA_NOT_SUPPORTED);
        }
        device.registers.countBoot();
        // A channel is for personalisation: afterwards the code of its first command means something else.
        if (device.lifeCycle == Words.PERSONALISING && Channel.open(apdu)) {
            return;
        }
        if (isSecured && buffer[ISO7816.OFFSET_INS] != INS_PUT_DATA) {
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
        switch (buffer[ISO7816.OFFSET_INS]) {
            case INS_GET_STATUS:
                measurements.getStatus(apdu);
                break;
            case INS_READ_REGISTER:
                measurements.readRegister(apdu);
                break;
            case INS_READ_PUBLIC_KEY:
                personalisation.readPublicKey(apdu);
                break;
            case INS_READ_RELEASE:
                personalisation.readRelease(apdu);
                break;
            case INS_VERIFY_IMAGE:
                device.requireOperational();
                images.verifyImage(apdu);
                break;
            case INS_IMAGE_DATA:
                images.imageData(apdu);
                break;
            case INS_IMAGE_FINAL:
                images.imageFinal(apdu);
                break;
            case INS_ACTIVATE_IMAGE:
                updates.activateImage(apdu);
                break;
            case INS_START_IMAGE:
                updates.startImage(apdu);
                break;
            case INS_CONFIRM_IMAGE:
                updates.confirmImage(apdu);
                break;
            case INS_MEASURE:
                measurements.measure(apdu);
                break;
            case INS_CHECK:
                measurements.check(apdu);
                break;
            case INS_QUOTE:
                measurements.quote(apdu);
                break;
            case INS_SEAL:
                measurements.seal(apdu);
                break;
            case INS_UNSEAL:
                measurements.unseal(apdu);
                break;
            case INS_ORDER:
                updates.order(apdu);
                break;
            case INS_PUT_DATA:
                if (!isSecured && !takesClear) {
                    ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
                }
                personalisation.putData(apdu, isSecured);
                break;
            default:
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
    }
}
