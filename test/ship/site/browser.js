// SPDX-License-Identifier: MIT
// Controls Chromium through a pipe, so that no port is open. Pages are files.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

class Browser {
  constructor() {
    this.profile = fs.mkdtempSync(path.join(os.tmpdir(), 'site-'));
    this.asked = new Map();
    this.heard = []; // events while the page loads
    this.process = spawn(process.env.CHROMIUM ?? 'chromium', [
      '--headless=new', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
      '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--disable-quic', '--remote-debugging-pipe',
      '--allow-file-access-from-files', `--user-data-dir=${this.profile}`,
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), 'about:blank',
    ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    let unread = '';
    this.process.stdio[4].on('data', (bytes) => {
      const messages = (unread + bytes).split('\0');
      unread = messages.pop();
      messages.forEach((text) => this.take(JSON.parse(text)));
    });
  }

  // A message is the answer to a request, or an event.
  take({ id, method, params, error, result }) {
    const { resolve, reject } = this.asked.get(id) ?? {};
    this.asked.delete(id);
    if (method) this.heard.push({ method, params });
    else if (error) reject?.(new Error(error.message));
    else resolve?.(result);
    if (method === 'Page.loadEventFired') this.loaded?.();
  }

  ask(method, params = {}) {
    return new Promise((resolve, reject) => {
      const id = this.next = (this.next ?? 0) + 1;
      this.asked.set(id, { resolve, reject });
      const message = { id, method, params, sessionId: this.session };
      this.process.stdio[3].write(JSON.stringify(message) + '\0');
    });
  }

  async begin() {
    const { targetId } = await this.ask('Target.createTarget',
      { url: 'about:blank' });
    this.session = (await this.ask('Target.attachToTarget',
      { targetId, flatten: true })).sessionId;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network'])
      await this.ask(`${domain}.enable`);
  }

  // `theme` is light or dark.
  async size(width, height, theme) {
    await this.ask('Emulation.setDeviceMetricsOverride',
      { width, height, deviceScaleFactor: 1, mobile: width < 500 });
    await this.ask('Emulation.setEmulatedMedia',
      { features: [{ name: 'prefers-color-scheme', value: theme }] });
  }

  // Returns the problems that occurred while the page loaded.
  async open(url) {
    this.heard = [];
    const loaded = new Promise((resolve) => { this.loaded = resolve; });
    await this.ask('Page.navigate', { url });
    await loaded;
    return this.heard.flatMap(problem);
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.ask('Runtime.evaluate',
      { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(result.description);
    return result.value;
  }

  async picture(file) {
    const { data } = await this.ask('Page.captureScreenshot');
    fs.writeFileSync(file, Buffer.from(data, 'base64'));
  }

  async end() {
    const gone = new Promise((resolve) => this.process.on('exit', resolve));
    this.session = undefined;
    await this.ask('Browser.close');
    await gone;
    fs.rmSync(this.profile, { recursive: true, force: true });
  }
}

function problem({ method, params }) {
  if (method === 'Runtime.exceptionThrown')
    return [`throws: ${params.exceptionDetails.text}`];
  if (method === 'Runtime.consoleAPICalled' && params.type === 'error')
    return [`console: ${params.args.map((arg) => arg.value).join(' ')}`];
  if (method === 'Log.entryAdded' && params.entry.level === 'error')
    return [`log: ${params.entry.text} ${params.entry.url ?? ''}`];
  if (method === 'Network.loadingFailed' && !params.canceled)
    return [`network: ${params.errorText}`];
  if (method === 'Network.requestWillBeSent' &&
      !/^(file|data|blob|about):/.test(params.request.url))
    return [`uses the network: ${params.request.url}`];
  return [];
}

module.exports = { Browser };
