import { readFileSync } from 'node:fs'
import { unzipSync } from 'fflate'

// An independent reading of CAP files, format 2.1 compact, straight from the layouts and the published opcode table: it
// shares no code with the rooms it judges. It was tried on CAP files of vendor converters before it judged ours.

interface OpcodeRow {
  readonly op: number
  readonly mnemonic: string
  readonly operands: readonly { readonly t: string; readonly k?: string }[]
  readonly length: number | null
  readonly wordsIn: number | null
  readonly wordsOut: number | null
}

const table: { instructions: OpcodeRow[] } = JSON.parse(
  readFileSync(new URL('../src/instructions/data/jcvm-opcodes.json', import.meta.url), 'utf8'),
)
interface ApiMethodRow {
  readonly space: string
  readonly token: number
  readonly desc: string
}

/** All tokens of all levels. */
const apiPackages: { aid: string; classes: { token: number; methods: ApiMethodRow[] }[] }[] = JSON.parse(
  readFileSync(new URL('../src/api/data/javacard.json', import.meta.url), 'utf8'),
).packages
const rows = new Map(table.instructions.map((row) => [row.op, row]))

const COMPONENTS = [
  'header',
  'directory',
  'applet',
  'import',
  'constantpool',
  'class',
  'method',
  'staticfield',
  'reflocation',
  'export',
  'descriptor',
] as const

type Component = (typeof COMPONENTS)[number]

interface Method {
  readonly offset: number
  readonly codeSize: number
  readonly signature: number
  readonly isStatic: boolean
  readonly isAbstract: boolean
  readonly handlerCount: number
  readonly handlerIndex: number
}

/** What is wrong with a CAP file in its ZIP; empty when nothing is. Throws for bytes that cannot be walked at all. */
export function structureFaults(archive: Uint8Array): string[] {
  return new StructureCheck(archive).run()
}

class StructureCheck {
  readonly #files = new Map<Component, Uint8Array>()
  readonly #faults: string[] = []
  readonly #methods: Method[] = []
  readonly #handlers: { start: number; length: number; stop: boolean; handler: number; type: number }[] = []
  readonly #byteLocations: number[] = []
  readonly #shortLocations: number[] = []

  constructor(archive: Uint8Array) {
    for (const [path, bytes] of Object.entries(unzipSync(archive))) {
      const name = COMPONENTS.find((one) => path.toLowerCase().endsWith(`/${one}.cap`))
      if (name) this.#files.set(name, bytes)
    }
  }

  run(): string[] {
    this.#directory()
    this.#descriptor()
    this.#handlerTable()
    for (const method of this.#methods) if (method.offset !== 0) this.#method(method)
    this.#everyMethodByte()
    this.#referenceLocation()
    this.#staticField()
    this.#constantPool()
    this.#classes()
    return this.#faults
  }

  #say(condition: boolean, fault: string): void {
    if (!condition) this.#faults.push(fault)
  }

