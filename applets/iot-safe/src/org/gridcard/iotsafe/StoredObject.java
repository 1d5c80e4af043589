package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;

/** What the applet store holds: it has an id, maybe a label, and says what the device may do with it. */
abstract class StoredObject {
    private static final short MOST_ID = 20;
    private static final short MOST_LABEL = 60;

    private final byte[] id;
    /** Null if it has none. */
    private final byte[] label;
    private final byte access;

    /** From the parsed structure of its creation. @param mostAccess the bits of the access conditions that it may have */
    StoredObject(byte[] buffer, Tlvs tlvs, byte idTag, byte labelTag, byte mostAccess) {
        id = copy(buffer, tlvs, idTag, MOST_ID);
        label = tlvs.has(labelTag) ? copy(buffer, tlvs, labelTag, MOST_LABEL) : null;
        access = tlvs.value(buffer, Words.TAG_ACCESS);
        if ((byte) (access & ~mostAccess) != 0) {
            Tlvs.refuse();
        }
    }

    private static byte[] copy(byte[] buffer, Tlvs tlvs, byte tag, short most) {
        short length = tlvs.length(tag);
        if (length < 1 || length > most) {
            Tlvs.refuse();
        }
        byte[] made = new byte[length];
        Util.arrayCopy(buffer, tlvs.offset(tag), made, (short) 0, length);
        return made;
    }

    boolean isNamed(boolean byLabel, byte[] buffer, short offset, short length) {
        byte[] name = byLabel ? label : id;
        return name != null && (short) name.length == length
                && Util.arrayCompare(name, (short) 0, buffer, offset, length) == 0;
    }

    /** What the device may not do, it may not do. */
    void requireAccess(byte wanted) {
        if ((access & wanted) == 0) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
    }

    abstract boolean isActive();

    void requireActive() {
        if (!isActive()) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
    }

    /** Writes the information structure. @return where it ends */
    abstract short describe(byte[] to, short at);

    /** Its beginning, which all have in common; the length follows with {@link #close}. */
    short open(byte[] to, short at, byte tag, byte labelTag, byte idTag) {
        to[at] = tag;
        at += 2;
        if (label != null) {
            at = emit(to, at, labelTag, label);
        }
        at = emit(to, at, idTag, id);
        at = emit(to, at, Words.TAG_ACCESS, access);
        return emit(to, at, Words.TAG_STATE, isActive() ? (byte) 1 : (byte) 0);
    }

    static short close(byte[] to, short start, short at) {
        to[(short) (start + 1)] = (byte) (at - start - 2);
        return at;
    }

    static short emit(byte[] to, short at, byte tag, byte value) {
        to[at++] = tag;
        to[at++] = 1;
        to[at++] = value;
        return at;
    }

    static short emit(byte[] to, short at, byte tag, byte[] value) {
        to[at++] = tag;
        to[at++] = (byte) value.length;
        return Util.arrayCopyNonAtomic(value, (short) 0, to, at, (short) value.length);
    }

    short emitId(byte[] to, short at, byte tag) {
        return emit(to, at, tag, id);
    }
}
