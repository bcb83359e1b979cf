// SPDX-License-Identifier: MIT
// Flashing from the page, each format, each button; the native tool looks afterwards what the board holds.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { APPS, ararext, choose, connect, folder, openPage, option, press, serve, startBrowser, startTwin, verdict } from './station.mjs';

const dir = folder();
let twin, site, browser, page;
before(async () => {
  twin = await startTwin(dir);
  site = await serve(twin.link);
  browser = await startBrowser();
  page = await openPage(browser, site);
});
after(async () => {
  await browser?.close();
  site?.end();
  await twin?.end();
  fs.rmSync(dir, { recursive: true, force: true });
});
const text = (id) => page.innerText('#' + id);

// The same bytes as Intel HEX and S-record, with address records where they are needed.
const BASE = 0x08008000;
const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('').toUpperCase();
function lines(bytes, one) {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) => one(BASE + 16 * i, bytes.subarray(16 * i, 16 * i + 16)));
}
const sum = (bytes) => bytes.reduce((a, b) => a + b, 0) & 0xFF;
function intelHex(bytes) {
  const record = (b) => ':' + hex([...b, -sum(b) & 0xFF]);
  return [record([2, 0, 0, 4, BASE >> 24, BASE >> 16 & 0xFF]),
    ...lines(bytes, (at, b) => record([b.length, at >> 8 & 0xFF, at & 0xFF, 0, ...b])), record([0, 0, 0, 1])].join('\n') + '\n';
}
function srec(bytes) {
  const record = (kind, b) => 'S' + kind + hex([...b, ~sum(b) & 0xFF]);
  return [...lines(bytes, (at, b) => record(3, [b.length + 5, at >> 24, at >> 16 & 0xFF, at >> 8 & 0xFF, at & 0xFF, ...b])),
    record(7, [5, 0x08, 0, 0x80, 0])].join('\n') + '\n';
}

function holds(file) {
  const r = ararext('verify', '--port', twin.link, file);
  assert.equal(r.status, 0, r.text);
}
// The port is the page's or the tool's, one at a time.
async function checkNatively(file) {
  await page.click('#leave');
  await page.waitForSelector('#choose:visible');
  holds(file);
  await connect(page);
  assert.match(await text('facts'), /Bootloader/);
}

test('the board tells what it is', async () => {
  const done = await connect(page);
  assert.ok(done.good, done.text);
  const facts = await text('facts');
  assert.match(facts, /STM32F405\/407/);
  assert.match(facts, /0x08008000 to 0x080FFFFF/);
  assert.match(facts, /Trust\s+open/);
  assert.match(await text('slots'), /A\s+empty\s+B\s+empty/);
});

test('an ELF file: what it is, the plan, flash, compare', async () => {
  await choose(page, 'hello.elf');
  assert.match(await text('what'), /^hello\.elf: ELF, \d+ bytes from 0x08008000$/);
  assert.match(await text('plan'), /1 sector to erase and write/);
  await option(page, 'start', false); // what is started would have to make room for what comes next;
  const openings = site.line.bauds.length;
  const done = await press(page, 'send');
  assert.match(done.text, /^Flashed and verified: 1 sector erased/);
  assert.deepEqual(site.line.bauds.slice(openings), [2000000, 115200], 'two openings of the port, up and down');
  assert.match((await press(page, 'verify')).text, /^Verified/);
  await checkNatively(path.join(APPS, 'hello.elf'));
});

test('what the board holds is not written again', async () => {
  await choose(page, 'hello.elf');
  assert.match(await text('plan'), /holds it already/);
  assert.match((await press(page, 'send')).text, /^Nothing to write/);
});

for (const [name, make] of [['hello.hex', intelHex], ['hello.srec', srec], ['hello.bin', (b) => b]])
  test('flash ' + name, async () => {
    // A changed constant, so that each format is written.
    const bytes = Buffer.from(fs.readFileSync(path.join(APPS, 'hello.bin')));
    bytes[bytes.length - 1] ^= name.length;
    bytes[bytes.length - 2] ^= name.charCodeAt(6);
    const plain = path.join(dir, name + '.bin');
    fs.writeFileSync(plain, bytes);
    await choose(page, name, Buffer.from(make(bytes)));
    const done = await press(page, 'send');
    assert.match(done.text, /^Flashed and verified/, name);
    await checkNatively(plain);
  });

test('a rate that was chosen, and no other', async () => {
  await page.selectOption('#baud', '460800');
  await choose(page, 'hello.elf');
  const openings = site.line.bauds.length;
  assert.match((await press(page, 'send')).text, /^Flashed and verified/);
  assert.deepEqual(site.line.bauds.slice(openings), [460800, 115200]);
  await page.selectOption('#baud', '0');
});

test('a difference is found, and told where it is', async () => {
  const bytes = Buffer.from(fs.readFileSync(path.join(APPS, 'hello.bin')));
  bytes[300] ^= 0x55;
  await choose(page, 'other.bin', bytes);
  const done = await press(page, 'verify');
  assert.ok(!done.good);
  assert.match(done.text, /^Flash differs at 0x0800812C: it holds/);
});

test('files that cannot go there are refused, in words of a page', async () => {
  for (const [name, bytes, words] of [
    ['boot.elf', fs.readFileSync(process.env.ARAREXT_FIRMWARE), /bootloader/],
    ['text.txt', Buffer.from('hello, this is a letter\n'), /text/],
    ['nothing.bin', Buffer.alloc(0), /empty/],
  ]) {
    await choose(page, name, bytes);
    if (await page.isEnabled('#send')) await press(page, 'send');
    const done = await verdict(page);
    assert.ok(!done.good, name);
    assert.match(done.text, words);
    assert.doesNotMatch(done.text, /'ararext |--[a-z]/);
  }
});

test('no script of the page failed', () => assert.deepEqual(page.faults, []));
