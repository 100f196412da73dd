// SPDX-License-Identifier: MIT
// Mistakes in an add-on that uses avow/napi.h. A checked build reports them
// with the messages of C. The most similar right program prints nothing. Each
// program is a process of its own. $ADDON has the add-on of mistakes.c.
const { spawnSync } = require('child_process');
const { join } = require('path');

const addon = JSON.stringify(join(process.env.ADDON, 'files.node'));
const checked = process.env.CHECKED === '1';
const elsewhere = '(): called on a thread other than the loop\'s; use ' +
  'avow_post() to run code there, or set avow_options_t.changes_threads if ' +
  'threads take turns\n';
const local = 'data is a local variable, which ends before the handler runs; ' +
  'allocate it with malloc(), and free it with avow_attach()\n';

const mistakes = [
  ['a.leak_a_value()', 'avow: at exit: 1 value is still referenced; call ' +
    'avow_value_unref() on it:\navow:   1 bytes\n', 'a.release_a_value()'],
  ['a.leak_a_promise()', 'avow: avow_loop_close(): 1 promise is still ' +
    'referenced; call avow_unref() on it\n', 'a.release_a_promise()'],
  ['a.give_twice()', '(): promise used after avow_then_closure() took ' +
    'ownership of it; call avow_ref() before passing it on',
  'a.give_references()'],
  ['a.give_a_freed_promise()', '(): promise used after it was freed',
    'a.give_references()'],
  ['a.give_a_freed_value()', 'avow: avow_to_bytes(): value used after it was ' +
    'freed', 'a.give_a_value()'],
  ['a.pass_a_local()', `avow: avow_then(): ${local}`, 'a.pass_a_static()'],
  ['a.give_elsewhere()', `avow: avow_state${elsewhere}`,
    'a.settle_elsewhere()'],
  ['a.convert_elsewhere()', `avow: avow_promise_new${elsewhere}`,
    'a.settle_elsewhere()'],
  ['a.sleep_soon().then(() => a.run_inside())', 'avow: avow_run(): called ' +
    'inside a callback, or a callback was left by longjmp(); return ' +
    'avow_follow(promise) or call avow_then(); in an async function, call ' +
    'avow_await()\n', 'a.sleep_soon().then(() => a.sleep_soon())'],
  ['a.block()', 'avow: job of then blocked the loop for ',
    'a.block_a_thread()'],
  // Time that reactions of JavaScript take counts, too.
  [`a.sleep_soon().then(() => {
      for (const end = performance.now() + 100; performance.now() < end;);
    })`, 'avow: job of then blocked the loop for '],
  // The environment closes avow. Where Node ends without it, avow is silent.
  [null, null, 'process.exit()'],
  [null, null, 'setTimeout(() => process.exit(), 1); a.sleep_soon()'],
  [null, null, 'a.sleep_soon().then(() => process.exit())'],
  [null, null, 'setTimeout(() => { throw 1; }, 1); a.sleep_soon()'],
  [null, null, `new (require('worker_threads').Worker)(
      'require(${addon}).sleep_soon().then(() => process.exit())',
      { eval: true })`],
];

const run = (program) => spawnSync(process.execPath,
  ['-e', `const a = require(${addon}); ${program}`],
  { encoding: 'utf8', timeout: 60000 });

const report = (name, ok, found) => {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}${ok ? '' : `: ${found}`}`);
  process.exitCode ||= ok ? 0 : 1;
};

// A job of Node can take long on a busy machine, but not that of block_cb().
const busy = /^avow: job of (?!.*block_cb).* blocked the loop .*\n/gm;

for (const [wrong, message, right] of mistakes) {
  if (wrong && checked) {
    const { stderr } = run(wrong);
    report(`${wrong} is reported`, stderr.includes(message), stderr);
  }
  if (right) {
    const { status, stderr } = run(right);
    report(`${right} is silent`, !stderr.replace(busy, '').includes('avow: ') &&
      (status === 0 || right.includes('throw')), stderr);
  }
}
