import { Divergence } from '../../src/training/divergence.js';

function after(losses: readonly number[], classes = 10): Divergence {
  const divergence = new Divergence(Math.log(classes));
  for (const loss of losses) divergence.add(loss);
  return divergence;
}
const high = 1e6;

test('ten losses far above the first are a divergence, and nine are none', () => {
  expect(after([2.3, ...new Array<number>(9).fill(high)]).isFound(false)).toBe(false);
  expect(after([2.3, ...new Array<number>(10).fill(high)]).isFound(false)).toBe(true);
});

test('a spike that passes is none', () => {
  expect(after([2.3, ...new Array<number>(9).fill(high), 2.2, high]).isFound(false)).toBe(false);
});

test('at the end one is enough', () => {
  expect(after([2.3, high]).isFound(true)).toBe(true);
  expect(after([2.3, high, 2]).isFound(true)).toBe(false);
});

test('what is far is said by the first loss, or by guessing where that is more', () => {
  const steps = (loss: number) => new Array<number>(10).fill(loss);
  expect(after([0.001, ...steps(99 * Math.log(10))]).isFound(true)).toBe(false);
  expect(after([50, ...steps(4900)]).isFound(true)).toBe(false);
  expect(after([50, ...steps(5100)]).isFound(true)).toBe(true);
});
