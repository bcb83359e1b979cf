// SPDX-License-Identifier: MIT
// The worker: the WebAssembly module, the bytes of the port on their way, and every wait. Timers of a page whose
// tab is hidden are slowed to one a second; those of a worker are not. The port itself stays with the page
// (port.js), since only there it is known which one the person chose.
'use strict';
const IO = -6, TIMEOUT = -8, BAUD_OF_BOARD = 115200;
const QUEUE_MAX = 16384;  // bytes on their way to the port before a write waits
const STACK_SIZE = 32768; // of Asyncify: what is on the C stack while it waits

// ---- the line ----
// Answers of the page to requests about its port, by number.
const asked = new Map();
let number = 0;
function ask(what, values = {}, transfer = []) {
  return new Promise((answer) => {
    asked.set(++number, answer);
    postMessage({ ask: what, id: number, ...values }, transfer);
  });
}

const line = {
  baud: 0, wanted: 0,   // of the open port, and what it is to be; 0 = not open
  dead: false,          // the wanted rate cannot be had: nothing is sent, nothing comes
  gone: false,          // the port went away
  chunks: [], length: 0, queued: 0,
  wake: null,
  listening: false,     // an operation runs: what comes is for it, and not for the monitor

  received(bytes) {
    if (!this.listening) { postMessage({ event: 'received', bytes }, [bytes.buffer]); return; }
    this.chunks.push(bytes);
    this.length += bytes.length;
    this.wake?.();
  },
  lost() { this.gone = true; this.wake?.(); },
  take(size) {
    const out = new Uint8Array(Math.min(size, this.length));
    for (let n = 0; n < out.length;) {
      const first = this.chunks[0], k = Math.min(first.length, out.length - n);
      out.set(first.subarray(0, k), n);
      n += k;
      if (k === first.length) this.chunks.shift(); else this.chunks[0] = first.subarray(k);
    }
    this.length -= out.length;
    return out;
  },
  clear() { this.chunks = []; this.length = 0; },
  // Until something happens on the line, or the time is over.
  event(ms) {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.wake = () => { clearTimeout(timer); done(); };
    });
  },
  // A rate is changed by closing and opening the port, so not before something is sent or waited for at it.
  async settle() {
    if (this.gone || this.baud === this.wanted) return;
    this.dead = !(await ask('reopen', { baud: this.wanted })).ok;
    this.baud = this.wanted;
    this.queued = 0;
  },
  async write(bytes, ms) {
    await this.settle();
    if (this.gone) return IO;
    if (this.dead) return 0;
    const end = performance.now() + ms;
    while (this.queued + bytes.length > QUEUE_MAX && this.queued > 0 && !this.gone) {
      const rest = end - performance.now();
      if (rest <= 0) return TIMEOUT;
      await this.event(rest);
    }
    if (this.gone) return IO;
    const { length } = bytes;
    this.queued += length;
    ask('write', { bytes }, [bytes.buffer]).then(() => { this.queued -= length; this.wake?.(); });
    return 0;
  },
  async read(size, ms) {
    await this.settle();
    const end = performance.now() + ms;
    for (let rest = ms; this.length === 0 && rest > 0 && !this.gone; rest = end - performance.now())
      await this.event(rest);
    return this.length > 0 ? this.take(size) : this.gone ? IO : null;
  },
  async drain() {
    if (this.gone) return IO;
    return this.dead || (await ask('drain')).ok ? 0 : IO;
  },
  async reopen() {
    if (!(await ask('find', { baud: BAUD_OF_BOARD })).ok) return IO;
    this.baud = this.wanted = BAUD_OF_BOARD;
    this.gone = this.dead = false;
    this.queued = 0;
    this.clear();
    return 0;
  },
};

// ---- the module ----
let c, wishes = 0; // what the module exports; bits of enum page_wish
const memory = () => new Uint8Array(c.memory.buffer);
function text(at) { const m = memory(); return new TextDecoder().decode(m.subarray(at, m.indexOf(0, at))); }

// Those that may wait give a number or a promise of one.
const waits = {
  page_write: (at, n, ms) => line.write(memory().slice(at, at + n), ms),
  page_read(at, n, ms) {
    const put = (bytes) => {
      if (bytes === null || bytes === IO) return bytes ?? 0;
      memory().set(bytes, at);
      return bytes.length;
    };
    return line.length > 0 && line.baud === line.wanted ? put(line.take(n)) : line.read(n, ms).then(put);
  },
  page_drain: () => line.drain(),
  page_sleep: (ms) => new Promise((done) => setTimeout(() => done(0), ms)),
  page_reopen: () => line.reopen(),
};
const env = {
  page_set_baud: (baud) => { line.wanted = baud; line.dead &&= baud === line.baud; return line.gone ? IO : 0; },
  page_flush: () => { line.clear(); return line.gone ? IO : 0; },
  page_now: () => performance.now(),
  page_wishes: () => wishes,
  page_emit: (at) => postMessage(JSON.parse(text(at))),
};

