/**
 * Prints how many tests of a JSON file of jest passed and failed, and to standard error the tests that failed, with the first
 * lines of why: node .ci/results.js FILE EXIT, where EXIT is the status that jest ended with.
 */
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

const LINES = 40;

const [file, exit] = process.argv.slice(2);
const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = JSON.parse(
  readFileSync(file, 'utf8'),
);

for (const { name, message, assertionResults } of testResults) {
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failed)
    show(`${name}: ${fullName}`, failureMessages.join('\n'));
  // The file did not run, or failed outside of its tests.
  if (failed.length === 0 && message) show(name, message);
}
const failed = numFailedTests + numRuntimeErrorTestSuites;
console.log(numPassedTests, failed === 0 && exit !== '0' ? 1 : failed);

function show(title, why) {
  const lines = stripVTControlCharacters(why).split('\n').slice(0, LINES);
  console.error([title, ...lines.map((line) => `    ${line}`)].join('\n'));
}
