import { PickleBytes } from './pickle-bytes.js';
import { decodeEscapes, decodeRepr, PythonName, PythonObject, type PickleValue } from './python-values.js';

/** A Python name that a pickle refers to, such as `collections.OrderedDict`. */
export interface Global {
  readonly module: string;
  readonly name: string;
}

/** What the surroundings of a pickle make of its names and references. */
export interface PickleContext {
  /**
   * The function that a name stands for; calling it builds a plain value, never more. Undefined of a name that is not
   * known: what is made by it is a {@link PythonObject}, which does nothing.
   */
  readonly resolve: (global: Global) => PickleFunction | undefined;
  /** The value that a persistent identifier stands for. */
  readonly load: (identifier: PickleValue) => PickleValue;
}

/** Stands for a Python class or function. */
export type PickleFunction = (args: PickleValue[]) => PickleValue;

/**
 * A pickle of more instructions is taken for an attack. Each makes at most one value, so this bounds time and memory; a
 * state_dict has about 30 a tensor.
 */
const MAX_INSTRUCTIONS = 2_000_000;

const MARK = Symbol('mark');

/** Instructions that push a value, which they or the bytes after them say. */
const literals: Readonly<Record<number, (bytes: PickleBytes) => PickleValue>> = {
  0x4e: () => null, // NONE
  0x88: () => true, // NEWTRUE
  0x89: () => false, // NEWFALSE
  0x4b: (bytes) => bytes.byte(), // BININT1
  0x4d: (bytes) => bytes.uint16(), // BININT2
  0x4a: (bytes) => bytes.int32(), // BININT
  0x8a: (bytes) => bytes.long(bytes.byte()), // LONG1
  0x8b: (bytes) => bytes.long(bytes.length4()), // LONG4
  0x49: (bytes) => bytes.decimal(), // INT
  0x4c: (bytes) => bytes.decimal(), // LONG
  0x46: (bytes) => bytes.float(), // FLOAT
  0x47: (bytes) => bytes.float64(), // BINFLOAT
  0x56: (bytes) => decodeEscapes(bytes.lineBytes()), // UNICODE
  0x53: (bytes) => decodeRepr(bytes.lineBytes()) ?? bytes.fail('it has text without quotes'), // STRING
  0x8c: (bytes) => bytes.text(bytes.byte()), // SHORT_BINUNICODE
  0x58: (bytes) => bytes.text(bytes.length4()), // BINUNICODE
  0x8d: (bytes) => bytes.text(bytes.length8()), // BINUNICODE8
  0x55: (bytes) => bytes.text(bytes.byte()), // SHORT_BINSTRING
  0x54: (bytes) => bytes.text(bytes.length4()), // BINSTRING
  0x43: (bytes) => bytes.data(bytes.byte()), // SHORT_BINBYTES
  0x42: (bytes) => bytes.data(bytes.length4()), // BINBYTES
  0x8e: (bytes) => bytes.data(bytes.length8()), // BINBYTES8
  0x96: (bytes) => bytes.data(bytes.length8()), // BYTEARRAY8
};

/** What a pickle's STOP gave, and the place of the byte after it. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly end: number;
}

/**
 * Reads one pickle of protocol 0 to 5. Nothing is executed: names become values by the context's functions only, and an
 * object of any other class is kept as its class's name and its parts.
 * @param start - Place of the pickle's first byte.
 * @throws CheckpointError where the pickle is damaged, or uses an unknown instruction, an extension's code, or data that
 * are not in it.
 */
export function unpickle(bytes: Uint8Array, context: PickleContext, start = 0): Unpickled {
  return new Unpickler(bytes, context, start).run();
}

class Unpickler {
  readonly #bytes: PickleBytes;
  readonly #context: PickleContext;
  readonly #memo = new Map<number, PickleValue>();
  #stack: (PickleValue | typeof MARK)[] = [];

  constructor(bytes: Uint8Array, context: PickleContext, start: number) {
    this.#bytes = new PickleBytes(bytes, start);
    this.#context = context;
  }

  run(): Unpickled {
    for (let count = 0; count < MAX_INSTRUCTIONS; count++) {
      const opcode = this.#bytes.byte();
      if (opcode === 0x2e) return { value: this.#pop(), end: this.#bytes.position };
      this.#execute(opcode);
    }
    return this.#bytes.fail(`it has more than ${MAX_INSTRUCTIONS} instructions`);
  }

  /** One instruction; the names in the comments are those of Python's pickletools. */
  #execute(opcode: number): void {
    const literal = literals[opcode];
    if (literal) this.#stack.push(literal(this.#bytes));
    else if (!(
      this.#arrange(opcode) ||
      this.#collect(opcode) ||
      this.#remember(opcode) ||
      this.#make(opcode)
    ))
      this.#bytes.fail(`it has the instruction 0x${opcode.toString(16)}, which no checkpoint needs`);
  }

