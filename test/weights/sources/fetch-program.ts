// Fetches a source as a process of its own, and tells the SHA-256 of what it got. See resume.test.ts.
import { createHash } from 'node:crypto';
import { fetchSource } from '../../helpers/fetch-source.js';

const [source, endpoint] = process.argv.slice(2) as [string, string];
const bytes = await fetchSource(source, {
  hub: { endpoint },
  onProgress: (received) => console.log(`received ${received}`),
});
console.log(`sha256 ${createHash('sha256').update(bytes).digest('hex')}`);
