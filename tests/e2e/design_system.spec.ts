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
      // Fonts are drawn a little differently from machine to machine; a part that moved or changed its colour is more.
      await expect(page).toHaveScreenshot(`ui-${colorScheme}-${width}.png`, { fullPage: true, maxDiffPixelRatio: 0.02, threshold: 0.25, animations: "disabled" });
    });