  /** Without tag and size. */
  #info(name: Component): Uint8Array {
    return this.#files.get(name)?.subarray(3) ?? new Uint8Array()
  }

  #u2(bytes: Uint8Array, at: number): number {
    return (bytes[at]! << 8) | bytes[at + 1]!
  }

  #directory(): void {
    const directory = this.#info('directory')
    COMPONENTS.forEach((name, i) => {
      const file = this.#files.get(name)
      this.#say(this.#u2(directory, 2 * i) === (file ? file.length - 3 : 0), `Directory: size of ${name}`)
      if (!file) return
      this.#say(file[0] === i + 1, `${name}: tag`)
      this.#say(this.#u2(file, 1) === file.length - 3, `${name}: size`)
    })
    const statics = this.#info('staticfield')
    this.#say(this.#u2(directory, 22) === this.#u2(statics, 0), 'Directory: image size')
    this.#say(this.#u2(directory, 24) === this.#u2(statics, 4), 'Directory: array count')
    this.#say(directory[28] === this.#info('import')[0], 'Directory: imports')
    this.#say(directory[29] === (this.#info('applet')[0] ?? 0), 'Directory: applets')
  }

  #descriptor(): void {
    const bytes = this.#info('descriptor')
    let at = 1
    for (let classes = bytes[0]!; classes > 0; classes--) {
      const owner = at
      const [interfaces, fields, methods] = [bytes[at + 4]!, this.#u2(bytes, at + 5), this.#u2(bytes, at + 7)]
      at += 9 + 2 * interfaces + 7 * fields
      for (let i = 0; i < methods; i++, at += 12) {
        if (bytes[owner + 1]! & 0x40) {
          this.#interfaceSignatures.set(`${this.#u2(bytes, owner + 2)} ${bytes[at]}`, this.#u2(bytes, at + 4))
        }
        this.#methods.push({
          offset: this.#u2(bytes, at + 2),
          codeSize: this.#u2(bytes, at + 6),
          signature: this.#u2(bytes, at + 4),
          isStatic: (bytes[at + 1]! & 0x08) !== 0,
          isAbstract: (bytes[at + 1]! & 0x40) !== 0,
          handlerCount: this.#u2(bytes, at + 8),
          handlerIndex: this.#u2(bytes, at + 10),
        })
      }
    }
    this.#types = bytes.subarray(at)
    const count = this.#u2(this.#types, 0)
    this.#say(count === this.#u2(this.#info('constantpool'), 0), 'Descriptor: one type for each constant')
    for (let i = 0; i < count; i++) {
      const type = this.#u2(this.#types, 2 + 2 * i)
      const isClass = this.#info('constantpool')[2 + 4 * i] === 1
      this.#say(isClass === (type === 0xffff), `Descriptor: type of constant ${i}`)
      this.#say(
        isClass || (type >= 2 + 2 * count && type < this.#types.length),
        `Descriptor: type offset of constant ${i}`,
      )
    }
  }

  #types: Uint8Array = new Uint8Array()

  /** Words of the parameters and of the result, by walking the nibbles of a signature. */
  #wordsOf(signature: number): { parameters: number; result: number } {
    const count = this.#types[signature]!
    const words: number[] = []
    for (let i = 0; i < count; ) {
      const byte = this.#types[signature + 1 + (i >> 1)]!
      const nibble = i & 1 ? byte & 15 : byte >> 4
      words.push(nibble === 1 ? 0 : nibble === 5 ? 2 : 1)
      i += nibble === 6 || nibble === 14 ? 5 : 1
    }
    const result = words.pop()!
    return { parameters: words.reduce((sum, one) => sum + one, 0), result }
  }

  #handlerTable(): void {
    const info = this.#info('method')
    for (let i = 0; i < info[0]!; i++) {
      const at = 1 + 8 * i
      const word = this.#u2(info, at + 2)
      const type = this.#u2(info, at + 6)
      if (type !== 0) this.#shortLocations.push(at + 6)
      this.#handlers.push({
        start: this.#u2(info, at),
        length: word & 0x7fff,
        stop: word >= 0x8000,
        handler: this.#u2(info, at + 4),
        type,
      })
    }
    this.#handlers.forEach((one, i) => {
      const enclosed = this.#handlers
        .slice(i + 1)
        .some((later) => later.start <= one.start && later.start + later.length >= one.start + one.length)
      this.#say(one.stop === !enclosed, `handler ${i}: stop bit`)
      const tag = this.#info('constantpool')[2 + 4 * one.type]
      this.#say(one.type === 0 || tag === 1, `handler ${i}: catch type is a class`)
    })
  }

  #headerOf(offset: number): { stack: number; nargs: number; locals: number; isAbstract: boolean; size: number } {
    const info = this.#info('method')
    const first = info[offset]!
    const isAbstract = (first & 0x40) !== 0
    if (first & 0x80) {
      const [stack, nargs, locals] = [info[offset + 1]!, info[offset + 2]!, info[offset + 3]!]
      return { stack, nargs, locals, isAbstract, size: 4 }
    }
    const second = info[offset + 1]!
    return { stack: first & 15, nargs: second >> 4, locals: second & 15, isAbstract, size: 2 }
  }

  #method(method: Method): void {
    const where = `method at ${method.offset}`
    const header = this.#headerOf(method.offset)
    const { parameters } = this.#wordsOf(method.signature)
    this.#say(header.nargs === parameters + (method.isStatic ? 0 : 1), `${where}: nargs`)
    this.#say(header.isAbstract === method.isAbstract, `${where}: abstract`)
    if (header.isAbstract) {
      this.#say(method.codeSize === 0, `${where}: abstract with code`)
      return
    }
    const start = method.offset + header.size
    const code = this.#walk(start, start + method.codeSize, where)
    for (const { targets } of code.values()) {
      for (const target of targets) this.#say(code.has(target), `${where}: jump to ${target}`)
    }
    const own = this.#handlers.slice(method.handlerIndex, method.handlerIndex + method.handlerCount)
    const covering = this.#handlers.filter((one) => one.start >= start && one.start < start + method.codeSize)
    this.#say(JSON.stringify(own) === JSON.stringify(covering), `${where}: handlers`)
    own.forEach((one, i) => {
      const end = one.start + one.length
      this.#say(code.has(one.start) && code.has(one.handler), `${where}: handler ${i} begins at an instruction`)
      this.#say(code.has(end) || end === start + method.codeSize, `${where}: handler ${i} ends at an instruction`)
      this.#say(i === 0 || own[i - 1]!.handler <= one.handler, `${where}: handlers are sorted`)
    })
    this.#stack(code, start, own, header, where)
    const locals = [...code.values()].map((one) => one.local + 1)
    this.#say(Math.max(0, ...locals) <= header.nargs + header.locals, `${where}: locals`)
  }

  #walk(start: number, end: number, where: string): Map<number, Walked> {
    const info = this.#info('method')
    const code = new Map<number, Walked>()
    for (let at = start; at < end; ) {
      const row = rows.get(info[at]!)
      if (!row || row.op > 184) throw new Error(`${where}: opcode ${info[at]} at ${at}`)
      const walked = this.#decode(row, at)
      code.set(at, walked)
      at = walked.next
      this.#say(at <= end, `${where}: runs past its end`)
    }
    return code
  }

  #decode(row: OpcodeRow, at: number): Walked {
    const info = this.#info('method')
    const signed = (position: number, size: number): number =>
      size === 1 ? (info[position]! << 24) >> 24 : (this.#u2(info, position) << 16) >> 16
    const { mnemonic } = row
    const short = /^[asi](?:load|store)_(\d)$/.exec(mnemonic)?.[1]
    let local = short === undefined ? -1 : Number(short)
    if (mnemonic === 'stableswitch') {
      const count = signed(at + 5, 2) - signed(at + 3, 2) + 1
      const targets = [
        at + signed(at + 1, 2),
        ...Array.from({ length: count }, (_, i) => at + signed(at + 7 + 2 * i, 2)),
      ]
      return { row, local, targets, next: at + 7 + 2 * count, wordsIn: 1, wordsOut: 0 }
    }
    if (mnemonic === 'slookupswitch') {
      const count = this.#u2(info, at + 3)
      const cases = Array.from({ length: count }, (_, i) => signed(at + 5 + 4 * i, 2))
      this.#say(
        cases.every((one, i) => i === 0 || cases[i - 1]! < one),
        `switch at ${at}: cases ascend`,
      )
      const targets = [at + signed(at + 1, 2), ...cases.map((_, i) => at + signed(at + 7 + 4 * i, 2))]
      return { row, local, targets, next: at + 5 + 4 * count, wordsIn: 1, wordsOut: 0 }
    }
    const targets: number[] = []
    let position = at + 1
    let index = -1
    for (const operand of row.operands) {
      const size = Number(operand.t[1])
      if (operand.k === 'branch') targets.push(at + signed(position, size))
      if (operand.k === 'local') local = info[position]!
      if (operand.k?.startsWith('cp:')) {
        index = size === 1 ? info[position]! : this.#u2(info, position)
        const isClassCast = mnemonic === 'checkcast' || mnemonic === 'instanceof'
        const isPrimitiveArray = isClassCast && info[at + 1]! >= 10 && info[at + 1]! <= 13
        if (!isPrimitiveArray) {
          const locations = size === 1 ? this.#byteLocations : this.#shortLocations
          locations.push(position)
          this.#operandKind(operand.k, index, at)
        }
      }
      position += size
    }
    return { row, local, targets, next: at + row.length!, ...this.#effect(row, at, index) }
  }

  #operandKind(kind: string, index: number, at: number): void {
    const pool = this.#info('constantpool')
    const tags: Record<string, number> = {
      Classref: 1,
      InstanceFieldref: 2,
      VirtualMethodref: 3,
      SuperMethodref: 4,
      StaticFieldref: 5,
      StaticMethodref: 6,
    }
    const wanted = (/cp:(\S+)/.exec(kind)?.[1] ?? '').split('|').map((name) => tags[name])
    this.#say(index < this.#u2(pool, 0) && wanted.includes(pool[2 + 4 * index]), `at ${at}: kind of constant ${index}`)
  }

  #effect(row: OpcodeRow, at: number, index: number): { wordsIn: number; wordsOut: number } {
    const info = this.#info('method')
    if (row.mnemonic === 'dup_x') {
      const [m, n] = [info[at + 1]! >> 4, info[at + 1]! & 15]
      return { wordsIn: Math.max(m, n), wordsOut: Math.max(m, n) + m }
    }
    if (row.mnemonic === 'swap_x') {
      const sum = (info[at + 1]! >> 4) + (info[at + 1]! & 15)
      return { wordsIn: sum, wordsOut: sum }
    }
    if (row.mnemonic === 'invokeinterface') {
      return { wordsIn: info[at + 1]!, wordsOut: this.#interfaceResult(index, info[at + 4]!) }
    }
    if (!row.mnemonic.startsWith('invoke')) return { wordsIn: row.wordsIn ?? 0, wordsOut: row.wordsOut ?? 0 }
    const { parameters, result } = this.#wordsOf(this.#u2(this.#types, 2 + 2 * index))
    return { wordsIn: parameters + (row.mnemonic === 'invokestatic' ? 0 : 1), wordsOut: result }
  }

  /** Interface calls name a class and a token: the signature is in the Descriptor or in the token tables. */
  #interfaceResult(index: number, token: number): number {
    const at = 2 + 4 * index
    const pool = this.#info('constantpool')
    const ref = this.#u2(pool, at + 1)
    if (ref < 0x8000) {
      const declared = this.#interfaceSignatures.get(`${ref} ${token}`)
      return this.#wordsOf(declared ?? this.#implementationOf(ref, token)).result
    }
    const imports = this.#info('import')
    let position = 1
    for (let i = pool[at + 1]! & 0x7f; i > 0; i--) position += 3 + imports[position + 2]!
    const aid = imports.subarray(position + 3, position + 3 + imports[position + 2]!)
    const hex = Array.from(aid, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')
    const found = apiPackages.find((one) => one.aid === hex)?.classes.find((one) => one.token === pool[at + 2])
    const method = found?.methods.find((one) => one.space === 'interface' && one.token === token)
    this.#say(method !== undefined, `interface method ${token} of constant ${index} is unknown`)
    return method?.desc.endsWith(')V') ? 0 : 1
  }

  /** Signature of an inherited interface method: some class implements it, and its map leads to a method. */
  #implementationOf(interfaceRef: number, token: number): number {
    const info = this.#info('class')
    for (const start of this.#classStarts()) {
      if (info[start]! & 0x80) continue
      const [base, count] = [info[start + 6]!, info[start + 7]!]
      let at = start + 10 + 2 * count + 2 * info[start + 9]!
      for (let i = info[start]! & 15; i > 0; i--) {
        const entry = info[at + 3 + token]! - base
        if (this.#u2(info, at) === interfaceRef && entry >= 0 && entry < count) {
          const offset = this.#u2(info, start + 10 + 2 * entry)
          const method = this.#methods.find((one) => one.offset === offset)
          if (method) return method.signature
        }
        at += 3 + info[at + 2]!
      }
    }
    throw new Error(`no class implements method ${token} of the interface at ${interfaceRef}`)
  }

  /** By class offset and method token. */
  readonly #interfaceSignatures = new Map<string, number>()

  #stack(
    code: ReadonlyMap<number, Walked>,
    start: number,
    handlers: readonly { handler: number }[],
    header: { stack: number },
    where: string,
  ): void {
    const depths = new Map<number, number>([[start, 0], ...handlers.map((one) => [one.handler, 1] as const)])
    const waiting = [...depths.keys()]
    let deepest = handlers.length > 0 ? 1 : 0
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const one = code.get(at)!
      const before = depths.get(at)!
      this.#say(before >= one.wordsIn, `${where}: ${one.row.mnemonic} at ${at} pops too much`)
      const after = before - one.wordsIn + one.wordsOut
      deepest = Math.max(deepest, after)
      const ends = /^(goto(_w)?|[asi]?return|athrow|ret|\w+switch)$/.test(one.row.mnemonic)
      for (const next of [...one.targets, ...(ends ? [] : [one.next])]) {
        const known = depths.get(next)
        this.#say(known === undefined || known === after, `${where}: depths meet at ${next}`)
        if (known !== undefined) continue
        depths.set(next, after)
        this.#say(code.has(next), `${where}: runs past its end`)
        if (code.has(next)) waiting.push(next)
      }
    }
    this.#say(depths.size >= code.size, `${where}: has code that nothing reaches`)
    this.#say(deepest === header.stack, `${where}: max_stack ${header.stack}, used ${deepest}`)
  }

  #everyMethodByte(): void {
    const info = this.#info('method')
    const placed = this.#methods
      .filter((one) => one.offset !== 0)
      .map((one) => [one.offset, one.offset + this.#headerOf(one.offset).size + one.codeSize] as const)
      .toSorted(([a], [b]) => a - b)
    let at = 1 + 8 * info[0]!
    for (const [from, to] of placed) {
      this.#say(from === at, `Method: bytes between ${at} and ${from} belong to no method`)
      at = to
    }
    this.#say(at === info.length, `Method: ends at ${at}, not ${info.length}`)
  }

  #referenceLocation(): void {
    const bytes = this.#info('reflocation')
    let at = 0
    const list = (): number[] => {
      const found: number[] = []
      let position = 0
      const end = at + 2 + this.#u2(bytes, at)
      for (at += 2; at < end; at++) {
        position += bytes[at]!
        if (bytes[at] !== 255) found.push(position)
      }
      return found
    }
    const sorted = (positions: readonly number[]): string => JSON.stringify(positions.toSorted((a, b) => a - b))
    this.#say(JSON.stringify(list()) === sorted(this.#byteLocations), 'RefLocation: one-byte indices')
    this.#say(JSON.stringify(list()) === sorted(this.#shortLocations), 'RefLocation: two-byte indices')
    this.#say(at === bytes.length, 'RefLocation: length')
  }

  #staticField(): void {
    const bytes = this.#info('staticfield')
    const [image, references, arrays] = [this.#u2(bytes, 0), this.#u2(bytes, 2), this.#u2(bytes, 4)]
    let at = 6
    for (let i = 0; i < arrays; i++) at += 3 + this.#u2(bytes, at + 1)
    const [zeros, others] = [this.#u2(bytes, at), this.#u2(bytes, at + 2)]
    this.#say(image === 2 * references + zeros + others, 'StaticField: image size')
    this.#say(at + 4 + others === bytes.length, 'StaticField: length')
    this.#say(arrays <= references, 'StaticField: arrays are references')
  }

  #constantPool(): void {
    const pool = this.#info('constantpool')
    const methods = new Set(this.#methods.map((one) => one.offset))
    for (let i = 0; i < this.#u2(pool, 0); i++) {
      const at = 2 + 4 * i
      const offset = this.#u2(pool, at + 2)
      const isOwn = pool[at + 1] === 0
      if (pool[at] === 6 && isOwn) this.#say(methods.has(offset) && offset !== 0, `constant ${i}: method offset`)
      if (pool[at] === 5 && isOwn) this.#say(offset < this.#u2(this.#info('staticfield'), 0), `constant ${i}: field`)
      const isClassRef = pool[at]! <= 4 && (pool[at + 1]! & 0x80) === 0
      if (isClassRef) this.#say(this.#classStarts().has(this.#u2(pool, at + 1)), `constant ${i}: class offset`)
    }
    this.#say(pool.length === 2 + 4 * this.#u2(pool, 0), 'ConstantPool: length')
  }

  #classStarts(): ReadonlySet<number> {
    const info = this.#info('class')
    const starts = new Set<number>()
    for (let at = 0; at < info.length; ) {
      starts.add(at)
      const interfaces = info[at]! & 15
      if (info[at]! & 0x80) {
        at += 1 + 2 * interfaces
        continue
      }
      at += 10 + 2 * info[at + 7]! + 2 * info[at + 9]!
      for (let i = 0; i < interfaces; i++) at += 3 + info[at + 2]!
    }
    return starts
  }

  #classes(): void {
    const info = this.#info('class')
    const methods = new Map(this.#methods.map((one) => [one.offset, one]))
    for (const at of this.#classStarts()) {
      if (info[at]! & 0x80) continue
      const parent = this.#u2(info, at + 1)
      this.#say(parent >= 0x8000 || (parent < at && this.#classStarts().has(parent)), `class ${at}: superclass first`)
      const [size, first, references] = [info[at + 3]!, info[at + 4]!, info[at + 5]!]
      this.#say(first === 0xff ? references === 0 : first + references <= size, `class ${at}: reference fields`)
      const [publicCount, packageCount] = [info[at + 7]!, info[at + 9]!]
      for (let i = 0; i < publicCount + packageCount; i++) {
        const offset = this.#u2(info, at + 10 + 2 * i)
        const method = methods.get(offset)
        this.#say(offset === 0xffff || (offset !== 0 && method?.isStatic === false), `class ${at}: table entry ${i}`)
      }
    }
  }
}

interface Walked {
  readonly row: OpcodeRow
  readonly local: number
  readonly targets: readonly number[]
  readonly next: number
  readonly wordsIn: number
  readonly wordsOut: number
}
