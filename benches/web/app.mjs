// Speed of the review app in a real Chromium, against a real relay on this machine.
//
//   PROOFROOM=target/release/proofroom SHOTS=target/screens node benches/web/app.mjs [NAME...]
//
// Names: load, join, start, seen, typing. Medians of several rounds; times are the page's own clock.
// ROUNDS and EDITS make it shorter, to see that it runs.
import net from 'node:net';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { World, comment, join, review, studio } from '../../tests/web/world.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 9);
/** What stands behind the brief, in inserted and removed characters. */
const EDITS = Number(process.env.EDITS ?? 100_000);

const median = (of) => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)];
const told = (name, value, unit, rest = '') => console.log(`${name.padEnd(46)} ${String(value).padStart(9)} ${unit} ${rest}`);

/** Counts what a relay sends to a browser. */
async function counted(relay) {
  const target = new URL(relay.http);
  const seen = { bytes: 0 };
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.port), target.hostname);
    far.on('data', (bytes) => { seen.bytes += bytes.length; });
    near.pipe(far).pipe(near);
    for (const end of [near, far]) end.on('error', () => { near.destroy(); far.destroy(); });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { http: `http://127.0.0.1:${server.address().port}`, seen, close: () => server.close() };
}

/** When a text appears on a page, by that page's clock. */
function appears(page, text) {
  return page.evaluate((text) => new Promise((resolve) => {
    // Not what is laid out: a list lays out only what is in sight.
    const there = () => document.body.textContent.includes(text);
    if (there()) return resolve(Date.now());
    const observer = new MutationObserver(() => {
      if (there()) { observer.disconnect(); resolve(Date.now()); }
    });
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
  }), text);
}

const benches = {
  /** Everything that a browser fetches until it works offline. */
  async load(world) {
    const relay = await world.relay();
    const front = await counted(relay);
    world.endings.push(() => front.close());
    const page = await (await world.browser('load')).newPage();
    await page.goto(front.http);
    await page.getByLabel('Printed name').waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    told('first load, precache included', (front.seen.bytes / 1e3).toFixed(0), 'KB');
  },

  /** From a link in a fresh profile to the work. */
  async join(world) {
    const { relay, link } = await studio(world);
    const times = [];
    for (let round = 0; round < Math.min(5, ROUNDS); round++) {
      const page = await (await world.browser(`join-${round}`)).newPage();
      const begin = Date.now();
      await page.goto(`${relay.http}/#${link}`);
      await page.getByLabel('Printed name').fill(`Guest ${round}`);
      await page.getByLabel('Organisation').fill('Client');
      await page.getByRole('button', { name: 'Join' }).click();
      await page.getByRole('link', { name: /Hero/ }).first().waitFor();
      times.push(Date.now() - begin);
      await page.context().close();
    }
    told('link to work, fresh profile, typing included', median(times), 'ms', `(most ${Math.max(...times)})`);
  },

  /** A reload with the network off, until the board is there. */
  async start(world) {
    const { relay, link } = await studio(world);
    const page = await join(await world.browser('start'), relay, link);
    await page.getByRole('link', { name: /Hero/ }).first().waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await relay.kill();
    const times = [];
    for (let round = 0; round < ROUNDS; round++) {
      await page.reload({ waitUntil: 'commit' });
      await appears(page, 'In review');
      times.push(await page.evaluate(() => performance.now()));
    }
    told('warm start, network off', median(times).toFixed(0), 'ms', `(most ${Math.max(...times).toFixed(0)})`);
  },

  /** A comment in one browser, seen in another. */
  async seen(world) {
    const { relay, link } = await studio(world);
    const [one, two] = [await join(await world.browser('one'), relay, link), await join(await world.browser('two'), relay, link, 'Cy Core')];
    await review(one);
    await review(two);
    await comment(one, 'Warm');
    await two.getByTestId('thread').filter({ hasText: 'Warm' }).waitFor();
    const times = [];
    for (let round = 0; round < 2 * ROUNDS; round++) {
      const text = `Round ${round} of it`;
      const seen = appears(two, text);
      await one.getByPlaceholder('What should change?').fill(text);
      const sent = one.evaluate(() => new Promise((resolve) => {
        document.addEventListener('click', () => resolve(Date.now()), { capture: true, once: true });
      }));
      await one.getByRole('button', { name: 'Comment', exact: true }).click();
      times.push((await seen) - (await sent));
    }
    told('an edit seen in another browser', median(times), 'ms', `(least ${Math.min(...times)}, most ${Math.max(...times)})`);
  },

  /** Keystrokes into a brief with a long history: what they cost the page's thread. */
  async typing(world) {
    const { relay, ada, link } = await studio(world, 'producer');
    const form = path.join(world.dir, 'form.toml');
    writeFileSync(form, 'title = "Long"\ncategory = "visual"\n');
    await ada('request', 'new', '--from', form);
    const words = (seed) => Array.from({ length: EDITS / 40 }, (_, i) => 'abcdefghijklmnopqrstuvwxyz \n'[(i * 7 + seed * 13 + ((i * i) % 11)) % 28]).join('');
    for (let i = 0; i < 20; i++) {
      const text = path.join(world.dir, 'brief.txt');
      writeFileSync(text, words(i));
      await ada('request', 'edit', 'Long', '--brief', text);
    }
    await ada('sync');
    const page = await join(await world.browser('typing'), relay, link);
    await page.getByRole('navigation', { name: 'Workspace' }).getByRole('link', { name: 'Requests' }).click();
    await page.getByRole('link', { name: /Long/ }).click();
    const field = page.locator('#brief');
    await field.waitFor();
    await page.evaluate(() => {
      window.spent = [];
      const field = document.querySelector('#brief');
      let begin = 0;
      field.addEventListener('beforeinput', () => { begin = performance.now(); });
      field.addEventListener('input', () => { window.spent.push(performance.now() - begin); });
      window.tasks = [];
      new PerformanceObserver((list) => list.getEntries().forEach((e) => window.tasks.push(e.duration))).observe({ type: 'longtask' });
    });
    await field.press('Control+End');
    await field.pressSequentially('The quick brown fox jumps over the lazy dog. '.repeat(6), { delay: 40 });
    const { spent, tasks } = await page.evaluate(() => ({ spent: window.spent, tasks: window.tasks }));
    spent.sort((a, b) => a - b);
    told('a keystroke, on the page\'s thread', median(spent).toFixed(2), 'ms', `(p99 ${spent[Math.floor(spent.length * 0.99)].toFixed(2)}, ${spent.length} keys)`);
    told('tasks above 50 ms while typing', tasks.length, '', tasks.length ? `(longest ${Math.max(...tasks).toFixed(0)} ms)` : '');
  },
};

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(benches)) {
  const world = await World.open();
  try {
    await benches[name](world);
  } finally {
    await world.close();
  }
}
