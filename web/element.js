// SPDX-License-Identifier: MIT
// <ararext-flash manifest="firmware.json">: one button in a page of somebody else. The manifest names builds by board
// and version; what is sent proves itself: a package by its digest and signature, another file by the manifest's SHA-256.
'use strict';

const STYLE = ':host{display:block;font:16px/1.5 system-ui,sans-serif;border:1px solid #8888;border-radius:.6rem;padding:1rem}'
  + 'button,select{font:inherit;padding:.4rem .9rem;margin-right:.5rem}progress{width:100%}p{margin:.5rem 0}'
  + '.good{color:#12703a}.bad{color:#c0342c}[hidden]{display:none}'
  + '@media(prefers-color-scheme:dark){.good{color:#6fd79b}.bad{color:#ff9a92}}';
const parts = (version) => version.split(/[.+]/).map(Number);
function newer(a, b) {
  const x = parts(a), y = parts(b);
  for (let i = 0; i < 4; i++) if ((x[i] ?? 0) !== (y[i] ?? 0)) return (y[i] ?? 0) - (x[i] ?? 0);
  return 0;
}
const hexOf = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, '0')).join('');
const sentence = (s) => s && s[0].toUpperCase() + s.slice(1) + (s.endsWith('.') ? '' : '.');

class Failure extends Error {
  constructor(text, advice = '') { super(text); this.advice = advice; }
}

class FlashElement extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: 'open' });
    root.innerHTML = '<style>' + STYLE + '</style><p id="title"></p><p><button id="go"></button><select id="build" hidden></select>'
      + '<button id="stop" hidden>Stop</button></p><p id="about"></p><progress id="bar" max="1" hidden></progress><p id="verdict" role="status"></p>';
    this.at = (id) => root.getElementById(id);
    this.at('stop').onclick = () => this.board.wish(WISH.STOP);
    this.at('build').onchange = () => this.offer();
    this.step('Choose a port', () => this.connect());
    this.load().catch((e) => this.fail(e));
    this.dispatchEvent(new Event('ready'));
  }
  // The button does the next step, and nothing while one runs.
  step(label, act) {
    const go = this.at('go');
    go.textContent = label;
    go.disabled = false;
    go.onclick = async () => {
      go.disabled = true;
      this.say('');
      try { await act(); } catch (e) { this.fail(e); }
      this.at('bar').hidden = this.at('stop').hidden = true;
      go.disabled = false;
    };
  }
  say(text, kind = '') { this.at('verdict').textContent = text; this.at('verdict').className = kind; }
  fail(e) {
    this.say([e.message, e.advice].map(sentence).join(' ').trim(), 'bad');
    this.dispatchEvent(new CustomEvent('failed', { detail: e.message }));
  }
  async load() {
    if (!navigator.serial) {
      this.at('go').disabled = true;
      throw new Failure('this browser cannot speak to serial ports (Web Serial)', 'use Chrome or Edge on a computer');
    }
    this.base = new URL(this.getAttribute('manifest') ?? '', document.baseURI);
    this.manifest = await (await this.get(this.base)).json().catch(() => { throw new Failure('the manifest ' + this.base + ' is no JSON'); });
    const { builds, name = '' } = this.manifest;
    if (!Array.isArray(builds) || builds.some((b) => typeof b.version !== 'string' || typeof b.file !== 'string'))
      throw new Failure('the manifest ' + this.base + ' has no list "builds" of files with versions');
    this.at('title').textContent = name;
    this.board = new Board((e) => this.take(e));
    await this.board.ready;
  }
  async get(url) {
    const answer = await fetch(url).catch(() => null);
    if (!answer?.ok) throw new Failure('the file ' + url + ' cannot be fetched', 'tell the maker of this page');
    return answer;
  }
  take(e) {
    if (e.event === 'slots') { this.slots = e; return; }
    if (e.event === 'identity') this.identity = e.identity;
    if (e.event === 'image' || e.event === 'package') this.kind = e;
    if (e.event === 'lost') this.at('about').textContent = 'The board is gone: waiting for it, ' + e.limit_ms / 1000 + ' s at most.';
    if (e.event !== 'progress') return;
    const bar = this.at('bar');
    bar.hidden = this.at('stop').hidden = false;
    if (e.total) bar.value = e.done / e.total; else bar.removeAttribute('value');
  }
  async run(what, values) {
    const done = await this.board.run(what, { ...values, patient: this.hasAttribute('patient') });
    if (!done.ok) throw new Failure([done.text, done.state].filter(Boolean).join(' (') + (done.state ? ')' : ''), done.advice);
    return done;
  }
  async connect() {
    if (!this.manifest) await this.load();
    if (!this.board.port) {
      let port;
      try { port = await navigator.serial.requestPort(); } catch { throw new Failure('no port was chosen', 'if none is there, its driver may be missing'); }
      try { await this.board.open(port); } catch { throw new Failure('the port cannot be opened', 'close the other program that has it'); }
    }
    this.slots = null;
    await this.run('info');
    await this.choose();
  }
  // Builds for this board, the newest first. A board that does not say what it is gets what the person chooses.
  async choose() {
    const mine = this.slots?.identity ?? '', known = !/^(ff)*$|^0*$/i.test(mine);
    const fitting = [];
    for (const build of this.manifest.builds) {
      if (known && build.board) {
        await this.run('identity', { name: build.board });
        if (this.identity !== mine) continue;
      }
      fitting.push(build);
    }
    if (fitting.length === 0) throw new Failure('no build here is for this board', 'its identity is ' + mine);
    fitting.sort((a, b) => newer(a.version, b.version));
    this.fitting = fitting;
    this.at('build').replaceChildren(...fitting.map((b, i) => new Option((b.board ? b.board + ', ' : '') + 'version ' + b.version, i)));
    this.at('build').hidden = fitting.length < 2;
    this.offer();
  }
  offer() {
    const build = this.fitting[this.at('build').value || 0], has = this.slots?.slots.find((s) => s.installed);
    this.at('about').textContent = has ? 'The board has version ' + has.version + '.' : '';
    this.step('Install version ' + build.version, () => this.install(build));
  }
  async install(build) {
    const url = new URL(build.file, this.base), bytes = new Uint8Array(await (await this.get(url)).arrayBuffer());
    const file = { bytes, name: url.pathname.split('/').pop() };
    if (build.sha256 && hexOf(await crypto.subtle.digest('SHA-256', bytes)) !== build.sha256.toLowerCase())
      throw new Failure('the file ' + file.name + ' is not the file that the manifest names: its SHA-256 is another', 'tell the maker of this page');
    await this.run('look', file);
    const isPackage = this.kind.event === 'package';
    if (!isPackage && !build.sha256) throw new Failure('the file ' + file.name + ' is no package, and the manifest has no SHA-256 for it', 'tell the maker of this page');
    if (isPackage && this.kind.version.replace(/\+0$/, '') !== build.version.replace(/\+0$/, ''))
      throw new Failure('the file ' + file.name + ' is version ' + this.kind.version + ', the manifest says ' + build.version, 'tell the maker of this page');
    const done = await this.run(isPackage ? 'update' : 'flash', { ...file, flags: FLAG.START });
    this.say(done.text, 'good');
    this.dispatchEvent(new CustomEvent('installed', { detail: build.version }));
  }
}
customElements.define('ararext-flash', FlashElement);
