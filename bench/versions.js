/**
 * A training step of another version of this library next to this one's, in turns: the time of the processor that one thread takes,
 * so that it can be measured where other work runs too. Both are built.
 *
 *     node bench/versions.js ROOT_OF_THE_OTHER efficientnet-b0 4 224
 */
import { fileURLToPath } from 'node:url';
import { alternate, Peer } from './peer.js';

const [other, name, ...sizes] = process.argv.slice(2);
const roots = [other, fileURLToPath(new URL('..', import.meta.url))];
const peers = roots.map((root) => new Peer(root, 'processor-time.js', [root, name, ...sizes]));
const [before, now] = await alternate(peers, { rounds: 9 });
for (const peer of peers) peer.end();
console.log(
  `${name}: ${before.toFixed(0)} ms, now ${now.toFixed(0)} ms: ${(before / now).toFixed(2)} times as fast`,
);
