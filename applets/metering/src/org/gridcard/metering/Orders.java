package org.gridcard.metering;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/**
 * What parties order: critical commands, new credentials, quotas, prepay tokens. Each is checked whole, then all of its marks
 * (counters, floors, time, what it changes) are stored in one transaction, then it counts.
 */
final class Orders {
    /** First bytes of what is signed for one purpose, so that it is good for no other. */
    private static final byte[] FOR_COMMAND = { 'G', 'C', 'C', '1' };
    private static final byte[] FOR_RESPONSE = { 'G', 'C', 'R', '1' };
    private static final byte[] FOR_UPDATE = { 'G', 'C', 'U', '1' };
    private static final byte[] FOR_QUOTA = { 'G', 'C', 'Q', '1' };
    private static final byte[] FOR_TOKEN = { 'G', 'C', 'T', '1' };

    /**
     * Who may replace the credential of each cell, a bit for each party: each party itself, the supplier's also the
     * change-of-supplier party, all of them recovery and root, but the root's only root.
     */
    private static final byte[] MAY_REPLACE = { 0x01, 0x03, 0x27, 0x0B, 0x13, 0x23, 0x43, 0x03 };
    private static final byte CELL_SUPPLIER = 2;

    /** Layout of a credential update: target, party, flags, counter, number of entries; then the entries. */
    private static final short UPDATE_PARTY = 8;
    private static final short UPDATE_FLAGS = 9;
    private static final short UPDATE_COUNTER = 10;
    private static final short UPDATE_COUNT = 18;
    private static final short UPDATE_HEAD = 19;
    private static final byte FLAG_NEW_OWNER = 1;

    private static final short TICKET = 8;
    private static final short RESULT = 2;

    private final Device device;
    private final byte[] work;
    private final byte[] scratch;

    Orders(Device device) {
        this.device = device;
        work = device.work;
        scratch = device.scratch;
    }

    // ---- critical commands

    /** Data: time, command, signature, and where the policy asks for it the counter and the MAC of the access controller. */
    void verifyCommand(APDU apdu) {
        device.requireBound();
        DeviceKeys keys = device.partyCurve();
        short command = Words.TIME;
        short signature = (short) (command + Commands.HEADER);
        short end = (short) (signature + 2 * keys.length);
        short length = device.exchange.receive(apdu, (short) 0, end, (short) (end + Words.COUNTER + Words.TAG));
        device.requireTarget((short) (command + Commands.TARGET));
        short party = work[(short) (command + Commands.PARTY)];
        short commandClass = work[(short) (command + Commands.CLASS)];
        requireClass(commandClass);
        Commands commands = device.commands;
        commands.requireParty(commandClass, party);
        if (device.lifeCycle == Words.LOCKED && commandClass != Commands.CLASS_UNLOCK) {
            ISOException.throwIt(Words.SW_LOCKED);
        }
        commands.requireUntampered(commandClass, device.tampered != 0);
        short macSlot = commands.macSlot(commandClass);
        if (length != (short) (macSlot < 0 ? end : end + Words.COUNTER + Words.TAG)) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        device.requireSignature(keys, party, FOR_COMMAND, command, Commands.HEADER, signature);
        if (macSlot >= 0) {
            device.protection.choose(macSlot);
            device.protection.checkMac(work, command, (short) (end - command), end, scratch);
        }
        short counter = (short) (command + Commands.COUNTER);
        device.requireAbove(party, commandClass, counter);
        commands.requireTime(work, (short) 0, work, (short) (command + Commands.NOT_BEFORE));

        JCSystem.beginTransaction();
        commands.countOrRefuse(commandClass, work, (short) 0, scratch);
        device.parties.accept(party, commandClass, work, counter);
        if (macSlot >= 0) {
            device.protection.acceptMac(work, end, scratch);
        }
        commands.acceptTime(work, (short) 0);
        JCSystem.commitTransaction();

        device.random.generateData(scratch, (short) 0, TICKET);
        byte[] buffer = apdu.getBuffer();
        short at = commands.issue(work, command, scratch, (short) 0, buffer, (short) 0);
        buffer[at++] = (byte) commandClass;
        apdu.setOutgoingAndSend((short) 0, at);
    }

