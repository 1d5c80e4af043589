import { ByteWriter } from '@gridcard/bytes'
import { ACC, type Attribute, type Constant, type LocalVariable, type Member } from '../src/classfile/class-file.ts'
import { emitClassFile } from '../src/classfile/emit-class-file.ts'

// A small language for class files, so that tests need no compiler: one instruction a line (or between semicolons), labels
// end in a colon, members are written `owner.name:descriptor`.

const NAMES =
  `nop aconst_null iconst_m1 iconst_0 iconst_1 iconst_2 iconst_3 iconst_4 iconst_5 lconst_0 lconst_1 fconst_0
  fconst_1 fconst_2 dconst_0 dconst_1 bipush sipush ldc ldc_w ldc2_w iload lload fload dload aload ${family('load_')}
  iaload laload faload daload aaload baload caload saload istore lstore fstore dstore astore ${family('store_')}
  iastore lastore fastore dastore aastore bastore castore sastore pop pop2 dup dup_x1 dup_x2 dup2 dup2_x1 dup2_x2 swap
  iadd ladd fadd dadd isub lsub fsub dsub imul lmul fmul dmul idiv ldiv fdiv ddiv irem lrem frem drem ineg lneg fneg dneg
  ishl lshl ishr lshr iushr lushr iand land ior lor ixor lxor iinc i2l i2f i2d l2i l2f l2d f2i f2l f2d d2i d2l d2f i2b i2c
  i2s lcmp fcmpl fcmpg dcmpl dcmpg ifeq ifne iflt ifge ifgt ifle if_icmpeq if_icmpne if_icmplt if_icmpge if_icmpgt
  if_icmple if_acmpeq if_acmpne goto jsr ret tableswitch lookupswitch ireturn lreturn freturn dreturn areturn return
  getstatic putstatic getfield putfield invokevirtual invokespecial invokestatic invokeinterface invokedynamic new newarray
  anewarray arraylength athrow checkcast instanceof monitorenter monitorexit wide multianewarray ifnull ifnonnull goto_w
  jsr_w`.split(/\s+/)

function family(stem: string): string {
  return ['i', 'l', 'f', 'd', 'a'].flatMap((type) => [0, 1, 2, 3].map((n) => `${type}${stem}${n}`)).join(' ')
}

const OPCODES = new Map(NAMES.map((name, opcode) => [name, opcode]))
const ARRAY_TYPES: Readonly<Record<string, number>> = {
  boolean: 4,
  char: 5,
  float: 6,
  double: 7,
  byte: 8,
  short: 9,
  int: 10,
  long: 11,
}

export interface MethodText {
  readonly name: string
  readonly descriptor: string
  readonly flags?: number
  /** Absent for abstract methods. */
  readonly code?: string
  /** `from to handler Type`, labels and an internal class name or `any`. */
  readonly handlers?: readonly string[]
  /** `label line` */
  readonly lines?: readonly string[]
  /** Internal names of classes. */
  readonly throws?: readonly string[]
  /** `name descriptor slot`, in scope everywhere. */
  readonly variables?: readonly string[]
}

export interface ClassText {
  readonly name: string
  readonly superName?: string
  readonly interfaces?: readonly string[]
  readonly flags?: number
  readonly sourceFile?: string
  /** `flags name descriptor`, and `= value` for a constant. */
  readonly fields?: readonly string[]
  readonly methods?: readonly MethodText[]
}

/** Flags by name: `public static final`. */
export function flagsOf(words: string): number {
  return words
    .split(' ')
    .filter(Boolean)
    .reduce((flags, word) => flags | ACC[word.toUpperCase() as keyof typeof ACC], 0)
}

/** `<init>` that calls that of the superclass. */
export function constructorOf(superName = 'java/lang/Object', flags: number = ACC.PUBLIC): MethodText {
  return { name: '<init>', descriptor: '()V', flags, code: `aload_0; invokespecial ${superName}.<init>:()V; return` }
}

/** The bytes of a class file, version 52. */
export function javaClass(text: ClassText): Uint8Array {
  return new ClassAssembler().assemble(text)
}

class ClassAssembler {
  readonly #pool: (Constant | undefined)[] = [undefined]
  readonly #indices = new Map<string, number>()

