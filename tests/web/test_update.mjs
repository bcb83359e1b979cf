// SPDX-License-Identifier: MIT
// Packages from the page: signed updates, confirmed by the application and by hand, gone back from, refused.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { APPS, ararext, choose, connect, folder, openPage, press, serve, startBrowser, startTwin, until, verdict } from './station.mjs';

const dir = folder(), file = (name) => path.join(dir, name);
let twin, site, browser, page;
function make(...args) {
  const r = ararext(...args);
  assert.equal(r.status, 0, r.text);
}
function pack(app, version, name, ...more) {
  make('pack', path.join(APPS, app + '.elf'), '--version', version, '--key', file('key.pem'), '-o', file(name), ...more);
  return fs.readFileSync(file(name));
}
before(async () => {
  for (const key of ['key', 'other']) make('keygen', file(key + '.pem'), '--public', file(key + '.pub'));
  twin = await startTwin(dir);
  site = await serve(twin.link);
  browser = await startBrowser();
  page = await openPage(browser, site);
  assert.ok((await connect(page)).good);
  twin.say('button 0'); // it stays until it is told to start something
});
after(async () => {
  await browser?.close();
  site?.end();
  await twin?.end();
  fs.rmSync(dir, { recursive: true, force: true });
});
const slots = () => page.innerText('#slots');
// As with the button held: back in the bootloader.
async function heldReset() {
  const before = twin.logged().split('stays:').length;
  twin.say('button 1');
  twin.say('reset');
  await until('the bootloader', () => twin.logged().split('stays:').length > before);
  twin.say('button 0');
}

test('nothing to confirm, nothing to go back to; said in a page\'s words', async () => {
  let done = await press(page, 'confirm');
  assert.match(done.text, /the application area holds no package/);
  assert.ok(!done.good);
  done = await press(page, 'rollback');
  assert.match(done.text, /there is nothing to go back to/);
  assert.doesNotMatch(done.text, /'ararext /);
});

test('a signed package that confirms itself', async () => {
  await choose(page, 'one.pkg', pack('ota-demo-auto', '1.0.0', 'one.pkg'));
  assert.match(await page.innerText('#what'), /^one\.pkg: package, version 1\.0\.0, .*, signed by key [0-9a-f]{16}/);
  assert.equal(await page.innerText('#send'), 'Update');
  assert.ok(await page.isDisabled('#verify'), 'a package is not compared');
  const done = await press(page, 'send');
  assert.equal(done.text, 'Updated: version 1.0.0 runs and is confirmed.');
  assert.match(await slots(), /A\s+1\.0\.0, \S+ \S+\s+confirmed\s+installed, starts next/);
});

test('the same again: nothing is sent', async () => {
  assert.match((await press(page, 'send')).text, /^Already there, nothing to send: the board holds version 1\.0\.0, confirmed/);
});

test('confirmed by hand while it waits', async () => {
  await choose(page, 'two.pkg', pack('ota-demo-2', '2.0.0', 'two.pkg'));
  await page.click('#send');
  await page.waitForFunction(() => document.querySelector('#phase').textContent.startsWith('Waiting for its confirmation'));
  await page.click('#confirm:enabled');
  assert.equal((await verdict(page)).text, 'Updated: version 2.0.0 runs and is confirmed.');
});

test('back to the package before', async () => {
  await heldReset();
  let done = await press(page, 'rollback');
  assert.equal(done.text, 'The package before is installed at the next start.');
  assert.match(await slots(), /B\s+2\.0\.0.*rejected: rollback asked for/);
  done = await press(page, 'reset');
  assert.ok(done.good, done.text);
  await heldReset();
  await press(page, 'refresh');
  assert.match(await slots(), /A\s+1\.0\.0, \S+ \S+\s+confirmed\s+installed/);
});

test('an application that is not confirmed: what to do', async () => {
  await choose(page, 'three.pkg', pack('hello', '3.0.0', 'three.pkg'));
  const done = await press(page, 'send');
  assert.ok(!done.good);
  assert.match(done.text, /nobody on the line told whether it was confirmed/);
  assert.match(done.text, /hold the button, reset the board, connect, and confirm it/);
  await heldReset();
  await press(page, 'refresh');
  assert.equal((await press(page, 'confirm')).text, 'Confirmed: the board keeps what it runs.');
});

test('a package that is damaged is not sent', async () => {
  const bytes = Buffer.from(fs.readFileSync(file('one.pkg')));
  bytes[200] ^= 1;
  const sent = site.line.sent;
  await choose(page, 'bad.pkg', bytes);
  const done = await verdict(page);
  assert.ok(!done.good);
  assert.match(done.text, /Nothing was sent/);
  assert.ok(await page.isDisabled('#send'));
  assert.equal(site.line.sent, sent);
});

test('a provisioned board: signed by another is refused, plain files too', async () => {
  await page.click('#leave');
  await page.waitForSelector('#choose:visible');
  make('provision', '--port', twin.link, '--key', file('key.pub'), '--yes');
  await connect(page);
  assert.match(await page.innerText('#facts'), /Trust\s+provisioned[\s\S]*Key 0\s+[0-9a-f]{16}/);
  make('pack', path.join(APPS, 'hello.elf'), '--version', '4.0.0', '--key', file('other.pem'), '-o', file('other.pkg'));
  await choose(page, 'other.pkg', fs.readFileSync(file('other.pkg')));
  let done = await verdict(page);
  assert.ok(!done.good);
  assert.match(done.text, /key/);
  assert.match(done.text, /Nothing was sent/);
  await choose(page, 'hello.elf');
  done = await verdict(page);
  assert.ok(!done.good);
  assert.match(done.text, /provisioned: only signed packages/);
  assert.match(done.text, /update it with a package that is signed with a key that the board knows/i);
});

test('and its own is taken', async () => {
  await choose(page, 'five.pkg', pack('ota-demo-auto', '5.0.0', 'five.pkg'));
  assert.equal((await press(page, 'send')).text, 'Updated: version 5.0.0 runs and is confirmed.');
});

test('no script of the page failed', () => assert.deepEqual(page.faults, []));
