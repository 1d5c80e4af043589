import { fromHex } from '@gridcard/bytes'

/**
 * A small applet package, written by hand from the layouts of JCVM chapter 6, format 2.1: one class that extends
 * javacard.framework.Applet, a handler, an initialised static array and static fields. No converter had a part in it.
 * Each entry is one whole component: tag, size, info.
 */
export const handWrittenComponents = {
  // magic, format 2.1, ACC_APPLET, package 1.0, AID F0 54 45 53 54 31
  Header: '01 0010 DECAFFED 01 02 04 00 01 06 F05445535431',
  // sizes of the components with tags 1..11, statics, imports, applets, custom components
  Directory: `02 001F 0010 001F 000B 0015 001A 000C 0027 0012 000A 0000 004E
    0007 0001 0003 02 01 00`,
  // javacard.framework 1.6, java.lang 1.0
  Import: '04 0015 02 06 01 07 A0000000620101 00 01 07 A0000000620001',
  // install at 16
  Applet: '03 000B 01 07 F0544553543101 0010',
  // class at 0: extends javacard.framework.Applet (0.3), virtual method 7 at 29
  Class: '06 000C 00 8003 00 FF 00 07 01 00 00 001D',
  Method: `07 0027 01 001F 8006 0025 0005
    01 10 18 8C 0000 7A
    02 30 8F 0001 3D 8C 0002 8B 0003 7A
    01 21 19 8B 0004 3B 7A 2D 7A`,
  // two references, the first a byte array 01 02 03; one zero byte; a short 1234
  StaticField: '08 0012 0007 0002 0001 03 0003 010203 0001 0002 1234',
  ConstantPool: `05 001A 0006
    06 80 03 00
    01 0000 00
    06 00 0009
    03 8003 01
    03 800A 01
    01 8007 00`,
  // positions 7, 13, 19, 23, 26, 33
  RefLocation: '09 000A 0000 0006 07 06 06 04 03 07',
  Descriptor: `0B 004E 01
    FF 01 0000 00 0001 0003
    FF 0A 00 0005 8004
    FF 81 0009 000E 0005 0000 0000
    FF 09 0010 0010 000B 0000 0000
    07 01 001D 0013 0008 0001 0000
    0006 000E FFFF 000E 000E 0017 FFFF
    01 10
    04 B431
    06 6800A1
    01 B0`,
} as const

export type ComponentName = keyof typeof handWrittenComponents

/** The load form with some components replaced or, by undefined, left out. */
export function loadForm(changes: Partial<Record<ComponentName, string | undefined>> = {}): Uint8Array {
  const components: Partial<Record<ComponentName, string | undefined>> = { ...handWrittenComponents, ...changes }
  return fromHex(Object.values(components).join(' '))
}
