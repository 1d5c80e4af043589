import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { expect } from 'vitest'
import { Card } from '../src/index.ts'
import { addApplet, selectCommand } from './applet-card.ts'
import { CuttingStore, everyCut } from './cutting-store.ts'
import { TEST_PROFILE } from './vm-fixture.ts'

const APDU = 'invokevirtual javacard/framework/APDU'

/**
 * An applet with one object of the API in its field `main.0`: INS 00 makes it, 01 works on it, 02 says what it is; the
 * command data are in the array in local 2 from 5 on, and so many bytes as local 3 says.
 */
export interface ObjectApplet {
  /** Leaves the new object on the stack. */
  readonly make: string
  /** With the object on the stack. */
  readonly act: string
  /** With the object on the stack: writes from 0 on into the array in local 2, and leaves how many bytes. */
  readonly look: string
}

function processOf({ make, act, look }: ObjectApplet): string {
  return `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
    START: aload_1 ${APDU}.getBuffer()[B astore_2 aload_1 ${APDU}.setIncomingAndReceive()S sstore_3
    aload_2 sconst_1 baload sconst_1 if_scmpeq_w ACT aload_2 sconst_1 baload sconst_2 if_scmpeq_w LOOK
    aload_0 ${make} putfield_a main.0 return
    ACT: aload_0 getfield_a main.0 ${act} return
    LOOK: aload_0 getfield_a main.0 ${look} sstore_3
    aload_1 sconst_0 sload_3 ${APDU}.setOutgoingAndSend(SS)V return`
}

/** A card with the object made. */
export class ObjectCard {
  readonly image: Uint8Array
  readonly aid: Uint8Array
  readonly #profile = TEST_PROFILE

  constructor(applet: ObjectApplet, makeData = '') {
    const card = Card.create({ profile: this.#profile, crypto: nodeCrypto })
    const instance = { cells: 1, firstReferenceToken: 0, referenceCount: 1 }
    this.aid = addApplet(card, 1, processOf(applet), { instance, level: '3.2.0' })
    expect(this.#send(card, 0, makeData)).toBe('9000')
    this.image = card.image()
  }

  #send(card: Card, ins: number, data: string): string {
    card.powerOn()
    card.transmit(fromHex(selectCommand(this.aid)))
    const body = data === '' ? '' : toHex(Uint8Array.of(data.length / 2)) + data
    return toHex(card.transmit(fromHex(`80${toHex(Uint8Array.of(ins))}0000${body}`)))
  }

  #open(o: { image: Uint8Array } | { store: CuttingStore }): Card {
    return Card.open({ profile: this.#profile, crypto: nodeCrypto, ...o })
  }

  look(image: Uint8Array, data = ''): string {
    return this.#send(this.#open({ image }), 2, data)
  }

  act(data: string): Uint8Array {
    const card = this.#open({ image: this.image })
    this.#send(card, 1, data)
    return card.image()
  }

  /** All that `look` sees after a power cut in `act`, at any write, torn anywhere. */
  afterCuts(data: string, lookData = ''): Set<string> {
    const whole = new CuttingStore(this.image)
    this.#send(this.#open({ store: whole }), 1, data)
    const seen = new Set<string>()
    for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
      const store = new CuttingStore(this.image, cutAt, tornBytes)
      const card = this.#open({ store })
      expect(() => this.#send(card, 1, data)).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
      seen.add(this.look(store.read()!, lookData))
    }
    return seen
  }
}
