// SPDX-License-Identifier: MIT
// What the tests of the page stand on: the release bootloader in the twin, a socket to its pseudo-terminal, a
// server for the page, and Chromium with the shim in place of Web Serial.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import tty from 'node:tty';

const build = process.env.ARAREXT_BUILD;
const require = createRequire(path.join(build, 'web-tests', 'package.json'));
const { WebSocketServer } = require('ws');
const { chromium } = require('playwright-core');
export const APPS = process.env.ARAREXT_APPS;
export const PAGE = process.env.ARAREXT_PAGE;
export const ELEMENT = path.join(path.dirname(PAGE), 'ararext-flash.js');
const SHIM = fs.readFileSync(new URL('shim-serial.js', import.meta.url), 'utf8');
const LIMIT = +(process.env.ARAREXT_WEB_LIMIT ?? 600000); // ms that anything is waited for; the machine may be busy

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export async function until(what, test) {
  for (const end = Date.now() + LIMIT; !(await test());) {
    if (Date.now() > end) throw new Error('waited in vain for ' + what);
    await sleep(20);
  }
}
export function folder() { return fs.mkdtempSync(path.join(os.tmpdir(), 'ararext-web-')); }

// The native tool, for what the page did: status and output.
export function ararext(...args) {
  const r = spawnSync(process.env.ARAREXT, args, { encoding: 'utf8' });
  return { status: r.status, text: r.stdout + r.stderr };
}

export async function startTwin(dir, args = ['--button']) {
  const link = path.join(dir, 'usart2'), log = fs.openSync(path.join(dir, 'twin.log'), 'w');
  const twin = spawn(process.env.ARAREXT_TWIN, ['--firmware', process.env.ARAREXT_FIRMWARE, '--usart2', link, '--usart3',
    path.join(dir, 'usart3'), '--speed', 'real', '--show-log', ...args], { stdio: ['pipe', log, log] });
  const ended = new Promise((done) => twin.on('exit', done));
  fs.closeSync(log);
  const logged = () => fs.readFileSync(path.join(dir, 'twin.log'), 'utf8');
  await until('the twin', () => fs.existsSync(link) && (!args.includes('--button') || logged().includes('stays:')));
  return { link, logged, say: (line) => twin.stdin.write(line + '\n'),
    async end() { twin.stdin.end('quit\n'); const timer = setTimeout(() => twin.kill(), 5000); await ended; clearTimeout(timer); } };
}

// A socket to the pseudo-terminal, one opening of the port each. delay: the adapter's latency each way, in ms.
function bridge(server, link, options) {
  const line = { bauds: [], sent: 0, options };
  const sockets = new WebSocketServer({ server });
  const stty = (...args) => execFileSync('stty', ['-F', link, ...args, 'raw', '-echo'], { stdio: 'pipe' });
  sockets.on('connection', (socket, request) => {
    const baud = new URL(request.url, 'http://localhost').searchParams.get('baud');
    let port;
    try {
      if (line.unplugged) throw new Error('unplugged');
      stty(baud);
      port = new tty.ReadStream(fs.openSync(link, fs.constants.O_RDWR | fs.constants.O_NOCTTY | fs.constants.O_NONBLOCK));
      port.setRawMode(true);
      stty(baud);
    } catch { socket.close(4000); return; }
    line.bauds.push(+baud);
    const later = (f) => line.options.delay ? setTimeout(f, line.options.delay) : f();
    const tell = (data) => socket.readyState === socket.OPEN && socket.send(data);
    port.on('data', (bytes) => later(() => tell(bytes)));
    port.on('error', () => socket.close());
    socket.on('message', (bytes, binary) => {
      if (!binary) { later(() => tell('drained')); return; }
      line.sent += bytes.length;
      later(() => port.write(bytes, () => tell('written')));
    });
    socket.on('close', () => port.destroy());
    tell('open');
  });
  line.unplug = () => { line.unplugged = true; for (const s of sockets.clients) s.terminate(); };
  line.plug = () => { line.unplugged = false; };
  line.end = () => { for (const s of sockets.clients) s.terminate(); };
  return line;
}

// The page may reach the socket; nothing else of what it says of itself changes.
export function pageText(port) {
  const text = fs.readFileSync(PAGE, 'utf8');
  const changed = text.replace("connect-src 'none'", 'connect-src ws://127.0.0.1:' + port);
  if (changed === text) throw new Error('the page has no connect-src of none');
  return changed;
}

export async function serve(link, { delay = 0, files = {} } = {}) {
  const types = { html: 'text/html', js: 'text/javascript', json: 'application/json' };
  const server = http.createServer((request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname.slice(1) || 'index.html';
    const body = name === 'index.html' ? pageText(server.address().port) : files[name];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': types[name.split('.').pop()] ?? 'application/octet-stream' });
    response.end(body);
  });
  const line = bridge(server, link, { delay });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  return { line, port, files, url: 'http://127.0.0.1:' + port + '/', socket: 'ws://127.0.0.1:' + port + '/',
    end: () => { line.end(); server.close(); server.closeAllConnections(); } };
}

export async function startBrowser() {
  const executablePath = process.env.ARAREXT_CHROMIUM;
  return chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu'] });
}

// A page with the shim. Faults of its scripts count as failures: page.faults.
export async function openPage(browser, site, { url = site.url, before, patient = true, ...options } = {}) {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (e) => page.faults.push(e.message));
  page.on('console', (m) => m.type() === 'error' && page.faults.push(m.text()));
  await page.addInitScript(SHIM.replace('SHIM.addresses', JSON.stringify([site.socket])));
  if (before) await page.addInitScript(before);
  await page.goto(url);
  page.setDefaultTimeout(LIMIT);
  if (patient && await page.isEnabled('#file')) await option(page, 'patient', true);
  return page;
}

// ---- what a person does ----
export async function option(page, id, on) {
  await page.locator('details:has(#' + id + ')').evaluate((d) => { d.open = true; });
  await page.setChecked('#' + id, on);
}
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector('main').getAttribute('aria-busy') === 'false');
}
export async function verdict(page) {
  await settled(page);
  return { good: await page.getAttribute('#verdict', 'class') === 'good', text: (await page.innerText('#verdict')).trim() };
}
export async function connect(page) {
  await page.click('#choose');
  await page.waitForFunction(() => document.querySelector('#choose').hidden || !document.querySelector('#verdict').hidden);
  return verdict(page);
}
export async function choose(page, name, bytes) {
  await page.setInputFiles('#file', { name, mimeType: 'application/octet-stream', buffer: bytes ?? fs.readFileSync(path.join(APPS, name)) });
  await page.waitForFunction((n) => document.querySelector('#what').textContent.startsWith(n), name);
  await settled(page);
}
export async function press(page, id) {
  await page.click('#' + id);
  return verdict(page);
}
