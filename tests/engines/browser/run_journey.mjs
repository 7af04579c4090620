// Submits a run, watches it to its end, ends another one and compares two, all with the keyboard. Arguments: browser, base, cookies.
import { chromium } from "playwright-core";

const [executablePath, baseURL, cookies] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const context = await browser.newContext({ baseURL });
await context.addCookies(JSON.parse(cookies).map((cookie) => ({ ...cookie, url: baseURL })));
const page = await context.newPage();
const found = {};
const SPEC = `name: watched
run: |
  report() { printf '{"key": "steps", "value": %d, "step": %d}\\n' $1 $1 >&3; }
  echo first words; report 1; sleep 4; echo later words; report 2
`;

async function tabTo(selector) {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${selector} cannot be reached by Tab`);
}

async function follow(address) {
  await Promise.all([page.waitForURL(address), page.keyboard.press("Enter")]);
}

const state = (wanted) => page.waitForFunction(
  (text) => document.querySelector("[data-live=state]").textContent.trim() === text, wanted,
).then(() => wanted);

await page.goto("/runs/new");
await tabTo("#spec");
await page.keyboard.press("Control+a");
await page.keyboard.insertText(SPEC);
await tabTo("form[action='/runs/new'] button");
await follow(/\/runs\/\d+$/);
found.owner = await page.textContent("[data-live=facts] dd");
await tabTo("[data-log]");
found.states = [await state("running"), await state("succeeded")];
await page.waitForSelector("[data-live=metrics] svg");
found.live = (await page.textContent("[data-log]")).trim().split("\n");
found.drawn = await page.getAttribute("[data-live=metrics] svg", "aria-label");
found.focus = await page.evaluate(() => (document.activeElement.matches("[data-log]") ? "log" : document.activeElement.outerHTML));

await page.goto("/runs?state=running");
await tabTo(".rows h2 a");
await follow(/\/runs\/\d+$/);
await tabTo("form[action$='/cancel'] button");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
found.cancelled = await state("cancelled");

await page.goto("/runs");
await tabTo("input[name=ids]");
await page.keyboard.press("Space");
await page.keyboard.press("Tab");
await tabTo("input[name=ids]:not(:checked)");
await page.keyboard.press("Space");
await tabTo("form[action='/runs/compare'] button");
await follow(/\/runs\/compare\?ids=\d+&ids=\d+$/);
found.heading = await page.textContent("h1");

await browser.close();
process.stdout.write(JSON.stringify(found));
