// SPDX-License-Identifier: MIT
// <ararext-flash manifest="..."> in a page of somebody else: builds by the board's identity, the newest first, and files
// that are not what the manifest says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { APPS, ELEMENT, ararext, folder, openPage, serve, startBrowser, startTwin } from './station.mjs';

const dir = folder(), file = (name) => path.join(dir, name);
const HTML = '<!doctype html><link rel="icon" href="data:,"><title>Acme</title><h1>Thermostat</h1><script src="ararext-flash.js"></script>'
  + '<ararext-flash patient manifest="fw/manifest.json"></ararext-flash>';
let twin, site, browser;
function make(...args) {
  const r = ararext(...args);
  assert.equal(r.status, 0, r.text);
}
function pack(app, version, board) {
  make('pack', path.join(APPS, app + '.elf'), '--version', version, '--key', file('key.pem'), '-o', file('out.pkg'), ...(board ? ['--board', board] : []));
  return fs.readFileSync(file('out.pkg'));
}
before(async () => {
  make('keygen', file('key.pem'), '--public', file('key.pub'));
  twin = await startTwin(dir);
  const files = { 'ararext-flash.js': fs.readFileSync(ELEMENT), 'page.html': HTML,
    'fw/one.pkg': pack('ota-demo-auto', '1.0.0'), 'fw/two.pkg': pack('ota-demo-auto', '2.0.0'),
    'fw/mine.pkg': pack('ota-demo-auto', '3.0.0', 'acme/thermostat'), 'fw/other.pkg': pack('ota-demo-auto', '9.0.0', 'acme/kettle'),
    'fw/hello.elf': fs.readFileSync(path.join(APPS, 'hello.elf')) };
  site = await serve(twin.link, { files });
  browser = await startBrowser();
  twin.say('button 0');
});
after(async () => {
  await browser?.close();
  site?.end();
  await twin?.end();
  fs.rmSync(dir, { recursive: true, force: true });
});
const button = (page) => page.locator('ararext-flash').locator('button').first();
async function open(manifest) {
  site.files['fw/manifest.json'] = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  return openPage(browser, site, { url: site.url + 'page.html', patient: false });
}
// Presses the button, which is enabled again when its step is over; the sentence that stands there then.
async function next(page) {
  await button(page).click();
  await page.waitForFunction(() => !document.querySelector('ararext-flash').shadowRoot.querySelector('button').disabled);
  return page.locator('ararext-flash').locator('#verdict').innerText();
}

test('the newest build for the board is offered and installed', async () => {
  const page = await open({ name: 'Thermostat', builds: [{ version: '1.0.0', file: 'one.pkg' }, { version: '2.0.0', file: 'two.pkg' }] });
  assert.equal(await next(page), '');
  assert.equal(await button(page).innerText(), 'Install version 2.0.0');
  assert.equal(await next(page), 'Updated: version 2.0.0 runs and is confirmed.');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('files that are not what the manifest says are not sent', async () => {
  for (const [build, words] of [
    [{ version: '1.5.0', file: 'one.pkg' }, /one\.pkg is version 1\.0\.0, the manifest says 1\.5\.0/],
    [{ version: '1.0.0', file: 'one.pkg', sha256: '0'.repeat(64) }, /its SHA-256 is another/],
    [{ version: '1.0.0', file: 'hello.elf' }, /is no package, and the manifest has no SHA-256/],
    [{ version: '1.0.0', file: 'missing.pkg' }, /missing\.pkg cannot be fetched/],
  ]) {
    const page = await open({ builds: [build] });
    assert.equal(await next(page), '');
    const sent = site.line.sent;
    assert.match(await next(page), words);
    assert.equal(site.line.sent, sent);
    await page.context().close();
  }
});

test('a plain application with its SHA-256', async () => {
  const sha256 = createHash('sha256').update(site.files['fw/hello.elf']).digest('hex');
  const page = await open({ builds: [{ version: '1.0.0', file: 'hello.elf', sha256 }] });
  assert.equal(await next(page), '');
  assert.match(await next(page), /^Flashed and verified.* The application is started\.$/);
  await page.context().close();
});

test('a provisioned board gets what is for it, and nothing else', async () => {
  twin.say('button 1');
  twin.say('reset');
  for (let tries = 0; ararext('info', '--port', twin.link).status !== 0; tries++) assert.ok(tries < 20);
  make('provision', '--port', twin.link, '--key', file('key.pub'), '--board', 'acme/thermostat', '--yes');
  twin.say('button 0');
  const builds = [{ version: '9.0.0', board: 'acme/kettle', file: 'other.pkg' }, { version: '3.0.0', board: 'acme/thermostat', file: 'mine.pkg' }];
  let page = await open({ builds: builds.slice(0, 1) });
  assert.match(await next(page), /^No build here is for this board/);
  await page.context().close();
  page = await open({ builds });
  assert.equal(await next(page), '');
  assert.equal(await button(page).innerText(), 'Install version 3.0.0');
  assert.equal(await next(page), 'Updated: version 3.0.0 runs and is confirmed.');
  await page.context().close();
});

test('a manifest that is none', async () => {
  for (const [manifest, words] of [['{', /is no JSON/], ['{}', /has no list "builds"/]]) {
    const page = await open(manifest);
    await page.waitForFunction(() => document.querySelector('ararext-flash').shadowRoot.querySelector('#verdict').textContent);
    assert.match(await page.locator('ararext-flash').locator('#verdict').innerText(), words);
    await page.context().close();
  }
});