  assemble(text: ClassText): Uint8Array {
    const thisClassIndex = this.#class(text.name)
    const superClassIndex = this.#class(text.superName ?? 'java/lang/Object')
    const interfaceIndices = (text.interfaces ?? []).map((name) => this.#class(name))
    const fields = (text.fields ?? []).map((field) => this.#field(field))
    const methods = (text.methods ?? []).map((method) => this.#method(method))
    const attributes: Attribute[] =
      text.sourceFile === undefined
        ? []
        : [{ kind: 'SourceFile', nameIndex: this.#utf8('SourceFile'), fileIndex: this.#utf8(text.sourceFile) }]
    return emitClassFile({
      minorVersion: 0,
      majorVersion: 52,
      constantPool: this.#pool,
      accessFlags: text.flags ?? ACC.PUBLIC | ACC.SUPER,
      thisClassIndex,
      superClassIndex,
      interfaceIndices,
      fields,
      methods,
      attributes,
    })
  }

  #add(constant: Constant): number {
    const key = JSON.stringify(constant, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
    const known = this.#indices.get(key)
    if (known !== undefined) return known
    const index = this.#pool.push(constant) - 1
    if (constant.kind === 'long' || constant.kind === 'double') this.#pool.push(undefined)
    this.#indices.set(key, index)
    return index
  }

  #utf8(text: string): number {
    return this.#add({ kind: 'utf8', text })
  }

  #class(name: string): number {
    return this.#add({ kind: 'class', nameIndex: this.#utf8(name) })
  }

  #member(kind: 'field' | 'method' | 'interfaceMethod', text: string): number {
    const [, owner, name, descriptor] = /^(.*)\.([^.:]+):(.+)$/.exec(text) ?? []
    if (!owner) throw new Error(`not a member: ${text}`)
    const nameAndTypeIndex = this.#add({
      kind: 'nameAndType',
      nameIndex: this.#utf8(name!),
      descriptorIndex: this.#utf8(descriptor!),
    })
    return this.#add({ kind, classIndex: this.#class(owner), nameAndTypeIndex })
  }

