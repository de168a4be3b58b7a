// Runs a bundle of jasmine tests and prints each one's result as a line of JSON:
//
//     node run-tfjs-core.cjs BUNDLE
const jasmine = require('jasmine-core').boot();

const environment = jasmine.getEnv();
environment.configure({ random: false });
environment.addReporter({
  specDone({ fullName: name, status, failedExpectations }) {
    console.log(JSON.stringify({ name, status, messages: failedExpectations.map(({ message }) => message) }));
  },
});

require(process.argv[2]);
// tfjs registers backends whose timers would keep the process.
environment.execute().then(() => process.exit());
