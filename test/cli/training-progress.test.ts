import { formatBar } from '../../src/cli/training-progress.js';

const payload = { epoch: '12/30', loss: '0.693', accuracy: ' 87.50 %', speed: '1234' };
const bar = (maxWidth: number, eta = 12) =>
  formatBar({ maxWidth, progress: 0.5, value: 191, total: 383, eta }, payload);

test.each([200, 80, 60, 40, 20, 10])('the bar fits into %i columns', (columns) => {
  expect(bar(columns).length).toBeLessThanOrEqual(columns);
  expect(bar(columns).startsWith('epoch 12/3')).toBe(true);
});

test('the more room, the more facts', () => {
  expect(bar(120)).toBe(
    'epoch 12/30 ====================-------------------- 191/383, loss 0.693, 12 s left,  87.50 % right, 1234 images/s',
  );
  expect(bar(60)).toBe('epoch 12/30 ========------- 191/383, loss 0.693, 12 s left');
  expect(bar(40)).toBe('epoch 12/30 =========--------- 191/383');
});

test('the time that is left may not be known yet', () => {
  expect(bar(60, Infinity)).toContain(', ? s left');
});
