// Signs in, makes a token and finds a repository with the keyboard alone. Arguments: browser, base, name, password.
import { chromium } from "playwright-core";

const [executablePath, baseURL, name, password] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const context = await browser.newContext({ baseURL, permissions: ["clipboard-read", "clipboard-write"] });
const page = await context.newPage();
const focus = () => page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.textContent.trim());
const found = {};

async function tabTo(wanted) {
  for (let presses = 0; presses < 60; presses += 1) {
    if ((await focus()) === wanted) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${wanted} cannot be reached by Tab`);
}

await page.goto("/login");
await page.keyboard.press("Tab");
found.first = await focus();
await page.keyboard.press("Enter");
found.skipped = await focus();
await tabTo("name");
await page.keyboard.type(name);
await tabTo("password");
await page.keyboard.type(password);
await Promise.all([page.waitForURL("**/"), page.keyboard.press("Enter")]);

await page.goto("/settings/tokens");
await tabTo("name");
await page.keyboard.type("keyboard");
await Promise.all([page.waitForSelector("#new-token"), page.keyboard.press("Enter")]);
found.token = await page.textContent("#new-token");
await page.focus("button[data-copy]");
await page.keyboard.press("Enter");
await page.waitForFunction(() => document.querySelector("button[data-copy] [role=status]").textContent !== "");
found.copied = await page.evaluate(() => navigator.clipboard.readText());

await page.focus("header input[type=search]");
const answered = page.waitForResponse("**/search/suggestions*");
await page.keyboard.type("spee");
await answered;
await page.waitForFunction(() => document.querySelectorAll("#suggestions option").length > 0);
found.suggestions = await page.evaluate(() => [...document.querySelectorAll("#suggestions option")].map((option) => option.value));
await Promise.all([page.waitForURL("**/search?q=spee"), page.keyboard.press("Enter")]);
found.heading = await page.textContent("h1");

await browser.close();
process.stdout.write(JSON.stringify(found));
