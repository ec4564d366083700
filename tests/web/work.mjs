// Journeys around the review: requests and briefs, uploads, people, devices, what goes wrong.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { LOOKS, shoot } from './look.mjs';
import { comment, equal, join, review, sent, sign, studio, until } from './world.mjs';

/** Opens a screen of the workspace by its tab. */
async function tab(page, name) {
  await page.getByRole('navigation', { name: 'Workspace' }).getByRole('link', { name }).click();
}

/** Files a request with a title, and waits for its page. */
async function file(page, title) {
  await tab(page, 'Requests');
  await page.getByRole('link', { name: 'New request' }).click();
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Visual').check();
  await page.getByRole('button', { name: '+ Deliverable' }).click();
  await page.getByLabel('Name of deliverable 1').fill('Poster');
  await page.getByRole('button', { name: 'File the request' }).click();
  await page.getByRole('heading', { name: title }).waitFor();
}

async function brief(page) {
  const field = page.locator('#brief');
  await field.waitFor();
  return field;
}

/** Ends a browser's process as a power cut would; its profile stays. */
async function kill(world, profile) {
  const lock = readlinkSync(path.join(world.dir, `profile-${profile}`, 'SingletonLock'));
  const pid = Number(lock.split('-').at(-1));
  process.kill(pid, 'SIGKILL');
  await until('the process is gone', () => {
    try { process.kill(pid, 0); return false; } catch { return true; }
  });
}

