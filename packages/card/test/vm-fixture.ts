import { type CapFile, createMethodPackage, type MethodPackageOptions } from '@gridcard/cap'
import type { CryptoProvider } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { platform } from '../src/api/platform.ts'
import { type CardProfile, profileHash, stackSizeBytes } from '../src/card-profile.ts'
import { type CardClock, type CardLogEntry, Jcre } from '../src/runtime/jcre.ts'
import { createJcreObjects } from '../src/runtime/jcre-objects.ts'
import { loadPackage } from '../src/runtime/loader.ts'
import type { Engine } from '../src/vm/engine.ts'
import { interpreter } from '../src/vm/interpreter/interpreter.ts'
import { FIRST_LOADED_CLASS_ID, type NativeLibrary } from '../src/vm/link/native-library.ts'
import type { PackageInstance } from '../src/vm/machine.ts'
import { CardMemory } from '../src/vm/memory/card-memory.ts'
import type { NvStore } from '../src/vm/memory/nv-store.ts'
import type { Monitor } from '../src/vm/monitor.ts'

export const TEST_PROFILE: CardProfile = {
  name: 'test',
  nvSizeBytes: 32768,
  ramSizeBytes: 4096,
  commitCapacityBytes: 512,
  atr: Uint8Array.of(0x3b, 0x80, 0x01),
}

/** A virtual machine without applets: packages are loaded and their static methods called, as an owner of one's choice. */
export class VmFixture {
  readonly jcre: Jcre
  readonly log: CardLogEntry[] = []

  constructor(
    o: {
      engine?: Engine
      profile?: CardProfile
      store?: NvStore
      natives?: NativeLibrary
      crypto?: CryptoProvider
      clock?: CardClock
      monitor?: Monitor
    } = {},
  ) {
    const { profile = TEST_PROFILE, crypto = nodeCrypto, natives = platform() } = o
    const shape = {
      nvSizeBytes: profile.nvSizeBytes,
      ramSizeBytes: profile.ramSizeBytes,
      commitCapacityBytes: profile.commitCapacityBytes,
      stackSizeBytes: stackSizeBytes(profile),
      profileHash: profileHash(profile, crypto),
    }
    const memory = CardMemory.format(shape, FIRST_LOADED_CLASS_ID, o.store)
    createJcreObjects(memory, natives)
    this.jcre = new Jcre({
      memory,
      engine: o.engine ?? interpreter,
      crypto,
      profile,
      natives,
      log: (entry) => this.log.push(entry),
      clock: o.clock ?? (() => 0),
      instructionBudget: 200_000,
      ...(o.monitor && { monitor: o.monitor }),
    })
  }

  load(cap: CapFile): PackageInstance {
    return loadPackage(this.jcre, cap)
  }

  loadMethods(options: MethodPackageOptions): PackageInstance {
    return this.load(createMethodPackage(options).cap)
  }

  /** A new owner in the context of a package, as an applet instance has. */
  newOwner(instance: PackageInstance): number {
    const owner = this.jcre.memory.root.nextOwner++
    this.jcre.memory.commitRoot()
    this.jcre.machine.contextOf[owner] = instance.context
    return owner
  }

  /** Runs the static method with a token of the first exported class. */
  call(instance: PackageInstance, owner: number, token = 0, args: readonly number[] = []): Outcome {
    const { machine } = this.jcre
    machine.resetStack()
    this.jcre.startBudget()
    const method = instance.linked.exportedClasses[0]!.staticMethods[token]!
    const result = this.jcre.call(method, owner, args)
    const { thrown, halted } = machine
    const outcome: Outcome = { result }
    if (thrown !== 0) {
      outcome.thrown = machine.classOf(thrown).name.replace(/.*\//, '')
      const reason = this.jcre.reasonOf(thrown)
      if (reason !== undefined) outcome.reason = reason
    }
    if (halted !== undefined) outcome.halted = halted
    machine.resetStack()
    return outcome
  }
}

export interface Outcome {
  result: number
  /** Simple name of the exception's class. */
  thrown?: string
  reason?: number
  halted?: string
}
