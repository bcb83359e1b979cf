// SPDX-License-Identifier: MIT
// What the person sees and presses. All that is known about boards and files comes from the module.
'use strict';
const $ = (id) => document.getElementById(id);
const show = (id, on) => { $(id).hidden = !on; };
const hex8 = (n) => '0x' + n.toString(16).toUpperCase().padStart(8, '0');
const size = (n) => n >= 10240 ? Math.round(n / 1024) + ' KiB' : n + ' bytes';
const count = (n, what) => n + ' ' + what + (n === 1 ? '' : 's');
const PHASES = { compare: 'Comparing', erase: 'Erasing', write: 'Writing', verify: 'Verifying', erase_slot: 'Erasing a slot for it',
  stage: 'Sending', judge: 'The board judges it', install: 'The board installs it', start: 'Starting it',
  wait: 'Waiting for its confirmation', confirm: 'Confirming it', done: 'Done' };

let board = null, busy = false, file = null, connected = false, ran = false;

// ---- what the module tells ----
const told = {
  info(e) {
    connected = true;
    ran = e.made_room;
    facts([
      ['Bootloader', e.bootloader ? e.bootloader + (e.debug ? ', debug build' : '') : 'without extensions'],
      ['Chip', '0x' + e.device.toString(16) + (e.device === 0x413 ? ' (STM32F405/407)' : '') + ', ' + e.flash_kib + ' KiB of flash'],
      ['Unique ID', e.uid.toUpperCase()],
      ['Application area', hex8(e.app_base) + ' to ' + hex8(e.app_end - 1)],
      ['Clock', e.core_hz ? e.core_hz / 1e6 + ' MHz, ' + (e.crystal ? 'from the crystal' : 'without crystal') : ''],
      ['Last reset', e.reset_cause], ['In its bootloader by', e.stay_reason],
      ['Protection', [e.rdp_level ? 'read protection level ' + e.rdp_level : '',
        e.protected_sectors ? 'write-protected sectors: ' + sectors(e.protected_sectors) : ''].filter(Boolean).join(', ') || 'none'],
    ]);
    show('acts', true);
    show('hint', false);
  },
  application: (e) => facts([['Application', e.bytes === 0 ? 'none' : (e.plausible ? '' : 'nothing that starts, ') + e.bytes
    + ' bytes, CRC ' + hex8(e.crc)]]),
  slots(e) {
    facts([['Trust', e.trust], ['Last start', e.last_start]]);
    $('slots').tBodies[0].replaceChildren(...e.slots.map((s, i) => {
      const row = document.createElement('tr');
      const trial = s.trials && s.state === 'staged' ? ', ' + s.attempts + ' of ' + count(s.trials, 'boot') + ' on trial' : '';
      for (const text of ['AB'[i], s.version && s.version + ', ' + size(s.size), s.state + (s.cause ? ': ' + s.cause : '') + trial,
        [s.installed && 'installed', s.next && 'starts next'].filter(Boolean).join(', ')]) row.insertCell().textContent = text;
      return row;
    }));
    show('slots', true);
  },
  keys: (e) => facts(e.keys.map((k, i) => ['Key ' + i, k.fingerprint.slice(0, 16) + '...' + (k.revoked ? ', revoked' : '')])),
  image(e) { $('what').textContent = file.name + ': ' + e.format + ', ' + e.bytes + ' bytes from ' + hex8(e.address); kind('flash'); },
  package(e) {
    $('what').textContent = file.name + ': package, version ' + e.version + ', ' + e.bytes + ' bytes for ' + e.content
      + ' of content, ' + (e.signed ? 'signed by key ' + (e.fingerprint ?? '').slice(0, 16) + '...' : 'not signed')
      + (e.trial ? '' : ', needs no confirmation') + (e.revoke ? ', revokes a key' : '');
    kind('update');
  },
  plan(e) {
    $('plan').textContent = e.erase + e.program === 0 ? 'The board holds it already.'
      : [e.erase && count(e.erase, 'sector') + ' to erase and write', e.program && e.program + ' blank, to write',
        e.keep && e.keep + ' as they should be'].filter(Boolean).join(', ') + '; ' + size(e.write_bytes) + ' in all.';
  },
  note(e) { say(e.text); },
  ended_stream: () => say('The board was in the middle of a transfer that had broken off: ended.'),
  restarted: () => say('The application is started again.'),
  lost: (e) => phase(e.port ? 'The port is gone: plug it in again' : 'The board is gone: waiting for it',
    'up to ' + e.limit_ms / 1000 + ' s'),
  progress,
  received: (e) => monitor(e.bytes),
};
function facts(list) {
  for (const [name, value] of list) {
    let dd = [...$('facts').querySelectorAll('dt')].find((dt) => dt.textContent === name)?.nextSibling;
    if (!dd) {
      const dt = document.createElement('dt');
      dt.textContent = name;
      dd = document.createElement('dd');
      $('facts').append(dt, dd);
    }
    dd.textContent = value;
    dd.hidden = dd.previousSibling.hidden = !value;
  }
}
const sectors = (bits) => [...Array(12).keys()].filter((i) => bits >> i & 1).join(', ');
function say(text) {
  if ([...$('notes').children].some((li) => li.textContent === text)) return;
  const li = document.createElement('li');
  li.textContent = text;
  $('notes').append(li);
}
function kind(what) { file.kind = what; $('send').textContent = what === 'flash' ? 'Flash' : 'Update'; }

