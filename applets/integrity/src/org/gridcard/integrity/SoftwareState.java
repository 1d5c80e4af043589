package org.gridcard.integrity;

import javacard.framework.Shareable;

/**
 * What another applet may know of the device's software, so that it can refuse its keys to software that is not right.
 * Given with parameter 1, to the applets that personalisation named.
 */
public interface SoftwareState extends Shareable {
    /** Bits of the flags that a quote has. */
    byte state();

    /**
     * SHA-256 over mask and registers, as a quote has it.
     *
     * @param mask register n is bit n; 8 is the event register
     * @param buffer a global array, the APDU buffer
     * @return where it ends
     */
    short digest(short mask, byte[] buffer, short offset);
}
