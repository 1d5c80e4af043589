import type { AttributeRef, SelectiveAccess } from '../apdu/references.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import type { AccessRefusal, ActionOutcome, AttributeAnswer } from '../interface-classes/cosem-object.ts'
import type { MeterObject } from './meter-object.ts'

type Awaitable<T> = T | Promise<T>

/** What a meter's classes need from the device around them. A port that is not given makes its methods refuse. */
export interface MeterPorts {
  /** Epoch milliseconds, UTC. */
  readonly nowMs: () => number
  /** Sends what a Push setup names. */
  readonly push?: (setup: MeterObject, values: readonly CosemData[]) => Awaitable<boolean>
  /** Software that was transferred. */
  readonly image?: ImagePort
  /** Judges a token: what it says, and the status that Token gateway shows. */
  readonly token?: (token: Uint8Array) => Awaitable<{ readonly accepted: boolean; readonly statusCode: number }>
  /** What an M-Bus client does on its bus, by method name. */
  readonly mbus?: (client: MeterObject, method: string, parameter: CosemData | undefined) => Awaitable<ActionOutcome>
  /** Something that a log should have. */
  readonly onEvent?: (event: MeterEvent) => void
}

export interface ImagePort {
  /** Most bytes of an image, and of a block. */
  readonly largestBytes: number
  readonly blockBytes: number
  /** Refuses an image before it is sent: unknown, too old, for another device. */
  readonly accepts: (identifier: Uint8Array, sizeBytes: number) => Awaitable<boolean>
  readonly verify: (identifier: Uint8Array, image: Uint8Array) => Awaitable<boolean>
  readonly activate: (identifier: Uint8Array, image: Uint8Array) => Awaitable<boolean>
}

export interface MeterEvent {
  readonly kind: 'script-executed' | 'threshold-crossed' | 'emergency' | 'calendar-activated' | 'image' | 'push-failed'
  readonly object: string
  readonly detail: string
}

/** The meter as the behaviour of one of its objects sees it. */
export interface MeterContext extends MeterPorts {
  find(classId: number | undefined, logicalName: string): MeterObject | undefined
  read(ref: AttributeRef): Promise<CosemData | AccessRefusal>
  write(ref: AttributeRef, value: CosemData): Promise<AccessRefusal | undefined>
  invoke(classId: number, logicalName: string, methodIndex: number, parameter: CosemData): Promise<ActionOutcome>
  /** Runs a script of a Script table. */
  execute(scriptTable: string, selector: number): Promise<ActionOutcome>
}

/** What a class does by itself. Parameters and written values have been checked against their types. */
export interface ClassBehaviour {
  /** Values where the least of their type would mean nothing. */
  readonly initial?: Readonly<Record<string, CosemData>>
  readonly methods?: Readonly<
    Record<string, (object: MeterObject, parameter: CosemData, meter: MeterContext) => Awaitable<ActionOutcome>>
  >
  /** A written value that the class does not allow. */
  readonly judgeWrite?: (object: MeterObject, attribute: string, value: CosemData) => AccessRefusal | undefined
  /** After a write that was taken. */
  readonly written?: (object: MeterObject, attribute: string) => void
  /** Attributes that take selective access, and what a selection gives of their value. */
  readonly selective?: Readonly<
    Record<string, (object: MeterObject, value: CosemData, selection: SelectiveAccess) => Awaitable<AttributeAnswer>>
  >
  /** Once a second or so: what time and values make happen. */
  readonly tick?: (object: MeterObject, meter: MeterContext) => Awaitable<void>
}

export const success: ActionOutcome = { result: 'success' }
export const refused = (result: Exclude<ActionOutcome['result'], 'success'> = 'other-reason'): ActionOutcome => ({
  result,
})
