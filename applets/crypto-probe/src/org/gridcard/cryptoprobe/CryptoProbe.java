package org.gridcard.cryptoprobe;

import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.CryptoException;
import javacard.security.KeyBuilder;
import javacard.security.MessageDigest;
import javacard.security.RandomData;
import javacard.security.AESKey;
import javacard.security.Signature;
import javacardx.crypto.Cipher;
import javacardx.security.SensitiveResult;
import javacardx.security.cert.CertificateException;
import javacardx.security.derivation.DerivationFunction;
import javacardx.security.util.MonotonicCounter;

/**
 * Calls the newer packages of the API as an applet does: with objects of its own, through interfaces, across commands. A
 * CryptoException or CertificateException is answered 6Cxx, 6Dxx with its reason, a RuntimeException of java.lang 6E01.
 */
public final class CryptoProbe extends Applet {
    private final AESKey key;
    private final Parameters parameters;
    private final MonotonicCounter counter;
    private final Certificates certificates;
    /** What commands are too short for. */
    private final byte[] upload;
    private short uploaded;
    private Cipher.OneShot left;

    public static void install(byte[] data, short offset, byte length) {
        new CryptoProbe().register();
    }

    private CryptoProbe() {
        key = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);
        parameters = new Parameters();
        counter = MonotonicCounter.getInstance((short) 2, JCSystem.MEMORY_TYPE_PERSISTENT);
        certificates = new Certificates();
        upload = JCSystem.makeTransientByteArray((short) 1024, JCSystem.CLEAR_ON_RESET);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        short length = apdu.setIncomingAndReceive();
        try {
            short answer = answer(buffer, apdu.getOffsetCdata(), length);
            apdu.setOutgoingAndSend((short) 0, answer);
        } catch (CryptoException e) {
            ISOException.throwIt((short) (0x6C00 | e.getReason()));
        } catch (CertificateException e) {
            ISOException.throwIt((short) (0x6D00 | e.getReason()));
        } catch (SecurityException e) {
            ISOException.throwIt((short) 0x6E01);
        } catch (ArithmeticException e) {
            ISOException.throwIt((short) 0x6E02);
        }
    }

    private short answer(byte[] buffer, short data, short length) {
        switch (buffer[ISO7816.OFFSET_INS]) {
            case 0x01:
                return derive(buffer, data, length);
            case 0x02:
                return count(buffer, data, length);
            case 0x03:
                return sensitive(buffer);
            case 0x04:
                return oneShot(buffer, data, length);
            case 0x05:
                return certificates.answer(buffer, data, length, upload, uploaded);
            case 0x06:
                if (buffer[ISO7816.OFFSET_P1] == 0) {
                    uploaded = 0;
                }
                uploaded = Util.arrayCopyNonAtomic(buffer, data, upload, uploaded, length);
                return 0;
            default:
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
                return 0;
        }
    }

    /** P1 the algorithm, P2 how: 0 in one, 1 in two parts, 2 by a OneShot, 3 into a key. */
    private short derive(byte[] buffer, short data, short length) {
        parameters.read(buffer, data, length);
        short algorithm = buffer[ISO7816.OFFSET_P1];
        short wanted = parameters.wanted;
        if (buffer[ISO7816.OFFSET_P2] == 2) {
            DerivationFunction.OneShot once = DerivationFunction.OneShot.open((byte) algorithm);
            once.init(parameters.of(algorithm));
            once.lastBytes(buffer, (short) 0, wanted);
            once.close();
            return wanted;
        }
        DerivationFunction function = DerivationFunction.getInstance(algorithm, false);
        function.init(parameters.of(algorithm));
        if (buffer[ISO7816.OFFSET_P2] == 3) {
            function.lastBytes(key);
            return key.getKey(buffer, (short) 0);
        }
        if (buffer[ISO7816.OFFSET_P2] == 1) {
            function.nextBytes(buffer, (short) 0, (short) 5);
            function.lastBytes(buffer, (short) 5, (short) (wanted - 5));
        } else {
            function.lastBytes(buffer, (short) 0, wanted);
        }
        return wanted;
    }

    /** P1: 0 read, 1 increment by P2, 2 set, 3 compare, 4 increment by P2 in a transaction that is aborted. */
    private short count(byte[] buffer, short data, short length) {
        short by = (short) (buffer[ISO7816.OFFSET_P2] & 0xFF);
        switch (buffer[ISO7816.OFFSET_P1]) {
            case 1:
                counter.incrementBy(by);
                break;
            case 2:
                counter.setValue(buffer, data, length);
                break;
            case 3:
                Util.setShort(buffer, (short) 0, counter.compareTo(buffer, data, length));
                return 2;
            case 4:
                JCSystem.beginTransaction();
                counter.incrementBy(by);
                JCSystem.abortTransaction();
                break;
            default:
        }
        short end = counter.get(buffer, (short) 0);
        buffer[end] = counter.equalsMax() ? (byte) 1 : (byte) 0;
        return (short) (end + 1);
    }

    /** P1: which assertion, P2: after which method. */
    private short sensitive(byte[] buffer) {
        switch (buffer[ISO7816.OFFSET_P2]) {
            case 1:
                JCSystem.getAID().equals(this);
                break;
            case 2:
                Util.arrayCompare(buffer, (short) 0, buffer, (short) 0, (short) 4);
                break;
            case 3:
                JCSystem.getAID();
                break;
            case 4:
                try {
                    Util.arrayCopy(buffer, (short) -1, buffer, (short) 0, (short) 4);
                } catch (ArrayIndexOutOfBoundsException e) {
                    buffer[0] = 0;
                }
                break;
            default:
        }
        switch (buffer[ISO7816.OFFSET_P1]) {
            case 1:
                SensitiveResult.assertTrue();
                break;
            case 2:
                SensitiveResult.assertFalse();
                break;
            case 3:
                SensitiveResult.assertZero();
                break;
            case 4:
                SensitiveResult.assertGreaterThan((short) -1);
                break;
            case 5:
                SensitiveResult.assertEquals(JCSystem.getAID());
                break;
            case 6:
                SensitiveResult.reset();
                SensitiveResult.assertZero();
                break;
            default:
                SensitiveResult.assertNegative();
        }
        return 0;
    }

    /** P1: 0 AES, 1 a digest, 2 random, 3 HMAC would need a key: a MAC; 4 leaves one open, 5 uses what was left, 6 after close. */
    private short oneShot(byte[] buffer, short data, short length) {
        key.setKey(buffer, data);
        switch (buffer[ISO7816.OFFSET_P1]) {
            case 0: {
                Cipher.OneShot cipher = Cipher.OneShot.open(Cipher.CIPHER_AES_ECB, Cipher.PAD_NOPAD);
                cipher.init(key, Cipher.MODE_ENCRYPT);
                short end = cipher.doFinal(buffer, data, length, buffer, (short) 0);
                cipher.close();
                return end;
            }
            case 1: {
                MessageDigest.OneShot digest = MessageDigest.OneShot.open(MessageDigest.ALG_SHA_256);
                short end = digest.doFinal(buffer, data, length, buffer, (short) 0);
                digest.close();
                return end;
            }
            case 2: {
                RandomData.OneShot random = RandomData.OneShot.open(RandomData.ALG_FAST);
                random.nextBytes(buffer, (short) 0, (short) 8);
                random.close();
                return 8;
            }
            case 3: {
                Signature.OneShot mac = Signature.OneShot.open(MessageDigest.ALG_NULL, Signature.SIG_CIPHER_AES_CMAC128, Cipher.PAD_NULL);
                mac.init(key, Signature.MODE_SIGN);
                short end = mac.sign(buffer, data, length, buffer, (short) 0);
                mac.close();
                return end;
            }
            case 4:
                left = Cipher.OneShot.open(Cipher.CIPHER_AES_ECB, Cipher.PAD_NOPAD);
                left.init(key, Cipher.MODE_ENCRYPT);
                return 0;
            case 5:
                return left.doFinal(buffer, data, length, buffer, (short) 0);
            case 6:
                left = Cipher.OneShot.open(Cipher.CIPHER_AES_ECB, Cipher.PAD_NOPAD);
                left.init(key, Cipher.MODE_ENCRYPT);
                left.close();
                left.close();
                return left.doFinal(buffer, data, length, buffer, (short) 0);
            default: {
                Cipher.OneShot cipher = Cipher.OneShot.open(Cipher.CIPHER_AES_ECB, Cipher.PAD_NOPAD);
                cipher.init(key, Cipher.MODE_ENCRYPT);
                return cipher.update(buffer, data, length, buffer, (short) 0);
            }
        }
    }
}
