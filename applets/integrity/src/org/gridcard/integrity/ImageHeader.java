package org.gridcard.integrity;

/** Layout of an image's header, which the manufacturer signs. */
final class ImageHeader {
    private ImageHeader() {
    }

    /** What it is for: type of device 4, lowest and highest hardware 2 each. */
    static final short TYPE = 0;
    static final short HARDWARE_MIN = 4;
    static final short HARDWARE_MAX = 6;
    static final short TARGET = 8;
    static final short VERSION = 9;
    static final short ROLLBACK = 13;
    static final short SIZE = 17;
    static final short HASH = 21;
    static final short LENGTH = 53;

    static final short NUMBER = 4;
}