    /** Ticket, then the payload whose hash the command named. What it orders of the card itself happens now. */
    void redeemTicket(APDU apdu) {
        device.requireBound();
        short length = device.exchange.receive(apdu, (short) 0, TICKET, Exchange.MOST);
        device.sha256.doFinal(work, TICKET, (short) (length - TICKET), scratch, (short) 0);
        short commandClass = device.commands.redeem(work, (short) 0, scratch, (short) 0);
        if (commandClass == Commands.CLASS_UNLOCK) {
            JCSystem.beginTransaction();
            device.tampered = 0;
            device.lifeCycle = Words.OPERATIONAL;
            JCSystem.commitTransaction();
        } else if (commandClass == Commands.CLASS_PREPAY) {
            device.tokens.restoreTries();
        }
    }

    /** What came of the command redeemed last: result, time. Answer: command, result, time, our signature over them. */
    void signResponse(APDU apdu) {
        device.requireBound();
        short length = (short) (RESULT + Words.TIME);
        device.exchange.receive(apdu, Commands.HEADER, length, length);
        device.commands.takeRedeemed(work, (short) 0);
        DeviceKeys keys = device.partyCurve();
        short end = (short) (Commands.HEADER + length);
        short size = keys.sign(FOR_RESPONSE, work, (short) 0, end, work, end, scratch);
        device.exchange.send(apdu, (short) 0, (short) (end + size));
    }

    // ---- credentials

    /**
     * Replaces credentials: all entries or none. With the flag of a new owner, which needs a new supplier, nothing that the old
     * one knew works any more: keys, tickets and quotas are gone.
     */
    void setCredential(APDU apdu) {
        DeviceKeys keys = device.partyCurve();
        short signatureLength = (short) (2 * keys.length);
        short length = device.exchange.receive(apdu, (short) 0, (short) (UPDATE_HEAD + signatureLength), Exchange.MOST);
        short signature = (short) (length - signatureLength);
        device.requireTarget((short) 0);
        short party = work[UPDATE_PARTY];
        short count = work[UPDATE_COUNT];
        Parties parties = device.parties;
        short entryLength = (short) (1 + Words.LONG_COUNTER + Words.TITLE + 1 + parties.pointLength());
        if (count < 1 || count > Parties.CELLS || signature != (short) (UPDATE_HEAD + count * entryLength)) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        device.requireSignature(keys, party, FOR_UPDATE, (short) 0, signature, signature);
        device.requireAbove(party, Commands.CLASS_CREDENTIAL, UPDATE_COUNTER);
        boolean isNewOwner = (work[UPDATE_FLAGS] & FLAG_NEW_OWNER) != 0;
        boolean hasSupplier = false;
        for (short i = 0; i < count; i++) {
            short cell = Device.requireCell(work[(short) (UPDATE_HEAD + i * entryLength)]);
            hasSupplier |= cell == CELL_SUPPLIER;
            if ((MAY_REPLACE[cell] & (short) (1 << party)) == 0) {
                ISOException.throwIt(Words.SW_POLICY);
            }
        }
        if (isNewOwner && !hasSupplier) {
            ISOException.throwIt(Words.SW_POLICY);
        }

        JCSystem.beginTransaction();
        parties.accept(party, Commands.CLASS_CREDENTIAL, work, UPDATE_COUNTER);
        for (short i = 0; i < count; i++) {
            short at = (short) (UPDATE_HEAD + i * entryLength);
            short cell = work[at];
            short entity = (short) (at + 1 + Words.LONG_COUNTER);
            if (!parties.isEntity(cell, work, entity)) {
                device.quotas.forgetParty(cell, false);
            }
            parties.put(cell, work, entity);
            parties.raiseFloors(cell, work, (short) (at + 1));
        }
        if (isNewOwner) {
            device.quotas.forgetParty((short) 0, true);
            device.kek.clear();
            device.tokens.clear();
            for (short i = 0; i < device.protection.slotCount(); i++) {
                device.protection.clearSlot(i);
            }
        }
        JCSystem.commitTransaction();
        device.commands.forget();
        if (isNewOwner) {
            device.protection.clearSessions();
        }
    }

    // ---- quotas

    /** Data: time, grant, the party's signature. */
    void grantQuota(APDU apdu) {
        DeviceKeys keys = device.partyCurve();
        short grant = Words.TIME;
        short signature = (short) (grant + Quotas.GRANT);
        short length = (short) (signature + 2 * keys.length);
        device.exchange.receive(apdu, (short) 0, length, length);
        device.requireTarget(grant);
        short party = work[(short) (grant + Quotas.PARTY)];
        device.commands.requireParty(Commands.CLASS_QUOTA, party);
        device.requireSignature(keys, party, FOR_QUOTA, grant, Quotas.GRANT, signature);
        short counter = (short) (grant + Quotas.COUNTER);
        device.requireAbove(party, Commands.CLASS_QUOTA, counter);
        device.commands.requireNotBack(work, (short) 0);
        JCSystem.beginTransaction();
        device.parties.accept(party, Commands.CLASS_QUOTA, work, counter);
        device.quotas.put(work, grant);
        device.commands.acceptTime(work, (short) 0);
        JCSystem.commitTransaction();
    }

