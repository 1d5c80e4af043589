package org.gridcard.cryptoprobe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.KeyBuilder;
import javacard.security.PublicKey;
import javacardx.security.cert.CertificateParser;
import javacardx.security.cert.X509Certificate;

/** Certificates as an applet handles them: it chooses fields, extensions and the key object. */
final class Certificates
        implements CertificateParser.KeyHandler, X509Certificate.FieldHandler, X509Certificate.ExtensionHandler {
    private final CertificateParser parser;
    private X509Certificate issuer;
    private X509Certificate kept;
    private byte behaviour;
    private short fields;
    private short extensions;
    private short criticals;
    private short keySize;
    private byte keyType;

    Certificates() {
        parser = CertificateParser.getInstance(CertificateParser.TYPE_X509_DER);
    }

    /**
     * P1: 0 the issuer, all of it; 1 a certificate with handlers; 2 with handlers and the issuer's key; 3 only looked at; 4 the
     * same, with the issuer's key; 5 a field of the kept one, 6 an extension of it, 7 is it signed by the issuer.
     * P2: 0 keep all, 1 keep subject only, 2 throw in onField, 3 give a wrong key.
     */
    short answer(byte[] buffer, short data, short length, byte[] upload, short uploaded) {
        behaviour = buffer[ISO7816.OFFSET_P2];
        fields = 0;
        extensions = 0;
        criticals = 0;
        keySize = 0;
        keyType = 0;
        switch (buffer[ISO7816.OFFSET_P1]) {
            case 0:
                issuer = (X509Certificate) parser.buildCert(upload, (short) 0, uploaded, null);
                return 0;
            case 1:
                kept = (X509Certificate) parser.buildCert(upload, (short) 0, uploaded, this);
                return told(buffer);
            case 2:
                kept = (X509Certificate) parser.buildCert(upload, (short) 0, uploaded, this, issuer.getPublicKey());
                return told(buffer);
            case 3:
                parser.parseCert(upload, (short) 0, uploaded, this);
                return told(buffer);
            case 4: {
                boolean isRight = parser.parseCert(upload, (short) 0, uploaded, this, issuer.getPublicKey());
                buffer[0] = isRight ? (byte) 1 : (byte) 0;
                Util.setShort(buffer, (short) 1, fields);
                return 3;
            }
            case 5:
                return copied(buffer, kept.getField(Util.getShort(buffer, data)));
            case 6:
                return copied(buffer, kept.getExtension(buffer, data, length));
            case 7:
                buffer[0] = kept.verify(issuer.getPublicKey()) ? (byte) 1 : (byte) 0;
                return 1;
            default:
                ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
                return 0;
        }
    }

    private short told(byte[] buffer) {
        Util.setShort(buffer, (short) 0, fields);
        Util.setShort(buffer, (short) 2, extensions);
        Util.setShort(buffer, (short) 4, criticals);
        buffer[6] = keyType;
        Util.setShort(buffer, (short) 7, keySize);
        return 9;
    }

    private static short copied(byte[] buffer, byte[] array) {
        if (array == null) {
            return 0;
        }
        return Util.arrayCopyNonAtomic(array, (short) 0, buffer, (short) 0, (short) array.length);
    }

    public boolean onField(short id, byte[] value) {
        if (behaviour == 2) {
            ISOException.throwIt(ISO7816.SW_UNKNOWN);
        }
        fields |= id;
        return behaviour == 0 || id == X509Certificate.FIELD_TBS_SUBJECT;
    }

    public boolean onExtension(byte[] oid, boolean isCritical, byte[] value) {
        extensions++;
        if (isCritical) {
            criticals++;
        }
        return behaviour == 0;
    }

    public PublicKey onKey(byte type, short size) {
        keyType = type;
        keySize = size;
        if (behaviour == 3) {
            return (PublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PUBLIC, KeyBuilder.LENGTH_RSA_512, false);
        }
        return (PublicKey) KeyBuilder.buildKey(type, size, false);
    }
}
