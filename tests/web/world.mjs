// A relay, a command-line peer and browsers: all real, all on this machine.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const run = promisify(execFile);
const PROGRAM = process.env.PROOFROOM ?? fail('PROOFROOM must name the program');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const SHOTS = process.env.SHOTS ?? fail('SHOTS must name a folder for screenshots');

function fail(what) {
  throw new Error(what);
}

/** Everything of one journey; `close` ends it. */
export class World {
  static async open() {
    const world = new World();
    world.dir = await mkdtemp(path.join(tmpdir(), 'proofroom-web-'));
    world.endings = [];
    world.errors = [];
    await mkdir(SHOTS, { recursive: true });
    return world;
  }

  /** A relay process; its address is read from what it prints. */
  async relay(listen = '127.0.0.1:0') {
    const relay = spawn(PROGRAM, ['--json', 'relay', '--listen', listen, '--data', path.join(this.dir, 'relay')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await new Promise((resolve, reject) => {
      let text = '';
      relay.stdout.on('data', (bytes) => {
        text += bytes;
        const found = text.match(/ws:\/\/[0-9.]+:\d+/);
        if (found) resolve(found[0]);
      });
      relay.once('exit', (code) => reject(new Error(`the relay ended with ${code}: ${text}`)));
    });
    this.endings.push(() => relay.kill('SIGKILL'));
    const kill = () => new Promise((resolve) => { relay.once('exit', resolve); relay.kill('SIGKILL'); });
    return { url, http: url.replace('ws://', 'http://'), listen: new URL(url).host, kill };
  }

  /** A command-line peer with a home of its own. */
  async peer(name, organisation) {
    const home = path.join(this.dir, name);
    const cli = async (...args) => JSON.parse((await run(PROGRAM, ['--home', home, '--json', ...args], { maxBuffer: 1 << 26 })).stdout || 'null');
    await cli('init', '--name', name, '--org', organisation);
    return cli;
  }

  /** A path in the journey's folder. */
  place(name) {
    return path.join(this.dir, name);
  }

  /** A file with this text. */
  file(name, text) {
    writeFileSync(this.place(name), text);
    return this.place(name);
  }

  /** A picture, made by ffmpeg. */
  picture(name, size = '1600x1000') {
    const file = path.join(this.dir, name);
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}`, '-frames:v', '1', file]);
    return file;
  }

  /** A browser with a profile of its own, which outlives it. */
  async browser(profile, options = {}) {
    const context = await chromium.launchPersistentContext(path.join(this.dir, `profile-${profile}`), {
      executablePath: CHROMIUM, args: ['--no-sandbox'], viewport: { width: 1280, height: 800 }, ...options,
    });
    (this.contexts ??= []).push(context);
    this.endings.push(() => context.close());
    context.on('console', (said) => {
      if (said.type() === 'error' && said.text().includes('panicked')) this.errors.push(`${profile}: ${said.text()}`);
    });
    context.on('weberror', (error) => this.errors.push(`${profile}: ${error.error()}`));
    return context;
  }

  /** Ends everything; a script error on any page fails the journey. */
  async close() {
    for (const end of this.endings.reverse()) await Promise.resolve(end()).catch(() => {});
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
    if (this.errors.length > 0) throw new Error(`errors on pages:\n${this.errors.join('\n')}`);
  }
}

/** A workspace with one picture at a relay, and a link for a role. */
export async function studio(world, role = 'reviewer', title = 'Hero') {
  const relay = await world.relay();
  const ada = await world.peer('ada', 'Studio');
  await ada('workspace', 'create', 'Spring campaign', '--relay', relay.url);
  await ada('asset', 'add', world.picture('hero.png'), '--name', title, '--category', 'visual');
  const { link } = await ada('invite', '--role', role, '--uses', '5');
  await ada('sync');
  return { relay, ada, link };
}

/** Opens a link in a fresh profile, gives a name, and waits for the board. */
export async function join(browser, relay, link, name = 'Bo Berg') {
  const page = await browser.newPage();
  await page.goto(`${relay.http}/#${link}`);
  await page.getByLabel('Printed name').fill(name);
  await page.getByLabel('Organisation').fill('Client');
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByTestId('board').waitFor();
  return page;
}

/** Goes from the board to an asset's picture. */
export async function review(page, title = 'Hero') {
  await page.getByRole('link', { name: new RegExp(title) }).first().click();
  await page.getByRole('heading', { name: title }).waitFor();
  await page.locator('img.medium').waitFor();
}

/** Writes a comment about all of the version. */
export async function comment(page, text) {
  await page.getByPlaceholder('What should change?').fill(text);
  await page.getByRole('button', { name: 'Comment', exact: true }).click();
  await page.getByTestId('thread').filter({ hasText: text }).waitFor();
}

/** Signs a decision on the version that is shown. */
export async function sign(page, decision) {
  await page.getByRole('button', { name: 'Decide' }).click();
  await page.getByRole('radio', { name: new RegExp(`^${decision}`) }).first().check();
  await page.getByRole('button', { name: 'Sign' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
}

/** Waits until the browser has sent everything. */
export async function sent(page) {
  await page.getByTestId('sync').filter({ hasText: /^In sync$/ }).waitFor({ timeout: 60_000 });
}

/** Waits until a condition outside of the browser holds. */
export async function until(what, look, ms = 30_000) {
  const end = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Fails with what was seen. */
export function equal(what, seen, wanted) {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}
