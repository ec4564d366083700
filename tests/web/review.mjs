// Journeys on the review screen: films, pages, pictures, comparison, bad media.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findings } from './look.mjs';
import { SHOTS, comment, equal, join, studio, until } from './world.mjs';

/** Bits that number a frame: a row of blocks along the top of the picture. */
const BITS = 10;
const RATE = [30_000, 1_001];

/** A film whose every frame shows its own number in black and white blocks. */
function film(world, name, { seconds = 12, size = '640x360', extra = [], sound = false, codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '48', '-bf', '2'] } = {}) {
  const file = path.join(world.dir, name);
  const block = Number(size.split('x')[0]) / BITS;
  const blocks = Array.from({ length: BITS }, (_, bit) => `drawbox=x=${bit * block}:y=0:w=${block}:h=${block}:color=white:t=fill:enable='gte(mod(floor(n/${2 ** bit}),2),1)'`);
  const source = `color=c=black:size=${size}:rate=${RATE.join('/')}:duration=${seconds}`;
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', [source, ...blocks, ...extra].join(','), ...(sound ? ['-f', 'lavfi', '-i', `sine=frequency=220:duration=${seconds}`, '-c:a', 'aac', '-shortest'] : []), ...codec, '-pix_fmt', 'yuv420p', '-movflags', '+faststart', file]);
  return file;
}

/** The number that is burnt into the frame on the screen. */
const burnt = (page) => page.evaluate((bits) => {
  const video = document.querySelector('video.medium');
  const canvas = Object.assign(document.createElement('canvas'), { width: video.videoWidth, height: video.videoHeight });
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  const block = video.videoWidth / bits;
  let number = 0;
  for (let bit = 0; bit < bits; bit++) {
    if (context.getImageData((bit + 0.5) * block, block / 2, 1, 1).data[0] > 127) number += 2 ** bit;
  }
  return video.seeking ? -1 : number;
}, BITS);

/** Opens an asset from the board. */
async function open(page, title) {
  await page.getByRole('link', { name: new RegExp(title) }).first().click();
  await page.getByRole('heading', { name: title, exact: true, level: 1 }).waitFor();
}

/** Waits until the player counts in frames. */
async function filmOpen(page) {
  await page.locator('video.medium').waitFor();
  await until('the film has its headers', () => page.evaluate(() => document.querySelector('video.medium').readyState >= 2));
  await page.getByRole('button', { name: 'timecode', exact: true }).click();
}

/** Goes to a frame by typing its number. */
async function go(page, frame) {
  await page.getByTestId('time').click();
  await page.getByLabel('Timecode or frame', { exact: true }).fill(String(frame));
  await page.keyboard.press('Enter');
  await shows(page, frame);
}

async function shows(page, frame) {
  await until(`frame ${frame} is named and shown`, async () => {
    const named = Number(await page.getByTestId('time').textContent());
    const seen = await burnt(page);
    // What is named and what is seen never differ, but while a frame is on its way.
    return named === frame && seen === frame;
  }, 15_000).catch(async (error) => {
    throw new Error(`${error.message}: the screen names ${await page.getByTestId('time').textContent()}, its pixels say ${await burnt(page)}`);
  });
}

async function add(world, ada, relay, file, title, category = 'visual') {
  await ada('asset', 'add', file, '--name', title, '--category', category);
  await ada('sync');
}

/** Numbers that look random and are the same in every run. */
function* numbers(seed) {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state;
  }
}

