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

/** What a pickle's STOP gave, and the place of the byte after it. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly end: number;
}

/**
 * Reads one pickle of protocol 0 to 5. Nothing is executed: names become values by the context's own functions only, and an
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
    const stack = this.#stack;
    switch (opcode) {
      case 0x80: // PROTO
        if (this.#bytes.byte() > 5) this.#bytes.fail('its protocol is newer than 5');
        return;
      case 0x95: // FRAME
        this.#bytes.skip(8);
        return;
      case 0x28: // MARK
        stack.push(MARK);
        return;
      case 0x30: // POP
        stack.pop();
        return;
      case 0x31: // POP_MARK
        this.#popToMark();
        return;
      case 0x32: // DUP
        stack.push(this.#top());
        return;
      case 0x4e: // NONE
        stack.push(null);
        return;
      case 0x88: // NEWTRUE
        stack.push(true);
        return;
      case 0x89: // NEWFALSE
        stack.push(false);
        return;
      case 0x4b: // BININT1
        stack.push(this.#bytes.byte());
        return;
      case 0x4d: // BININT2
        stack.push(this.#bytes.uint16());
        return;
      case 0x4a: // BININT
        stack.push(this.#bytes.int32());
        return;
      case 0x8a: // LONG1
        stack.push(this.#bytes.long(this.#bytes.byte()));
        return;
      case 0x8b: // LONG4
        stack.push(this.#bytes.long(this.#bytes.length4()));
        return;
      case 0x49: // INT
      case 0x4c: // LONG
        stack.push(this.#bytes.decimal());
        return;
      case 0x46: // FLOAT
        stack.push(this.#bytes.float());
        return;
      case 0x47: // BINFLOAT
        stack.push(this.#bytes.float64());
        return;
      case 0x56: // UNICODE
        stack.push(decodeEscapes(this.#bytes.lineBytes()));
        return;
      case 0x53: // STRING
        stack.push(decodeRepr(this.#bytes.lineBytes()) ?? this.#bytes.fail('it has text without quotes'));
        return;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(this.#bytes.text(this.#bytes.byte()));
        return;
      case 0x58: // BINUNICODE
        stack.push(this.#bytes.text(this.#bytes.length4()));
        return;
      case 0x8d: // BINUNICODE8
        stack.push(this.#bytes.text(this.#bytes.length8()));
        return;
      case 0x55: // SHORT_BINSTRING
        stack.push(this.#bytes.text(this.#bytes.byte()));
        return;
      case 0x54: // BINSTRING
        stack.push(this.#bytes.text(this.#bytes.length4()));
        return;
      case 0x43: // SHORT_BINBYTES
        stack.push(this.#bytes.data(this.#bytes.byte()));
        return;
      case 0x42: // BINBYTES
        stack.push(this.#bytes.data(this.#bytes.length4()));
        return;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        stack.push(this.#bytes.data(this.#bytes.length8()));
        return;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
      case 0x8f: // EMPTY_SET
        stack.push([]);
        return;
      case 0x6c: // LIST
      case 0x74: // TUPLE
      case 0x91: // FROZENSET
        stack.push(this.#popToMark());
        return;
      case 0x85: // TUPLE1
        stack.push([this.#pop()]);
        return;
      case 0x86: // TUPLE2
        stack.push(this.#popMany(2));
        return;
      case 0x87: // TUPLE3
        stack.push(this.#popMany(3));
        return;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        return;
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        this.#append(this.#popToMark());
        return;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        return;
      case 0x64: // DICT
        {
          const items = this.#popToMark();
          stack.push(new Map());
          this.#setItems(items);
        }
        return;
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        return;
      case 0x75: // SETITEMS
        this.#setItems(this.#popToMark());
        return;
      case 0x70: // PUT
        this.#memo.set(this.#bytes.index(), this.#top());
        return;
      case 0x71: // BINPUT
        this.#memo.set(this.#bytes.byte(), this.#top());
        return;
      case 0x72: // LONG_BINPUT
        this.#memo.set(this.#bytes.length4(), this.#top());
        return;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case 0x67: // GET
        stack.push(this.#remembered(this.#bytes.index()));
        return;
      case 0x68: // BINGET
        stack.push(this.#remembered(this.#bytes.byte()));
        return;
      case 0x6a: // LONG_BINGET
        stack.push(this.#remembered(this.#bytes.length4()));
        return;
      case 0x63: // GLOBAL
        stack.push(this.#name(this.#bytes.line(), this.#bytes.line()));
        return;
      case 0x93: // STACK_GLOBAL
        {
          const [module, name] = this.#popMany(2);
          if (typeof module !== 'string' || typeof name !== 'string')
            this.#bytes.fail('it has a name that is not text');
          stack.push(this.#name(module, name));
        }
        return;
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        {
          const [callee, args] = this.#popMany(2);
          stack.push(this.#call(callee!, args!));
        }
        return;
      case 0x92: // NEWOBJ_EX
        {
          const [callee, args] = this.#popMany(3);
          stack.push(this.#call(callee!, args!));
        }
        return;
      case 0x69: // INST
        {
          const callee = this.#name(this.#bytes.line(), this.#bytes.line());
          stack.push(this.#call(callee, this.#popToMark()));
        }
        return;
      case 0x6f: // OBJ
        {
          const [callee, ...args] = this.#popToMark();
          stack.push(this.#call(callee ?? null, args));
        }
        return;
      case 0x50: // PERSID
        stack.push(this.#context.load(this.#bytes.line()));
        return;
      case 0x51: // BINPERSID
        stack.push(this.#context.load(this.#pop()));
        return;
      case 0x62: // BUILD: the state of an object
        {
          const state = this.#pop();
          const object = this.#top();
          if (object instanceof PythonObject) object.state = state;
        }
        return;
      default:
        this.#bytes.fail(`it has the instruction 0x${opcode.toString(16)}, which no checkpoint needs`);
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
