/**
 * How long it takes to count a network that is not built: EfficientNet-B7 for images of 600 pixels, in milliseconds. "Cold" is the
 * first call of a new process, less the loading of the package.
 *
 *     npm run build && node bench/describe.js
 */
import { execFileSync } from 'node:child_process';
import { median } from './peer.js';

const RUNS = 7;
const WARM_CALLS = 10;

const program = `
  import { buildEfficientNet } from 'skipscale';
  const timed = (run) => {
    const start = performance.now();
    const result = run();
    return [performance.now() - start, result];
  };
  const [building, model] = timed(() => buildEfficientNet(7, { initialize: false }));
  const times = Array.from({ length: ${WARM_CALLS + 1} }, () => timed(() => model.describe(600))[0]);
  console.log(JSON.stringify({ building, times, multiplyAdds: model.describe(600).multiplyAdds }));
`;

const runs = Array.from({ length: RUNS }, () =>
  JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ),
);
const shown = (list) => `${median(list).toFixed(0)} | ${Math.max(...list).toFixed(0)}`;
console.log(
  `EfficientNet-B7 at 600 pixels: ${(runs[0].multiplyAdds / 1e9).toFixed(1)} billion multiply-adds`,
);
console.log('| | median | most |\n| --- | --- | --- |');
console.log(`| cold | ${shown(runs.map(({ times }) => times[0]))} |`);
console.log(`| warm | ${shown(runs.flatMap(({ times }) => times.slice(1)))} |`);