export const journeys = {
  /** Fifty random seeks and steps: the frame that is named is the one whose number is burnt in. */
  async the_frame_that_is_named_is_the_frame_that_is_seen(world) {
    const { relay, ada, link } = await studio(world);
    await add(world, ada, relay, film(world, 'spot.mp4'), 'Spot', 'video');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await open(page, 'Spot');
    await filmOpen(page);
    const random = numbers(7);
    let at = 0;
    for (let i = 0; i < 50; i++) {
      const n = random.next().value;
      if (i % 3 === 0) {
        at = n % 350;
        await go(page, at);
      } else {
        const [key, by] = [['ArrowRight', 1], ['ArrowLeft', -1], ['Shift+ArrowRight', 10], ['Shift+ArrowLeft', -10]][n % 4];
        at = Math.min(Math.max(at + by, 0), 358);
        await page.keyboard.press(key);
        await shows(page, at);
      }
    }
    await go(page, 107);
    await page.getByRole('button', { name: 'Rectangle' }).click();
    const box = await page.locator('.paper').boundingBox();
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.5);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.7, { steps: 3 });
    await page.mouse.up();
    await comment(page, 'The logo flickers here');
    await page.getByRole('button', { name: /^Comment 1 by Bo Berg at/ }).waitFor();
    await page.screenshot({ path: `${SHOTS}/film.png` });
    await page.keyboard.press('Escape');
    await page.locator('body').click({ position: { x: 2, y: 2 } });
    await go(page, 12);
    equal('marks on another frame', await page.locator('.marks path').count(), 0);
    await page.getByRole('button', { name: /^Comment 1 by Bo Berg at/ }).click();
    await shows(page, 107);
    await page.getByText('In sync', { exact: true }).waitFor();
    await ada('sync');
    const { comments } = await ada('comment', 'list', 'Spot');
    const frames = comments[0].anchor.selectors.find((s) => s.frames).frames;
    equal('the anchor', [frames.start, frames.duration, frames.rate], [107, 1, RATE]);
    // Drop-frame: what the label says leads to its frame, and a label that does not exist to none.
    await page.getByRole('button', { name: 'frames', exact: true }).click();
    equal('the label', await page.getByTestId('time').textContent(), '00:00:03;17');
    await page.getByTestId('time').click();
    await page.getByLabel('Timecode or frame', { exact: true }).fill('00:01:00;00');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'does not exist' }).waitFor();
  },

  /** A film of which only parts were fetched: seeks reach its end, and most of it stays away. */
  async a_large_film_seeks_without_being_fetched_whole(world) {
    const { relay, ada, link } = await studio(world);
    const file = film(world, 'large.mp4', { seconds: 16, size: '1280x720', extra: ['noise=alls=60:allf=t', `drawbox=x=0:y=0:w=1280:h=128:color=black:t=fill`, ...Array.from({ length: BITS }, (_, bit) => `drawbox=x=${bit * 128}:y=0:w=128:h=128:color=white:t=fill:enable='gte(mod(floor(n/${2 ** bit}),2),1)'`)], codec: ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '15', '-b:v', '60M', '-minrate', '60M', '-maxrate', '60M', '-bufsize', '60M'] });
    const bytes = (await import('node:fs')).statSync(file).size;
    if (bytes < 70 << 20) throw new Error(`the film has only ${bytes} bytes`);
    await add(world, ada, relay, file, 'Large', 'video');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await open(page, 'Large');
    await filmOpen(page);
    for (const frame of [3, 470, 240]) await go(page, frame);
    const held = await page.evaluate(async () => {
      const blobs = await (await (await navigator.storage.getDirectory()).getDirectoryHandle('proofroom')).getDirectoryHandle('blobs');
      const parts = [];
      for await (const name of blobs.keys()) if (name.endsWith('.held')) parts.push(name);
      return parts.length;
    });
    equal('files of which parts are here', held, 1);
    await page.locator('.filebar').getByText(/MB here$/).waitFor();
  },

  /** A large picture comes in the tiles that are looked at; at 100 % its own pixels are on the screen. */
  async a_large_picture_comes_in_the_tiles_that_are_looked_at(world) {
    const { relay, ada, link } = await studio(world);
    const file = path.join(world.dir, 'wide.png');
    // A red box of 24 by 24 pixels within noise, in the ninth tile of the second row.
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=8448x2112,format=rgb24,noise=alls=40,drawbox=x=4200:y=980:w=24:h=24:color=0xd02030:t=fill', '-frames:v', '1', file]);
    await add(world, ada, relay, file, 'Wide');
    const page = await join(await world.browser('bo'), relay, link);
    await open(page, 'Wide');
    const tiles = () => page.evaluate(() => [...document.querySelectorAll('img.tile')].filter((i) => i.complete && i.naturalWidth).map((i) => i.dataset.tile));
    await until('the tiles of a look at all of it', async () => new Set((await tiles()).map((t) => t[0])).size === 2);
    equal('tiles of full size', (await tiles()).filter((t) => t.startsWith('0.')), []);
    await page.getByRole('button', { name: '100 %' }).click();
    const box = page.locator("img.tile[data-tile='0.1.8']");
    await until('the tile with the box', () => box.evaluate((i) => i.complete && i.naturalWidth === 512, null, { timeout: 20_000 }));
    equal('a pixel takes a pixel', Math.round((await box.boundingBox()).width * (await page.evaluate(() => devicePixelRatio))), 512);
    const pixel = (x, y) => box.evaluate((image, [x, y]) => {
      const context = Object.assign(document.createElement('canvas'), { width: 512, height: 512 }).getContext('2d');
      context.drawImage(image, 0, 0);
      return [...context.getImageData(x, y, 1, 1).data].slice(0, 3);
    }, [x, y]);
    const red = ([r, g, b]) => Math.abs(r - 0xd0) < 12 && Math.abs(g - 0x20) < 12 && Math.abs(b - 0x30) < 12;
    for (const [x, y, wanted] of [[108, 472, true], [123, 487, true], [98, 472, false], [132, 480, false]]) equal(`red at ${x}, ${y}`, red(await pixel(x, y)), wanted);
    // What was not looked at did not come: most tiles of full size, and the original.
    const told = page.locator('.filebar').getByText(/at the relay, .* of tiles here$/);
    const [held, all] = (await told.textContent()).split('at the relay')[1].match(/[\d.]+ [KM]?B/g).map((text) => parseFloat(text) * (text.endsWith('MB') ? 1_000 : 1));
    if (!(held > 0 && held < all / 2)) throw new Error(`${held} of ${all} KB are here`);
    await page.screenshot({ path: `${SHOTS}/tiles.png` });
    await comment(page, 'What is this box?');
    await relay.kill();
    await page.getByText(/^Offline/).first().waitFor();
    await page.mouse.move(400, 400);
    for (let i = 0; i < 8; i++) await page.mouse.wheel(400, 0);
    await page.getByText('Parts of it are not in this browser').waitFor();
  },

  /** What was kept offline plays without a network, from the first frame to the last. */
  async a_film_that_was_kept_plays_with_the_network_unplugged(world) {
    const { relay, ada, link } = await studio(world);
    await add(world, ada, relay, film(world, 'spot.mp4', { seconds: 8, sound: true }), 'Spot', 'video');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await open(page, 'Spot');
    await page.getByText(/here, also offline/).waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await relay.kill();
    await page.reload();
    await filmOpen(page);
    await page.getByTestId('wave').locator('path[d^="M"]').waitFor({ state: 'attached' });
    for (const frame of [200, 17, 239, 1]) await go(page, frame);
    await page.keyboard.press('Space');
    await until('it plays', async () => (await burnt(page)) > 20);
  },

  /** A word of a page is quoted; the terminal reads page and quote. */
  async a_quote_on_a_page_reaches_the_terminal(world) {
    const { relay, ada, link } = await studio(world);
    const file = path.join(world.dir, 'leaflet.pdf');
    writeFileSync(file, pdf(['Bright mornings begin here', 'Terms and conditions apply to everybody']));
    await add(world, ada, relay, file, 'Leaflet');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await open(page, 'Leaflet');
    await page.locator('.textLayer span').filter({ hasText: 'Bright mornings' }).waitFor();
    await page.keyboard.press('ArrowRight');
    const line = page.locator('.textLayer span').filter({ hasText: 'Terms and conditions' });
    await line.waitFor();
    await line.click({ clickCount: 3 });
    await page.getByText(/^About page 2, “Terms and conditions/).waitFor();
    await comment(page, 'Which conditions?');
    await page.screenshot({ path: `${SHOTS}/pages.png` });
    await page.getByText('In sync', { exact: true }).waitFor();
    await ada('sync');
    const { comments } = await ada('comment', 'list', 'Leaflet');
    const { selectors } = comments[0].anchor;
    equal('page', selectors.find((s) => s.page)?.page.index, 1);
    equal('quote', selectors.find((s) => s.quote)?.quote.exact, 'Terms and conditions apply to everybody');
  },

  /** Two versions that differ in forty by thirty pixels: each way of comparing shows it. */
  async two_versions_are_compared(world) {
    const { relay, ada, link } = await studio(world, 'reviewer', 'Plain');
    const picture = (name, extra) => {
      const file = path.join(world.dir, name);
      execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `color=c=0x305070:size=800x500${extra}`, '-frames:v', '1', file]);
      return file;
    };
    await ada('asset', 'add', picture('one.png', ''), '--name', 'Poster', '--category', 'visual');
    await ada('comment', 'add', 'Poster', 'Put the logo here', '--region', '300,200,40,30');
    await ada('comment', 'add', 'Poster', 'Keep this corner', '--region', '20,20,40,30');
    await ada('version', 'add', 'Poster', picture('two.png', ',drawbox=x=300:y=200:w=40:h=30:color=white:t=fill'));
    await ada('sync');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await open(page, 'Poster');
    await page.locator('img.medium').waitFor();
    await page.keyboard.press('v');
    await page.locator('figure img.medium').nth(1).waitFor();
    await page.screenshot({ path: `${SHOTS}/compare-side.png` });
    await page.getByTestId('changes').filter({ hasText: '1 region changed, 1200 pixels (0.30 %).' }).waitFor();
    for (const [text, answer] of [['Put the logo here', 'yes'], ['Keep this corner', 'no']]) {
      await page.getByTestId('old').filter({ hasText: text }).getByText(`changed under the anchor: ${answer}`).waitFor();
    }
    await page.getByRole('button', { name: 'Difference' }).click();
    await page.getByTestId('difference').filter({ hasText: '1200 of 400000 pixels differ (0.30 %)' }).waitFor();
    await page.screenshot({ path: `${SHOTS}/compare-difference.png` });
    for (const how of ['Wipe', 'Onion skin']) {
      await page.getByRole('button', { name: how }).click();
      await page.locator('.wipe img.medium').nth(1).waitFor();
      await page.screenshot({ path: `${SHOTS}/compare-${how.split(' ')[0].toLowerCase()}.png` });
    }
    await page.getByRole('button', { name: 'Flick' }).click();
    const visible = () => page.evaluate(() => [...document.querySelectorAll('[data-testid=flick] > .over')].map((e) => getComputedStyle(e).visibility));
    await page.keyboard.press('1');
    await until('the first version', async () => JSON.stringify(await visible()) === '["visible","hidden"]');
    await page.keyboard.press('2');
    await until('the second version', async () => JSON.stringify(await visible()) === '["hidden","visible"]');
    equal('findings', await findings(page), []);
    await page.keyboard.press('v');
    await page.getByRole('complementary', { name: 'Comments', exact: true }).waitFor();
  },

  /** Two texts: what went, what came, and whether a quote still stands. */
  async two_texts_are_compared_word_by_word(world) {
    const { relay, ada, link } = await studio(world);
    const write = (name, text) => {
      const file = path.join(world.dir, name);
      writeFileSync(file, text);
      return file;
    };
    await ada('asset', 'add', write('copy.md', '# Bright mornings\n\nThe slow tram is late again.\n\nTerms apply.\n'), '--name', 'Copy', '--category', 'written');
    await ada('comment', 'add', 'Copy', 'Nobody likes slow trams', '--quote', 'slow tram');
    await ada('comment', 'add', 'Copy', 'Legal wants this', '--quote', 'Terms apply');
    await ada('version', 'add', 'Copy', write('copy2.md', '# Bright mornings\n\nThe new bike is never late.\n\nTerms apply.\n'));
    await ada('sync');
    const page = await join(await world.browser('bo'), relay, link);
    await open(page, 'Copy');
    await page.locator('.prose').getByText('The new bike is never late.').waitFor();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByTestId('words').locator('ins').filter({ hasText: 'new bike' }).waitFor();
    equal('what went', await page.getByTestId('words').locator('del').first().textContent(), 'slow tram');
    for (const [text, answer] of [['Nobody likes slow trams', 'yes'], ['Legal wants this', 'no']]) {
      await page.getByTestId('old').filter({ hasText: text }).getByText(`changed under the anchor: ${answer}`).waitFor();
    }
    await page.screenshot({ path: `${SHOTS}/compare-words.png` });
    equal('findings', await findings(page), []);
  },

  /** A design: its flat picture, its layers, and a comment about one of them that the terminal reads. */
  async a_design_shows_its_layers(world) {
    const { relay, ada, link } = await studio(world);
    const file = path.join(world.dir, 'poster.psd');
    writeFileSync(file, psd([{ name: 'Sky', rgb: [40, 90, 160], box: [0, 0, 320, 200] }, { name: 'Headline', rgb: [240, 230, 60], box: [40, 30, 200, 80] }], 320, 200));
    await add(world, ada, relay, file, 'Layered', 'design_source');
    const page = await join(await world.browser('bo'), relay, link);
    await open(page, 'Layered');
    await page.locator('img.medium').waitFor();
    await until('the flat picture is drawn', () => page.evaluate(() => document.querySelector('img.medium').naturalWidth === 320));
    equal('layers from the top', await page.getByRole('list', { name: 'Layers, from the top' }).getByRole('button').allInnerTexts(), ['Headline', 'Sky']);
    await page.getByRole('button', { name: 'Headline' }).click();
    await page.getByText('About the layer Headline').waitFor();
    await comment(page, 'Set it larger');
    await page.getByTestId('thread').filter({ hasText: 'Headline' }).waitFor();
    await page.screenshot({ path: `${SHOTS}/design.png` });
    equal('findings', await findings(page), []);
    await page.getByText('In sync', { exact: true }).waitFor();
    await ada('sync');
    const { comments } = await ada('comment', 'list', 'Layered');
    equal('the layer in the terminal', comments[0].anchor.selectors.find((s) => s.layer)?.layer.path, ['Headline']);
  },

  /** Scripts in pictures, names, texts and captions do nothing, wherever they are opened. */
  async nothing_in_a_file_is_run(world) {
    const { relay, ada, link } = await studio(world);
    const write = (name, text) => {
      const file = path.join(world.dir, name);
      writeFileSync(file, text);
      return file;
    };
    const hit = 'fetch(location.origin + "/hit");window.hit = 1';
    await add(world, ada, relay, write('logo.svg', `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300" onload="${hit.replaceAll('"', '&quot;')}"><script>${hit}</script><rect width="400" height="300" fill="teal"/><foreignObject width="50" height="50"><body xmlns="http://www.w3.org/1999/xhtml"><img src="x" onerror="${hit.replaceAll('"', '&quot;')}"/></body></foreignObject></svg>`), 'Logo');
    await add(world, ada, relay, write('copy.md', `# Copy\n\n<script>${hit}</script>\n\n[a link](javascript:window.hit=1) <img src=x onerror="window.hit=1">\n`), 'Copy', 'written');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await open(page, 'Logo');
    await page.locator('img.medium').waitFor();
    await until('the picture is there', () => page.evaluate(() => document.querySelector('img.medium').naturalWidth > 0));
    equal('scripts in the page', await page.evaluate(() => window.hit ?? 0), 0);
    const address = await page.evaluate(() => document.querySelector('img.medium').src);
    const alone = await bo.newPage();
    await alone.goto(address);
    await alone.waitForLoadState('load');
    equal('scripts in the picture by itself', await alone.evaluate(() => window.hit ?? 0).catch(() => 0), 0);
    await alone.close();
    await page.goBack();
    await open(page, 'Copy');
    await page.getByText(/<script>/).first().waitFor();
    equal('scripts of a text', await page.evaluate(() => window.hit ?? 0), 0);
    equal('elements that a text made', await page.locator('.prose img, .prose script, .prose a').count(), 0);
  },

  /** Damaged files say what they are and can be saved; comments go on. */
  async damaged_media_says_so_and_can_be_saved(world) {
    const { relay, ada, link } = await studio(world);
    const write = (name, bytes) => {
      const file = path.join(world.dir, name);
      writeFileSync(file, bytes);
      return file;
    };
    const noise = Buffer.alloc(5_000, 'not a picture ');
    await add(world, ada, relay, write('broken.png', Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), noise])), 'Broken picture');
    await add(world, ada, relay, write('broken.mp4', Buffer.concat([Buffer.from('000000186674797069736f6d0000020069736f6d69736f32', 'hex'), noise])), 'Broken film', 'video');
    await add(world, ada, relay, write('broken.pdf', Buffer.concat([Buffer.from('%PDF-1.7\n'), noise])), 'Broken pages');
    await add(world, ada, relay, write('design.bin', Buffer.from([0, 1, 2, 3, 255, 254])), 'Unknown', 'design_source');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    const board = page.url();
    for (const [title, says] of [['Broken picture', /cannot show the picture/], ['Broken film', /cannot play the film/], ['Broken pages', /cannot be shown/], ['Unknown', /does not show files of the kind/]]) {
      await page.goto(board);
      await open(page, title);
      await page.getByText(says).waitFor();
      const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save the file' }).click()]);
      if (!(await saved.path())) throw new Error(`${title} is not saved`);
      await comment(page, `Please send ${title} again`);
    }
  },

  /** The whole review in a hand: tap to pin, the sheet of comments, two fingers. */
  async a_phone_reviews_by_touch(world) {
    const { relay, ada, link } = await studio(world);
    const bo = await world.browser('bo', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark' });
    const page = await join(bo, relay, link);
    await open(page, 'Hero');
    await page.locator('img.medium').waitFor();
    const box = await until('the picture lies on the stage', () => page.locator('.paper').boundingBox().then((b) => b?.width > 100 && b));
    const before = box.width;
    await pinch(page, box);
    await until('two fingers zoom', async () => (await page.locator('.paper').boundingBox()).width > before * 1.2);
    await page.getByRole('button', { name: 'Fit' }).tap();
    const fit = await page.locator('.paper').boundingBox();
    await page.touchscreen.tap(fit.x + fit.width * 0.5, fit.y + fit.height * 0.5);
    await page.locator('#draft').waitFor();
    await page.getByRole('button', { name: /^Comments/ }).tap();
    await comment(page, 'Tapped');
    const small = await page.evaluate(() => [...document.querySelectorAll('button, select, a')].filter((e) => e.checkVisibility() && e.closest('.review') && !e.matches('.link, .thread .row *, .filters *'))
      .map((e) => [e.getAttribute('aria-label') ?? e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.width > 0 && Math.min(r.width, r.height) < 43.5).map(([n, r]) => `${n} ${r.width}x${r.height}`));
    equal('targets below 44 pixels', small, []);
    await page.screenshot({ path: `${SHOTS}/phone-sheet.png` });
    await page.getByRole('button', { name: /^Comments/ }).tap();
    await page.getByRole('button', { name: /^Comment 1 by Bo Berg, centre/ }).waitFor();
    equal('findings', await findings(page), []);
    await ada('sync');
  },

  /** Every key is listed, can be changed, and rests while somebody types. */
  async keys_are_listed_and_can_be_changed(world) {
    const { relay, link } = await studio(world);
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await open(page, 'Hero');
    await page.locator('img.medium').waitFor();
    await page.keyboard.press('c');
    await page.keyboard.type('dvk?0');
    equal('what was typed', await page.getByPlaceholder('What should change?').inputValue(), 'dvk?0');
    await page.reload();
    await page.locator('img.medium').waitFor();
    equal('what was typed survives a reload', await page.getByPlaceholder('What should change?').inputValue(), 'dvk?0');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.screenshot({ path: `${SHOTS}/keys.png` });
    equal('findings', await findings(page), []);
    await page.getByRole('button', { name: /change the key for Draw a rectangle/ }).click();
    await page.keyboard.press('x');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.keyboard.press('d');
    equal('the old key', await page.getByRole('button', { name: 'Rectangle' }).getAttribute('aria-pressed'), 'false');
    await page.keyboard.press('x');
    equal('the new key', await page.getByRole('button', { name: 'Rectangle' }).getAttribute('aria-pressed'), 'true');
  },
};

/** Two fingers that part, as the browser's own protocol sends them. */
async function pinch(page, box) {
  const session = await page.context().newCDPSession(page);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const touch = (type, apart) => session.send('Input.dispatchTouchEvent', { type, touchPoints: apart === null ? [] : [{ x: x - apart, y, id: 1 }, { x: x + apart, y, id: 2 }] });
  await touch('touchStart', 30);
  for (const apart of [40, 60, 80, 100]) await touch('touchMove', apart);
  await touch('touchEnd', null);
}

/** A PSD of eight bits with plain layers of one colour each, the lowest first. */
function psd(layers, width, height) {
  const u16 = (n) => { const b = Buffer.alloc(2); b.writeUInt16BE(n & 0xffff); return b; };
  const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n >>> 0); return b; };
  const block = (...parts) => { const all = Buffer.concat(parts); return Buffer.concat([u32(all.length), all]); };
  const side = ([left, top, right, bottom]) => (right - left) * (bottom - top);
  const name = (text) => { const b = Buffer.alloc(Math.ceil((text.length + 1) / 4) * 4); b[0] = text.length; b.write(text, 1, 'latin1'); return b; };
  const records = layers.map(({ name: title, box }) => Buffer.concat([
    u32(box[1]), u32(box[0]), u32(box[3]), u32(box[2]), u16(3), ...[0, 1, 2].map((id) => Buffer.concat([u16(id), u32(2 + side(box))])),
    Buffer.from('8BIMnorm'), Buffer.from([255, 0, 8, 0]), block(u32(0), u32(0), name(title)),
  ]));
  const planes = layers.flatMap(({ rgb, box }) => rgb.map((value) => Buffer.concat([u16(0), Buffer.alloc(side(box), value)])));
  const info = Buffer.concat([u16(layers.length), ...records, ...planes]);
  const even = info.length % 2 ? Buffer.concat([info, Buffer.alloc(1)]) : info;
  const flat = [0, 1, 2].map((channel) => {
    const plane = Buffer.alloc(width * height);
    for (const { rgb, box: [left, top, right, bottom] } of layers) for (let y = top; y < bottom; y++) plane.fill(rgb[channel], y * width + left, y * width + right);
    return plane;
  });
  return Buffer.concat([Buffer.from('8BPS'), u16(1), Buffer.alloc(6), u16(3), u32(height), u32(width), u16(8), u16(3), u32(0), u32(0), block(block(even), u32(0)), u16(0), ...flat]);
}

/** A PDF with a line of text on each page. */
function pdf(lines) {
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', `<< /Type /Pages /Kids [${lines.map((_, i) => `${4 + i * 2} 0 R`).join(' ')}] /Count ${lines.length} >>`, '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'];
  lines.forEach((line, i) => {
    const drawn = `BT /F1 18 Tf 60 700 Td (${line}) Tj ET`;
    objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${5 + i * 2} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`);
    objects.push(`<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`);
  });
  let out = '%PDF-1.4\n';
  const places = objects.map((object, i) => {
    const at = out.length;
    out += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const at = out.length;
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.map((p) => `${String(p).padStart(10, '0')} 00000 n \n`).join('')}`;
  return `${out}trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`;
}
