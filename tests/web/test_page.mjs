// SPDX-License-Identifier: MIT
// The page itself: from a file, on a phone, in the dark, without Web Serial, without a port; the monitor; its sentences.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import zlib from 'node:zlib';
import { APPS, PAGE, ararext, choose, connect, folder, openPage, pageText, press, serve, startBrowser, startTwin, until, verdict } from './station.mjs';

const dir = folder();
let twin, site, browser;
before(async () => {
  twin = await startTwin(dir);
  site = await serve(twin.link);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  site?.end();
  await twin?.end();
  fs.rmSync(dir, { recursive: true, force: true });
});
const shots = process.env.ARAREXT_SHOTS; // a folder for pictures, to be looked at
const shot = (page, name) => shots && page.screenshot({ path: path.join(shots, name + '.png'), fullPage: true });
// Nothing sticks out at the side.
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

test('one file, from the disk: flash, start, monitor, save', async () => {
  const file = path.join(dir, 'offline.html');
  fs.writeFileSync(file, pageText(site.port));
  const asked = [];
  const page = await openPage(browser, site, { url: pathToFileURL(file).href });
  page.on('request', (r) => asked.push(r.url()));
  await page.reload();
  assert.ok((await connect(page)).good);
  await choose(page, 'hello.elf');
  twin.say('button 0');
  const done = await press(page, 'send'); // and it is started
  assert.match(done.text, /^Flashed and verified.* The application is started\.$/);
  await page.waitForFunction(() => /hello/i.test(document.querySelector('#log').textContent));
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  assert.match(download.suggestedFilename(), /^ararext-.*\.log$/);
  assert.match(fs.readFileSync(await download.path(), 'utf8'), /hello/i);
  await page.click('#clear');
  assert.ok(await page.isDisabled('#save'));
  assert.deepEqual(asked.filter((url) => !/^(file|blob|data):/.test(url)), [], 'it asks nobody for anything');
  assert.deepEqual(page.faults, []);
  twin.say('button 1');
  twin.say('reset');
  await page.context().close();
});

test('start and reset by their buttons', async () => {
  const page = await openPage(browser, site);
  await connect(page);
  twin.say('button 0');
  assert.equal((await press(page, 'go')).text, 'Started the application.');
  await page.waitForFunction(() => /hello/i.test(document.querySelector('#log').textContent));
  const before = twin.logged().split('stays:').length;
  twin.say('button 1');
  twin.say('reset');
  await until('the bootloader', () => twin.logged().split('stays:').length > before);
  const held = await press(page, 'reset');
  assert.match(held.text, /came back into its bootloader \(button\)[\s\S]*Let go of the button/);
  await page.click('#leave');
  await page.waitForSelector('#choose', { state: 'visible' }); // the port is closed first
  assert.equal(await page.innerText('#facts'), '');
  await page.context().close();
});

test('a file is dropped', async () => {
  const page = await openPage(browser, site);
  const data = await page.evaluateHandle((bytes) => {
    const t = new DataTransfer();
    t.items.add(new File([new Uint8Array(bytes)], 'dropped.elf'));
    return t;
  }, [...fs.readFileSync(path.join(APPS, 'hello.elf'))]);
  await page.dispatchEvent('#drop', 'drop', { dataTransfer: data });
  await page.waitForFunction(() => document.querySelector('#what').textContent.startsWith('dropped.elf: ELF'));
  assert.ok(await page.isDisabled('#send'), 'there is no board yet');
  await connect(page);
  await page.waitForFunction(() => document.querySelector('#plan').textContent !== '');
  assert.ok(await page.isEnabled('#send'));
  await page.context().close();
});

for (const colorScheme of ['light', 'dark'])
  for (const [name, viewport] of [['phone', { width: 360, height: 740 }], ['desk', { width: 1280, height: 900 }]])
    test(name + ', ' + colorScheme, async () => {
      const page = await openPage(browser, site, { colorScheme, viewport });
      assert.ok(await page.isHidden('#acts'), 'no board, no buttons for one');
      await shot(page, name + '-' + colorScheme + '-first');
      await connect(page);
      await choose(page, 'lua-demo.elf');
      for (const d of await page.locator('details').all()) await d.evaluate((e) => { e.open = true; });
      await choose(page, 'text.txt', Buffer.from('no firmware\n'));
      await shot(page, name + '-' + colorScheme);
      assert.ok(await fits(page));
      const [back, ink] = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]
        .map((c) => c.match(/\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)));
      assert.ok(colorScheme === 'dark' ? back < 150 && ink > 600 : back > 600 && ink < 150, back + ' ' + ink);
      await page.context().close();
    });

