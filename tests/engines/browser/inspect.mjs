// Opens pages in a real browser and prints what it finds as JSON. One argument, as JSON:
// {browser, base, cookies, pages, schemes, locales, scripts?, axe?, spoil?, shots?}
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

const asked = JSON.parse(process.argv[2]);
const browser = await chromium.launch({ executablePath: asked.browser, args: ["--no-sandbox", "--disable-gpu"] });
const found = [];

for (const scheme of asked.schemes) {
  for (const locale of asked.locales) {
    const context = await browser.newContext({
      baseURL: asked.base, colorScheme: scheme, locale, javaScriptEnabled: asked.scripts ?? true
    });
    await context.addCookies((asked.cookies ?? []).map((cookie) => ({ ...cookie, url: asked.base })));
    for (const path of asked.pages) found.push(await inspect(context, path, scheme, locale));
    await context.close();
  }
}
await browser.close();
process.stdout.write(JSON.stringify(found));

async function inspect(context, path, scheme, locale) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const kinds = {};
  let bytes = 0, scripts = 0, requests = 0;
  const problems = [];
  session.on("Network.responseReceived", (event) => { kinds[event.requestId] = event.type; });
  session.on("Network.loadingFinished", (event) => {
    requests += 1;
    bytes += event.encodedDataLength;
    if (kinds[event.requestId] === "Script") scripts += event.encodedDataLength;
  });
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) problems.push(message.text());
  });
  page.on("dialog", (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("pageerror", (error) => problems.push(String(error)));
  const answer = await page.goto(path, { waitUntil: "load" });
  const result = { path, scheme, locale, status: answer.status() };
  if (asked.scripts ?? true) result.paint = await page.evaluate(firstPaint);
  result.background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  result.language = await page.evaluate(() => document.documentElement.lang);
  result.text = await page.evaluate(() => document.querySelector("main").innerText.length);
  result.problems = problems;
  if (asked.spoil) await page.evaluate(() => document.querySelector("main").append(document.createElement("img")));
  if (asked.axe ?? true) {
    await page.evaluate(axe);
    const report = await page.evaluate((tags) => axe.run({ runOnly: { type: "tag", values: tags } }), TAGS);
    result.violations = report.violations.map((rule) => ({
      rule: rule.id, nodes: rule.nodes.slice(0, 5).map((node) => node.html.slice(0, 200) + " " + (node.any[0]?.message ?? "")),
    }));
  }
  if (asked.shots) await page.screenshot({ path: `${asked.shots}/${name(path)}-${locale}-${scheme}.png`, fullPage: asked.full ?? false });
  await page.setViewportSize({ width: 360, height: 740 });
  result.overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (asked.shots) await page.screenshot({ path: `${asked.shots}/${name(path)}-${locale}-${scheme}-360.png`, fullPage: false });
  await page.close();
  return { ...result, bytes, scripts, requests };
}

// Milliseconds until something of the page is seen.
function firstPaint() {
  return new Promise((resolve) => {
    new PerformanceObserver((list) => {
      const entry = list.getEntriesByName("first-contentful-paint")[0];
      if (entry) resolve(entry.startTime);
    }).observe({ type: "paint", buffered: true });
  });
}

function name(path) {
  return path.replace(/[^a-z0-9]+/gi, "_").replace(/^_|_$/g, "") || "home";
}