// Asyncify: a call that has to wait unwinds the C stack; when the result is there, the call is made again and
// rewinds it up to where it was.
let unwound = 0, pending = null, result = 0, rewinding = false;
for (const name in waits) env[name] = (...values) => {
  if (rewinding) { c.asyncify_stop_rewind(); rewinding = false; return result; }
  const answer = waits[name](...values);
  if (typeof answer === 'number') return answer;
  pending = answer;
  c.asyncify_start_unwind(unwound);
  return 0;
};
async function call(name, ...values) {
  let code = c[name](...values);
  while (pending) {
    c.asyncify_stop_unwind();
    result = await pending;
    pending = null;
    c.asyncify_start_rewind(unwound);
    rewinding = true;
    code = c[name](...values);
  }
  return code;
}

// The C library wants these for printf and abort, which the module does not use.
const wasi = { fd_write: () => 8, fd_close: () => 8, fd_seek: () => 8, fd_fdstat_get: () => 8,
  proc_exit() { throw new Error('the module ended'); } };

async function start(bytes) {
  const module = await WebAssembly.compile(bytes);
  for (const i of WebAssembly.Module.imports(module)) if (i.module !== 'env') wasi[i.name] ??= () => 8;
  c = (await WebAssembly.instantiate(module, { env, wasi_snapshot_preview1: wasi })).exports;
  c._initialize();
  unwound = c.web_alloc(STACK_SIZE + 8);
  new Uint32Array(c.memory.buffer, unwound, 2).set([unwound + 8, unwound + 8 + STACK_SIZE]);
}

// ---- operations ----
function keep(bytes) {
  const at = c.web_alloc(bytes.length || 1);
  if (at === 0) throw new Error('out of memory');
  memory().set(bytes, at);
  return at;
}
async function withFile({ bytes, name }, f) {
  const data = keep(bytes), title = keep(new TextEncoder().encode(name + '\0'));
  try { return await f(data, bytes.length, title); } finally { c.web_free(data); c.web_free(title); }
}
const operations = {
  info: () => call('web_info'),
  act: (o) => call('web_act', o.action),
  look: (o) => withFile(o, (data, n, name) => call('web_look', data, n, name, o.flags)),
  flash: (o) => withFile(o, (data, n, name) => call('web_flash', data, n, name, o.flags, o.baud)),
  update: (o) => withFile(o, (data, n) => call('web_update', data, n, o.flags, o.baud)),
  identity: (o) => withFile({ bytes: new Uint8Array(0), name: o.name }, (data, n, name) => call('web_identity', name)),
  text: (o) => {
    const at = keep(new TextEncoder().encode(o.text + '\0'.repeat(512)).subarray(0, 512));
    c.web_text_for_page(at);
    postMessage({ event: 'text', text: text(at) });
    c.web_free(at);
  },
};
async function run(o) {
  wishes = 0;
  line.listening = true;
  line.clear();
  try {
    c.web_be_patient(o.patient ? 1 : 0);
    await operations[o.run](o);
  } catch (e) {
    postMessage({ event: 'done', ok: false, name: 'internal', text: "this page has a fault (" + e.message + ")", state: '',
      advice: 'reload it, and tell its maker' });
  }
  await line.settle(); // the application's output comes at the board's own rate
  line.listening = false;
  for (const bytes of line.chunks.splice(0)) line.received(bytes);
  line.clear();
  postMessage({ event: 'idle' });
}

onmessage = ({ data }) => {
  if (data.module) start(data.module).then(() => postMessage({ event: 'ready' }),
    (e) => postMessage({ event: 'broken', text: e.message }));
  else if (data.answer) { asked.get(data.answer)(data); asked.delete(data.answer); }
  else if (data.received) line.received(data.received);
  else if (data.opened) { line.baud = line.wanted = data.opened; line.gone = line.dead = false; line.queued = 0; line.clear(); }
  else if (data.lost) line.lost();
  else if (data.wish) wishes |= data.wish;
  else if (data.run) run(data);
};
