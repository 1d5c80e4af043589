package difftest;

import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.Util;

/** CLA 00, INS any, data number(2) a(2) b(2): answers outcome(1) result(2). */
public final class CasesApplet extends Applet {
    public static void install(byte[] parameters, short offset, byte length) {
        new CasesApplet().register();
    }

    public void process(APDU apdu) {
        if (selectingApplet()) return;
        byte[] buffer = apdu.getBuffer();
        apdu.setIncomingAndReceive();
        short result = Cases.run(Util.getShort(buffer, (short) 5), Util.getShort(buffer, (short) 7), Util.getShort(buffer, (short) 9));
        buffer[0] = Cases.outcome;
        Util.setShort(buffer, (short) 1, result);
        apdu.setOutgoingAndSend((short) 0, (short) 3);
    }
}
