import { expect } from "@playwright/test";
import { enter, person } from "./people.ts";
import { freshAddress, mailTo, photographs, root, signUp, sql, test } from "./support.ts";

test("the same without JavaScript: sign up, confirm, upload, run, download", async ({ page }) => {
  const address = freshAddress();
  await signUp(page, address);
  // Title and photographs go in one form.
  await page.goto("/app/projects/new");
  await page.getByLabel("Title").fill("Without scripts");
  await page.locator("input[type=file]").setInputFiles(photographs(3));
  await page.getByRole("button", { name: "Create project" }).click();
  await expect(page).toHaveURL(/\/app\/projects\/[0-9a-f-]{36}$/);
  await expect(page.locator("ol.thumbs > li")).toHaveCount(3);
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

test("without JavaScript a refused file keeps the title and says why", async ({ page }) => {
  const ada = await person();
  await enter(page, ada.email);
  await page.goto("/app/projects/new");
  await page.getByLabel("Title").fill("Kept as it was typed");
  await page.locator("input[type=file]").setInputFiles([...photographs(1), `${root}/README.md`]);
  await page.getByRole("button", { name: "Create project" }).click();
  await expect(page.getByRole("alert")).toHaveText("“README.md” is not a JPEG, PNG or WebP image. Nothing was added.");
  await expect(page.getByLabel("Title")).toHaveValue("Kept as it was typed");
  expect(sql(`select count(*) from public.projects where user_id = '${ada.id}'`)).toBe("0");
});

test("without JavaScript the page of credits turns over by itself once they are there, and rests", async ({ page }) => {
  const ada = await person();
  await enter(page, ada.email);
  await page.goto("/app/credits?success=true");
  await expect(page.getByRole("status").first()).toContainText("Your credits will be here in a moment");
  ada.credits(25);
  await expect(page.getByText("25 credits added.")).toBeVisible({ timeout: 20_000 });
  await expect(page.locator("noscript")).toHaveCount(0);
});