function digest(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Whatever the relay serves, but with another version of the service worker once it is asked for. */
async function newer(relay) {
  const target = new URL(relay.http);
  let changed = false;
  const server = http.createServer((request, response) => {
    const asked = http.request({ host: target.hostname, port: target.port, path: request.url, method: request.method, headers: { ...request.headers, 'accept-encoding': 'identity' } }, (got) => {
      if (!request.url.endsWith('/sw.js')) {
        response.writeHead(got.statusCode, got.headers);
        return got.pipe(response);
      }
      let text = '';
      got.on('data', (bytes) => { text += bytes; });
      got.on('end', () => {
        const { 'content-length': _, ...headers } = got.headers;
        response.writeHead(got.statusCode, headers);
        response.end(changed ? text.replace(/proofroom-[0-9a-f]{12}/, 'proofroom-000000000000') : text);
      });
    });
    request.pipe(asked);
  });
  server.on('upgrade', (request, socket, head) => {
    const there = net.connect(Number(target.port), target.hostname, () => {
      const headers = Object.entries(request.headers).map(([k, v]) => `${k}: ${v}\r\n`).join('');
      there.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
      there.write(head);
      socket.pipe(there).pipe(socket);
    });
    for (const end of [socket, there]) end.on('error', () => { socket.destroy(); there.destroy(); });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { http: `http://127.0.0.1:${server.address().port}`, change: () => { changed = true; }, close: () => server.close() };
}

export const work = {
  /** A form as data: its gate, its draft after a reload, triage, the deliverable that an upload fills. */
  async a_request_becomes_a_brief_and_its_deliverable_is_uploaded(world) {
    const { relay, ada, link } = await studio(world, 'producer');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await tab(page, 'Requests');
    await page.getByRole('link', { name: 'New request' }).click();
    await page.getByLabel('Title').fill('Bright mornings');
    await page.getByLabel('Visual').check();
    await page.getByText(/^Not complete yet/).waitFor();
    await page.getByLabel('Objective').fill('Sell the commuter bike');
    await page.reload();
    await page.getByLabel('Objective').waitFor();
    equal('what was typed before the reload', [await page.getByLabel('Title').inputValue(), await page.getByLabel('Objective').inputValue()], ['Bright mornings', 'Sell the commuter bike']);
    await page.getByLabel('Audience').fill('Commuters');
    await page.getByLabel('Message').fill('Faster than the tram');
    await page.getByRole('button', { name: '+ Deliverable' }).click();
    await page.getByLabel('Name of deliverable 1').fill('Poster');
    await page.getByLabel('Due', { exact: true }).first().fill('2027-03-01');
    await page.getByLabel('Approvers').fill('Bo Berg');
    const gaps = page.locator('.gaps li');
    for (;;) {
      if (await gaps.count() === 0) break;
      const label = (await gaps.first().innerText()).split(':')[0].trim();
      const field = page.getByLabel(label).first();
      if (await field.evaluate((e) => e.tagName) === 'SELECT') await field.selectOption({ index: 1 });
      else if (await field.getAttribute('type') === 'number') await field.fill('3');
      else if (await field.getAttribute('type') === 'date') await field.fill('2027-02-01');
      else await field.fill('A2');
      await page.locator('.gaps li', { hasText: label }).waitFor({ state: 'detached' });
    }
    await page.getByText('Complete: it can be accepted.').waitFor();
    await page.getByRole('button', { name: 'File the request' }).click();
    await page.getByRole('heading', { name: 'Bright mornings' }).first().waitFor();
    await page.getByRole('button', { name: 'Accept', exact: true }).click();
    await page.getByTestId('state').filter({ hasText: 'Accepted' }).waitFor();
    const picture = world.picture('poster.png', '800x500');
    await page.locator('.add input[type=file]').setInputFiles(picture);
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Poster');
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByTestId('slots').getByText('In work').waitFor();
    await sent(page);
    await ada('sync');
    const shown = await ada('request', 'show', 'Bright mornings');
    equal('the request in the terminal', [shown.state, shown.complete], ['accepted', true]);
    const { deliverables } = await ada('request', 'deliverables', 'Bright mornings');
    equal('the deliverable in the terminal', deliverables.map((d) => [d.name, d.state, d.asset_name]), [['Poster', 'filled', 'Poster']]);
    await ada('export', 'Poster', '--to', path.join(world.dir, 'out'));
    const out = readdirSync(path.join(world.dir, 'out'), { recursive: true }).map((name) => path.join(world.dir, 'out', name)).find((name) => name.endsWith('poster.png'));
    equal('bytes of the file that was uploaded', digest(out), digest(picture));
  },

  /** Two browsers and a terminal: both write one brief, one of them offline, and all agree. */
  async two_browsers_and_a_terminal_agree_on_one_brief(world) {
    const { relay, ada, link } = await studio(world, 'producer');
    const [bo, cy] = [await world.browser('bo'), await world.browser('cy')];
    const page = await join(bo, relay, link);
    await file(page, 'One brief');
    await sent(page);
    const other = await join(cy, relay, link, 'Cy Core');
    await tab(other, 'Requests');
    await other.getByRole('link', { name: /One brief/ }).click();
    const [mine, theirs] = [await brief(page), await brief(other)];
    await until('both show the brief', async () => (await theirs.inputValue()).includes('# One brief') && (await mine.inputValue()).includes('# One brief'));
    // The caret stands at the end; what comes before it does not move it from there.
    await mine.press('Control+End');
    await mine.pressSequentially('Written by Bo.');
    await theirs.press('Control+Home');
    await theirs.press('End');
    await theirs.pressSequentially(', by Cy');
    await mine.pressSequentially(' And on.');
    const both = (text) => text.includes('# One brief, by Cy') && text.includes('Written by Bo. And on.');
    await until('both have both', async () => both(await mine.inputValue()) && both(await theirs.inputValue()));
    equal('where the caret is', await mine.evaluate((f) => f.selectionStart === f.value.length), true);
    // The relay is gone: one edits, comments and decides, the other edits as well.
    await relay.kill();
    await other.getByTestId('sync').filter({ hasText: /^Offline/ }).waitFor();
    await theirs.press('Control+End');
    await theirs.pressSequentially('\nFrom the train.');
    await other.getByTestId('saved').filter({ hasText: 'Kept' }).waitFor();
    await tab(other, 'Board');
    await review(other);
    await comment(other, 'Seen on the train');
    await sign(other, 'Approved');
    await mine.press('Control+Home');
    await mine.press('End');
    await mine.pressSequentially(' (offline too)');
    await page.getByTestId('saved').filter({ hasText: 'Kept' }).waitFor();
    await world.relay(relay.listen);
    for (const one of [page, other]) await one.getByTestId('sync').click();
    const whole = (text) => text.includes('(offline too)') && text.includes('From the train.') && both(text.replace(' (offline too)', ''));
    await until('the first browser has all of it', async () => whole(await mine.inputValue()));
    await until('the terminal has all of it', async () => {
      await ada('sync');
      const { comments } = await ada('comment', 'list', 'Hero');
      const decided = JSON.stringify(await ada('status', 'Hero')).includes('"approved"');
      return decided && whole((await ada('request', 'show', 'One brief')).brief) && comments.some((c) => c.body === 'Seen on the train');
    });
    equal('the brief everywhere', (await ada('request', 'show', 'One brief')).brief, await mine.inputValue());
    await page.reload();
    equal('after a reload', await (await brief(page)).inputValue(), (await ada('request', 'show', 'One brief')).brief);
  },

  /** Killed while it reads, killed while it sends: the upload goes on, and the bytes are the same. */
  async an_upload_goes_on_after_the_browser_was_killed(world) {
    const { relay, ada, link } = await studio(world, 'producer');
    const big = path.join(world.dir, 'film.bin');
    writeFileSync(big, randomBytes(160 << 20));
    let bo = await world.browser('bo');
    let page = await join(bo, relay, link);
    await page.locator('.add input[type=file]').setInputFiles(big);
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Film');
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    const row = () => page.getByTestId('uploads').getByRole('listitem');
    const share = async () => Number(await row().locator('progress').getAttribute('value').catch(() => '0'));
    await until('a part of it is read', async () => (await share()) > 20);
    await row().getByRole('button', { name: 'Pause' }).click();
    await row().getByText('Paused').waitFor();
    const address = page.url();
    await kill(world, 'bo');
    bo = await world.browser('bo');
    page = await bo.newPage();
    await page.goto(address);
    await row().getByText('Interrupted').waitFor();
    const other = path.join(world.dir, 'film', 'film.bin');
    await row().getByTestId('again').setInputFiles({ name: 'film.bin', mimeType: 'application/octet-stream', buffer: Buffer.from('another file') });
    await page.getByRole('status').filter({ hasText: 'these are other files' }).waitFor();
    await row().getByTestId('again').setInputFiles(big);
    await row().getByText('Sending to the relay').waitFor({ timeout: 120_000 });
    await until('a part of it is sent', async () => (await share()) > 5);
    await kill(world, 'bo');
    bo = await world.browser('bo');
    page = await bo.newPage();
    await page.goto(address);
    await page.getByRole('link', { name: /Film/ }).first().waitFor();
    await until('all of it is sent', async () => (await page.getByTestId('uploads').count()) === 0, 120_000);
    await sent(page);
    await ada('sync');
    await ada('export', 'Film', '--to', path.join(world.dir, 'out'));
    const out = readdirSync(path.join(world.dir, 'out'), { recursive: true }).map((name) => path.join(world.dir, 'out', name)).find((name) => name.endsWith('film.bin'));
    equal('bytes', digest(out), digest(big));
  },

  /** One person, three browsers: linked by a code, restored by the phrase. */
  async a_second_browser_is_linked_and_the_phrase_restores_a_third(world) {
    const { relay, ada, link } = await studio(world);
    const first = await world.browser('first');
    const page = await join(first, relay, link);
    await sent(page);
    const second = await (await world.browser('second')).newPage();
    await second.goto(relay.http);
    await second.getByRole('link', { name: /Link this browser/ }).click();
    const code = await second.getByTestId('link').inputValue();
    const device = await second.getByTestId('device').innerText();
    await page.goto(code);
    equal('the device on both screens', await page.getByTestId('device').innerText(), device);
    await page.getByRole('button', { name: 'Approve this device' }).click();
    const approval = await page.getByTestId('approval').inputValue();
    await sent(await boardOf(page));
    await second.getByLabel('Approval').fill(approval);
    await second.getByRole('button', { name: 'Link', exact: true }).click();
    await second.getByRole('link', { name: /^Spring campaign/ }).click();
    await review(second);
    await comment(second, 'From my second browser');
    await until('the terminal has it by the same person', async () => {
      await ada('sync');
      return (await ada('comment', 'list', 'Hero')).comments.some((c) => c.author_name === 'Bo Berg' && c.body === 'From my second browser');
    });
    // The phrase is in the browser that made the person, until it is written down.
    await page.getByRole('link', { name: /settings/ }).click();
    await page.getByRole('button', { name: 'Show the words' }).click();
    const words = await page.getByTestId('phrase').getByRole('listitem').allInnerTexts();
    equal('words', words.length, 24);
    await page.getByRole('button', { name: 'I have written it down' }).click();
    await page.getByText('It is not in this browser').waitFor();
    const { locator } = await ada('workspace', 'locate');
    const third = await (await world.browser('third')).newPage();
    await third.goto(relay.http);
    await third.getByRole('link', { name: /Link this browser/ }).click();
    await third.getByText('Use your recovery phrase').click();
    await third.getByLabel(/Recovery phrase/).fill(words.slice(0, 23).join(' '));
    await third.getByLabel('Printed name').fill('Bo Berg');
    await third.getByLabel('Organisation').fill('Client');
    await third.getByLabel(/^Workspace/).fill(locator);
    await third.getByRole('button', { name: 'Restore' }).click();
    await third.getByText('a recovery phrase has 24 words, this one has 23').waitFor();
    await third.getByLabel(/Recovery phrase/).fill(words.join(' '));
    await third.getByRole('button', { name: 'Restore' }).click();
    await third.getByRole('link', { name: /^Spring campaign/ }).click();
    await review(third);
    await third.getByTestId('thread').filter({ hasText: 'From my second browser' }).waitFor();
    await until('the terminal knows three devices', async () => {
      await ada('sync');
      const bo = (await ada('members', 'list')).members.find((m) => m.printed_name === 'Bo Berg');
      return bo.devices.filter((d) => d.active).length === 3;
    });
  },

  /** Invited by a link, given a role, removed: each side sees it, and says what to do. */
  async people_are_invited_promoted_and_removed(world) {
    const { relay, ada, link } = await studio(world, 'producer');
    const page = await join(await world.browser('bo'), relay, link);
    await tab(page, 'People');
    await page.getByRole('heading', { name: 'People' }).waitFor();
    await page.locator('form.line select').selectOption('guest');
    await page.getByRole('button', { name: 'Make a link' }).click();
    const invite = await page.getByTestId('invite').inputValue();
    await page.getByText('Show as a code for a camera').click();
    await page.getByRole('img', { name: /as a QR code/ }).waitFor();
    await sent(page);
    const guest = await (await world.browser('guest')).newPage();
    await guest.goto(invite);
    await guest.getByLabel('Printed name').fill('Gil Gast');
    await guest.getByLabel('Organisation').fill('Client');
    await guest.getByRole('button', { name: 'Join' }).click();
    await guest.getByRole('link', { name: /Hero/ }).first().waitFor();
    await page.getByLabel('Role of Gil Gast').selectOption('reviewer');
    await until('the terminal sees the role', async () => {
      await ada('sync');
      return (await ada('members', 'list')).members.find((m) => m.printed_name === 'Gil Gast')?.role === 'reviewer';
    });
    await page.getByRole('button', { name: 'Remove Gil Gast?' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await guest.getByText('You were removed from this workspace.').waitFor();
    // A link that was revoked admits nobody.
    await page.getByRole('button', { name: 'Make a link' }).click();
    await page.getByTestId('invite').filter({ visible: true }).waitFor();
    const second = await until('another link', async () => {
      const now = await page.getByTestId('invite').inputValue();
      return now === invite ? null : now;
    });
    // Of the three, this is the one that may be revoked here: one is used up, one is the owner's.
    await page.getByRole('listitem').filter({ hasText: 'Guest' }).getByRole('button', { name: 'Revoke this link?' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('Revoked', { exact: true }).first().waitFor();
    await sent(page);
    const late = await (await world.browser('late')).newPage();
    await late.goto(second);
    await late.getByLabel('Printed name').fill('Lee Late');
    await late.getByLabel('Organisation').fill('Client');
    await late.getByRole('button', { name: 'Join' }).click();
    await late.getByRole('alert').filter({ hasText: 'ask an owner or producer for a new one' }).waitFor();
  },

  /** Wrong passphrase, expired link, no room, lost storage, no relay: said, with what is safe and what to do. */
  async what_goes_wrong_says_what_is_safe_and_what_to_do(world) {
    const { relay, ada, link } = await studio(world, 'producer');
    let bo = await world.browser('bo');
    let page = await join(bo, relay, link);
    await sent(page);
    await page.getByRole('link', { name: /settings/ }).click();
    await page.getByLabel('New passphrase').fill('correct horse');
    await page.getByLabel('The same again').fill('correct horse');
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByText('Your keys in this browser are under a passphrase').waitFor();
    await page.reload();
    await page.getByLabel('Passphrase').fill('wrong');
    await page.getByRole('button', { name: 'Unlock' }).click();
    await page.getByRole('alert').filter({ hasText: 'passphrase is wrong' }).waitFor();
    await page.getByLabel('Passphrase').fill('correct horse');
    await page.getByRole('button', { name: 'Unlock' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    // Everything as a file that a terminal takes in.
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export everything' }).click();
    const bundle = path.join(world.dir, 'all.bundle');
    await (await saved).saveAs(bundle);
    const cy = await world.peer('cy', 'Studio');
    // A link that the bundle knows: it was made before.
    await cy('join', link, '--later');
    equal('the bundle brings the workspace', (await cy('bundle', 'import', bundle)).refused_here ?? [], []);
    // Files are given up and come back.
    await page.getByLabel('Keep Hero offline').uncheck();
    await page.getByText(/^0 B of/).waitFor();
    await page.getByLabel('Keep Hero offline').check();
    await until('the file is here again', async () => (await page.getByText(/^0 B of/).count()) === 0);
    // No room: the browser tells no true number before, and refuses the bytes; that is said, and what to do.
    await page.goto(`${relay.http}/#/`);
    await page.getByRole('link', { name: /^Spring campaign/ }).click();
    await page.getByTestId('board').waitFor();
    const session = await bo.newCDPSession(page);
    const origin = new URL(relay.http).origin;
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 3 << 20 });
    const big = path.join(world.dir, 'big.bin');
    writeFileSync(big, randomBytes(8 << 20));
    await page.locator('.add input[type=file]').setInputFiles(big);
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByTestId('uploads').getByText(/Nothing else was lost; free some space, then choose the file again/).waitFor();
    await page.getByTestId('uploads').getByRole('button', { name: 'Give up' }).click();
    await until('it is given up', async () => (await page.getByTestId('uploads').count()) === 0);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    // No relay: work goes on, and what waits is counted.
    await relay.kill();
    await page.getByTestId('sync').filter({ hasText: /^Offline/ }).waitFor();
    await file(page, 'Filed on a plane');
    await page.getByTestId('sync').filter({ hasText: /change.? to send/ }).waitFor();
    await world.relay(relay.listen);
    await page.getByTestId('sync').click();
    await sent(page);
    // Lost storage: whose it was, what is safe, the ways back.
    await page.goto(`${relay.http}/healthz`);
    await until('the store is removed', () => page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      return root.removeEntry('proofroom', { recursive: true }).then(() => true, () => false);
    }));
    await page.goto(relay.http);
    await page.getByRole('heading', { name: "This browser's storage is gone" }).waitFor();
    await page.getByText('Bo Berg').first().waitFor();
    await page.getByRole('button', { name: 'Begin anew' }).click();
    await page.getByLabel('Printed name').fill('Bo Berg');
    await page.getByLabel('Organisation').fill('Client');
    await page.getByRole('button', { name: 'Go on' }).click();
    // A link that is over.
    const { link: old, expires } = await ada('invite', '--role', 'guest', '--expires', '1s');
    await until('it has expired', () => Date.now() > expires);
    await page.getByLabel('Invite link').fill(old);
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('alert').filter({ hasText: 'the invite link has expired' }).waitFor();
  },

  /** A new version of the app waits for the person; what is typed stays. */
  async a_new_version_of_the_app_waits_until_it_is_taken(world) {
    const { relay, link } = await studio(world, 'producer');
    const front = await newer(relay);
    world.endings.push(() => front.close());
    const page = await join(await world.browser('bo'), { ...relay, http: front.http }, link);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await until('the worker leads the page', () => page.evaluate(() => Boolean(navigator.serviceWorker.controller)));
    await tab(page, 'Requests');
    await page.getByRole('link', { name: 'New request' }).click();
    await page.getByLabel('Title').fill('Half typed');
    front.change();
    await page.evaluate(() => navigator.serviceWorker.getRegistration().then((r) => r.update()).then(() => true));
    await page.getByText('A new version of the app is here').waitFor();
    equal('nothing reloaded by itself', await page.getByLabel('Title').inputValue(), 'Half typed');
    const reloaded = page.waitForEvent('load');
    await page.getByRole('button', { name: 'Reload' }).click();
    await reloaded;
    await page.getByLabel('Title').waitFor();
    equal('what was typed', await page.getByLabel('Title').inputValue(), 'Half typed');
    equal('the bar is gone', await page.getByText('A new version of the app is here').count(), 0);
  },

  /** Every screen around the review, light, dark and on a phone. */
  async the_other_screens_can_be_read_by_everybody(world) {
    const { relay, ada, link } = await studio(world, 'producer');
    await ada('asset', 'add', world.picture('second.png', '640x400'), '--name', 'Banner', '--category', 'visual');
    await ada('comment', 'add', 'Hero', 'Logo too small', '--label', 'blocker');
    await ada('sync');
    const found = [];
    for (const [look, options] of Object.entries(LOOKS)) {
      const browser = await world.browser(look, options);
      const page = await join(browser, relay, link, `Bo ${look}`);
      await page.getByRole('link', { name: /Hero/ }).first().waitFor();
      await shoot(page, 'board', look, found);
      const board = page.url();
      await tab(page, 'Requests');
      await page.getByRole('link', { name: 'New request' }).click();
      await page.getByLabel('Title').fill(`Bright mornings ${look}`);
      await page.getByLabel('Visual').check();
      await page.getByLabel('Objective').fill('Sell the new commuter bike before the season');
      await page.getByRole('button', { name: '+ Deliverable' }).click();
      await page.getByLabel('Name of deliverable 1').fill('Poster');
      await page.getByText(/^Not complete yet/).waitFor();
      await shoot(page, 'new-request', look, found);
      await page.getByRole('button', { name: 'File the request' }).click();
      await page.getByRole('heading', { name: /Bright mornings/ }).first().waitFor();
      await shoot(page, 'request', look, found);
      await page.getByRole('button', { name: 'Return with questions' }).click();
      await shoot(page, 'triage', look, found);
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      await tab(page, 'Requests');
      await page.getByRole('link', { name: /Bright mornings/ }).first().waitFor();
      await shoot(page, 'requests', look, found);
      await tab(page, 'People');
      await page.getByRole('button', { name: 'Make a link' }).click();
      await page.getByTestId('invite').waitFor();
      await page.getByText('Show as a code for a camera').click();
      await shoot(page, 'people', look, found);
      const hero = await page.goto(board).then(() => page.getByRole('link', { name: /Hero/ }).first().getAttribute('href'));
      await page.goto(`${relay.http}/${hero}/about`);
      await page.getByTestId('version').waitFor();
      await shoot(page, 'asset-about', look, found);
      await page.goto(`${relay.http}/${hero}/trail`);
      await page.getByText('all hold').waitFor();
      await shoot(page, 'trail', look, found);
      await page.getByRole('link', { name: /settings/ }).click();
      await page.getByLabel('Keep Hero offline').waitFor();
      await page.getByText('Routes and calendars').first().click();
      await shoot(page, 'settings', look, found);
      await page.goto(`${relay.http}/#/`);
      await page.getByRole('heading', { name: 'Workspaces' }).waitFor();
      await shoot(page, 'home', look, found);
      await browser.close();
      const fresh = await world.browser(`${look}-fresh`, options);
      const other = await fresh.newPage();
      await other.goto(relay.http);
      await other.getByRole('link', { name: /Link this browser/ }).click();
      await other.getByTestId('device').waitFor();
      await shoot(other, 'link', look, found);
      await fresh.close();
    }
    equal('findings', found, []);
  },
};

async function boardOf(page) {
  await page.getByRole('link', { name: 'Proofroom, start' }).click();
  await page.getByRole('link', { name: /^Spring campaign/ }).click();
  return page;
}
