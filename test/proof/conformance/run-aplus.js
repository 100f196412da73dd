// SPDX-License-Identifier: MIT
'use strict';

/* Runs the suite of Promises/A+ against avow. */
const runAll = require('promises-aplus-tests');

const ALL = 872;
const ENOUGH = 20; /* failures, after which the run ends */

/* The suite's own limit of 200 ms fails on a busy machine. */
const options = { reporter: Report, timeout: 5000 };

let passed = 0, failed = 0;

function Report(runner) {
  runner.on('pass', () => passed++);
  runner.on('fail', (test, error) => {
    console.log(`failed: ${test.fullTitle()}\n  ${error.message}`);
    if (++failed === ENOUGH)
      end(true);
  });
}

const end = (error) => {
  console.log(`Promises/A+: ${passed} of ${ALL} tests pass`);
  process.exit(error || passed !== ALL ? 1 : 0);
};

runAll(require('./adapter.js'), options, end);
