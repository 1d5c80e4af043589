package org.gridcard.metering;

import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacardx.apdu.ExtendedLength;

/**
 * The secure element of a metering device: its keys, counters and identity, and the last word on commands that change
 * supply, price, credit, keys, time or software. The APDUs stand in this folder's README.
 *
 * Rules that hold everywhere: a counter is stored before anything made with it leaves the card; nothing that was received
 * counts before signature, tag, counter, time and policy were checked; what changes together changes in one transaction;
 * keys come in and never go out, but a fresh one that is made here to be wrapped for somebody.
 */
public final class Metering extends Applet implements ExtendedLength {
    private static final byte CLA_GRIDCARD = (byte) 0x80;
    /** With secure messaging, in commands of personalisation. */
    private static final byte CLA_SECURED = (byte) 0x84;

    private static final byte INS_GET_STATUS = (byte) 0x02;
    private static final byte INS_READ_COUNTERS = (byte) 0x04;
    private static final byte INS_READ_PUBLIC_KEY = (byte) 0x06;
    private static final byte INS_READ_CREDENTIAL = (byte) 0x08;
    private static final byte INS_READ_QUOTA = (byte) 0x0A;
    private static final byte INS_SET_IDENTITY = (byte) 0x10;
    private static final byte INS_PUT_KEY_SLOT = (byte) 0x12;
    private static final byte INS_PUT_KEK = (byte) 0x14;
    private static final byte INS_PUT_CREDENTIAL = (byte) 0x16;
    private static final byte INS_PUT_POLICY = (byte) 0x18;
    private static final byte INS_PUT_PREPAY_KEY = (byte) 0x1A;
    private static final byte INS_ACTIVATE = (byte) 0x1E;
    private static final byte INS_BIND_DEVICE = (byte) 0x20;
    private static final byte INS_GENERATE_KEY_PAIR = (byte) 0x22;
    private static final byte INS_ACTIVATE_KEY_PAIR = (byte) 0x24;
    private static final byte INS_PROTECT = (byte) 0x30;
    private static final byte INS_UNPROTECT = (byte) 0x32;
    private static final byte INS_HLS_ANSWER = (byte) 0x34;
    private static final byte INS_HLS_VERIFY = (byte) 0x36;
    private static final byte INS_PUT_DEDICATED_KEY = (byte) 0x38;
    private static final byte INS_GENERATE_EPHEMERAL = (byte) 0x3A;
    private static final byte INS_AGREE = (byte) 0x3C;
    private static final byte INS_CLEAR_SESSION = (byte) 0x3E;
    private static final byte INS_WRAP_KEY = (byte) 0x40;
    private static final byte INS_UNWRAP_KEY = (byte) 0x42;
    private static final byte INS_ABANDON_CHANGE = (byte) 0x44;
    private static final byte INS_ESTABLISH_KEK = (byte) 0x46;
    private static final byte INS_SIGN = (byte) 0x48;
    private static final byte INS_VERIFY = (byte) 0x4A;
    private static final byte INS_SET_CREDENTIAL = (byte) 0x50;
    private static final byte INS_VERIFY_COMMAND = (byte) 0x52;
    private static final byte INS_REDEEM_TICKET = (byte) 0x54;
    private static final byte INS_SIGN_RESPONSE = (byte) 0x56;
    private static final byte INS_GRANT_QUOTA = (byte) 0x58;
    private static final byte INS_CONSUME_QUOTA = (byte) 0x5A;
    private static final byte INS_TOKEN = (byte) 0x5C;
    private static final byte INS_LOG_EXTEND = (byte) 0x60;
    private static final byte INS_LOG_SEAL = (byte) 0x62;
    private static final byte INS_TAMPER = (byte) 0x64;
    private static final byte INS_GET_CHALLENGE = (byte) 0x84;

    /** Flags of the installation data. */
    private static final byte FLAG_CLEAR = 1;
    private static final byte FLAG_P384 = 2;
    private static final byte FLAG_PARTIES_P384 = 4;
    /** Place of the suites in the installation data. */
    private static final short SUITES = 3;

    private final Device device;
    private final Personalisation personalisation;
    private final Messages messages;
    private final KeyChanges keyChanges;
    private final Orders orders;
    private final Evidence evidence;
    private final boolean takesClear;

