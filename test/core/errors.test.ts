import {
  ArgumentError,
  check,
  checkInteger,
  checkOneOf,
  checkOptions,
  checkFraction,
} from '../../src/core/errors.js';

test('an ArgumentError is an Error of this name', () => {
  const error = new ArgumentError('message');
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toBe('ArgumentError: message');
});

test('check makes its message only where it fails', () => {
  const message = jest.fn(() => 'so');
  check(true, message);
  expect(message).not.toHaveBeenCalled();
  expect(() => check(false, message)).toThrow(new ArgumentError('so'));
});

test.each([1, 2, 2 ** 40])('checkInteger takes %p', (value) => {
  expect(() => checkInteger('n', value, 1)).not.toThrow();
});

test.each([
  [0, '0'],
  [1.5, '1.5'],
  [NaN, 'NaN'],
  [Infinity, 'Infinity'],
  ['3', "the string '3'"],
  [3n, 'the BigInt 3n'],
  [undefined, 'undefined'],
  [null, 'null'],
  [true, 'true'],
  [{}, 'an object'],
  [new Map(), 'an object (Map)'],
  [[], 'an empty array'],
  [[3], 'an array'],
  [() => 3, 'a function'],
  [Promise.resolve(3), 'a promise (await it)'],
  [Object.create(null), 'an object'],
  [Symbol('3'), 'Symbol(3)'],
])('checkInteger refuses %p and tells it with its kind', (value, text) => {
  expect(() => checkInteger('n', value as number, 1)).toThrow(
    new ArgumentError(`n is ${text}; give an integer of at least 1.`),
  );
});

test.each([0, 0.5, 0.999])('checkFraction takes %p', (value) => {
  expect(() => checkFraction('rate', value)).not.toThrow();
});

test.each([1, -0.1, NaN, Infinity])('checkFraction refuses %p', (value) => {
  expect(() => checkFraction('rate', value)).toThrow(
    new ArgumentError(`rate is ${value}; give a number of at least 0 and below 1.`),
  );
});

test('checkOneOf takes what is listed alone', () => {
  expect(() => checkOneOf('kind', 'b', ['a', 'b'])).not.toThrow();
  expect(() => checkOneOf('kind', 'c', ['a', 'b'])).toThrow(
    new ArgumentError(`kind is 'c'; give one of 'a', 'b'.`),
  );
});

test.each([
  ['50', "the string '50'; give the number 50"],
  [50n, 'the BigInt 50n; give the number 50'],
  [51, '51; give one of 18, 50'],
  [null, 'null; give one of 18, 50'],
  ['x'.repeat(1000), `the string '${'x'.repeat(100)}…'; give one of 18, 50`],
])('checkOneOf of numbers tells %p with its kind', (value, text) => {
  expect(() => checkOneOf('depth', value as number, [18, 50])).toThrow(
    new ArgumentError(`depth is ${text}.`),
  );
});

test.each([
  [1, "1; give the string '1'"],
  [undefined, "undefined; give one of 'a', '1'"],
  [{ a: 1 }, "an object; give one of 'a', '1'"],
])('checkOneOf of strings tells %p with its kind', (value, text) => {
  expect(() => checkOneOf('kind', value as unknown as string, ['a', '1'])).toThrow(
    new ArgumentError(`kind is ${text}.`),
  );
});

describe('checkOptions', () => {
  interface Options {
    readonly classes?: number;
    readonly learningRate?: number;
  }
  const known = { classes: true, learningRate: true } as const;
  const refused = (options: unknown) => () => checkOptions<Options>('train', options as Options, known);

  test('takes what is known', () => {
    expect(refused({})).not.toThrow();
    expect(refused({ classes: 3, learningRate: undefined })).not.toThrow();
  });

  test('names the option and the nearest one', () => {
    expect(refused({ classes: 3, numClasses: 3 })).toThrow(
      new ArgumentError('train has no option numClasses; did you mean classes?'),
    );
  });

  test('lists the options where none is near', () => {
    expect(refused({ x: 3 })).toThrow(
      new ArgumentError('train has no option x; it has classes, learningRate.'),
    );
  });

  test.each(['constructor', 'toString', '__proto__'])('what objects inherit is not known: %s', (name) => {
    expect(refused(JSON.parse(`{ "${name}": 1 }`))).toThrow(`train has no option ${name}; `);
  });

  test.each([
    [null, 'null'],
    [3, '3'],
    ['a', "the string 'a'"],
    [[], 'an empty array'],
    [() => 1, 'a function'],
  ])('%p is no object of options', (options, text) => {
    expect(refused(options)).toThrow(
      new ArgumentError(`train: the options are ${text}; give an object, such as { classes: … }.`),
    );
  });
});
