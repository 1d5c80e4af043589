import { fromHex, toHex } from '@gridcard/bytes'
import { assemble } from '@gridcard/cap'
import { describe, expect, it } from 'vitest'
import { AppletCard, addApplet, SW_OK } from '../../test/applet-card.ts'

// A server hands out a shareable interface object; a client asks for it by AID and calls it.

const LIBRARY = 'F0AA000001'
const SYSTEM = 'invokestatic javacard/framework/JCSystem'
const AID = 'javacard/framework/AID'
const GET = `${SYSTEM}.getAppletShareableInterfaceObject(L${AID};B)Ljavacard/framework/Shareable;`
const ANSWER = 'invokestatic javacard/framework/ISOException.throwIt(S)V return'
const SERVER_AID = 'F047524944000201'
/** AID object of the server, from its bytes in the command. */
const LOOK_UP = `aload_1 invokevirtual javacard/framework/APDU.setIncomingAndReceive()S pop aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B sconst_5 bspush 8 ${SYSTEM}.lookupAID([BSB)L${AID};`

const serverText = (getShareable: string, serve: string) => `
  .import ${LIBRARY} 1.0
  .applet ${SERVER_AID} server_install
  .class server extends javacard/framework/Applet
    .public 5 server_get
    .implements %0.0 8
    .implements javacard/framework/Shareable
  .end
  .class full extends server
    .public 7 server_process server_do
  .end
  .method server_get stack 4 args 3
    ${getShareable}
  .end
  .method server_process args 2
    return
  .end
  .method server_do stack 4 args 2 locals 2
    ${serve}
  .end
  .method server_init stack 1 args 1
    aload_0 invokespecial javacard/framework/Applet.<init>()V return
  .end
  .method server_install stack 2 args 3
    new full dup invokespecial server_init invokevirtual javacard/framework/Applet.register()V return
  .end`

function clientOf(
  clientCode: string,
  getShareable: string,
  serve = 'sload_1 sconst_1 sadd sreturn',
  budget?: number,
): AppletCard {
  const select = 'aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return START:'
  const one = new AppletCard('return', budget === undefined ? {} : { budget })
  one.card.loadPackage(
    assemble(`.package ${LIBRARY} 1.0
      .import javacard.framework 1.6
      .interface shape shareable extends javacard/framework/Shareable
      .export shape`),
  )
  addServer(one, getShareable, serve)
  const instance = { cells: 1, firstReferenceToken: 0, referenceCount: 1 }
  const client = addApplet(one.card, 3, `${select} ${clientCode}`, { text: `.import ${LIBRARY} 1.0`, instance })
  expect(one.select(client)).toBe(SW_OK)
  return one
}

function addServer(one: AppletCard, getShareable: string, serve: string): void {
  const packageAid = fromHex(SERVER_AID).slice(0, 7)
  one.card.loadPackage(assemble(`.package ${toHex(packageAid)} 1.0\n${serverText(getShareable, serve)}`))
  one.card.installApplet({ packageAid, appletAid: fromHex(SERVER_AID) })
}

const ASK = `80020000${'08'}${SERVER_AID}`
const GIVE = 'aload_0 areturn'