// ---- progress ----
let now = {}; // of the phase that runs: since when, and from how many bytes on
function phase(name, detail) { $('phase').textContent = name; $('rate').textContent = detail; show('progress', true); }
function progress(e) {
  const at = performance.now(), waiting = e.phase === 'wait';
  if (now.phase !== e.phase || e.done < now.done) now = { phase: e.phase, since: at, from: e.done };
  now.done = e.done;
  let detail = '';
  if (waiting) detail = Math.ceil((e.total - e.done) / 1000) + ' s left';
  else if (e.total > 1024 && e.done > now.from && at - now.since > 500) {
    const perSecond = (e.done - now.from) / (at - now.since) * 1000;
    detail = Math.floor(100 * e.done / e.total) + ' %, ' + (perSecond / 1024).toFixed(1) + ' KiB/s, '
      + Math.ceil((e.total - e.done) / perSecond) + ' s left';
  }
  phase(PHASES[e.phase], detail);
  if (e.total) $('bar').value = e.done / e.total; else $('bar').removeAttribute('value');
  $('confirm').disabled = busy && !waiting;
}

// ---- the verdict ----
function verdict(good, text, state = '', advice = '') {
  const first = (s) => s && s[0].toUpperCase() + s.slice(1);
  $('text').textContent = first(text) + (good || !text ? '' : '.');
  $('state').textContent = state && first(state) + '.';
  $('advice').textContent = advice && first(advice) + '.';
  $('verdict').className = good ? 'good' : 'bad';
  show('verdict', text !== '');
}
async function run(what, values = {}) {
  if (busy) return null;
  busy = true;
  now = {};
  verdict(true, '');
  buttons();
  const done = await board.run(what, { ...values, patient: $('patient').checked }).catch((e) => ({ ok: false, name: 'internal', text: e.message }));
  busy = false;
  show('progress', false);
  verdict(done.ok, done.text, done.state, done.advice);
  if (['timeout', 'garbled'].includes(done.name)) $('help-any').open = true;
  buttons();
  return done;
}

// ---- the port ----
function system() {
  const name = (navigator.userAgentData?.platform || navigator.platform || navigator.userAgent).toLowerCase();
  return /android/.test(name) ? 'android' : /win/.test(name) ? 'windows' : /mac/.test(name) ? 'mac' : 'linux';
}
async function open(choosing) {
  let port;
  try { port = await choosing(); } catch (e) {
    $('help-' + system()).open = true;
    verdict(false, 'no port was chosen', '', 'if yours is not in the list, see the help below');
    return;
  }
  try { await board.open(port); } catch (e) {
    $('help-' + system()).open = true;
    verdict(false, e.name === 'InvalidStateError' ? 'this page has the port open already'
      : e.name === 'NetworkError' ? 'the port cannot be opened: another program has it, or you may not open it'
        : 'the port cannot be opened (' + e.message + ')', '', 'see the help below');
    return;
  }
  buttons();
  await ask();
}
async function ask() {
  clear();
  const done = await run('info');
  if (done?.ok && file && !ran) await look();
}
function clear() {
  connected = false;
  $('facts').replaceChildren();
  $('notes').replaceChildren();
  $('plan').textContent = '';
  show('slots', false);
  show('hint', true);
}
async function leave() {
  await board.close();
  clear();
  show('acts', false);
  await offer();
  buttons();
}
// A port that was chosen before needs no choosing.
async function offer() {
  const ports = await navigator.serial.getPorts();
  show('again', ports.length === 1 && !board.port);
}

// ---- the file ----
const flags = () => ($('start').checked ? FLAG.START : 0) | ($('skip').checked ? FLAG.SKIP_BOOTLOADER : 0)
  | ($('force').checked ? FLAG.FORCE : 0) | ($('lose').checked ? FLAG.ERASE_SLOTS : 0);
