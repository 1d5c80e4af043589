package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;

/** The objects of one kind; their ids and labels are unique among them. */
final class ObjectList {
    private final StoredObject[] objects;
    private byte count;
    private final byte idTag;
    private final byte labelTag;

    ObjectList(short most, byte idTag, byte labelTag) {
        objects = new StoredObject[most];
        this.idTag = idTag;
        this.labelTag = labelTag;
    }

    short most() {
        return (short) objects.length;
    }

    short count() {
        return count;
    }

    StoredObject at(short index) {
        return objects[index];
    }

    /** Before an object is made of the parsed structure: there is room, and nothing has its id or its label. */
    void requireNew(byte[] buffer, Tlvs tlvs) {
        if (count == (byte) objects.length) {
            ISOException.throwIt(ISO7816.SW_FILE_FULL);
        }
        if (named(buffer, tlvs, false) != null || (tlvs.has(labelTag) && named(buffer, tlvs, true) != null)) {
            Tlvs.refuse();
        }
    }

    /** From here on it counts: one write, after everything of it is there. */
    void add(StoredObject object) {
        objects[count] = object;
        count++;
    }

    /** The object that the parsed data names, by id or by label. */
    StoredObject find(byte[] buffer, Tlvs tlvs) {
        boolean byLabel = tlvs.has(labelTag);
        if (byLabel && tlvs.has(idTag)) {
            Tlvs.refuse();
        }
        StoredObject found = named(buffer, tlvs, byLabel);
        if (found == null) {
            ISOException.throwIt(ISO7816.SW_FILE_NOT_FOUND);
        }
        return found;
    }

    private StoredObject named(byte[] buffer, Tlvs tlvs, boolean byLabel) {
        byte tag = byLabel ? labelTag : idTag;
        short offset = tlvs.offset(tag);
        short length = tlvs.length(tag);
        for (short i = 0; i < count; i++) {
            if (objects[i].isNamed(byLabel, buffer, offset, length)) {
                return objects[i];
            }
        }
        return null;
    }

    boolean isNamed(Tlvs tlvs) {
        return tlvs.has(idTag) || tlvs.has(labelTag);
    }
}
