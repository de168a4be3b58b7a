/** What may stand for a Python object while it is being built. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | object;

/** A Python class or function that nothing here stands for: its name, such as `argparse.Namespace`. */
export class PythonName {
  constructor(readonly name: string) {}

  /** What a call of it gives: an object of this class. Where Python makes one of another class, of that class. */
  call(args: readonly PickleValue[]): PythonObject {
    const [first] = args;
    const isMaker = makers.has(this.name) && first instanceof PythonName;
    return new PythonObject(isMaker ? first.name : this.name);
  }
}

/** Functions that make an object of the class that is their first argument. */
const makers = new Set([
  'copyreg._reconstructor',
  'copy_reg._reconstructor',
  'copyreg.__newobj__',
  'copyreg.__newobj_ex__',
]);

/** An object of a class that is not known. Nothing of it is run; only its parts are kept, in which weights may be. */
export class PythonObject {
  #items: Map<PickleValue, PickleValue> | undefined;
  /** What the object restores: mostly a dictionary of its attributes. */
  state: PickleValue = null;

  constructor(readonly type: string) {}

  /** Its entries, where it is a kind of dictionary. */
  get items(): Map<PickleValue, PickleValue> {
    return (this.#items ??= new Map());
  }
}

/** Text of protocol 0: Latin-1, in which `\uXXXX` and `\UXXXXXXXX` stand for all other letters. */
export function decodeEscapes(bytes: Uint8Array): string {
  const escape = /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g;
  return latin1(bytes).replace(escape, (whole, four?: string, eight?: string) => {
    const code = parseInt(four ?? eight!, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** A string as Python 2 prints it, in quotes; undefined of what has none. */
export function decodeRepr(bytes: Uint8Array): string | undefined {
  const [, , inner] = /^(['"])(.*)\1$/s.exec(latin1(bytes).trim()) ?? [];
  return inner?.replace(/\\(?:x([0-9a-f]{2})|(.))/gs, (_, hex?: string, letter?: string) =>
    hex ? String.fromCharCode(parseInt(hex, 16)) : (letters[letter!] ?? letter!),
  );
}

const letters: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  }
  return text;
}
