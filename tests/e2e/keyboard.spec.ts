// The main job by the keyboard alone. Wherever Tab leads, the focus is seen and nothing lies over it.
import { expect, type Page } from "@playwright/test";
import { freshAddress, linkIn, mailTo, password, photographs, test } from "./support.ts";

test.setTimeout(180_000);

/** Faults of the focused element as it stands: no outline, hidden, or under something else. */
async function focusFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    if (!element || element === document.body) return [];
    const name = element.outerHTML.slice(0, 100);
    const faults: string[] = [];
    const label = element.matches("input[type=radio], input[type=checkbox], input[type=file]") ? element.closest("label, .dropzone, .field") : null;
    const rings = [element, label].some((one) => {
      if (!one) return false;
      const style = getComputedStyle(one);
      return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
    });
    // Inside a player the browser's own controls have the focus, and draw their own ring.
    const inner = element.matches("video") && !element.matches(":focus");
    if (!rings && !inner) faults.push(`${name} shows no focus`);
    const box = (element.getBoundingClientRect().width > 1 ? element : (label ?? element)).getBoundingClientRect();
    if (box.bottom <= 0 || box.top >= innerHeight) faults.push(`${name} is focused out of sight`);
    // A corner that is seen is enough (2.4.11), but some part must be.
    const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.2], [0.5, 0.8]].map(([x, y]) => document.elementFromPoint(box.left + box.width * x, box.top + box.height * y));
    const own = (hit: Element | null) => hit !== null && (element.contains(hit) || hit.contains(element) || (label?.contains(hit) ?? false));
    if (!points.some(own)) faults.push(`${name} lies under something`);
    return faults;
  });
}

/** Tab until the focused element is the one meant; every stop on the way is looked at. */
async function tabTo(page: Page, meant: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let stops = 0; stops < 80; ++stops) {
    await page.keyboard.press("Tab");
    expect(await focusFaults(page), page.url()).toEqual([]);
    const name = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement;
      const labels = [...(element.labels ?? [])].map((label) => label.textContent);
      return `${element.getAttribute("aria-label") ?? ""} ${labels.join(" ")} ${element.matches("a, button, summary") ? element.textContent : ""}`.replaceAll(/\s+/g, " ").trim();
    });
    if (meant.test(name)) return;
    passed.push(name);
  }
  throw new Error(`Tab never comes to ${meant}; it comes to ${passed.join(" | ")}`);
}

test("from the landing page to a downloaded video with Tab, Enter and typing", async ({ page }) => {
  // The driver catches choosers from its first listener on. Switched on only just before the Enter, it now and then
  // came too late, and no event came for a click that the page had.
  page.on("filechooser", () => {});
  const address = freshAddress();
  await page.goto("/");
  await page.keyboard.press("Tab");
  await expect(page.locator("a.skip")).toBeFocused();
  expect(await focusFaults(page)).toEqual([]);
  await tabTo(page, /^Create account$/);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/signup/);
  await tabTo(page, /Email/);
  await page.keyboard.type(address);
  await tabTo(page, /Password/);
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toContainText(address);
  const mail = await mailTo(page, address, /confirm/i);
  await page.goto(linkIn(mail.text, "/verify"));
  await tabTo(page, /Confirm and sign in/);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/app$/);

  await tabTo(page, /^(New project|Create a project)$/);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/app\/projects\/new/);
  await expect(page.getByLabel("Title")).toBeFocused(); // the one thing the page is for
  await page.keyboard.type("By the keyboard");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/app\/projects\/[0-9a-f-]{36}/);

  await tabTo(page, /Add photographs|choose files/i);
  const chooser = page.waitForEvent("filechooser");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles(photographs(2));
  await expect(page.locator("ol.thumbs > li")).toHaveCount(2);
  await tabTo(page, /Caption/);
  await page.keyboard.type("Written without a mouse");
  await tabTo(page, /Make the video/);
  await page.keyboard.press("Enter");
  const link = page.getByRole("link", { name: /final\.mp4/ });
  await expect(link).toBeVisible({ timeout: 60_000 });
  await tabTo(page, /final\.mp4/);
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  expect(download.suggestedFilename()).toBe("final.mp4");

  await tabTo(page, /Delete project/);
  await page.keyboard.press("Enter");
  await expect(page.locator("dialog:modal")).toBeVisible();
  for (let stops = 0; stops < 6; ++stops) {
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement === document.body || document.querySelector("dialog:modal")!.contains(document.activeElement)), "Tab stays in the dialog").toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(page.locator("dialog:modal")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Delete project" })).toBeFocused();
});
