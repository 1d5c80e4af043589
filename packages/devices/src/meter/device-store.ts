/** Where a device keeps its state over a power cut: the whole of it each time, replaced at once or not at all. */
export interface DeviceStore {
  load(): Uint8Array | undefined
  /** Durable when it returns; a throw means that the state before still counts. */
  save(bytes: Uint8Array): void
}

/** A store in memory; outlives its device, not its process. */
export function memoryDeviceStore(bytes?: Uint8Array): DeviceStore {
  let kept = bytes?.slice()
  return {
    load: () => kept?.slice(),
    save: (saved) => {
      kept = saved.slice()
    },
  }
}