describe('getAppletShareableInterfaceObject', () => {
  const isNull = `${LOOK_UP} sconst_0 ${GET} ifnull NULL sconst_1 ${ANSWER} NULL: sconst_2 ${ANSWER}`

  it.each([
    ['the server gives none', isNull, 'aconst_null areturn'],
    ['the server throws', isNull, 'sconst_1 sconst_0 sdiv pop aconst_null areturn'],
    ['the AID is null', isNull.replace(LOOK_UP, 'aconst_null'), GIVE],
    ['the applet does not override the method', isNull.replace(LOOK_UP, `${SYSTEM}.getAID()L${AID};`), GIVE],
  ])('gives null when %s', (_, code, getShareable) => {
    expect(clientOf(code, getShareable).send(ASK)).toBe('0002')
  })

  it('gives the object, and a call of it runs in the server', () => {
    const call = `${LOOK_UP} sconst_0 ${GET} checkcast class %0.0 bspush 41 invokeinterface 2 %0.0.0 ${ANSWER}`
    expect(clientOf(call, GIVE).send(ASK)).toBe('002A')
  })

  it('tells the server who asks', () => {
    // The client's AID ends in 03 01: its last byte but one is what the server answers with.
    const getShareable = `aload_1 ifnull NO sload_2 bspush 7 if_scmpne NO ${SYSTEM}.getPreviousContextAID()L${AID}; ifnonnull NO
      aload_0 areturn NO: aconst_null areturn`
    const ask = `${LOOK_UP} bspush 7 ${GET} ifnull NULL sconst_1 ${ANSWER} NULL: sconst_2 ${ANSWER}`
    expect(clientOf(ask, getShareable).send(ASK)).toBe('0001')
    expect(clientOf(ask.replace('bspush 7', 'bspush 8'), getShareable).send(ASK)).toBe('0002')
  })

  it('lets the server know its client by getPreviousContextAID, and itself by getAID', () => {
    const serve = `${SYSTEM}.getPreviousContextAID()L${AID}; dup ifnull NO
      aload_0 pop ${SYSTEM}.getAID()L${AID}; invokevirtual ${AID}.equals(Ljava/lang/Object;)Z ifne NO sconst_1 sreturn
      NO: sconst_2 sreturn`.replace('dup ifnull NO', 'astore_3 aload_3 ifnull NO aload_3')
    const call = `${LOOK_UP} sconst_0 ${GET} checkcast class %0.0 sconst_0 invokeinterface 2 %0.0.0 ${ANSWER}`
    expect(clientOf(call, GIVE, serve).send(ASK)).toBe('0001')
  })

  it("joins the server's writes to the client's transaction", () => {
    const begin = `${SYSTEM}.beginTransaction()V`
    const call = `${begin} ${LOOK_UP} sconst_0 ${GET} checkcast class %0.0 sconst_0 invokeinterface 2 %0.0.0 ${ANSWER}`
    expect(clientOf(call, GIVE, `${SYSTEM}.getTransactionDepth()B sreturn`).send(ASK)).toBe('0001')
  })

  it('has the server run on what is left of the budget', () => {
    const many = (times: number) => {
      const turn = `TURN: sload_2 ifle END sinc 2 -1 ${LOOK_UP.replace(/^.*?pop /, '')} sconst_0 ${GET} pop goto TURN`
      const first = 'aload_1 invokevirtual javacard/framework/APDU.setIncomingAndReceive()S pop'
      return `${first} sspush ${times} sstore_2 ${turn} END: sconst_1 ${ANSWER}`
    }
    const slow = 'sspush 1000 sstore_2 L: sinc 2 -1 sload_2 ifgt L aload_0 areturn'
    expect(clientOf(many(3), slow, undefined, 20_000).send(ASK)).toBe('0001')
    expect(clientOf(many(30), slow, undefined, 20_000).send(ASK)).toBe('6F00')
  })

  it('shows the server no APDU, and no selection', () => {
    const call = `${LOOK_UP} sconst_0 ${GET} checkcast class %0.0 sconst_0 invokeinterface 2 %0.0.0 ${ANSWER}`
    const current =
      'invokestatic javacard/framework/APDU.getCurrentAPDU()Ljavacard/framework/APDU; pop sconst_1 sreturn'
    expect(clientOf(call, GIVE, current).send(ASK)).toBe('6F00')
    const transient = `sconst_4 sconst_2 ${SYSTEM}.makeTransientByteArray(SB)[B pop sconst_1 sreturn`
    expect(clientOf(call, GIVE, transient).send(ASK)).toBe('6F00')
  })
})

describe('a server that is not multiselectable, active on another channel', () => {
  const selectServer = `01A4040008${SERVER_AID}`

  it('gives no object: SecurityException', () => {
    const one = clientOf(`${LOOK_UP} sconst_0 ${GET} ifnull NULL sconst_1 ${ANSWER} NULL: sconst_2 ${ANSWER}`, GIVE)
    expect([selectServer, ASK].map((command) => one.send(command))).toEqual([SW_OK, '6F00'])
    expect(
      ['00708001', ASK].map((command) => one.send(command)),
      'and again when it has left',
    ).toEqual([SW_OK, '0001'])
  })

  it('is not called through an object that it gave before', () => {
    const call = `aload_0 getfield_a main.0 ifnonnull HAS aload_0 ${LOOK_UP} sconst_0 ${GET} putfield_a main.0
      HAS: aload_0 getfield_a main.0 checkcast class %0.0 bspush 41 invokeinterface 2 %0.0.0 ${ANSWER}`
    const one = clientOf(call, GIVE)
    const answers = [ASK, selectServer, ASK, '00708001', ASK].map((command) => one.send(command))
    expect(answers).toEqual(['002A', SW_OK, '6F00', SW_OK, '002A'])
  })
})
