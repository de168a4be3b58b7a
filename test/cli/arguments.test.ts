import { CommanderError } from 'commander';
import { trainCommand } from '../../src/cli/train.js';

/** What commander says of these arguments, before any work begins. */
function complaint(...args: string[]): string {
  const command = trainCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action(() => {});
  try {
    command.parse(['photos', ...args], { from: 'user' });
  } catch (error) {
    expect(error).toBeInstanceOf(CommanderError);
    return (error as Error).message;
  }
  return '';
}

test.each([
  ['--epochs', ['0', '-1', '1.5', 'NaN', '1e300', '', 'ten'], ['1', '30']],
  ['--batch-size', ['0', '-1', '1.5', 'NaN', ''], ['1', '128']],
  ['--micro-batch-size', ['0', '-8'], ['8']],
  ['--lr', ['0', '-0.1', 'NaN', 'Infinity', 'fast', ''], ['0.1', '1e-4']],
  ['--warm-up', ['-1', 'NaN', ''], ['0', '2.5']],
  ['--weight-decay', ['-1e-4', 'x'], ['0', '1e-4']],
  ['--label-smoothing', ['-0.1', '1', '2'], ['0', '0.1']],
  ['--mixup', ['0', '-1'], ['0.2']],
  ['--cutmix', ['0', '-1'], ['1']],
  ['--average', ['1', '-0.1', '1.5'], ['0', '0.999']],
  ['--clip', ['0', '-1'], ['1']],
  ['--objective', ['pgd', ''], ['plain', 'trades']],
  ['--radius', ['0', '-1/255', '8/0', '2', '8/', 'x', ''], ['0.03', '8/255']],
  ['--workers', ['-1', '0.5'], ['0', '2']],
  ['--checkpoint-every', ['0', '-5'], ['100']],
  ['--dropout', ['-0.1', '1'], ['0', '0.5']],
  ['--stochastic-depth', ['-0.1', '1'], ['0', '0.2']],
  ['--width', ['0', '-1', 'Infinity'], ['0.5']],
  ['--depth', ['0', '-1'], ['1.4']],
  ['--size', ['0', '-1', '8193', '1e9'], ['224']],
  ['--classes', ['a', 'a=b,', 'a=b,a=c', 'a=b, a =b'], ['a=b', 'a=b,c=b']],
  ['--seed', ['1.5', 'x', '1e300'], ['0', '-3']],
])('%s out of range is an error that names it', (flag, refused, taken) => {
  for (const value of refused) {
    expect(complaint(`${flag}=${value}`)).toMatch(
      new RegExp(`option '${flag} <.*>' argument '${value}' is invalid. (Give |It maps a twice; give )`),
    );
  }
  for (const value of taken) expect(complaint(`${flag}=${value}`)).toBe('');
});
