// SPDX-License-Identifier: MIT
// What goes wrong in the middle: Stop, a reload, a cut of the power, a port that goes away, an adapter with 16 ms each
// way, a tab that is hidden. Each fault is seen to have happened.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { APPS, ararext, choose, connect, folder, openPage, option, press, serve, settled, sleep, startBrowser, startTwin, until, verdict } from './station.mjs';

let dir, twin, site, browser, page;
before(async () => { browser = await startBrowser(); });
after(() => browser?.close());
beforeEach(async () => {
  dir = folder();
  twin = await startTwin(dir);
  site = await serve(twin.link);
  page = await openPage(browser, site);
  page.on('dialog', (d) => d.accept());
});
afterEach(async () => {
  await page?.context().close();
  site?.end();
  await twin?.end();
  fs.rmSync(dir, { recursive: true, force: true });
});

const rate = (baud) => page.selectOption('#baud', baud);
async function options(baud) {
  await option(page, 'start', false);
  await rate(baud);
}
// lua-demo on its way at 115200 baud, which takes some ten seconds, until that much of it has been sent.
async function inTheMiddle(sent = 30000) {
  assert.ok((await connect(page)).good);
  await choose(page, 'lua-demo.elf');
  await options('115200');
  const from = site.line.sent;
  await page.click('#send');
  await until('the middle of the transfer', () => site.line.sent - from > sent);
  assert.equal(await page.innerText('#phase'), 'Writing');
}
function holdsIt() {
  site.line.end(); // the port is the tool's
  const r = ararext('verify', '--port', twin.link, path.join(APPS, 'lua-demo.elf'));
  assert.equal(r.status, 0, r.text);
}

test('stop, and again', async () => {
  await inTheMiddle();
  const done = await press(page, 'stop');
  assert.ok(!done.good);
  assert.match(done.text, /^Stopped\.\s+\d+ sectors erased and \d+ of \d+ bytes written so far; the application will not start/);
  await rate('0');
  assert.match((await press(page, 'send')).text, /^Flashed and verified/);
  holdsIt();
});

test('a reload in the middle of a transfer', async () => {
  await inTheMiddle();
  await page.reload();
  await option(page, 'patient', true);
  await page.waitForSelector('#again', { state: 'visible' }); // the port of last time needs no choosing
  await page.click('#again');
  await page.waitForFunction(() => document.querySelector('#choose').hidden);
  const done = await verdict(page);
  // At the first question, and by ending the stream: nobody waited for the board's own ten seconds.
  assert.ok(done.good, done.text);
  assert.match(await page.innerText('#notes'), /in the middle of a transfer/);
  await choose(page, 'lua-demo.elf');
  await options('0');
  assert.match((await press(page, 'send')).text, /^Flashed and verified/);
  holdsIt();
});

test('a reload at a raised rate', async () => {
  assert.ok((await connect(page)).good);
  await choose(page, 'selftest.elf');
  await options('460800');
  const from = site.line.sent;
  await page.click('#send');
  await until('the middle of the transfer', () => site.line.sent - from > 40000);
  assert.equal(site.line.bauds.at(-1), 460800);
  await page.reload();
  await option(page, 'patient', true);
  await page.click('#again');
  await page.waitForFunction(() => document.querySelector('#choose').hidden);
  let done = await verdict(page);
  if (!done.good) done = await press(page, 'refresh'); // the board comes back to 115200 by itself
  assert.ok(done.good, done.text);
});

test('the power is cut for a while', async () => {
  await inTheMiddle();
  twin.say('power off');
  await page.waitForFunction(() => document.querySelector('#phase').textContent.startsWith('The board is gone'));
  await sleep(1000);
  twin.say('power on');
  const done = await verdict(page);
  assert.match(done.text, /^Flashed and verified/);
  holdsIt();
});

test('the port goes away and comes back', async () => {
  await inTheMiddle();
  const openings = site.line.bauds.length;
  site.line.unplug();
  await page.waitForFunction(() => document.querySelector('#phase').textContent.startsWith('The port is gone'));
  await sleep(1000);
  site.line.plug();
  const done = await verdict(page);
  assert.match(done.text, /^Flashed and verified/);
  assert.ok(site.line.bauds.length > openings, 'it was opened again');
  holdsIt();
});

test('an adapter with 16 ms each way', async () => {
  site.line.options.delay = 16;
  assert.ok((await connect(page)).good);
  await choose(page, 'lua-demo.elf');
  await options('0');
  const start = Date.now();
  assert.match((await press(page, 'send')).text, /^Flashed and verified/);
  assert.ok(Date.now() - start < 60000);
  holdsIt();
});

test('a rate that the adapter cannot do: two openings, and it is remembered', async () => {
  await page.evaluate(() => { window.refusedRates = [2000000]; });
  assert.ok((await connect(page)).good);
  await choose(page, 'hello.elf');
  await options('0');
  let openings = site.line.bauds.length;
  assert.match((await press(page, 'send')).text, /^Flashed and verified/);
  assert.deepEqual(site.line.bauds.slice(openings), [115200], 'up in vain, and down');
  await choose(page, 'lua-demo.elf');
  openings = site.line.bauds.length;
  assert.match((await press(page, 'send')).text, /^Flashed and verified/);
  assert.deepEqual(site.line.bauds.slice(openings), [1000000, 115200], 'the next lower one');
});

// A browser lets the timers of a hidden page fire once a second: those of this page are made to.
test('a hidden tab', async () => {
  await page.evaluate(() => {
    const slow = window.setTimeout;
    window.slowed = 0;
    window.setTimeout = (f, ms = 0, ...a) => { window.slowed++; return slow(f, Math.ceil((performance.now() + ms) / 1000) * 1000 - performance.now(), ...a); };
  });
  assert.ok((await connect(page)).good);
  await choose(page, 'lua-demo.elf');
  await options('0');
  const start = Date.now();
  assert.match((await press(page, 'send')).text, /^Flashed and verified/);
  assert.ok(Date.now() - start < 30000);
  await settled(page);
  holdsIt();
});
