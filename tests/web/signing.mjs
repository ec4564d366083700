// The journey of a signature that a regulator reads.
import { shoot } from './look.mjs';
import { equal, join, sent, studio, until } from './world.mjs';

export const signing = {
  /** A route that a regulator reads: the statement, the checklist, a reason, the passphrase; failures are told. */
  async a_regulated_signature_takes_all_that_its_route_asks_for(world) {
    const { relay, ada, link } = await studio(world);
    await ada('version', 'add', 'Hero', world.picture('second.png'), '--note', 'warmer');
    const bo = await world.browser('bo');
    const page = await join(bo, relay, link);
    await sent(page);
    await ada('sync');
    const route = world.file('legal.toml', `name = "legal"
about = "Legal reads every claim."
regulated = true
[[stages]]
name = "legal"
title = "Legal review"
start = "on_submit"
close = "all_mandatory"
checklist = [{ item = "claim", text = "Every claim is proved", required = true }, { item = "logo", text = "The logo is the current one" }]
[[stages.reviewers]]
people = ["Bo Berg"]
as = "approver"
`);
    await ada('route', 'import', route);
    await ada('submit', 'Hero', '--route', 'legal');
    await ada('comment', 'add', 'Hero', 'The price is last year\'s', '--label', 'blocker');
    await ada('sync');
    const ceremony = async () => {
      await page.goto(`${relay.http}/#/`);
      await page.getByRole('heading', { name: 'Workspaces' }).waitFor();
      await page.getByRole('main').getByRole('link', { name: /Hero/ }).first().click();
      await page.getByTestId('thread').filter({ hasText: 'The price is' }).waitFor();
      await page.getByRole('button', { name: 'Decide' }).click();
      await page.getByRole('radio', { name: /^Approved/ }).first().check();
      await page.getByLabel('Every claim is proved').waitFor();
    };
    await ceremony();
    await page.getByText('your keys in this browser are under none').waitFor();
    await page.getByLabel('Every claim is proved').selectOption('yes');
    await page.getByLabel('Reason').fill('Checked against the price list');
    await page.getByRole('button', { name: 'Sign' }).click();
    await page.getByRole('alert').filter({ hasText: 'asks for your passphrase at each signing' }).waitFor();
    await page.getByRole('link', { name: 'Put them under one' }).click();
    await page.getByLabel('New passphrase').fill('correct horse');
    await page.getByLabel('The same again').fill('correct horse');
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByText('Your keys in this browser are under a passphrase').waitFor();
    await ceremony();
    await page.getByText('1 open blocker').waitFor();
    await page.getByRole('dialog').getByRole('img', { name: 'The version that is decided on' }).waitFor();
    await page.getByRole('button', { name: 'Sign' }).click();
    equal('what is missing is not signed', await page.getByRole('dialog').isVisible(), true);
    await page.getByLabel('Every claim is proved').selectOption('yes');
    await page.getByLabel('Reason').fill('Checked against the price list');
    await page.getByLabel('Passphrase').fill('wrong');
    await page.getByRole('button', { name: 'Sign' }).click();
    await page.getByRole('alert').filter({ hasText: 'passphrase is wrong' }).waitFor();
    const found = [];
    await shoot(page, 'ceremony', 'light', found);
    equal('findings', found, []);
    await page.getByLabel('Passphrase').fill('correct horse');
    await page.getByRole('button', { name: 'Sign' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    const decided = await until('the terminal has it', async () => {
      await ada('sync');
      const { lines } = await ada('audit', '--asset', 'Hero');
      return lines.find((line) => line.act === 'decided in stage legal');
    });
    equal('the decision', [decided.new, decided.why], ['approved', 'Checked against the price list']);
    const certificate = world.place('hero.zip');
    await ada('certify', 'Hero', '--out', certificate);
    const report = JSON.stringify(await ada('verify', certificate));
    equal('told', [report.includes('"failed_attempts":1'), report.includes('"claim"')], [true, true]);
  },
};
