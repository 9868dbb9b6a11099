import { expect } from "@playwright/test";
import { freshAddress, mailTo, newProject, signUp, test } from "./support.ts";

test("the same without JavaScript: sign up, confirm, upload, run, download", async ({ page }) => {
  const address = freshAddress();
  await signUp(page, address);
  await newProject(page, "Without scripts", 3);
  await page.locator("input[name^='caption.']").first().fill("A line without scripts");
  await page.locator("button[form=run]", { hasText: /make the video/i }).click();
  await expect(page.locator("ol.thumbs")).toContainText("A line without scripts");
  // <noscript><meta http-equiv=refresh> brings the news.
  const link = page.getByRole("link", { name: /final\.mp4/ }).first();
  await expect(link).toBeVisible({ timeout: 60_000 });
  const answer = await page.request.get((await link.getAttribute("href"))!);
  expect(answer.status()).toBe(200);
  expect((await answer.body()).subarray(4, 8).toString()).toBe("ftyp");
  await mailTo(page, address, /is ready!/);
});
