// SPDX-License-Identifier: MIT
// The page's side of a board: its port, and the worker that speaks to it. ARAREXT has what assemble puts in:
// the worker's source, the module (gzip, base64), its hash, the version.
'use strict';

const FLAG = { START: 1, NO_COMPRESS: 2, SKIP_BOOTLOADER: 4, PLAN: 8, VERIFY: 16, FORCE: 32, ERASE_SLOTS: 64 };
const ACTION = { CONFIRM: 0, ROLLBACK: 1, GO: 2, RESET: 3 };
const WISH = { STOP: 1, CONFIRM: 2 };
const RATES = [2000000, 1000000, 921600, 460800, 230400];

async function unpackModule() {
  const packed = Uint8Array.from(atob(ARAREXT.module), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

// A SerialPort that can be lost and found, and whose rate changes by closing and opening it.
class Port {
  constructor(port, to) {
    this.port = port;
    this.to = to; // worker
    this.opened = 0;
    this.onlost = () => this.lost();
  }
  async open(baudRate) {
    await this.port.open({ baudRate, bufferSize: 65536 });
    this.opened++;
    this.gone = false;
    this.port.addEventListener?.('disconnect', this.onlost);
    this.pumping = this.pump();
  }
  lost() {
    if (!this.gone) { this.gone = true; this.to.postMessage({ lost: true }); }
  }
  // A framing error or an overrun ends the stream, and the port gives a new one; the loss of the port gives none.
  async pump() {
    this.closing = false;
    while (this.port.readable && !this.closing) {
      this.reader = this.port.readable.getReader();
      try {
        for (;;) {
          const { value, done } = await this.reader.read();
          if (done) break;
          const bytes = value.slice();
          this.to.postMessage({ received: bytes }, [bytes.buffer]);
        }
      } catch (e) {
        if (e.name === 'NetworkError') { this.lost(); break; }
      } finally { this.reader.releaseLock(); }
    }
  }
  async close() {
    this.closing = true;
    this.port.removeEventListener?.('disconnect', this.onlost);
    try { await this.reader?.cancel(); } catch { /* it was lost */ }
    await this.pumping;
    try { this.writer?.releaseLock(); } catch { /* as above */ }
    this.writer = null;
    try { await this.port.close(); } catch { /* it was closed, or never opened */ }
  }
  async write({ bytes }) {
    this.writer ??= this.port.writable.getWriter();
    await this.writer.write(bytes);
  }
  // Closing the stream is what waits until all bytes have left.
  async drain() {
    const writer = this.writer;
    this.writer = null;
    await writer?.close();
  }
  async reopen({ baud }) {
    await this.drain().catch(() => {});
    await this.close();
    await this.open(baud);
  }
  // The adapter was pulled and is back: perhaps as another object, with the same names.
  async find({ baud }) {
    await this.close();
    const mine = this.port.getInfo();
    const same = (await navigator.serial.getPorts()).filter((p) => p !== this.port
      && p.getInfo().usbVendorId === mine.usbVendorId && p.getInfo().usbProductId === mine.usbProductId);
    try { await this.open(baud); } catch (e) {
      if (same.length !== 1) throw e;
      this.port = same[0];
      await this.open(baud);
    }
  }
  async answer({ ask, id, ...values }) {
    let ok = true;
    try { await this[ask](values); } catch (e) {
      ok = false;
      if (ask === 'write' || ask === 'drain') this.lost();
    }
    this.to.postMessage({ answer: id, ok });
  }
}

// One board. tell(event) gets what happens; run() ends with the event "done".
class Board {
  constructor(tell) {
    this.tell = tell;
    this.worker = new Worker(URL.createObjectURL(new Blob([ARAREXT.worker], { type: 'text/javascript' })));
    this.ready = new Promise((good, bad) => { this.good = good; this.bad = bad; });
    this.worker.onmessage = ({ data }) => this.take(data);
    this.worker.onerror = (e) => this.bad(new Error(e.message));
    unpackModule().then((module) => this.worker.postMessage({ module }, [module]), this.bad);
  }
  take(data) {
    if (data.ask) { this.port?.answer(data); return; }
    if (data.event === 'ready') { this.good(); return; }
    if (data.event === 'broken') { this.bad(new Error(data.text)); return; }
    if (data.event === 'baud' && data.failed) this.remember(data.failed);
    if (data.event === 'done') { this.verdict = data; return; }
    if (data.event === 'idle') { this.running?.(this.verdict); this.running = null; return; }
    this.tell(data);
  }
  async open(port) {
    await this.ready;
    const opening = new Port(port, this.worker);
    await opening.open(115200);
    this.port = opening;
    this.worker.postMessage({ opened: 115200 });
  }
  async close() {
    await this.port?.close();
    this.port = null;
  }
  // Ends with the verdict; one at a time.
  async run(what, values = {}) {
    await this.ready;
    if (this.running) throw new Error('busy');
    const baud = values.baud || this.limit();
    return new Promise((done) => {
      this.running = done;
      this.worker.postMessage({ ...values, run: what, baud, flags: values.flags ?? 0 });
    });
  }
  wish(wish) { this.worker.postMessage({ wish }); }
  // The fastest rate that may hold with this adapter. One that did not is not tried again: each try costs an
  // opening of the port.
  limit() {
    const failed = this.recall();
    return failed ? RATES.find((r) => r < failed) ?? 115200 : 0;
  }
  key() {
    const { usbVendorId = 0, usbProductId = 0 } = this.port?.port.getInfo() ?? {};
    return 'ararext-rate-' + usbVendorId + '-' + usbProductId;
  }
  recall() { try { return +localStorage.getItem(this.key()); } catch { return 0; } }
  remember(rate) { try { localStorage.setItem(this.key(), rate); } catch { /* no storage: it is tried again */ } }
}
