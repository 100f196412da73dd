// SPDX-License-Identifier: MIT
// Loads a trace in Chromium's viewer and takes a picture:
//
//   node test/ship/viewer.js TRACE PICTURE [VIEWER]
//
// Fails if the viewer reports a warning, or finds no promises, jobs, awaits or
// arrows. The script controls Chromium through a pipe, so no port is open.
//
// Debian's Chromium has no chrome://tracing. VIEWER then is a file with that
// viewer: catapult_trace_viewer.html of the assets of Perfetto's UI. $CHROMIUM
// names another browser.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { pathToFileURL } = require('url');

const [trace, picture, viewer] = process.argv.slice(2);
const page = viewer ? pathToFileURL(viewer).href : 'chrome://tracing';
const PATIENCE = 30000;
const WIDTH = 1240;
const HEIGHT = 612; // of the trace of examples/timeline.c

// This setting enables the internal pages of Chromium.
const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'viewer-'));
fs.writeFileSync(path.join(profile, 'Local State'),
  JSON.stringify({ internal_only_uis_enabled: true }));

const browser = spawn(process.env.CHROMIUM ?? 'chromium', [
  '--headless=new', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
  '--disable-background-networking', '--remote-debugging-pipe',
  `--user-data-dir=${profile}`, `--window-size=${WIDTH},1000`,
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), 'about:blank',
], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });

// Each message is JSON up to a NUL.
const asked = new Map();
let unread = '';
browser.stdio[4].on('data', (bytes) => {
  const messages = (unread + bytes).split('\0');
  unread = messages.pop();
  for (const { id, error, result } of messages.map((m) => JSON.parse(m))) {
    const { resolve, reject } = asked.get(id) ?? {};
    if (error) reject?.(new Error(error.message));
    else resolve?.(result);
  }
});

let session;
function ask(method, params = {}) {
  return new Promise((resolve, reject) => {
    const id = asked.size + 1;
    asked.set(id, { resolve, reject });
    const message = { id, method, params, sessionId: session };
    browser.stdio[3].write(JSON.stringify(message) + '\0');
  });
}

async function evaluate(expression) {
  const { result, exceptionDetails } = await ask('Runtime.evaluate',
    { expression, returnByValue: true });
  if (exceptionDetails) throw new Error(result.description);
  return result.value;
}

async function until(expression) {
  for (let waited = 0; waited < PATIENCE; waited += 100) {
    if (await evaluate(expression)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${page}: this does not become true: ${expression}`);
}

async function open() {
  const { targetId } = await ask('Target.createTarget', { url: page });
  session = (await ask('Target.attachToTarget',
    { targetId, flatten: true })).sessionId;
  await ask('Page.enable');
  await until('document.readyState === "complete"');
  if (await evaluate('location.protocol === "chrome-error:"'))
    throw new Error('this browser has no chrome://tracing; name a VIEWER');
  await until('typeof tr === "object" && !!tr.ui.e.about_tracing');
}

async function load() {
  const text = fs.readFileSync(trace, 'utf8');
  await evaluate(`
    window.__hideTraceViewerPolyfillWarning = true;
    window.view = document.querySelector('x-profiling-view') ||
      document.body.appendChild(new tr.ui.e.about_tracing.ProfilingView({}));
    view.setActiveTrace('fan-out', ${JSON.stringify(text)}, false); 0`);
  await until('!!(view.timelineView.model && view.timelineView.trackView)');
}

// Checks the events that the viewer found.
async function check() {
  const found = JSON.parse(await evaluate(`(() => {
    const { model } = view.timelineView;
    const events = [...model.getDescendantEvents()];
    const count = (fits) => events.filter(fits).length;
    return JSON.stringify({
      warnings: model.importWarnings.map((warning) => warning.message),
      promises: count((e) => e.category === 'promise'),
      jobs: count((e) => e.category === 'job' && e.duration > 0),
      awaits: count((e) => e.category === 'await'),
      arrows: model.flowEvents.length,
    });
  })()`));
  console.log(found);
  if (found.warnings.length > 0) throw new Error('the viewer reports warnings');
  for (const what of ['promises', 'jobs', 'awaits', 'arrows'])
    if (!(found[what] > 0)) throw new Error(`the viewer finds no ${what}`);
}

// Opens all groups and draws all arrows.
async function arrange() {
  await evaluate(`(() => {
    const { model, trackView } = view.timelineView;
    const { viewport } = trackView;
    viewport.selectedFlowEvents =
      new Set(model.flowEvents.map((arrow) => arrow.title));
    const tracks = [viewport.modelTrackContainer_];
    for (let i = 0; i < tracks.length; i++) {
      const { children } = tracks[i];
      for (let k = 0; children && k < children.length; k++)
        tracks.push(children[k]);
    }
    for (const track of tracks)
      if ('expanded' in track) track.expanded = true;
    const tools = trackView.mouseModeSelector_;
    if (tools) tools.style.display = 'none'; // they cover the tracks
  })()`);
}

async function shoot(height) {
  const { data } = await ask('Page.captureScreenshot',
    { clip: { x: 0, y: 0, width: WIDTH - 20, height, scale: 1 } });
  fs.writeFileSync(picture, Buffer.from(data, 'base64'));
}

async function main() {
  await open();
  await load();
  await check();
  await arrange();
  await new Promise((resolve) => setTimeout(resolve, 1000)); // for drawing
  await shoot(HEIGHT);
}

main().catch((error) => {
  console.error(`viewer.js: ${error.message}`);
  process.exitCode = 1;
}).finally(() => {
  browser.once('exit', () => fs.rmSync(profile, { recursive: true }));
  browser.kill();
});
