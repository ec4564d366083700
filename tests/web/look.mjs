// What everybody can read: axe, and the width of the screen.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SHOTS } from './world.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Serious findings of axe on the screen that is shown. */
export async function findings(page) {
  // The page's own policy keeps scripts out: axe comes in by the debugger, as a world of its own.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', { expression: 'axe.run().then((r) => JSON.stringify(r.violations))', awaitPromise: true, returnByValue: true });
  const found = JSON.parse(result.value).filter((v) => ['serious', 'critical'].includes(v.impact));
  return found.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}

/** The looks that every screen is seen in. */
export const LOOKS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'dark', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

/** Takes a picture of a screen, and adds to `found` what is wrong with it. */
export async function shoot(page, screen, look, found) {
  await page.screenshot({ path: `${SHOTS}/${screen}-${look}.png`, fullPage: true });
  found.push(...(await findings(page)).map((f) => `${screen} ${look}: ${f}`));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 1) found.push(`${screen} ${look}: ${wide} pixels wider than the screen`);
}
