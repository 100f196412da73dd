// SPDX-License-Identifier: MIT
// Opens each page of the site in Chromium, with the width of a desktop and of a
// phone, light and dark:
//
//   node test/ship/site/site.js SITE [PICTURES]
//
// Reports links and anchors without a target, errors in the console, requests
// to a network, and pages wider than their window. Also reports text with too
// little contrast, and a search that finds nothing. PICTURES is a folder for
// pictures of some pages.
'use strict';
const fs = require('fs');
const path = require('path');
const { fileURLToPath, pathToFileURL } = require('url');
const { Browser } = require('./browser.js');

const [site, pictures] = process.argv.slice(2);
const SIZES = { desktop: [1280, 900], phone: [390, 844] };
const SHOWN = ['index.html', 'start.html', 'core.html', 'reference/index.html',
  'reference/promise.html', 'speed.html', 'search.html?q=avow_then'];
const LEAST_CONTRAST = 3;
const PATIENCE = 30000;

const links = new Map(); // page: the targets of its links
const names = new Map(); // page: the names of its anchors
let failed = 0;

function complain(page, what) {
  console.log(`${page}: ${what}`);
  failed++;
}

function pagesOf(folder) {
  return fs.readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.html')).sort();
}

// Runs in the page. Returns its links, anchors, empty images, excess width and
// lowest contrast.
function look() {
  const light = (color) => {
    const [r, g, b] = color.match(/[\d.]+/g).map((c) => {
      const part = Number(c) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      const alpha = color.match(/[\d.]+/g)?.[3];
      if (color !== 'transparent' && Number(alpha ?? 1) > 0.5) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint = [...document.querySelectorAll('article :is(p, a, code, h1, span)')]
    .filter((e) => e.childElementCount === 0 && e.textContent.trim() &&
      e.checkVisibility())
    .slice(0, 400)
    .map((e) => {
      const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
      return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.outerHTML];
    })
    .sort((a, b) => a[0] - b[0])[0];
  return {
    links: [...document.querySelectorAll('a[href]')].map((a) => a.href),
    names: [...document.querySelectorAll('[id], a[name]')]
      .map((e) => e.id || e.getAttribute('name')),
    empty: [...document.images].filter((i) => !i.naturalWidth).map((i) => i.src),
    wide: document.documentElement.scrollWidth - innerWidth,
    faint: faint ?? [21, ''], // black on white
  };
}

async function visit(browser, page, where) {
  const url = pathToFileURL(path.join(site, page)).href;
  for (const what of await browser.open(url)) complain(page, what);
  const seen = await browser.evaluate(`(${look})()`);
  links.set(page, seen.links);
  names.set(page, new Set(seen.names));
  for (const image of seen.empty) complain(page, `empty picture: ${image}`);
  if (seen.wide > 0) complain(page, `${seen.wide} px too wide, ${where}`);
  if (seen.faint[0] < LEAST_CONTRAST)
    complain(page, `contrast ${seen.faint[0].toFixed(1)}, ${where}: ` +
      seen.faint[1].slice(0, 120));
}

function checkLinks() {
  for (const [page, hrefs] of links) {
    for (const href of new Set(hrefs)) {
      if (!href.startsWith('file:')) continue;
      const url = new URL(href);
      const to = path.relative(site, fileURLToPath(`file://${url.pathname}`));
      const place = decodeURIComponent(url.hash.slice(1));
      if (!fs.existsSync(path.join(site, to)))
        complain(page, `links to ${to}, which does not exist`);
      else if (place && !names.get(to)?.has(place))
        complain(page, `links to ${to}#${place}, which does not exist`);
    }
  }
}

async function checkSearch(browser) {
  await browser.open(pathToFileURL(path.join(site, 'search.html')).href +
    '?q=avow_then');
  const found = `document.querySelector(
    '#search-results a[href*="reference/promise.html"]') !== null`;
  for (let waited = 0; !await browser.evaluate(found); waited += 100) {
    if (waited > PATIENCE) return complain('search.html', 'no avow_then');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function takePictures(browser, where) {
  fs.mkdirSync(pictures, { recursive: true });
  for (const page of SHOWN) {
    const url = pathToFileURL(path.join(site, page.split('?')[0])).href;
    await browser.open(url + (page.match(/\?.*/)?.[0] ?? ''));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const name = page.replace(/\W+/g, '-');
    await browser.picture(path.join(pictures, `${name}-${where}.png`));
  }
}

async function main() {
  const browser = new Browser();
  await browser.begin();
  const pages = pagesOf(site);
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    for (const theme of ['light', 'dark']) {
      const where = `${size}, ${theme}`;
      await browser.size(width, height, theme);
      for (const page of pages) await visit(browser, page, where);
      if (pictures) await takePictures(browser, `${size}-${theme}`);
    }
  }
  checkLinks();
  await checkSearch(browser);
  await browser.end();
  if (pages.length < 100) complain(site, 'has too few pages');
  console.log(`${pages.length} pages, ${failed} problems`);
  process.exit(failed > 0 ? 1 : 0);
}

main();
