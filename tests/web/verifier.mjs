// The verifier's page: opened from a disk and from a relay, by somebody who has nothing but files.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { SHOTS, World, equal } from './world.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Serious findings of axe; it comes in by the debugger, because the page lets no script in. */
async function findings(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', { expression: 'axe.run().then((r) => JSON.stringify(r.violations))', awaitPromise: true, returnByValue: true });
  const found = JSON.parse(result.value).filter((v) => ['serious', 'critical'].includes(v.impact));
  return found.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}

/** A picture that was approved, and its certificate. */
async function approved(world) {
  const relay = await world.relay();
  const ada = await world.peer('ada', 'Studio');
  await ada('workspace', 'create', 'Spring campaign', '--relay', relay.url);
  const picture = world.picture('hero.png', '320x200');
  await ada('asset', 'add', picture, '--name', 'Hero <b>bold</b>', '--category', 'visual');
  await ada('asset', 'assign', 'Hero <b>bold</b>', 'ada', 'approver');
  await ada('comment', 'add', 'Hero <b>bold</b>', '<img src=x onerror=alert(1)> lovely', '--label', 'praise');
  await ada('decide', 'Hero <b>bold</b>', 'approved', '--reason', 'as briefed');
  const certificate = path.join(world.dir, 'hero.zip');
  await ada('certify', 'Hero <b>bold</b>', '--out', certificate);
  return { relay, picture, certificate };
}

async function verify(page, file) {
  await page.locator('#certificate').setInputFiles(file);
  await page.locator('#result[data-holds]').waitFor({ timeout: 60_000 });
  return page.locator('#result').getAttribute('data-holds');
}

/** A stranger names the authority for time and the relay whom they believe: only then their clocks bound anything. */
async function believing(world, certificate, roots, held) {
  const relay = await world.relay();
  const page = await (await world.browser('stranger')).newPage();
  await page.goto(`${relay.http}/verify`);
  await page.locator('#certificate:enabled').waitFor({ timeout: 60_000 });
  equal('it holds', await verify(page, certificate), 'true');
  await page.getByText('nobody vouches for here').first().waitFor({ state: 'attached' });
  await page.getByText('Do you believe an authority').click();
  const rubbish = path.join(world.dir, 'rubbish.pem');
  writeFileSync(rubbish, 'not a certificate');
  await page.locator('#believed').setInputFiles(rubbish);
  await page.getByText(/^rubbish.pem: this is no certificate/).waitFor();
  await page.locator('#believed').setInputFiles(roots);
  await page.getByText(/^You believe .*: one certificate$/).waitFor();
  await page.getByText('for whom an authority that you believe vouches').first().waitFor({ state: 'attached' });
  equal('it still holds', await page.locator('#result').getAttribute('data-holds'), 'true');

  // A relay whose clock they believe is named by its key, which the page tells.
  equal('it holds', await verify(page, held), 'true');
  const told = page.getByText('whose clock nobody here vouches for').first();
  await told.waitFor({ state: 'attached' });
  const [, key] = /the relay ([0-9a-f]{64})/.exec(await told.textContent());
  await page.locator('#relay').fill('no key');
  await page.locator('#relay').blur();
  await page.getByText(/^no key: /).waitFor();
  await page.locator('#relay').fill(key);
  await page.locator('#relay').blur();
  await page.getByText(`You believe the relay ${key}`).waitFor();
  await page.getByText('which you believe').first().waitFor({ state: 'attached' });
  equal('axe', await findings(page), []);
}

const world = await World.open();
const [stamped, roots, held] = process.argv.slice(2);
try {
  if (stamped) await believing(world, stamped, roots, held);
  else await stranger(world);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await world.close().catch((error) => { console.error(error); process.exitCode = 1; });
}

/** Somebody who has nothing but files. */
async function stranger(world) {
  const { relay, picture, certificate } = await approved(world);
  const stranger = await world.browser('stranger');
  const response = await fetch(`${relay.http}/verify`);
  equal('the relay serves it', response.status, 200);
  const saved = path.join(world.dir, 'verify.html');
  writeFileSync(saved, Buffer.from(await response.arrayBuffer()));

  // From a disk: nothing is fetched but the page itself.
  const page = await stranger.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(saved).href);
  await page.locator('#certificate:enabled').waitFor({ timeout: 60_000 });
  equal('an approval holds', await verify(page, certificate), 'true');
  await page.getByText('Everything holds').waitFor();
  await page.getByRole('heading', { name: 'Hero <b>bold</b>, v1', exact: true }).waitFor();
  await page.getByText('<img src=x onerror=alert(1)> lovely').first().waitFor();
  await page.locator('#handed').setInputFiles([picture, certificate]);
  await page.getByText('hero.png is a certified file, byte for byte').waitFor();
  await page.getByText('hero.zip is NO certified file').waitFor();
  await page.screenshot({ path: `${SHOTS}/verifier.png`, fullPage: true });
  equal('requests', asked.filter((url) => !url.startsWith('file:') && !url.startsWith('data:')), []);
  equal('axe', await findings(page), []);

  // From the relay, with a byte that was altered.
  const altered = readFileSync(certificate);
  altered[altered.length >> 1] ^= 1;
  const damaged = path.join(world.dir, 'damaged.zip');
  writeFileSync(damaged, altered);
  const served = await stranger.newPage();
  await served.goto(`${relay.http}/verify`);
  await served.locator('#certificate:enabled').waitFor({ timeout: 60_000 });
  equal('an altered one does not hold', await verify(served, damaged), 'false');
  await served.getByText('This certificate does not hold').waitFor();
}
