import { TerminalError } from '../errors.ts'
import type { AnyMessage, Message } from './message.ts'
import { MessageSplitter } from './message-splitter.ts'
import { ATTRIBUTE_BYTES, messages, NAME_BYTES } from './message-table.ts'
import { MINOR_WITH_STATE_SIZE, negotiate } from './protocol-version.ts'
import { controlAnswer } from './reader-features.ts'
import type { CardHandle, ReaderSlot } from './reader-slot.ts'
import { parseReaderName, STATE_ENTRIES } from './reader-state.ts'
import { returnCodes as rc } from './return-codes.ts'
import { StateChangeWait } from './state-change-wait.ts'

/** The client's end of the stream, as the connection needs it. */
export interface ConnectionPort {
  /** Takes the bytes in any case; false: no more until `writable()` is called. */
  send(bytes: Uint8Array): boolean
  close(): void
  /** No more `receive` until `resume`. */
  pause(): void
  resume(): void
}

/** What a connection needs of the endpoint. */
export interface ConnectionSurroundings {
  findSlot(name: string): ReaderSlot | undefined
  readerStates(): Uint8Array
  readerEvents(): number
  takeNumber(): number
  giveNumberBack(number: number): void
  /** Ends the wait of a context. @returns false when there is no such context */
  cancel(context: number): boolean
  onTrouble(error: unknown): void
  onClosed(): void
}

/** As many as pcscd allows. */
const MAX_HANDLES = 200
const LAST_SCOPE = 3

/**
 * One client: a strict stream of requests and replies, with one signal in between while it waits for changes. Bytes come in
 * by `receive`, bytes go out through the port.
 */
export class PcscConnection {
  readonly #port: ConnectionPort
  readonly #surroundings: ConnectionSurroundings
  readonly #splitter = new MessageSplitter()
  readonly #handles = new Map<number, CardHandle>()
  #minor: number | undefined
  #context: number | undefined
  #wait: StateChangeWait | undefined
  #isBusy = false
  #isFull = false
  #isPaused = false
  #isClosed = false

  constructor(port: ConnectionPort, surroundings: ConnectionSurroundings) {
    this.#port = port
    this.#surroundings = surroundings
  }

  /** Undefined before ESTABLISH and after RELEASE. */
  get context(): number | undefined {
    return this.#context
  }

  receive(chunk: Uint8Array): void {
    if (this.#isClosed) return
    this.#splitter.push(chunk)
    this.#work()
  }

  /** The port takes bytes again. */
  writable(): void {
    this.#isFull = false
    this.#work()
  }

  /** The client is gone, or has to go: everything that it held is given back. */
  closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#wait = undefined
    this.#dropContext()
    this.#surroundings.onClosed()
  }

  signalChange(): void {
    this.#signal(rc.SCARD_S_SUCCESS)
  }

  cancelWait(): void {
    this.#signal(rc.SCARD_E_CANCELLED)
  }