async function take(chosen) {
  if (!chosen || busy) return;
  file = { name: chosen.name, bytes: new Uint8Array(await chosen.arrayBuffer()), kind: null };
  await look();
}
// What it is; and with a board, what would be done.
async function look() {
  $('what').textContent = file.name;
  $('plan').textContent = '';
  $('notes').replaceChildren();
  file.kind = null;
  const done = await run('look', { ...file, flags: flags() });
  if (done?.ok && file.kind && board.port && connected && !ran)
    await run(file.kind, { ...file, flags: flags() | FLAG.PLAN });
}
async function send() {
  $('notes').replaceChildren();
  const done = await run(file.kind, { ...file, flags: flags(), baud: +$('baud').value });
  if (done?.ok && file.kind === 'flash') facts([['Application', file.name]]);
  if (done?.ok) connected = false; // what runs there now may be the application
}

// ---- the monitor ----
const LOG_MAX = 1 << 20;
let log = '', decoder = new TextDecoder();
function monitor(bytes) {
  const pre = $('log'), follows = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 4;
  const text = decoder.decode(bytes, { stream: true }).replace(/\r\n?/g, '\n');
  log += text;
  pre.append(text);
  if (log.length > 2 * LOG_MAX) pre.textContent = log = log.slice(-LOG_MAX);
  if (follows) pre.scrollTop = pre.scrollHeight;
  $('save').disabled = $('clear').disabled = false;
}
function save() {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob([log], { type: 'text/plain' }));
  a.download = 'ararext-' + new Date().toISOString().slice(0, 19).replace(/:/g, '') + '.log';
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}
function wipe() { log = $('log').textContent = ''; $('save').disabled = $('clear').disabled = true; }

// ---- buttons ----
function buttons() {
  const open = Boolean(board?.port), idle = open && !busy;
  show('choose', !open);
  show('refresh', open);
  show('leave', open);
  if (open) show('again', false);
  for (const id of ['refresh', 'leave', 'confirm', 'rollback', 'go', 'reset']) $(id).disabled = !idle;
  $('send').disabled = !idle || !file?.kind;
  $('verify').disabled = !idle || file?.kind !== 'flash';
  $('stop').disabled = !busy;
  $('file').disabled = busy;
  document.querySelector('main').setAttribute('aria-busy', busy);
}
function begin() {
  board = new Board((e) => told[e.event]?.(e));
  board.ready.catch((e) => verdict(false, 'this browser cannot run the page (' + e.message + ')', '', 'use a newer one'));
  const act = (action) => run('act', { action });
  $('choose').onclick = () => open(() => navigator.serial.requestPort());
  $('again').onclick = () => open(async () => (await navigator.serial.getPorts())[0]);
  $('refresh').onclick = ask;
  $('leave').onclick = leave;
  $('confirm').onclick = () => busy ? board.wish(WISH.CONFIRM) : act(ACTION.CONFIRM);
  $('rollback').onclick = () => act(ACTION.ROLLBACK);
  $('go').onclick = () => act(ACTION.GO);
  $('reset').onclick = () => act(ACTION.RESET);
  $('send').onclick = send;
  $('verify').onclick = () => run('flash', { ...file, flags: flags() | FLAG.VERIFY });
  $('stop').onclick = () => board.wish(WISH.STOP);
  $('file').onchange = () => take($('file').files[0]);
  $('skip').onchange = $('lose').onchange = () => file && look();
  $('save').onclick = save;
  $('clear').onclick = wipe;
  const drop = $('drop');
  drop.ondragover = (e) => { e.preventDefault(); drop.classList.add('over'); };
  drop.ondragleave = () => drop.classList.remove('over');
  drop.ondrop = (e) => { e.preventDefault(); drop.classList.remove('over'); take(e.dataTransfer.files[0]); };
  onbeforeunload = (e) => { if (busy) e.preventDefault(); };
  navigator.serial.addEventListener('connect', offer);
  offer();
  buttons();
}

$('version').textContent = ARAREXT.version;
$('hash').textContent = ARAREXT.hash;
if (navigator.serial) begin();
else {
  $('unsupported').textContent = isSecureContext
    ? 'This browser cannot speak to serial ports (Web Serial). Chrome, Edge and Opera can on a computer.'
    : 'A browser gives serial ports to pages from https, from this computer, or from a file alone.';
  show('unsupported', true);
  for (const b of document.querySelectorAll('button, input')) b.disabled = true;
}
