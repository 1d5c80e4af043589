import { editorFiles } from './editor-files.ts'
import type { ProjectNames } from './project-name.ts'
import { testFiles } from './test-files.ts'

/** The files of a new project by their path in it. */
export function projectFiles(names: ProjectNames): ReadonlyMap<string, string> {
  return new Map([
    ['applet.json', config(names)],
    [`src/${names.packageName}/${names.className}.java`, source(names)],
    ['test.apdu', script(names)],
    ...testFiles(names),
    ...editorFiles(),
    ['README.md', readme(names)],
    ['.gitignore', '*.cap\n*.exp\n*.debug.json\ncoverage/\nnode_modules/\n'],
  ])
}

function config({ packageName, className, packageAid, appletAid }: ProjectNames): string {
  const applet = `{ "class": "${packageName}.${className}", "aid": "${appletAid}" }`
  return `{
  "package": "${packageName}",
  "packageAid": "${packageAid}",
  "version": "1.0",
  "level": "3.0.5",
  "applets": [${applet}]
}
`
}

function source({ packageName, className }: ProjectNames): string {
  return `package ${packageName};

import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;

/** Says hello, and counts how often it was asked to. */
public final class ${className} extends Applet {
    private static final byte CLA = (byte) 0x80;
    private static final byte INS_HELLO = 0x10;
    private static final byte INS_COUNT = 0x20;

    private static final byte[] HELLO = {'H', 'e', 'l', 'l', 'o'};

    /** Kept when power is lost, as all fields are. */
    private short count;

    private ${className}() {
    }

    public static void install(byte[] parameters, short offset, byte length) {
        new ${className}().register();
    }

    public void process(APDU apdu) {
        if (selectingApplet()) return;
        byte[] buffer = apdu.getBuffer();
        if (buffer[ISO7816.OFFSET_CLA] != CLA) ISOException.throwIt(ISO7816.SW_CLA_NOT_SUPPORTED);
        switch (buffer[ISO7816.OFFSET_INS]) {
            case INS_HELLO:
                Util.arrayCopyNonAtomic(HELLO, (short) 0, buffer, (short) 0, (short) HELLO.length);
                apdu.setOutgoingAndSend((short) 0, (short) HELLO.length);
                break;
            case INS_COUNT:
                count++;
                Util.setShort(buffer, (short) 0, count);
                apdu.setOutgoingAndSend((short) 0, (short) 2);
                break;
            default:
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
    }
}
`
}

function script({ name, appletAid }: ProjectNames): string {
  return `# A fresh card, this applet, and what it has to answer.
load ${name}.cap
install ${appletAid}
select ${appletAid}

# HELLO
80 10 00 00 00
> 48 65 6C 6C 6F 90 00

# COUNT
80 20 00 00 00
> 00 01 90 00

# The count outlives a reset.
reset
select ${appletAid}
80 20 00 00 00
> 00 02 90 00

# Power is lost before the count is written: it stays.
power-cut-after 0
80 20 00 00 00
> power-cut
select ${appletAid}
80 20 00 00 00
> 00 03 90 00

# What it does not know
80 99 00 00
> 6D 00
00 10 00 00
> 6E 00
`
}

function readme({ name, className, packageName, appletAid }: ProjectNames): string {
  const build = `gridcard applet build . --out ${name}.cap`
  const commands = [
    [build, 'compile and convert'],
    ['gridcard script test.apdu', 'test'],
    ['npm install && npm test', 'all tests, with coverage of the lines; Node 24'],
    [`gridcard run ${name}.cap`, `talk to it: "select ${name}"`],
  ]
    .map(([command, about]) => `${command!.padEnd(build.length + 4)}${about}`)
    .join('\n')
  return `# ${name}

A Java Card applet, AID \`${appletAid}\`. In this folder, with a JDK (8 to 25):

\`\`\`
${commands}
\`\`\`

| command | data out |
|---|---|
| \`80 10 00 00\` HELLO | \`Hello\` |
| \`80 20 00 00\` COUNT | how often it was asked, 2 bytes |

To debug it line by line in VS Code (1.89 or newer), open the folder and install the extension that it brings along: *Extensions*,
*Recommended*, "Gridcard". \`.vscode/launch.json\` has four ways to drive the card. Other editors run \`gridcard debug\`.

The source is \`src/${packageName}/${className}.java\`; \`applet.json\` names package, AIDs and API level. The AIDs are of category F: good for
development, registered by nobody.
`
}
