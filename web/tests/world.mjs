// A relay, a command-line peer and browsers, all real, all on this machine.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const run = promisify(execFile);
export const PROGRAM = process.env.PROOFROOM ?? fail('PROOFROOM must name the program');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

function fail(what) {
  throw new Error(what);
}

/** Everything of one journey; `close` ends it. */
export class World {
  static async open() {
    const world = new World();
    world.dir = await mkdtemp(path.join(tmpdir(), 'proofroom-web-'));
    world.open = [];
    return world;
  }

  /** A relay process; the address is read from what it prints. */
  async relay(listen = '127.0.0.1:0', data = 'relay') {
    const relay = spawn(PROGRAM, ['relay', '--listen', listen, '--data', path.join(this.dir, data), '--json']);
    const url = await new Promise((resolve, reject) => {
      let text = '';
      relay.stdout.on('data', (bytes) => {
        text += bytes;
        const found = text.match(/ws:\/\/[0-9.]+:\d+/);
        if (found) resolve(found[0]);
      });
      relay.on('exit', (code) => reject(new Error(`the relay ended with ${code}: ${text}`)));
    });
    const handle = { url, http: url.replace('ws://', 'http://'), port: new URL(url).port, process: relay };
    handle.kill = () => new Promise((resolve) => { relay.once('exit', resolve); relay.kill('SIGKILL'); });
    this.open.push(() => relay.kill('SIGKILL'));
    return handle;
  }

  /** A command-line peer. */
  async peer(name, organisation) {
    const home = path.join(this.dir, name);
    const cli = async (...args) => JSON.parse((await run(PROGRAM, ['--home', home, '--json', ...args], { maxBuffer: 1 << 26 })).stdout);
    await cli('init', '--name', name, '--org', organisation);
    return cli;
  }

  /** A browser with a profile of its own, which outlives it. */
  async browser(profile, options = {}) {
    const context = await chromium.launchPersistentContext(path.join(this.dir, `profile-${profile}`), {
      executablePath: CHROMIUM, args: ['--no-sandbox'], viewport: { width: 1280, height: 800 }, ...options,
    });
    this.open.push(() => context.close());
    context.on('weberror', (error) => console.error(`${profile}: ${error.error()}`));
    return context;
  }

  async close() {
    for (const end of this.open.reverse()) await Promise.resolve(end()).catch(() => {});
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits until a condition of the outside holds; says what it last saw. */
export async function until(what, look, ms = 30_000) {
  const end = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
