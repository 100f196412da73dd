// SPDX-License-Identifier: MIT
'use strict';
/* Reads programs. generate.js defines their words. */

function parseOperand(word) {
  const digits = word.charCodeAt(0) <= 57 /* '9' */;
  return { kind: digits ? '' : word[0], n: Number(word.slice(digits ? 0 : 1)) };
}

function parseLine(line, bodies) {
  const [place, op, ...words] = line.split(' ');
  const body = bodies.get(place);
  const parsed = { op, args: words.map(parseOperand) };
  if (body)
    body.push(parsed);
  else
    bodies.set(place, [parsed]);
  return place;
}

function* parse(text) {
  let program;
  for (const line of text.split('\n')) {
    if (line.startsWith('program ')) {
      const [, head, mode] = line.split(' ');
      program = { head, mode, bodies: new Map(), steps: 0 };
    } else if (line === 'end') {
      yield program;
    } else if (line !== '') {
      const place = parseLine(line, program.bodies);
      if (place[0] === 's')
        program.steps = Math.max(program.steps, Number(place.slice(1)) + 1);
    }
  }
}

module.exports = { parse };
