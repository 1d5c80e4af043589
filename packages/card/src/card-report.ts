/** What is on a card and where its memory went. */
export interface CardReport {
  readonly profile: string
  readonly packages: readonly {
    /** Hex */
    readonly aid: string
    /** `major.minor` */
    readonly version: string
    /** Components kept for run time, and static fields. */
    readonly sizeBytes: number
  }[]
  readonly applets: readonly {
    /** Instance AID, hex */
    readonly aid: string
    readonly packageAid: string
    readonly lifeCycle: 'selectable' | 'selected'
    /** Objects and arrays the instance owns, with their handle entries; without its code. */
    readonly persistentBytes: number
    readonly transientBytes: number
  }[]
  readonly memory: {
    readonly nvSizeBytes: number
    /** Everything but the free space between heap and handle table. */
    readonly nvUsedBytes: number
    /** Header, roots and commit buffer. */
    readonly nvSystemBytes: number
    readonly handleCount: number
    readonly ramSizeBytes: number
    /** Transient arrays and the runtime's own; the stack is reserved apart. */
    readonly ramUsedBytes: number
    readonly ramStackBytes: number
    readonly commitCapacityBytes: number
  }
  readonly bootCount: number
}