  #signal(rv: number): void {
    const signal = this.#wait?.signal(rv)
    if (signal === undefined) return
    this.#wait = undefined
    this.#send(signal)
  }

  /** One message after the other; what comes meanwhile waits, at first with us and then with the client. */
  #work(): void {
    try {
      while (!this.#isBusy && !this.#isFull && !this.#isClosed) {
        const message = this.#splitter.next()
        if (message === undefined) break
        const pending = this.#handle(message)
        if (pending === undefined) continue
        this.#isBusy = true
        pending.then(
          () => {
            this.#isBusy = false
            this.#work()
          },
          (error: unknown) => this.#giveUp(error),
        )
      }
    } catch (error) {
      this.#giveUp(error)
    }
    this.#keepBack()
  }

  #keepBack(): void {
    const shouldPause = (this.#isBusy || this.#isFull) && this.#splitter.bufferedBytes > 0
    if (shouldPause === this.#isPaused || this.#isClosed) return
    this.#isPaused = shouldPause
    if (shouldPause) this.#port.pause()
    else this.#port.resume()
  }

  /** A request that makes no sense ends the connection, and so does a mistake of ours: the next reply would be out of step. */
  #giveUp(error: unknown): void {
    if (!(error instanceof TerminalError && error.code === 'TERMINAL_PCSC_BAD_MESSAGE')) {
      this.#surroundings.onTrouble(error)
    }
    this.closed()
    this.#port.close()
  }

  #send(bytes: Uint8Array): undefined {
    if (!this.#isClosed && !this.#port.send(bytes)) this.#isFull = true
  }

  /** The reply to a request is its struct, with the outcome. */
  #reply(message: AnyMessage, rv: number): undefined {
    new DataView(message.body.buffer, message.body.byteOffset).setUint32(message.body.length - 4, rv, true) // always last
    return this.#send(message.body)
  }

  #handle(message: AnyMessage): Promise<void> | undefined {
    if (this.#minor === undefined && message.name !== 'version' && message.name !== 'cancel') {
      throw new TerminalError('TERMINAL_PCSC_BAD_MESSAGE', 'PC/SC request: a context begins with its version')
    }
    switch (message.name) {
      case 'version':
        return this.#version(message)
      case 'establishContext':
        return this.#establish(message)
      case 'releaseContext':
        return this.#release(message)
      case 'cancel':
        return this.#reply(message, this.#surroundings.cancel(message.get('context')) ? 0 : rc.SCARD_E_INVALID_HANDLE)
      case 'connect':
        return this.#connect(message)
      case 'reconnect':
        return this.#reconnect(message)
      case 'disconnect':
        return this.#disconnect(message)
      case 'beginTransaction':
        return this.#withCard(message, (handle) => handle.slot.begin(handle))
      case 'endTransaction':
        return this.#withCard(message, (handle) => handle.slot.end(handle, message.get('disposition')))
      case 'transmit':
        return this.#transmit(message)
      case 'control':
        return this.#control(message)
      case 'status':
        return this.#withCard(message, (handle) => handle.slot.status(handle))
      case 'getAttribute':
        return this.#getAttribute(message)
      case 'setAttribute':
        return this.#withCard(message, (handle) => handle.slot.status(handle) || rc.SCARD_E_UNSUPPORTED_FEATURE)
      case 'getReadersState':
        return this.#send(this.#surroundings.readerStates())
      case 'waitReaderStateChange':
        return this.#waitForChange()
      case 'stopWaitingReaderStateChange':
        return this.#stopWaiting()
      case 'getReaderEvents':
        return this.#send(words(this.#surroundings.readerEvents(), rc.SCARD_S_SUCCESS))
      case 'getReadersStateSize':
        return this.#send(words(STATE_ENTRIES))
      case 'getReadersStateArray':
        return this.#statesAskedFor()
    }
  }

  #version(message: Message<'version'>): undefined {
    const { answer, rv } = negotiate({ major: message.get('major'), minor: message.get('minor') })
    if (rv === rc.SCARD_S_SUCCESS) this.#minor = answer.minor
    message.set('major', answer.major).set('minor', answer.minor)
    this.#reply(message, rv)
  }

  /** A client that has a context of that number already asks again: the old one is forgotten. */
  #establish(message: Message<'establishContext'>): undefined {
    if (message.get('scope') > LAST_SCOPE) return this.#reply(message, rc.SCARD_E_INVALID_VALUE)
    this.#dropContext()
    this.#context = this.#surroundings.takeNumber()
    this.#reply(message.set('context', this.#context), rc.SCARD_S_SUCCESS)
  }

  #release(message: Message<'releaseContext'>): undefined {
    if (!this.#isOurContext(message.get('context'))) return this.#reply(message, rc.SCARD_E_INVALID_HANDLE)
    this.#dropContext()
    this.#reply(message, rc.SCARD_S_SUCCESS)
  }

  #isOurContext(context: number): boolean {
    return this.#context !== undefined && context === this.#context
  }

  #dropContext(): void {
    if (this.#context === undefined) return
    this.#surroundings.giveNumberBack(this.#context)
    this.#context = undefined
    for (const handle of this.#handles.values()) {
      this.#surroundings.giveNumberBack(handle.number)
      handle.slot.abandon(handle).catch((error: unknown) => this.#surroundings.onTrouble(error))
    }
    this.#handles.clear()
  }

  async #connect(message: Message<'connect'>): Promise<void> {
    const context = this.#context
    if (context === undefined || message.get('context') !== context) {
      return this.#reply(message, rc.SCARD_E_INVALID_HANDLE)
    }
    const nameAt = messages.connect.fields.reader
    const slot = this.#surroundings.findSlot(parseReaderName(message.body.subarray(nameAt, nameAt + NAME_BYTES)))
    if (slot === undefined) return this.#reply(message, rc.SCARD_E_UNKNOWN_READER)
    if (this.#handles.size >= MAX_HANDLES) return this.#reply(message, rc.SCARD_E_NO_MEMORY)
    const number = this.#surroundings.takeNumber()
    const handle = await slot.connect({
      owner: this,
      number,
      shareMode: message.get('shareMode'),
      preferredProtocols: message.get('preferredProtocols'),
      isGone: () => this.#isClosed,
    })
    if (typeof handle === 'number') {
      this.#surroundings.giveNumberBack(number)
      return this.#reply(message, handle)
    }
    this.#handles.set(number, handle)
    this.#reply(message.set('card', number).set('activeProtocol', slot.protocol), rc.SCARD_S_SUCCESS)
  }

  async #reconnect(message: Message<'reconnect'>): Promise<void> {
    const handle = this.#handles.get(message.get('card'))
    if (handle === undefined) return this.#reply(message, rc.SCARD_E_INVALID_HANDLE)
    const { slot } = handle
    const [shareMode, preferred] = [message.get('shareMode'), message.get('preferredProtocols')]
    const rv = await slot.reconnect(handle, shareMode, preferred, message.get('initialization'))
    this.#reply(message.set('activeProtocol', slot.protocol), rv)
  }

  async #disconnect(message: Message<'disconnect'>): Promise<void> {
    const handle = this.#handles.get(message.get('card'))
    if (handle === undefined) return this.#reply(message, rc.SCARD_E_INVALID_HANDLE)
    const rv = await handle.slot.disconnect(handle, message.get('disposition'), () => this.#isClosed)
    if (rv === rc.SCARD_S_SUCCESS) {
      this.#handles.delete(handle.number)
      this.#surroundings.giveNumberBack(handle.number)
    }
    this.#reply(message, rv)
  }

  /** Commands whose reply is nothing but an outcome. */
  #withCard(
    message: Message<'beginTransaction'> | Message<'endTransaction'> | Message<'status'> | Message<'setAttribute'>,
    act: (handle: CardHandle) => number | Promise<number>,
  ): Promise<void> | undefined {
    const handle = this.#handles.get(cardOf(message))
    const outcome = handle === undefined ? rc.SCARD_E_INVALID_HANDLE : act(handle)
    if (typeof outcome === 'number') return this.#reply(message, outcome)
    return outcome.then((rv) => this.#reply(message, rv))
  }

  async #transmit(message: Message<'transmit'>): Promise<void> {
    const handle = this.#handles.get(message.get('card'))
    const roomBytes = message.get('receiveLength')
    const response =
      handle === undefined
        ? rc.SCARD_E_INVALID_HANDLE
        : await handle.slot.transmit(handle, message.get('sendProtocol'), message.raw)
    if (typeof response === 'number') return this.#reply(message.set('receiveLength', 0), response)
    message.set('receiveLength', response.length).set('receiveProtocol', message.get('sendProtocol'))
    if (response.length > roomBytes) return this.#reply(message, rc.SCARD_E_INSUFFICIENT_BUFFER)
    this.#replyWith(message, response)
  }

  /** One write for both: two would wake the client twice. */
  #replyWith(message: Message<'transmit'> | Message<'control'>, bytes: Uint8Array): void {
    const reply = new Uint8Array(message.body.length + bytes.length)
    message.set('rv', rc.SCARD_S_SUCCESS)
    reply.set(message.body)
    reply.set(bytes, message.body.length)
    this.#send(reply)
  }

  #control(message: Message<'control'>): undefined {
    const handle = this.#handles.get(message.get('card'))
    const mayControl = handle === undefined ? rc.SCARD_E_INVALID_HANDLE : handle.slot.control(handle)
    message.set('bytesReturned', 0)
    if (mayControl !== rc.SCARD_S_SUCCESS) return this.#reply(message, mayControl)
    const bytes = controlAnswer(message.get('code'))
    if (bytes === undefined) return this.#reply(message, rc.SCARD_E_UNSUPPORTED_FEATURE)
    if (bytes.length > message.get('receiveLength')) return this.#reply(message, rc.SCARD_E_INSUFFICIENT_BUFFER)
    this.#replyWith(message.set('bytesReturned', bytes.length), bytes)
  }

  #getAttribute(message: Message<'getAttribute'>): undefined {
    const handle = this.#handles.get(message.get('card'))
    const roomBytes = Math.min(message.get('length'), ATTRIBUTE_BYTES)
    const value =
      handle === undefined ? rc.SCARD_E_INVALID_HANDLE : handle.slot.attribute(handle, message.get('attribute'))
    if (typeof value === 'number') return this.#reply(message.set('length', 0), value)
    message.set('length', value.length)
    if (value.length > roomBytes) return this.#reply(message, rc.SCARD_E_INSUFFICIENT_BUFFER)
    message.body.set(value, messages.getAttribute.fields.value)
    this.#reply(message, rc.SCARD_S_SUCCESS)
  }

  /** Registering and showing the states is one step, so that no change falls in between. */
  #waitForChange(): undefined {
    const asksForStates = (this.#minor ?? 0) >= MINOR_WITH_STATE_SIZE
    this.#wait = new StateChangeWait({ isHeldBack: asksForStates })
    if (!asksForStates) this.#send(this.#surroundings.readerStates())
  }

  #statesAskedFor(): undefined {
    this.#send(this.#surroundings.readerStates())
    const held = this.#wait?.letGo()
    if (held === undefined) return
    this.#wait = undefined
    this.#send(held)
  }

  /** No reply when the signal went out: the client reads that in its place. */
  #stopWaiting(): undefined {
    if (this.#wait === undefined) return
    this.#wait = undefined
    this.#send(words(0, rc.SCARD_S_SUCCESS))
  }
}

/** `hCard` comes first in every struct that has one. */
function cardOf(message: AnyMessage): number {
  return new DataView(message.body.buffer, message.body.byteOffset).getUint32(0, true)
}

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true)
  return bytes
}
