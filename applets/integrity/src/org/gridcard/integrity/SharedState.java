package org.gridcard.integrity;

import javacard.framework.AID;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;

/** What other applets may ask. Who asks is looked at in each call: a reference can be handed on. */
final class SharedState implements SoftwareState {
    private final Device device;
    private final Measurements measurements;
    private final Personalisation personalisation;

    SharedState(Device device, Measurements measurements, Personalisation personalisation) {
        this.device = device;
        this.measurements = measurements;
        this.personalisation = personalisation;
    }

    public byte state() {
        requireSharer();
        return measurements.flags();
    }

    public short digest(short mask, byte[] buffer, short offset) {
        requireSharer();
        return device.registers.digest(Registers.requireMask(mask), buffer, offset);
    }

    private void requireSharer() {
        AID client = JCSystem.getPreviousContextAID();
        if (device.lifeCycle != Words.OPERATIONAL || !personalisation.mayShare(client)) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
    }
}
