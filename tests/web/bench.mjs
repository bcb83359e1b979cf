// SPDX-License-Identifier: MIT
// bench.mjs: what a flash from the page takes over the same flash by the native tool, both in real time in the twin, from
// the order to the verdict: lua-demo (199,132 bytes) onto a blank board. The least of three each. For scripts/bench.
import path from 'node:path';
import { APPS, ararext, choose, connect, folder, openPage, option, press, serve, startBrowser, startTwin } from './station.mjs';

const ROUNDS = 3, FILE = 'lua-demo.elf';
const dir = folder(), twin = await startTwin(dir), site = await serve(twin.link), browser = await startBrowser();
const page = await openPage(browser, site);

async function alone(...args) {
  const start = performance.now(), r = ararext(...args, '--port', twin.link);
  if (r.status !== 0) throw new Error(r.text);
  return performance.now() - start;
}
async function inPage(baud) {
  await connect(page);
  await choose(page, FILE);
  await option(page, 'start', false);
  await page.selectOption('#baud', baud);
  const start = performance.now(), done = await press(page, 'send');
  if (!done.text.startsWith('Flashed and verified')) throw new Error(done.text);
  const took = performance.now() - start;
  await page.click('#leave');
  await page.waitForSelector('#choose:visible');
  return took;
}
async function compare(name, baud) {
  let native = Infinity, web = Infinity;
  for (let i = 0; i < ROUNDS; i++) {
    await alone('erase', '--all', '--yes');
    native = Math.min(native, await alone('flash', path.join(APPS, FILE), '--baud', baud === '0' ? 'auto' : baud));
    await alone('erase', '--all', '--yes');
    web = Math.min(web, await inPage(baud));
  }
  console.error(name + ': ' + Math.round(web) + ' ms over ' + Math.round(native) + ' ms');
  console.log(name + ' ' + (web / native).toFixed(3) + ' ratio');
}
try {
  await compare('web_flash_200k_over_native_115200', '115200');
  await compare('web_flash_200k_over_native_auto', '0');
} finally {
  await browser.close();
  site.end();
  await twin.end();
}
