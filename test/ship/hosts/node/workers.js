// SPDX-License-Identifier: MIT
// Runs 100 workers that read files, eight at a time. 75 are terminated at a
// random time. 25 call process.exit() in a handler.
const { Worker, isMainThread, parentPort, workerData } =
  require('worker_threads');
const { join } = require('path');

const addon = join(process.env.ADDONS, 'later.node');
const random = (below) => Math.floor(Math.random() * below);

const work = ({ read }) => {
  const again = () => read(random(3), __filename).then(again);
  for (let i = 0; i < 20; i++) {
    again();
    read(1e9, __filename);
  }
  if (workerData.exits)
    read(random(60), __filename).then(() => process.exit(3));
  else
    read(0, __filename).then(() => parentPort.postMessage('busy'));
};

const names = { 1: 'terminated', 3: 'exited' };

const run = async () => {
  let left = 100;
  const ends = {};
  const next = () => new Promise((resolve) => {
    if (left === 0)
      return resolve();
    const worker = new Worker(__filename,
      { workerData: { exits: left % 4 === 0 } });
    left--;
    worker.on('message', () =>
      setTimeout(() => worker.terminate(), random(60)));
    worker.on('error', (error) => console.log(error));
    worker.on('exit', (code) => {
      const name = names[code] ?? code;
      ends[name] = (ends[name] ?? 0) + 1;
      resolve(next());
    });
  });
  await Promise.all(Array.from({ length: 8 }, next));
  console.log(`${ends.terminated} terminated, ${ends.exited} exited`);
};

if (isMainThread) {
  if (process.argv[2] === 'loaded')
    require(addon);
  run();
} else {
  work(require(addon));
}
