// SPDX-License-Identifier: MIT
'use strict';
/*
 * The kinds of difference between the library and the rules that are known.
 * A line of known.txt has the kind's name, which is the quirk of model.js, the
 * number of the rule and a sentence. known/NAME.txt is a program that shows it.
 */
const fs = require('fs');
const path = require('path');

const LIST = path.join(__dirname, 'known.txt');
const PROGRAMS = path.join(__dirname, 'known');

function withoutComments(file) {
  return fs.readFileSync(file, 'latin1').replace(/^#.*\n/gm, '');
}

function readKinds() {
  const lines = withoutComments(LIST).split('\n').filter((line) => line);
  return lines.map((line) => {
    const [, name, rule, sentence] = /^(\S+) +(\d+) +(.*)$/.exec(line);
    return { name, rule, sentence, file: path.join(PROGRAMS, name + '.txt') };
  });
}

/* Programs of kinds that are not listed. */
function unlisted(kinds) {
  if (!fs.existsSync(PROGRAMS))
    return [];
  const listed = new Set(kinds.map(({ name }) => name + '.txt'));
  return fs.readdirSync(PROGRAMS).filter((name) => !listed.has(name));
}

/* What is wrong with a kind's program, or null. */
async function fault(comparison, { name, file }) {
  const program = withoutComments(file);
  const [log] = await comparison.library([program]);
  if ((await comparison.agrees(program, log, [])).same)
    return 'the library keeps the rule now: remove the kind and its quirk';
  if (!(await comparison.agrees(program, log, [name])).same)
    return 'the quirk of this name does not explain its program';
  return null;
}

async function checkKinds(comparison, kinds) {
  let sound = true;
  for (const kind of kinds) {
    const wrong = await fault(comparison, kind);
    if (wrong)
      console.log(`known/${kind.name}.txt: ${wrong}`);
    sound = sound && !wrong;
  }
  for (const name of unlisted(kinds))
    console.log(`known/${name}: known.txt does not list this kind`);
  return sound && unlisted(kinds).length === 0;
}

module.exports = { checkKinds, readKinds };
