import fc from 'fast-check';
import { CheckpointError } from '../../../src/weights/formats/checkpoint.js';
import { unpickle, type PickleContext } from '../../../src/weights/formats/pickle.js';
import type { PickleValue } from '../../../src/weights/formats/python-values.js';
import { readGolden } from '../../helpers/golden.js';

const golden = readGolden<Record<string, string>>('checkpoints/pickles.json');

/** Knows what Python itself refers to for sets and, before protocol 3, for bytes. */
const context: PickleContext = {
  resolve: ({ module, name }) => {
    if (/^(builtins|__builtin__)$/.test(module) && /^(set|frozenset)$/.test(name))
      return ([items]) => items ?? [];
    if (/^(builtins|__builtin__)$/.test(module) && name === 'bytes') return () => new Uint8Array(0);
    if (module === '_codecs' && name === 'encode')
      return ([text]) => (typeof text === 'string' ? Buffer.from(text, 'latin1') : null);
    throw new CheckpointError(`refused ${module}.${name}`);
  },
  load: (identifier) => ['loaded', identifier],
};

const read = (bytes: Uint8Array) => unpickle(bytes, context).value as Map<PickleValue, PickleValue>;
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

test.each([0, 1, 2, 3, 4, 5])('plain values in protocol %d, as Python wrote them', (protocol) => {
  const value = read(Uint8Array.from(Buffer.from(golden[protocol]!, 'hex')));
  expect(value.get('nothing')).toBeNull();
  expect(value.get('truth')).toEqual([true, false]);
  const integers = [0, 255, 65535, -1, 2 ** 31, 2 ** 53 - 1, 2n ** 70n, -(2n ** 70n), -(2n ** 63n)];
  expect(value.get('integers')).toEqual(integers);
  expect(value.get('floats')).toEqual([1.5, Infinity, -0]);
  expect(value.get('text')).toEqual(['', 'ü€😀', 'x'.repeat(300)]);
  const bytes = (value.get('bytes') as Uint8Array[]).map((part) => [...part]);
  expect(bytes).toEqual([[], Array.from({ length: 256 }, (_, i) => i), new Array(300).fill(0x79)]);
  expect(value.get('tuples')).toEqual([[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]);
  expect(value.get('sets')).toEqual([[], [7], [8]]);
  const loop = value.get('loop') as PickleValue[][];
  expect([loop[0]![0], loop[1]![0], loop[0]!.slice(1)]).toEqual([loop, loop, [1, 2, 3, 4]]);
  expect(loop[0]![0]).toBe(loop);
  expect(value.get('shared')).toEqual(['shared', 'shared', new Array(300).fill([])]);
  expect(value.get(3)).toEqual(new Map([['nested', new Map()]]));
});

test.each<[string, string, RegExp]>([
  ['nothing', '', /at byte 0: it ends too early/],
  ['no STOP', '\x80\x02K\x01', /ends too early/],
  ['a newer protocol', '\x80\x06N.', /newer than 5/],
  ['an unknown instruction', '\xff.', /instruction 0xff/],
  ['an extension', '\x82\x01.', /instruction 0x82/],
  ['an extension of two bytes', '\x83\x01\x01.', /instruction 0x83/],
  ['an extension of four bytes', '\x84\x01\x01\x01\x01.', /instruction 0x84/],
  ['data that are not in it', '\x97.', /instruction 0x97/],
  ['an instance of a refused name', '(ios\nsystem\n.', /refused os.system/],
  ['a name that is not known', 'cos\nsystem\n.', /refused os.system/],
  ['a name from the stack that is not known', '\x8c\x02os\x8c\x06system\x93.', /refused os.system/],
  ['a name that is not text', 'K\x01]\x93.', /name that is not text/],
  ['an empty stack', '.', /stack is empty/],
  ['a missing mark', 'K\x01t.', /no mark/],
  ['a mark as a value', '(.', /stack is empty/],
  ['a call of a number', 'K\x01)R.', /calls what is not a name/],
  ['items for a number', 'K\x01K\x02K\x03s.', /what is not a dictionary/],
  ['a key without a value', '}(K\x01u.', /what is not a dictionary/],
  ['an item for a number', 'K\x01K\x02a.', /what is not a list/],
  ['an unknown memo', 'h\x05.', /refers to 5/],
  ['an integer of 200 bytes', '\x8a\xc8' + '\x01'.repeat(200) + '.', /integer of 200 bytes/],
  ['an integer that is none', 'L12x\n.', /'12x' is not an integer/],
  ['a float that is none', 'Fabc\n.', /'abc' is not a number/],
  ['a place that is none', 'K\x01p-1\n.', /'-1' is not a place/],
  ['text without quotes', 'Sab\n.', /text without quotes/],
  ['text longer than the file', 'X\xff\xff\xff\xffab.', /ends too early/],
  ['bytes longer than any memory', '\x8e' + '\xff'.repeat(8) + '.', /ends too early/],
  ['a line without an end', 'cos', /ends too early/],
])('refuses %s', (_, text, message) => {
  expect(() => read(latin1(text))).toThrow(CheckpointError);
  expect(() => read(latin1(text))).toThrow(message);
});

test('persistent identifiers go to the context', () => {
  expect(read(latin1('K\x07Q.'))).toEqual(['loaded', 7]);
});

test('the end of one pickle is where the next begins', () => {
  const bytes = latin1('K\x01.K\x02.');
  const first = unpickle(bytes, context);
  expect(unpickle(bytes, context, first.end)).toEqual({ value: 2, end: 6 });
});

test('a pickle that is an endless row of instructions ends in an error', () => {
  expect(() => read(latin1(`](${'}'.repeat(2_000_000)}e.`))).toThrow(/more than 2000000 instructions/);
});

test('any row of instructions gives a value or a clear error, and changes no prototype', () => {
  const opcodes = [
    ...'(012FVSldpgioP\x92N\x88\x89KMJ\x8a\x8bILGX\x8c\x8dUTCB\x8e\x96])\x8ft\x91\x85\x86\x87ae\x90}suqr\x94hjc\x93R\x81Qb',
  ];
  const keys = ['__proto__', 'constructor', 'prototype'].map(
    (key) => `\x8c${String.fromCharCode(key.length)}${key}`,
  );
  const instruction = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...opcodes) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        'K\x01',
        ']',
        '}',
        ')',
        '(',
        'q\x00',
        'h\x00',
        'c_codecs\nencode\n',
        ...keys,
      ),
    },
    { weight: 1, arbitrary: fc.nat(255).map((byte) => String.fromCharCode(byte)) },
  );
  fc.assert(
    fc.property(fc.array(instruction, { maxLength: 40 }), (program) => {
      try {
        read(latin1(`${program.join('')}.`));
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    { numRuns: 5000 },
  );
});
