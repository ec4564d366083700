// How the review screen feels in a real Chromium: `PROOFROOM=... SHOTS=... node benches/review.mjs`.
//
// Opening an asset with a thousand comments; panning a picture of 24 megapixels with 500 marks, against
// the same screen with a small picture and none. Medians; times in milliseconds. COMMENTS, MARKS and ROUNDS
// make it shorter, to see that it runs.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { World, join, studio, until } from '../tests/web/world.mjs';

const COMMENTS = Number(process.env.COMMENTS ?? 1_000);
const MARKS = Number(process.env.MARKS ?? 500);
const ROUNDS = Number(process.env.ROUNDS ?? 7);

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** From the press on the board to the first thread and the picture on the screen. */
async function opening(page, title) {
  const times = [];
  for (let i = 0; i < ROUNDS; i++) {
    await page.getByRole('link', { name: new RegExp(title) }).first().waitFor();
    times.push(await page.evaluate((title) => new Promise((resolve) => {
      const begun = performance.now();
      const look = () => {
        const image = document.querySelector('img.medium');
        if (document.querySelector('[data-testid=thread]') && image?.naturalWidth) requestAnimationFrame(() => resolve(performance.now() - begun));
        else requestAnimationFrame(look);
      };
      [...document.querySelectorAll('a')].find((a) => a.textContent.includes(title)).click();
      look();
    }), title));
    await page.goBack();
  }
  return median(times);
}

/** Frames while the picture is dragged about: the share that came in time, and the middle one. */
async function panning(page) {
  return page.evaluate(() => new Promise((resolve) => {
    const canvas = document.querySelector('.canvas');
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const at = (i) => ({ clientX: left + width / 2 + Math.cos(i / 9) * width * 0.2, clientY: top + height / 2 + Math.sin(i / 9) * height * 0.2, pointerId: 1, bubbles: true, button: 0, buttons: 1 });
    canvas.dispatchEvent(new PointerEvent('pointerdown', at(0)));
    const deltas = [];
    let last = performance.now();
    let i = 0;
    const frame = (now) => {
      if (i > 10) deltas.push(now - last);
      last = now;
      canvas.dispatchEvent(new PointerEvent('pointermove', at(++i)));
      if (i < 250) return requestAnimationFrame(frame);
      canvas.dispatchEvent(new PointerEvent('pointerup', at(i)));
      deltas.sort((a, b) => a - b);
      resolve({ share: deltas.filter((d) => d <= 17.2).length / deltas.length, median: deltas[Math.floor(deltas.length / 2)] });
    };
    requestAnimationFrame(frame);
  }));
}

const world = await World.open();
try {
  const { relay, ada, link } = await studio(world, 'reviewer', 'Empty');
  const large = path.join(world.dir, 'large.jpg');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=6000x4000,noise=alls=20', '-frames:v', '1', '-q:v', '3', large]);
  await ada('asset', 'add', large, '--name', 'Large', '--category', 'visual');
  for (let i = 0; i < COMMENTS; i++) {
    const place = i < MARKS ? ['--region', `percent:${((i % 25) * 3.9).toFixed(1)},${(Math.floor(i / 25) * 4.7).toFixed(1)},3,3`] : [];
    await ada('comment', 'add', 'Large', `Comment number ${i}: look at this corner`, ...place);
  }
  await ada('sync');
  const browser = await world.browser('bo');
  const page = await join(browser, relay, link);
  await page.getByText('In sync', { exact: true }).waitFor();
  const open = await opening(page, 'Large');
  const pan = async (title) => {
    await page.getByRole('link', { name: new RegExp(title) }).first().click();
    await page.locator('img.medium').waitFor();
    // The page's policy lets nothing be evaluated that would wait by itself.
    await until('the picture is there', () => page.evaluate(() => document.querySelector('img.medium').naturalWidth > 0));
    const seen = await panning(page);
    await page.goBack();
    return seen;
  };
  const [loaded, empty] = [await pan('Large'), await pan('Empty')];
  console.log(JSON.stringify({ comments: COMMENTS, open_ms: open, marks: MARKS, pan: loaded, pan_empty: empty, frame_ratio: loaded.median / empty.median }, null, 2));
} finally {
  await world.close();
}