  #field(text: string): Member {
    const [head, value] = text.split(' = ')
    const words = head!.split(' ')
    const descriptor = words.pop()!
    const name = words.pop()!
    const valueIndex = value === undefined ? 0 : this.#add({ kind: 'integer', value: Number(value) })
    return {
      accessFlags: flagsOf(words.join(' ')),
      nameIndex: this.#utf8(name),
      descriptorIndex: this.#utf8(descriptor),
      attributes:
        value === undefined ? [] : [{ kind: 'ConstantValue', nameIndex: this.#utf8('ConstantValue'), valueIndex }],
    }
  }

  #method(text: MethodText): Member {
    return {
      accessFlags: text.flags ?? ACC.PUBLIC,
      nameIndex: this.#utf8(text.name),
      descriptorIndex: this.#utf8(text.descriptor),
      attributes: [
        ...(text.code === undefined ? [] : [this.#code(text, text.code)]),
        ...(text.throws && text.throws.length > 0 ? [this.#exceptions(text.throws)] : []),
      ],
    }
  }

  #exceptions(names: readonly string[]): Attribute {
    const classIndices = names.map((name) => this.#class(name))
    return { kind: 'Exceptions', nameIndex: this.#utf8('Exceptions'), classIndices }
  }

  #code(text: MethodText, source: string): Attribute {
    const { code, labels } = this.#assembleCode(source)
    const at = (label: string): number => {
      const pc = labels.get(label)
      if (pc === undefined) throw new Error(`no label ${label}`)
      return pc
    }
    const attributes: Attribute[] = []
    if (text.lines) {
      const lines = text.lines
        .map((one) => one.split(' '))
        .map(([label, line]) => ({ startPc: at(label!), line: Number(line) }))
      attributes.push({ kind: 'LineNumberTable', nameIndex: this.#utf8('LineNumberTable'), lines })
    }
    if (text.variables) {
      const variables = text.variables.map((one): LocalVariable => {
        const [name, descriptor, slot] = one.split(' ')
        const [nameIndex, descriptorIndex] = [this.#utf8(name!), this.#utf8(descriptor!)]
        return { startPc: 0, length: code.length, nameIndex, descriptorIndex, slot: Number(slot) }
      })
      attributes.push({ kind: 'LocalVariableTable', nameIndex: this.#utf8('LocalVariableTable'), variables })
    }
    return {
      kind: 'Code',
      nameIndex: this.#utf8('Code'),
      maxStack: 20,
      maxLocals: 300,
      code,
      exceptionTable: (text.handlers ?? []).map((one) => {
        const [from, to, handler, type] = one.split(' ')
        const catchTypeIndex = type === 'any' ? 0 : this.#class(type!)
        return { startPc: at(from!), endPc: at(to!), handlerPc: at(handler!), catchTypeIndex }
      }),
      attributes,
    }
  }

  #assembleCode(source: string): { code: Uint8Array; labels: Map<string, number> } {
    const labels = new Map<string, number>()
    const jumps: { at: number; from: number; label: string; wide: boolean }[] = []
    const writer = new ByteWriter()
    const jump = (from: number, label: string, wide = false): void => {
      jumps.push({ at: writer.length, from, label, wide })
      if (wide) writer.u32(0)
      else writer.u16(0)
    }
    for (const line of source.split(/\n|;(?= |$)/)) {
      const words = line.trim().split(/\s+/).filter(Boolean)
      while (words[0]?.endsWith(':')) labels.set(words.shift()!.slice(0, -1), writer.length)
      if (words[0] !== undefined) this.#instruction(writer, words as [string, ...string[]], jump)
    }
    const code = writer.toBytes()
    const view = new DataView(code.buffer)
    for (const { at, from, label, wide } of jumps) {
      const target = labels.get(label)
      if (target === undefined) throw new Error(`no label ${label}`)
      if (wide) view.setInt32(at, target - from)
      else view.setInt16(at, target - from)
    }
    return { code, labels }
  }

  #instruction(
    writer: ByteWriter,
    [mnemonic, ...operands]: readonly [string, ...string[]],
    jump: (from: number, label: string, wide?: boolean) => void,
  ): void {
    const from = writer.length
    const opcode = OPCODES.get(mnemonic)
    if (opcode === undefined) throw new Error(`no instruction ${mnemonic}`)
    const [first = ''] = operands
    writer.u8(opcode)
    switch (mnemonic) {
      case 'bipush':
        writer.i8(Number(first))
        return
      case 'sipush':
        writer.i16(Number(first))
        return
      case 'ldc':
        writer.u8(this.#loadable(operands.join(' ')))
        return
      case 'ldc_w':
      case 'ldc2_w':
        writer.u16(this.#loadable(operands.join(' ')))
        return
      case 'iinc':
        writer.u8(Number(first)).i8(Number(operands[1]))
        return
      case 'wide':
        writer.u8(OPCODES.get(first)!).u16(Number(operands[1]))
        if (first === 'iinc') writer.i16(Number(operands[2]))
        return
      case 'newarray':
        writer.u8(ARRAY_TYPES[first]!)
        return
      case 'new':
      case 'anewarray':
      case 'checkcast':
      case 'instanceof':
        writer.u16(this.#class(first))
        return
      case 'multianewarray':
        writer.u16(this.#class(first)).u8(2)
        return
      case 'getstatic':
      case 'putstatic':
      case 'getfield':
      case 'putfield':
        writer.u16(this.#member('field', first))
        return
      case 'invokevirtual':
      case 'invokespecial':
      case 'invokestatic':
        writer.u16(this.#member('method', first))
        return
      case 'invokeinterface':
        writer.u16(this.#member('interfaceMethod', first)).u16(0x100)
        return
      case 'invokedynamic': {
        const [name, descriptor] = first.split(':')
        const nameAndTypeIndex = this.#add({
          kind: 'nameAndType',
          nameIndex: this.#utf8(name!),
          descriptorIndex: this.#utf8(descriptor!),
        })
        writer.u16(this.#add({ kind: 'invokeDynamic', bootstrapMethodIndex: 0, nameAndTypeIndex })).u16(0)
        return
      }
      case 'tableswitch':
      case 'lookupswitch':
        this.#switch(writer, mnemonic, operands, from, jump)
        return
      case 'goto_w':
      case 'jsr_w':
        jump(from, first, true)
        return
    }
    if (/^(if|goto|jsr)/.test(mnemonic)) jump(from, first)
    else if (/^([ilfda](load|store)|ret)$/.test(mnemonic)) writer.u8(Number(first))
  }

  /** `5`, `5L`, `1.5f`, `1.5d`, `"text"` or a class name. */
  #loadable(text: string): number {
    if (/^".*"$/.test(text)) return this.#add({ kind: 'string', textIndex: this.#utf8(text.slice(1, -1)) })
    if (/^-?\d+L$/.test(text)) return this.#add({ kind: 'long', value: BigInt(text.slice(0, -1)) })
    if (text.endsWith('f')) return this.#add({ kind: 'float', bits: 0x3fc00000 })
    if (text.endsWith('d')) return this.#add({ kind: 'double', bits: 0x3ff8000000000000n })
    if (/^-?\d+$/.test(text)) return this.#add({ kind: 'integer', value: Number(text) })
    return this.#class(text)
  }

  /** `tableswitch low default L0 L1 ..`, `lookupswitch default 1:L0 5:L1 ..` */
  #switch(
    writer: ByteWriter,
    mnemonic: string,
    operands: readonly string[],
    from: number,
    jump: (from: number, label: string, wide?: boolean) => void,
  ): void {
    while (writer.length % 4 !== 0) writer.u8(0)
    if (mnemonic === 'tableswitch') {
      const [low, defaultLabel, ...cases] = operands
      jump(from, defaultLabel!, true)
      writer.i32(Number(low)).i32(Number(low) + cases.length - 1)
      for (const label of cases) jump(from, label, true)
      return
    }
    const [defaultLabel, ...cases] = operands
    jump(from, defaultLabel!, true)
    writer.u32(cases.length)
    for (const [match, label] of cases.map((one) => one.split(':'))) {
      writer.i32(Number(match))
      jump(from, label!, true)
    }
  }
}
