// Journeys of people through the review app: `node journeys.mjs NAME`.
import { LOOKS, shoot as picture } from './look.mjs';
import { journeys as screen } from './review.mjs';
import { signing } from './signing.mjs';
import { work } from './work.mjs';
import { SHOTS, World, comment, equal, join, review, sign, studio, until } from './world.mjs';

const journeys = {
  ...signing,
  ...work,
  ...screen,

  /** A link becomes a review: drawn on, decided, and the terminal agrees. */
  async a_browser_and_a_terminal_agree(world) {
    const { relay, ada, link } = await studio(world);
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await review(page);
    await page.getByRole('button', { name: 'Rectangle' }).click();
    const box = await page.locator('.paper').boundingBox();
    await page.mouse.move(box.x + box.width * 0.25, box.y + box.height * 0.25);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5, { steps: 4 });
    await page.mouse.up();
    await comment(page, 'The logo is too small');
    await page.getByRole('button', { name: /^Comment 1 by Bo Berg/ }).waitFor();
    await sign(page, 'Changes required');
    await page.getByText('In sync', { exact: true }).waitFor();
    await page.screenshot({ path: `${SHOTS}/review.png` });
    await ada('sync');
    const { comments } = await ada('comment', 'list', 'Hero');
    equal('comments in the terminal', comments.map((c) => [c.body, c.author_name]), [['The logo is too small', 'Bo Berg']]);
    const region = comments[0].anchor.selectors.find((s) => s.region).region;
    for (const [seen, wanted] of [[region.x, 250_000], [region.y, 250_000], [region.w, 250_000], [region.h, 250_000]]) {
      if (Math.abs(seen - wanted) > 10_000) throw new Error(`the region is ${JSON.stringify(region)}`);
    }
    const status = JSON.stringify(await ada('status', 'Hero'));
    if (!status.includes('changes_required')) throw new Error(`the terminal sees no decision: ${status}`);
    await ada('comment', 'add', 'Hero', 'It is larger in the next one');
    await ada('sync');
    await page.getByTestId('thread').filter({ hasText: 'It is larger in the next one' }).waitFor();
  },

  /** No network, a reload, a closed browser: what was written is there, and gets through later. */
  async work_done_offline_survives_and_gets_through(world) {
    const { relay, ada, link } = await studio(world);
    let bo = await world.browser('bo');
    let page = await join(bo, relay, link);
    await review(page);
    await page.getByText('In sync', { exact: true }).waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await relay.kill();
    await page.reload();
    await page.locator('img.medium').waitFor();
    await comment(page, 'Written on a plane');
    await sign(page, 'Approved');
    await page.getByText(/^Offline, 2 changes to send/).waitFor();
    await page.screenshot({ path: `${SHOTS}/offline.png` });
    const address = page.url();
    await bo.close();
    bo = await world.browser('bo');
    page = await bo.newPage();
    await page.goto(address);
    await page.getByTestId('thread').filter({ hasText: 'Written on a plane' }).waitFor();
    await world.relay(relay.listen);
    await page.getByTestId('sync').click();
    await until('the terminal hears of it', async () => {
      await ada('sync');
      const { comments } = await ada('comment', 'list', 'Hero');
      return comments.some((c) => c.body === 'Written on a plane') && JSON.stringify(await ada('status', 'Hero')).includes('"approved"');
    });
  },

  /** Two tabs of one profile: one store, one history, and the second goes on when the first closes. */
  async two_tabs_share_one_store(world) {
    const { relay, ada, link } = await studio(world);
    const bo = await world.browser('bo');
    const first = await join(bo, relay, link);
    await review(first);
    const second = await bo.newPage();
    await second.goto(first.url());
    await second.locator('img.medium').waitFor();
    await Promise.all([comment(first, 'From the first tab'), comment(second, 'From the second tab')]);
    for (const page of [first, second]) {
      for (const text of ['From the first tab', 'From the second tab']) {
        await page.getByTestId('thread').filter({ hasText: text }).waitFor();
      }
    }
    await first.close();
    await comment(second, 'The first tab is gone');
    await until('the terminal has all three', async () => {
      await ada('sync');
      return (await ada('comment', 'list', 'Hero')).comments.length === 3;
    });
    const { devices } = (await ada('members', 'list')).members.find((m) => m.printed_name === 'Bo Berg');
    equal('devices of one profile', devices.length, 1);
  },

  /** A guest's browser stores nothing of the team's discussion, sealed or not. */
  async a_guest_never_receives_what_is_for_the_team(world) {
    const { relay, ada, link } = await studio(world, 'guest');
    await ada('comment', 'add', 'Hero', 'The client will hate this', '--team');
    await ada('comment', 'add', 'Hero', 'Welcome to the review');
    await ada('sync');
    const log = await ada('log');
    // The highest bit of a document's id names its audience.
    const docs = [...new Set(JSON.stringify(log).match(/"doc":"[0-9a-f]{32}"/g).map((found) => found.slice(7, 39)))];
    const isTeam = (doc) => parseInt(doc.slice(0, 2), 16) >= 128;
    const [team, everyone] = [docs.filter(isTeam), docs.filter((doc) => !isTeam(doc))];
    if (team.length === 0) throw new Error(`the log names no document of the team: ${docs}`);
    const guest = await world.browser('guest');
    const page = await join(guest, relay, link);
    await review(page);
    await page.getByTestId('thread').filter({ hasText: 'Welcome to the review' }).waitFor();
    equal('threads on the screen', await page.getByTestId('thread').count(), 1);
    await page.goto(`${relay.http}/healthz`);
    const found = await until('the store is let go of', () => page.evaluate(async (docs) => {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('proofroom');
      let bytes;
      try {
        bytes = new Uint8Array(await (await (await root.getFileHandle('store.redb')).getFile()).arrayBuffer());
      } catch {
        return null;
      }
      const holds = (hex) => {
        const wanted = hex.match(/../g).map((h) => parseInt(h, 16));
        for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
          if (wanted.every((b, i) => bytes[at + i] === b)) return true;
        }
        return false;
      };
      return { team: docs.team.map(holds), everyone: docs.everyone.map(holds) };
    }, { team, everyone }));
    if (!found.everyone.some(Boolean)) throw new Error(`the search finds nothing at all: ${JSON.stringify(found)}`);
    equal('documents of the team in the store', found.team.some(Boolean), false);
  },

  /** What people write is text: in names, comments and titles nothing runs. */
  async nothing_that_people_write_is_run(world) {
    const evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';
    const { relay, ada, link } = await studio(world, 'reviewer', 'Hero');
    await ada('asset', 'add', world.picture('second.png', '640x400'), '--name', evil, '--category', 'visual');
    await ada('comment', 'add', 'Hero', evil);
    await ada('sync');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link, evil);
    await page.getByText(evil).first().waitFor();
    await review(page);
    await page.getByTestId('thread').filter({ hasText: 'onerror' }).waitFor();
    await page.getByPlaceholder('What should change?').fill(evil);
    await page.getByRole('button', { name: 'Comment', exact: true }).click();
    await page.getByTestId('thread').filter({ hasText: 'onerror' }).nth(1).waitFor();
    equal('scripts that ran', await page.evaluate(() => window.hit ?? 0), 0);
    equal('elements that people wrote', await page.locator('img[src="x"]').count(), 0);
  },

  /** Every screen, light and dark, wide and phone: no serious finding of axe, nothing cut off. */
  async screens_can_be_read_by_everybody(world) {
    const { relay, ada, link } = await studio(world);
    await ada('comment', 'add', 'Hero', 'Logo too small', '--region', '100,100,300,200', '--label', 'blocker');
    await ada('comment', 'add', 'Hero', 'Lovely light');
    await ada('sync');
    const found = [];
    for (const [look, options] of Object.entries(LOOKS)) {
      const browser = await world.browser(look, options);
      const page = await browser.newPage();
      const shoot = (screen) => picture(page, screen, look, found);
      await page.goto(`${relay.http}/`);
      await page.getByLabel('Printed name').waitFor();
      await shoot('welcome');
      await page.getByLabel('Printed name').fill(`Bo ${look}`);
      await page.getByLabel('Organisation').fill('Client');
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('heading', { name: 'Workspaces' }).waitFor();
      await shoot('workspaces');
      await page.getByLabel('Invite link').fill(link);
      await page.getByRole('button', { name: 'Join' }).click();
      await page.getByTestId('board').waitFor();
      await page.getByRole('link', { name: /Hero/ }).first().waitFor();
      await shoot('board');
      await review(page);
      if (look === 'phone') await page.getByRole('button', { name: /^Comments/ }).tap();
      await page.getByRole('button', { name: 'Comment 1', exact: true }).click();
      await shoot('asset');
      if (look === 'phone') await page.getByRole('button', { name: /^Comments/ }).tap();
      await page.getByRole('button', { name: 'Decide' }).click();
      await page.getByRole('button', { name: 'Sign' }).waitFor();
      await shoot('decide');
      await browser.close();
    }
    equal('findings', found, []);
  },

  /** The app comes compressed, kept for ever by its hash, and under a policy that lets nothing foreign in. */
  async the_relay_serves_the_app_under_a_strict_policy(world) {
    const relay = await world.relay();
    const get = (name, headers = {}) => fetch(`${relay.http}/${name}`, { headers });
    const page = await get('');
    equal('status', page.status, 200);
    const policy = page.headers.get('content-security-policy');
    for (const part of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "frame-ancestors 'none'", "style-src 'self'"]) {
      if (!policy.includes(part)) throw new Error(`the policy lacks ${part}: ${policy}`);
    }
    if (policy.includes('unsafe-inline') || policy.includes("'unsafe-eval'")) throw new Error(`the policy is loose: ${policy}`);
    equal('sniffing', page.headers.get('x-content-type-options'), 'nosniff');
    equal('the page is asked for again', page.headers.get('cache-control'), 'no-cache');
    const html = await page.text();
    if (/<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=/.test(html)) throw new Error('the page holds inline script or style');
    const boot = html.match(/src="\.\/(boot\.[0-9a-f]{12}\.js)"/)[1];
    const script = await get(boot, { 'accept-encoding': 'br' });
    equal('compressed', script.headers.get('content-encoding'), 'br');
    if (!script.headers.get('cache-control').includes('immutable')) throw new Error('a file that carries its hash is not kept');
    if (!(await script.text()).includes('serviceWorker')) throw new Error('what came is not the script');
    equal('a name that is none', (await get('../../etc/passwd')).status, 404);
  },

  /** From the link to the signature without a mouse. */
  async everything_can_be_done_by_keyboard(world) {
    const { relay, link } = await studio(world);
    const bo = await world.browser('bo');
    const page = await bo.newPage();
    await page.goto(`${relay.http}/#${link}`);
    await page.getByLabel('Printed name').waitFor();
    const focused = () => page.evaluate(() => {
      const e = document.activeElement;
      // What holds everything says the words of everything.
      if (e === document.body || e.id === 'main') return e.tagName;
      return `${e.tagName} ${e.getAttribute('aria-label') ?? e.innerText ?? ''} ${e.labels?.[0]?.innerText ?? ''} ${e.value ?? ''}`;
    });
    const reach = async (what, key = 'Tab') => {
      const seen = [];
      for (let i = 0; i < 60; i++) {
        const now = await focused();
        if (what.test(now)) return;
        seen.push(now.slice(0, 60));
        await page.keyboard.press(key);
      }
      throw new Error(`${what} is not reached by ${key}: ${seen.join(' | ')}`);
    };
    await reach(/Printed name/);
    await page.keyboard.type('Bo Berg');
    await reach(/Organisation/);
    await page.keyboard.type('Client');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: /Hero/ }).first().waitFor();
    await reach(/^A Hero/);
    await page.keyboard.press('Enter');
    await page.locator('img.medium').waitFor();
    await reach(/Place by keys/);
    await page.keyboard.press('Enter');
    await reach(/New mark/);
    for (const key of ['ArrowLeft', 'ArrowUp', 'Shift+ArrowRight']) await page.keyboard.press(key);
    await page.keyboard.press('c');
    await reach(/^TEXTAREA/);
    await page.keyboard.type('Placed by keys');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: /^Comment 1 by Bo Berg/ }).waitFor();
    await reach(/^BUTTON Decide/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign' }).waitFor();
    await reach(/approved/i);
    await page.keyboard.press('Space');
    await reach(/^BUTTON Sign/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByTestId('outcome').filter({ hasText: 'Approved' }).waitFor();
  },
};

const name = process.argv[2];
const journey = journeys[name];
if (!journey) {
  console.error(`journeys: ${Object.keys(journeys).join(', ')}`);
  process.exit(2);
}
const world = await World.open();
try {
  await journey(world);
} catch (error) {
  for (const [i, page] of (await pages(world)).entries()) await page.screenshot({ path: `${SHOTS}/failed-${name}-${i}.png` }).catch(() => {});
  console.error(error);
  process.exitCode = 1;
} finally {
  await world.close().catch((error) => { console.error(error); process.exitCode = 1; });
}

async function pages(world) {
  return (world.contexts ?? []).flatMap((context) => context.pages());
}