test('without Web Serial', async () => {
  const page = await openPage(browser, site, { before: () => { delete Navigator.prototype.serial; } });
  assert.match(await page.innerText('#unsupported'), /Web Serial/);
  assert.ok(await page.isDisabled('#choose'));
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('no port, or one that does not open: help for this system', async () => {
  const page = await openPage(browser, site, { before: () => {
    Object.defineProperty(navigator, 'userAgentData', { get: () => ({ platform: 'Windows' }) });
    window.noPort = true;
  } });
  let done = await connect(page);
  assert.match(done.text, /^No port was chosen\./);
  assert.ok(await page.isVisible('#help-windows li >> nth=0'));
  assert.ok(await page.isHidden('#help-linux li >> nth=0'));
  await page.evaluate(() => { window.noPort = false; window.refusedRates = [115200]; });
  done = await connect(page);
  assert.match(done.text, /another program has it/);
  await page.context().close();
});

test('a board that does not answer', async () => {
  twin.say('power off');
  const page = await openPage(browser, site, { patient: false });
  const done = await connect(page);
  twin.say('power on');
  assert.ok(!done.good);
  assert.match(done.text, /no answer[\s\S]*PA0 high at reset/);
  assert.ok(await page.isVisible('#help-any li >> nth=0'));
  await page.context().close();
});

test('the tool gives out the same page', () => {
  const r = ararext('page', '-o', path.join(dir, 'given.html'));
  assert.equal(r.status, 0, r.text);
  assert.ok(fs.readFileSync(path.join(dir, 'given.html')).equals(fs.readFileSync(PAGE)));
});

test('it is small', () => assert.ok(zlib.gzipSync(fs.readFileSync(PAGE), { level: 9 }).length <= 90000));

// ---- what the module says ----
function module() {
  const packed = fs.readFileSync(PAGE, 'utf8').match(/^module: "([A-Za-z0-9+/=]+)"/m)[1];
  return zlib.gunzipSync(Buffer.from(packed, 'base64'));
}

test('each sentence of the command line has its page\'s form', async () => {
  const bytes = module(), compiled = await WebAssembly.compile(bytes), imports = {};
  for (const i of WebAssembly.Module.imports(compiled)) (imports[i.module] ??= {})[i.name] = () => 0;
  const c = (await WebAssembly.instantiate(compiled, imports)).exports;
  c._initialize();
  const at = c.web_alloc(512), memory = () => new Uint8Array(c.memory.buffer, at, 512);
  const commandLine = /'ararext |ararext '|'[a-z]+' again|(^|[ (])--[a-z]/;
  const sentences = bytes.toString('latin1').match(/[\x20-\x7e]{6,}/g).filter((s) => commandLine.test(s) && s.length < 512);
  assert.ok(sentences.length > 30, sentences.length + ' sentences');
  for (const sentence of sentences) {
    memory().fill(0);
    memory().set(Buffer.from(sentence));
    c.web_text_for_page(at);
    const text = Buffer.from(memory()).toString('latin1').split('\0')[0];
    assert.doesNotMatch(text, commandLine, sentence);
  }
});

test('what cannot be undone is not in the module', () => {
  const names = WebAssembly.Module.exports(new WebAssembly.Module(module())).map((e) => e.name);
  assert.deepEqual(names.filter((n) => n.startsWith('web_')).sort(), ['web_act', 'web_alloc', 'web_be_patient', 'web_flash', 'web_free',
    'web_identity', 'web_info', 'web_look', 'web_text_for_page', 'web_update']);
  const page = fs.readFileSync(PAGE, 'utf8');
  assert.doesNotMatch(page, /id="(provision|protect|lock|unprotect)"/);
});