    /** P1 quota, P2 class. Data: time, meter's title, position in the set, hashes up to its root. Answer: how many are left. */
    void consumeQuota(APDU apdu) {
        short index = Exchange.p1(apdu);
        short title = Words.TIME;
        short position = (short) (title + Words.TITLE);
        short hashes = (short) (position + 2);
        short length = device.exchange.receive(apdu, (short) 0, hashes, (short) (hashes + 12 * Words.HASH));
        Quotas quotas = device.quotas;
        short window = quotas.requireWindow(index, (byte) Exchange.p2(apdu));
        device.commands.requireTime(work, (short) 0, quotas.records(), window);
        short count = (short) ((short) (length - hashes) / Words.HASH);
        if ((short) (hashes + count * Words.HASH) != length) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        quotas.requireMember(index, work, title, position, hashes, count, device.sha256);
        JCSystem.beginTransaction();
        short left = quotas.consume(index);
        device.commands.acceptTime(work, (short) 0);
        JCSystem.commitTransaction();
        byte[] buffer = apdu.getBuffer();
        apdu.setOutgoingAndSend((short) 0, Util.setShort(buffer, (short) 0, left));
    }

    // ---- prepay tokens

    /** Eight bytes of a token. Answer: class, amount, the whole counter. */
    void token(APDU apdu) {
        PrepayTokens tokens = device.tokens;
        tokens.requireReady();
        device.exchange.receive(apdu, (short) 0, PrepayTokens.TOKEN, PrepayTokens.TOKEN);
        if ((work[0] & 0xFE) != 0) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        tokens.reconstruct(work, (short) 0, false);
        if (isGenuine(tokens)) {
            ISOException.throwIt(Words.SW_COUNTER_BELOW_FLOOR);
        }
        tokens.spendTry();
        tokens.reconstruct(work, (short) 0, true);
        if (!isGenuine(tokens)) {
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
        JCSystem.beginTransaction();
        tokens.accept();
        JCSystem.commitTransaction();
        byte[] buffer = apdu.getBuffer();
        short low = Util.getShort(work, (short) 2);
        buffer[0] = (byte) ((low >> 13) & 3);
        short at = Util.setShort(buffer, (short) 1, (short) (low & 0x1FFF));
        at = Util.arrayCopyNonAtomic(tokens.candidate, (short) 0, buffer, at, Words.LONG_COUNTER);
        apdu.setOutgoingAndSend((short) 0, at);
    }

    /** IV: issuer, low half of the counter. Additional data: purpose, our title, counter, first half of the token. */
    private boolean isGenuine(PrepayTokens tokens) {
        short at = Util.arrayCopyNonAtomic(tokens.issuer, (short) 0, scratch, (short) 0, Words.TITLE);
        at = Util.arrayCopyNonAtomic(tokens.candidate, (short) 4, scratch, at, Words.COUNTER);
        short aad = at;
        at = Util.arrayCopyNonAtomic(FOR_TOKEN, (short) 0, scratch, at, (short) FOR_TOKEN.length);
        at = Util.arrayCopyNonAtomic(device.systemTitle, (short) 0, scratch, at, Words.TITLE);
        at = Util.arrayCopyNonAtomic(tokens.candidate, (short) 0, scratch, at, Words.LONG_COUNTER);
        at = Util.arrayCopyNonAtomic(work, (short) 0, scratch, at, (short) 4);
        device.protection.fullTag(tokens.key, scratch, (short) 0, aad, (short) (at - aad), scratch, (short) 64);
        return Numbers.areEqual(scratch, (short) (64 + 12), work, (short) 4, (short) 4);
    }

    private static void requireClass(short commandClass) {
        boolean isCommand = commandClass >= 0 && commandClass < Parties.CLASSES && commandClass != Commands.CLASS_CREDENTIAL
                && commandClass != Commands.CLASS_QUOTA;
        if (!isCommand) {
            ISOException.throwIt(Words.SW_POLICY);
        }
    }
}
