import { ArgumentError, check, checkInteger, checkOneOf, checkRate } from '../../src/core/errors.js';

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

test.each([0, -1, 1.5, NaN, Infinity, '3' as unknown as number])('checkInteger refuses %p', (value) => {
  expect(() => checkInteger('n', value, 1)).toThrow(
    new ArgumentError(`n is ${value}; give an integer of at least 1.`),
  );
});

test.each([0, 0.5, 0.999])('checkRate takes %p', (value) => {
  expect(() => checkRate('rate', value)).not.toThrow();
});

test.each([1, -0.1, NaN, Infinity])('checkRate refuses %p', (value) => {
  expect(() => checkRate('rate', value)).toThrow(
    new ArgumentError(`rate is ${value}; give a rate of at least 0 and below 1.`),
  );
});

test('checkOneOf takes what is listed alone', () => {
  expect(() => checkOneOf('kind', 'b', ['a', 'b'])).not.toThrow();
  expect(() => checkOneOf('kind', 'c', ['a', 'b'])).toThrow(
    new ArgumentError(`kind is 'c'; give one of 'a', 'b'.`),
  );
});
