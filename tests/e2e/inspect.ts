// One load of a screen, looked at in light and dark at three widths by axe, and at 320 px, under 200 % zoom and with text
// of 200 % for what does not fit.
import { expect, type Page } from "@playwright/test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./support.ts";

const axe = readFileSync(join(root, "tests/node_modules/axe-core/axe.min.js"), "utf8");
const shots = process.env.TENON_E2E_SHOTS; // a folder: every look is kept there as a picture

export interface Screen {
  name: string;
  path: string;
  /** brings the loaded page into the state that is meant */
  then?: (page: Page) => Promise<void>;
  status?: number;
}

interface Finding {
  id: string;
  impact: string;
  nodes: string[];
}

async function violations(page: Page): Promise<Finding[]> {
  return page.evaluate(async () => {
    const tool = (globalThis as never as { axe: { run: (where: Document, how: object) => Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe;
    const found = await tool.run(document, { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } });
    return found.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 240)}`) }));
  });
}

/** Elements that overflow the page horizontally. */
export async function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !element.closest(".scroll, .sr, .log"))
      .slice(0, 5)
      .map((element) => `${element.outerHTML.slice(0, 120)} ends at ${Math.round(element.getBoundingClientRect().right)} of ${width}`);
  });
}

/** Links of a menu and what a table offers to do that stand outside of what is seen, though the page itself does not scroll. */
async function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll("nav a, .scroll :is(a, button, .badge)")]
      .filter((thing) => thing.getClientRects().length > 0)
      .map((thing) => ({ thing, right: thing.getBoundingClientRect().right, end: thing.closest(".scroll")?.getBoundingClientRect().right ?? width }))
      .filter(({ right, end }) => right > end + 1)
      .map(({ thing, right, end }) => `${thing.textContent?.trim()} ends at ${Math.round(right)} of ${Math.round(end)}`);
  });
}

/** Waits until the page has received the change and drawn it. Nothing moves slowly: the device asks for no motion. */
async function settled(page: Page, scheme: string): Promise<void> {
  await page.waitForFunction((wanted) => matchMedia(`(prefers-color-scheme: ${wanted})`).matches, scheme);
  await page.evaluate(async () => {
    for (let frame = 0; frame < 2; ++frame) await new Promise(requestAnimationFrame);
  });
  await page.waitForFunction(() => document.getAnimations().every((one) => one.playState === "finished"));
}

/** Every check of one screen. */
export async function inspect(page: Page, screen: Screen): Promise<void> {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 1280, height: 900 });
  const answer = await page.goto(screen.path);
  expect(answer!.status(), screen.name).toBe(screen.status ?? 200);
  await screen.then?.(page);
  await page.evaluate(axe);

  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of [390, 768, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      await settled(page, colorScheme);
      const where = `${screen.name}, ${colorScheme}, ${width}`;
      const found = await violations(page);
      expect.soft(found, where).toEqual([]);
      expect.soft(await tooWide(page), `${where} scrolls sideways`).toEqual([]);
      expect.soft(await cutOff(page), where).toEqual([]);
      if (shots) {
        mkdirSync(shots, { recursive: true });
        await page.screenshot({ path: join(shots, `${screen.name.replaceAll(/[^a-z0-9]+/gi, "-")}-${colorScheme}-${width}.png`), fullPage: true });
      }
    }
  }
  for (const [width, what] of [[320, "320 px"], [640, "200 % zoom of 1280"], [1024, "1024 px"]] as const) {
    await page.setViewportSize({ width, height: 512 });
    expect.soft(await tooWide(page), `${screen.name} at ${what}`).toEqual([]);
    expect.soft(await cutOff(page), `${screen.name} at ${what}`).toEqual([]);
  }
  if (shots) {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.screenshot({ path: join(shots, `${screen.name.replaceAll(/[^a-z0-9]+/gi, "-")}-dark-320.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.evaluate(() => void (document.documentElement.style.fontSize = "200%"));
  expect.soft(await tooWide(page), `${screen.name} with text of 200 %`).toEqual([]);

  expect.soft(await page.locator("h1").count(), `${screen.name} has one h1`).toBe(1);
  expect.soft(await page.title(), screen.name).toMatch(/ · Tenon$/);
}

export async function inspectAll(page: Page, screens: Screen[]): Promise<void> {
  for (const screen of screens) await inspect(page, screen);
}