    /**
     * Installation data: flags (1: commands of personalisation are taken in clear, too; 2: P-384 too; 4: parties have P-384 keys),
     * cells that the device knows, as bits, how many quotas, then one byte for each key slot, its security suite.
     */
    public static void install(byte[] parameters, short offset, byte length) {
        short aidLength = (short) (parameters[offset] & 0xFF);
        short at = (short) (offset + 1 + aidLength);
        at = (short) (at + 1 + (parameters[at] & 0xFF));
        short count = (short) (parameters[at] & 0xFF);
        Metering applet = new Metering(parameters, (short) (at + 1), count);
        if (aidLength == 0) {
            applet.register();
        } else {
            applet.register(parameters, (short) (offset + 1), (byte) aidLength);
        }
    }

    private Metering(byte[] parameters, short offset, short length) {
        if (length <= SUITES || length > (short) (SUITES + 8)) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        byte flags = parameters[offset];
        byte cells = parameters[(short) (offset + 1)];
        byte quotaCount = parameters[(short) (offset + 2)];
        offset += SUITES;
        length -= SUITES;
        for (short i = 0; i < length; i++) {
            byte suite = parameters[(short) (offset + i)];
            if (suite < 0 || suite > 2) {
                ISOException.throwIt(ISO7816.SW_WRONG_DATA);
            }
        }
        if (quotaCount < 0 || quotaCount > Quotas.MOST) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        takesClear = (flags & FLAG_CLEAR) != 0;
        boolean partiesHaveP384 = (flags & FLAG_PARTIES_P384) != 0;
        boolean hasP384 = partiesHaveP384 || (flags & FLAG_P384) != 0;
        device = new Device(parameters, offset, length, hasP384, partiesHaveP384, cells, quotaCount);
        personalisation = new Personalisation(device);
        messages = new Messages(device);
        keyChanges = new KeyChanges(device);
        orders = new Orders(device);
        evidence = new Evidence(device);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        device.exchange.begin();
        byte[] buffer = apdu.getBuffer();
        byte cla = buffer[ISO7816.OFFSET_CLA];
        byte ins = buffer[ISO7816.OFFSET_INS];
        // Channels are for personalisation: afterwards the codes of their commands mean something else.
        if (device.lifeCycle == Words.PERSONALISING && Exchange.openChannel(apdu)) {
            return;
        }
        boolean isSecured = cla == CLA_SECURED && device.lifeCycle == Words.PERSONALISING;
        if (cla != CLA_GRIDCARD && !isSecured) {
            ISOException.throwIt(ISO7816.SW_CLA_NOT_SUPPORTED);
        }
        if (device.lifeCycle == Words.PERSONALISING && personalise(apdu, ins)) {
            return;
        }
        if (isSecured) {
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
        if (device.lifeCycle == Words.ZEROISED) {
            device.zeroise();
        }
        if (device.lifeCycle == Words.ZEROISED && ins != INS_GET_STATUS) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        if (!operate(apdu, ins) && !tell(apdu, ins) && !order(apdu, ins) && !changeKeys(apdu, ins)) {
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
    }

    private void requireOperation() {
        device.requireBound();
        device.requireUnlocked();
    }

    /** What is done all day comes first. */
    private boolean operate(APDU apdu, byte ins) {
        if (ins != INS_GET_CHALLENGE && (ins < INS_PROTECT || ins > INS_CLEAR_SESSION)) {
            return false;
        }
        requireOperation();
        switch (ins) {
            case INS_PROTECT:
                messages.protect(apdu);
                return true;
            case INS_UNPROTECT:
                messages.unprotect(apdu);
                return true;
            case INS_HLS_ANSWER:
                messages.hlsAnswer(apdu);
                return true;
            case INS_HLS_VERIFY:
                messages.hlsVerify(apdu);
                return true;
            case INS_PUT_DEDICATED_KEY:
                messages.putDedicatedKey(apdu);
                return true;
            case INS_GENERATE_EPHEMERAL:
                messages.generateEphemeral(apdu);
                return true;
            case INS_AGREE:
                messages.agree(apdu);
                return true;
            case INS_CLEAR_SESSION:
                device.protection.requireSession(Exchange.p1(apdu)).clear();
                return true;
            case INS_GET_CHALLENGE:
                messages.getChallenge(apdu);
                return true;
            default:
                return false;
        }
    }

    /** Whoever asks, in any life cycle: no secrets are in it. And the device says who it is. */
    private boolean tell(APDU apdu, byte ins) {
        switch (ins) {
            case INS_BIND_DEVICE:
                personalisation.bindDevice(apdu);
                return true;
            case INS_GET_STATUS:
                personalisation.getStatus(apdu);
                return true;
            case INS_READ_COUNTERS:
                personalisation.readCounters(apdu);
                return true;
            case INS_READ_PUBLIC_KEY:
                personalisation.readPublicKey(apdu);
                return true;
            case INS_READ_CREDENTIAL:
                personalisation.readCredential(apdu);
                return true;
            case INS_READ_QUOTA:
                personalisation.readQuota(apdu);
                return true;
            default:
                return false;
        }
    }

    /** Before activation; GENERATE KEY PAIR is another command afterwards. */
    private boolean personalise(APDU apdu, byte ins) {
        if (ins < INS_SET_IDENTITY || ins > INS_GENERATE_KEY_PAIR || ins == INS_BIND_DEVICE) {
            return false;
        }
        device.exchange.unwrap(apdu, takesClear);
        short answerLength = 0;
        switch (ins) {
            case INS_SET_IDENTITY:
                personalisation.setIdentity(apdu);
                break;
            case INS_PUT_KEY_SLOT:
                personalisation.putKeySlot(apdu);
                break;
            case INS_PUT_KEK:
                personalisation.putKek(apdu);
                break;
            case INS_PUT_CREDENTIAL:
                personalisation.putCredential(apdu);
                break;
            case INS_PUT_POLICY:
                personalisation.putPolicy(apdu);
                break;
            case INS_PUT_PREPAY_KEY:
                personalisation.putPrepayKey(apdu);
                break;
            case INS_ACTIVATE:
                personalisation.activate();
                break;
            case INS_GENERATE_KEY_PAIR:
                answerLength = personalisation.generateKeyPair(apdu);
                break;
            default:
                return false;
        }
        device.exchange.answer(apdu, answerLength);
        return true;
    }

    /** The first six work on a locked device, too: it tells what happened, and takes the order that unlocks it. */
    private boolean order(APDU apdu, byte ins) {
        switch (ins) {
            case INS_VERIFY_COMMAND:
                orders.verifyCommand(apdu);
                return true;
            case INS_REDEEM_TICKET:
                orders.redeemTicket(apdu);
                return true;
            case INS_SIGN_RESPONSE:
                orders.signResponse(apdu);
                return true;
            case INS_LOG_EXTEND:
                evidence.logExtend(apdu);
                return true;
            case INS_LOG_SEAL:
                evidence.logSeal(apdu);
                return true;
            case INS_TAMPER:
                evidence.tamper(apdu);
                return true;
            default:
                break;
        }
        requireOperation();
        switch (ins) {
            case INS_TOKEN:
                orders.token(apdu);
                return true;
            case INS_GRANT_QUOTA:
                orders.grantQuota(apdu);
                return true;
            case INS_CONSUME_QUOTA:
                orders.consumeQuota(apdu);
                return true;
            case INS_SET_CREDENTIAL:
                orders.setCredential(apdu);
                return true;
            case INS_SIGN:
                evidence.sign(apdu);
                return true;
            case INS_VERIFY:
                evidence.verify(apdu);
                return true;
            default:
                return false;
        }
    }

    private boolean changeKeys(APDU apdu, byte ins) {
        switch (ins) {
            case INS_GENERATE_KEY_PAIR:
                device.exchange.answer(apdu, personalisation.generateKeyPair(apdu));
                return true;
            case INS_WRAP_KEY:
                keyChanges.wrapKey(apdu);
                return true;
            case INS_UNWRAP_KEY:
                keyChanges.unwrapKey(apdu);
                return true;
            case INS_ABANDON_CHANGE:
                keyChanges.abandonChange(apdu);
                return true;
            case INS_ESTABLISH_KEK:
                keyChanges.establishKek(apdu);
                return true;
            case INS_ACTIVATE_KEY_PAIR:
                keyChanges.activateKeyPair(apdu);
                return true;
            default:
                return false;
        }
    }
}
