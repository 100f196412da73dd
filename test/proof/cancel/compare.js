// SPDX-License-Identifier: MIT
'use strict';
/*
 * Compares what programs print on avow with what they print on the model.
 */
const fs = require('fs');
const { Pair, splitLog } = require('../differential/pair');
const { parse } = require('../differential/parse');
const { run } = require('./machine');

/* The order in which a closing loop cancels roots is undefined. Therefore the
   lines between `close` and the last snapshot are sorted. If the order has
   further effects, the comparison only checks that everything settles. */
function normal(lines, loose) {
  const at = lines.indexOf('close') + 1;
  const [last] = lines.slice(-1);
  const before = lines.slice(0, at);
  const after = loose ? [/=\?/.test(last) ? last : 'all settled'] :
    [...lines.slice(at, -1).sort(), last];
  return [...before, ...after].join('\n');
}

class Comparison extends Pair {
  /* Returns the log of each program on avow. A log may end with the status of
     the process. */
  async library(programs) {
    fs.writeFileSync(this.file('programs'), programs.join(''));
    let died = await this.startAvow();
    if (died)
      died = await this.startAvow('--each') || died;
    const logs = splitLog(this.log('avow'));
    const lines = logs.map((log) => log.trimEnd().split('\n').slice(1));
    if (died)
      lines[lines.length - 1].push(died);
    return programs.map((_, i) => lines[i] || []);
  }

  /* Runs a program on the model. `same` tells whether the library agrees. */
  async agrees(program, log) {
    const [parsed] = parse(program);
    const result = await run(parsed);
    const same = normal(result.log, result.loose) === normal(log, result.loose);
    return { ...result, same };
  }

  /* Returns the first program whose logs differ, with both logs, or null. */
  async firstDifference(programs) {
    const logs = await this.library(programs);
    for (let index = 0; index < programs.length; index++) {
      const { log, same } = await this.agrees(programs[index], logs[index]);
      if (!same)
        return { index, model: log, avow: logs[index] };
    }
    return null;
  }
}

module.exports = { Comparison, normal };
