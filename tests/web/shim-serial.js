// SPDX-License-Identifier: MIT
// navigator.serial over a local socket, for a browser that has no port: locked streams, cancelling, closing,
// reopening, and the loss of a port are as Web Serial's text says. Put into the page before its own scripts.
(() => {
  const lostError = () => new DOMException('The device has been lost.', 'NetworkError');
  class Port extends EventTarget {
    constructor(address, info) { super(); this.address = address; this.info = info; this.streams(); }
    streams() { this.reading = this.writing = this.control = null; this.queue = []; this.acks = []; this.lost = false; }
    getInfo() { return this.info; }
    async open({ baudRate }) {
      if (this.socket) throw new DOMException('The port is already open.', 'InvalidStateError');
      if (window.refusedRates?.includes(baudRate)) throw new DOMException('Failed to open serial port.', 'NetworkError');
      const socket = new WebSocket(this.address + '?baud=' + baudRate);
      socket.binaryType = 'arraybuffer';
      await new Promise((good, bad) => {
        socket.onmessage = (m) => m.data === 'open' && good();
        socket.onclose = () => bad(new DOMException('Failed to open serial port.', 'NetworkError'));
      });
      this.streams();
      this.socket = socket;
      socket.onmessage = ({ data }) => {
        if (typeof data === 'string') this.acks.shift()?.good();
        else if (this.control) this.control.enqueue(new Uint8Array(data));
        else this.queue.push(new Uint8Array(data));
      };
      socket.onclose = () => {
        if (this.socket !== socket) return;
        this.lost = true;
        this.control?.error(lostError());
        for (const ack of this.acks.splice(0)) ack.bad(lostError());
        this.dispatchEvent(new Event('disconnect'));
      };
    }
    get readable() {
      if (!this.socket || this.lost) return null;
      return this.reading ??= new ReadableStream({
        start: (control) => { this.control = control; for (const bytes of this.queue.splice(0)) control.enqueue(bytes); },
        cancel: () => { this.control = this.reading = null; },
      });
    }
    get writable() {
      if (!this.socket || this.lost) return null;
      const send = (data) => new Promise((good, bad) => {
        if (this.lost) { bad(lostError()); return; }
        this.acks.push({ good, bad });
        this.socket.send(data);
      });
      return this.writing ??= new WritableStream({
        write: send,
        close: async () => { await send('drain'); this.writing = null; },
        abort: () => { this.writing = null; },
      });
    }
    async close() {
      if (!this.socket) throw new DOMException('The port is already closed.', 'InvalidStateError');
      if (this.reading?.locked || this.writing?.locked) throw new TypeError('Cannot cancel a locked stream');
      const { socket } = this;
      this.socket = null;
      this.streams();
      if (socket.readyState === WebSocket.CLOSED) return;
      await new Promise((done) => { socket.onclose = done; socket.close(); });
    }
  }
  const ports = SHIM.addresses.map((address) => new Port(address, { usbVendorId: 0x0403, usbProductId: 0x6001 }));
  const serial = new EventTarget();
  serial.requestPort = async () => {
    if (window.noPort) throw new DOMException('No port selected by the user.', 'NotFoundError');
    sessionStorage.chosen = '1';
    return ports[0];
  };
  serial.getPorts = async () => sessionStorage.chosen ? ports : [];
  Object.defineProperty(Navigator.prototype, 'serial', { get: () => serial, configurable: true });
  window.shimPorts = ports;
})();
