// Settings of the device: reduced motion, forced colours.
import { expect } from "@playwright/test";
import { enter, person } from "./people.ts";
import { test } from "./support.ts";

test("nothing moves for those who asked for less motion", async ({ page }) => {
  const someone = await person();
  someone.credits(60);
  const project = await someone.project("Still", 1);
  someone.job(project, { status: "PROCESSING", progress: 42, steps: [["probe", "running"]] });
  await enter(page, someone.email);
  const longest = () =>
    page.evaluate(() => {
      const seconds = (list: string) => Math.max(...list.split(",").map((one) => parseFloat(one) * (one.trim().endsWith("ms") ? 0.001 : 1)));
      let most = 0;
      for (const element of document.querySelectorAll("*"))
        for (const part of [undefined, "::before", "::after"]) {
          const style = getComputedStyle(element, part);
          most = Math.max(most, seconds(style.transitionDuration), style.animationName === "none" ? 0 : seconds(style.animationDuration));
        }
      return most;
    });
  for (const path of [`/app/projects/${project}`, "/app", "/dev/ui", "/"]) {
    await page.emulateMedia({ reducedMotion: "no-preference" });
    await page.goto(path);
    expect(await longest(), `${path} has something that moves, or this test sees nothing`).toBeGreaterThan(0.05);
    await page.emulateMedia({ reducedMotion: "reduce" });
    expect(await longest(), path).toBeLessThanOrEqual(0.001);
    // Not even short ones: each element's would begin when its parent's ends, and a change of colours would take them in turn.
    expect(await page.evaluate(() => [...document.querySelectorAll("*")].filter((one) => getComputedStyle(one).transitionDuration !== "0s").length), path).toBe(0);
    expect(await page.evaluate(() => [...document.querySelectorAll("video")].filter((video) => video.autoplay && !video.paused).length), `${path} plays by itself`).toBe(0);
  }
});

test("with forced colours every control keeps its outline, and the chosen one its mark", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto("/dev/ui");
  const bare = await page.evaluate(() =>
    [...document.querySelectorAll("main .button:not(.quiet), main input:not([type=hidden], [type=file]), main select, main textarea, main .card, main .badge, main .notice")]
      .filter((element) => element.getClientRects().length > 0)
      .filter((element) => {
        const style = getComputedStyle(element);
        return style.borderStyle === "none" || parseFloat(style.borderTopWidth) === 0;
      })
      .filter((element) => !element.matches("input[type=checkbox], input[type=radio]"))
      .map((element) => element.outerHTML.slice(0, 100)),
  );
  expect(bare).toEqual([]);

  // The bar is drawn by its own colours, and still shows how far it is.
  const bars = await page.evaluate(() =>
    [...document.querySelectorAll("main progress")].map((bar) => ({ adjust: getComputedStyle(bar).forcedColorAdjust, border: getComputedStyle(bar).borderTopWidth, appearance: getComputedStyle(bar).appearance })),
  );
  expect(bars.length).toBeGreaterThan(2);
  for (const bar of bars) expect(bar.adjust === "none" || parseFloat(bar.border) > 0 || bar.appearance !== "none", JSON.stringify(bar)).toBe(true);

  const marked = await page.evaluate(() => {
    const look = (element: Element) => {
      const style = getComputedStyle(element);
      return [style.color, style.backgroundColor, style.borderBottomColor, style.borderBottomWidth, style.textDecorationLine, style.outlineStyle, style.fontWeight].join();
    };
    return [...document.querySelectorAll("nav.tabs, nav.segments")].map((nav) => look(nav.querySelector("[aria-current]")!) !== look(nav.querySelector("a:not([aria-current])")!));
  });
  expect(marked).toEqual([true, true]);

  await page.locator("main button:not([disabled])").first().focus();
  expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).not.toBe("none");
});
