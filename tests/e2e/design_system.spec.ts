// /dev/ui as a picture. After a change that is meant: tests/e2e/run design_system --update-snapshots, then look at them.
import { expect } from "@playwright/test";
import { test } from "./support.ts";

for (const colorScheme of ["light", "dark"] as const)
  for (const width of [390, 1280])
    test(`every part looks as it did, ${colorScheme}, ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      await page.goto("/dev/ui");
      await expect(page.locator("time[data-local]").first()).toBeVisible();
      // Drawn again on one machine, not one pixel differs; a few may where an edge is smoothed otherwise, less than one letter.
      await expect(page).toHaveScreenshot(`ui-${colorScheme}-${width}.png`, { fullPage: true, maxDiffPixels: 40, threshold: 0.25, animations: "disabled" });
    });

for (const colorScheme of ["light", "dark"] as const)
  test(`paper is white, its ink dark and without what only a screen can do, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, media: "print" });
    for (const path of ["/", "/pricing", "/privacy", "/login"]) {
      await page.goto(path);
      await expect(page.locator("h1")).toBeVisible();
      for (const part of await page.locator(".top, .bottom, .skip, .button").all()) await expect(part).toBeHidden();
      const inks = await page.evaluate(() => {
        // A canvas reads any colour a style can name.
        const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
        const light = (colour: string): number => {
          brush.clearRect(0, 0, 1, 1);
          brush.fillStyle = colour;
          brush.fillRect(0, 0, 1, 1);
          const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
          return a === 0 ? 255 : (r + g + b) / 3;
        };
        const of = (element: Element) => getComputedStyle(element);
        const cards = [document.body, ...document.querySelectorAll("main .card, main .stat, main .field input:not([type=checkbox])")];
        const words = [...document.querySelectorAll("main h1, main h2, main p, main td")];
        return { paper: Math.min(...cards.map((card) => light(of(card).backgroundColor))), ink: Math.max(...words.map((word) => light(of(word).color))) };
      });
      expect(inks.paper, `${path}: the darkest ground`).toBeGreaterThan(220);
      expect(inks.ink, `${path}: the lightest word`).toBeLessThan(140);
    }
  });

test("read from right to left, pages mirror and nothing overflows", async ({ page }) => {
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of ["/", "/pricing", "/login", "/dev/ui"]) {
      await page.goto(path);
      const brand = page.locator(".top a").first();
      const before = (await brand.boundingBox())!;
      await page.evaluate(() => (document.documentElement.dir = "rtl"));
      const after = (await brand.boundingBox())!;
      const wide = await page.evaluate(() => document.documentElement.clientWidth);
      expect(Math.abs(before.x - (wide - after.x - after.width)), `${path} at ${width}: the mark changes sides`).toBeLessThan(2);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${path} at ${width}`).toBeLessThanOrEqual(wide);
    }
  }
});