  /** Instructions of the file and of the stack: whether it is one. */
  #arrange(opcode: number): boolean {
    const stack = this.#stack;
    switch (opcode) {
      case 0x80: // PROTO
        if (this.#bytes.byte() > 5) this.#bytes.fail('its protocol is newer than 5');
        return true;
      case 0x95: // FRAME
        this.#bytes.skip(8);
        return true;
      case 0x28: // MARK
        stack.push(MARK);
        return true;
      case 0x30: // POP
        stack.pop();
        return true;
      case 0x31: // POP_MARK
        this.#popToMark();
        return true;
      case 0x32: // DUP
        stack.push(this.#top());
        return true;
      case 0x62: // BUILD: the state of an object
        {
          const state = this.#pop();
          const object = this.#top();
          if (object instanceof PythonObject) object.state = state;
        }
        return true;
      default:
        return false;
    }
  }

  /** Instructions of lists, tuples, sets and dictionaries: whether it is one. */
  #collect(opcode: number): boolean {
    const stack = this.#stack;
    switch (opcode) {
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
      case 0x8f: // EMPTY_SET
        stack.push([]);
        return true;
      case 0x6c: // LIST
      case 0x74: // TUPLE
      case 0x91: // FROZENSET
        stack.push(this.#popToMark());
        return true;
      case 0x85: // TUPLE1
        stack.push([this.#pop()]);
        return true;
      case 0x86: // TUPLE2
        stack.push(this.#popMany(2));
        return true;
      case 0x87: // TUPLE3
        stack.push(this.#popMany(3));
        return true;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        return true;
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        this.#append(this.#popToMark());
        return true;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        return true;
      case 0x64: // DICT
        {
          const items = this.#popToMark();
          stack.push(new Map());
          this.#setItems(items);
        }
        return true;
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        return true;
      case 0x75: // SETITEMS
        this.#setItems(this.#popToMark());
        return true;
      default:
        return false;
    }
  }

  /** Instructions of the memo: whether it is one. */
  #remember(opcode: number): boolean {
    const stack = this.#stack;
    switch (opcode) {
      case 0x70: // PUT
        this.#memo.set(this.#bytes.index(), this.#top());
        return true;
      case 0x71: // BINPUT
        this.#memo.set(this.#bytes.byte(), this.#top());
        return true;
      case 0x72: // LONG_BINPUT
        this.#memo.set(this.#bytes.length4(), this.#top());
        return true;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return true;
      case 0x67: // GET
        stack.push(this.#remembered(this.#bytes.index()));
        return true;
      case 0x68: // BINGET
        stack.push(this.#remembered(this.#bytes.byte()));
        return true;
      case 0x6a: // LONG_BINGET
        stack.push(this.#remembered(this.#bytes.length4()));
        return true;
      default:
        return false;
    }
  }

  /** Instructions of names, objects and stored tensors: whether it is one. */
  #make(opcode: number): boolean {
    const stack = this.#stack;
    switch (opcode) {
      case 0x63: // GLOBAL
        stack.push(this.#name(this.#bytes.line(), this.#bytes.line()));
        return true;
      case 0x93: // STACK_GLOBAL
        {
          const [module, name] = this.#popMany(2);
          if (typeof module !== 'string' || typeof name !== 'string')
            this.#bytes.fail('it has a name that is not text');
          stack.push(this.#name(module, name));
        }
        return true;
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        {
          const [callee, args] = this.#popMany(2);
          stack.push(this.#call(callee!, args!));
        }
        return true;
      case 0x92: // NEWOBJ_EX
        {
          const [callee, args] = this.#popMany(3);
          stack.push(this.#call(callee!, args!));
        }
        return true;
      case 0x69: // INST
        {
          const callee = this.#name(this.#bytes.line(), this.#bytes.line());
          stack.push(this.#call(callee, this.#popToMark()));
        }
        return true;
      case 0x6f: // OBJ
        {
          const [callee, ...args] = this.#popToMark();
          stack.push(this.#call(callee ?? null, args));
        }
        return true;
      case 0x50: // PERSID
        stack.push(this.#context.load(this.#bytes.line()));
        return true;
      case 0x51: // BINPERSID
        stack.push(this.#context.load(this.#pop()));
        return true;
      default:
        return false;
    }
  }

  #name(module: string, name: string): PickleValue {
    return this.#context.resolve({ module, name }) ?? new PythonName(`${module}.${name}`);
  }

  #top(): PickleValue {
    const top = this.#stack.at(-1);
    return top === undefined || top === MARK ? this.#bytes.fail('its stack is empty') : (top as PickleValue);
  }

  #pop(): PickleValue {
    const top = this.#top();
    this.#stack.pop();
    return top;
  }

  #popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popToMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) this.#bytes.fail('its stack has no mark');
    const values = this.#stack.splice(mark + 1) as PickleValue[];
    this.#stack.pop();
    return values;
  }

  #append(values: PickleValue[]): void {
    const list = this.#top();
    if (list instanceof PythonObject) return;
    if (!Array.isArray(list)) this.#bytes.fail('it appends to what is not a list');
    for (const value of values) list.push(value);
  }

  #setItems(items: PickleValue[]): void {
    const top = this.#top();
    const dictionary = top instanceof PythonObject ? top.items : top;
    if (!(dictionary instanceof Map) || items.length % 2 !== 0)
      this.#bytes.fail('it sets items of what is not a dictionary');
    for (let i = 0; i < items.length; i += 2) dictionary.set(items[i]!, items[i + 1]!);
  }

  #remembered(index: number): PickleValue {
    const value = this.#memo.get(index);
    return value === undefined ? this.#bytes.fail(`it refers to ${index}, which it has not stored`) : value;
  }

  #call(callee: PickleValue, args: PickleValue): PickleValue {
    if (!Array.isArray(args)) return this.#bytes.fail('it calls with what are not arguments');
    if (callee instanceof PythonName) return callee.call(args);
    // What an object's call would give, only Python knows.
    if (callee instanceof PythonObject) return new PythonObject(callee.type);
    if (typeof callee !== 'function') this.#bytes.fail('it calls what is not a name');
    return (callee as PickleFunction)(args);
  }
}
