import { expect } from "@playwright/test";
import { freshAddress, mailTo, photographs, signUp, test } from "./support.ts";

test("the same without JavaScript: sign up, confirm, upload, run, download", async ({ page }) => {
  const address = freshAddress();
  await signUp(page, address);
  await page.goto("/app/projects/new");
  await page.getByRole("main").getByRole("textbox").first().fill("Without scripts");
  await page.getByRole("main").locator("button.primary").click();
  await expect(page).toHaveURL(/\/app\/projects\/[0-9a-f-]{36}/);
  await page.locator('input[type="file"]').first().setInputFiles(photographs(3));
  await page.getByRole("button", { name: /upload/i }).first().click();
  await expect(page.locator("ul.thumbs > li")).toHaveCount(3);
  await page.locator("form[action$='/jobs'] button").click();
  // <noscript><meta http-equiv=refresh> brings the news.
  const link = page.getByRole("link", { name: /final\.mp4/ }).first();
  await expect(link).toBeVisible({ timeout: 60_000 });
  const answer = await page.request.get((await link.getAttribute("href"))!);
  expect(answer.status()).toBe(200);
  expect((await answer.body()).subarray(4, 8).toString()).toBe("ftyp");
  await mailTo(page, address, /is ready!/);
});
