// SPDX-License-Identifier: MIT
'use strict';
/*
 * The two interpreters, each in a process of its own for many programs, and the
 * comparison of their output.
 */
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const ORACLE = path.join(__dirname, 'interpret.js');
const BUILT = path.join(__dirname, '../../../build/test/proof/differential/interpret');
const DEADLINE = 120000; /* ms for a process */

function splitLog(log) {
  return log.toString('latin1').split(/^(?=program )/m);
}

class Pair {
  /* `stackless` selects stackless async functions of avow. */
  constructor({ interpreter = BUILT, stackless }) {
    if (!fs.existsSync(interpreter)) {
      console.error(`${interpreter} is not built; build it, or pass ` +
        '--interpreter PATH');
      process.exit(2);
    }
    this.interpreter = interpreter;
    this.args = stackless ? ['--stackless'] : [];
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'avow-differential-'));
  }

  close() {
    fs.rmSync(this.folder, { recursive: true });
  }

  file(name) {
    return path.join(this.folder, name);
  }

  /* Runs a program and returns its exit code or the signal that ended it. */
  start(command, args, name) {
    const input = fs.openSync(this.file('programs'), 'r');
    const output = fs.openSync(this.file(name + '.log'), 'w');
    const errors = fs.openSync(this.file(name + '.err'), 'w');
    const stdio = [input, output, errors];
    const child = spawn(command, args, { stdio, timeout: DEADLINE });
    stdio.forEach((fd) => fs.closeSync(fd));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(signal || code));
    });
  }

  async startAvow(...args) {
    args.push(...this.args);
    const how = await this.start(this.interpreter, args, 'avow');
    return how === 0 ? null : `died (${how})\n` + this.errors('avow');
  }

  async startV8() {
    const args = ['--no-warnings', '--expose-internals', ORACLE];
    if (await this.start(process.execPath, args, 'v8') !== 0)
      throw new Error('interpret.js failed:\n' + this.errors('v8'));
  }

  errors(name) {
    return fs.readFileSync(this.file(name + '.err'), 'latin1');
  }

  log(name) {
    return fs.readFileSync(this.file(name + '.log'));
  }

  /* Returns the logs of all programs, and how avow's process failed, if so. */
  async run(programs) {
    fs.writeFileSync(this.file('programs'), programs.join(''));
    let [died] = await Promise.all([this.startAvow(), this.startV8()]);
    if (died)
      died = await this.startAvow('--each') || died;
    return { died, avow: this.log('avow'), v8: this.log('v8') };
  }

  /* Returns the first program whose logs differ, with both logs, or null. */
  async firstDifference(programs) {
    const { died, avow, v8 } = await this.run(programs);
    if (!died && avow.equals(v8))
      return null;
    const [left, right] = [splitLog(v8), splitLog(avow)];
    let index = 0;
    while (index < left.length - 1 && left[index] === right[index])
      index++;
    if (index >= right.length - 1 && died)
      right[index] = (right[index] || '') + died;
    return { index, v8: left[index], avow: right[index] || '' };
  }
}

module.exports = { Pair, splitLog };
