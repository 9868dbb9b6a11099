// Pages show the state of a user's plan and of a payment, and update by themselves.
import { expect, type Page } from "@playwright/test";
import { enter, person } from "./people.ts";
import { sql, test } from "./support.ts";

const pages = ["/app", "/app/projects", "/app/projects/new", "/app/credits", "/app/settings"];
const banner = (page: Page) => page.locator("main .banner");

/** As the page writes a day: 3 Dec 2026, 3. Dez. 2026 by its own months. */
const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** How far the page moved under its reader while it was loaded. */
async function shift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((done) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) sum += (entry as PerformanceEntry & { value: number }).value;
        }).observe({ type: "layout-shift", buffered: true });
        setTimeout(() => done(sum), 300); // shifts that come late count: time is the subject
      }),
  );
}

test("no page says anything of a plan that is well, or of none", async ({ page }) => {
  const ada = await person();
  await enter(page, ada.email);
  for (const plan of ["none", "active"]) {
    if (plan === "active") ada.subscription("active", 20);
    for (const path of pages) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(banner(page), `${plan}: ${path}`).toHaveCount(0);
    }
  }
});

test("every page says that a payment failed, until when projects run, and leads to the card", async ({ page }) => {
  const ada = await person();
  ada.subscription("past_due", 6);
  await enter(page, ada.email);
  for (const path of pages) {
    await page.goto(path);
    await expect(banner(page), path).toHaveText(/^Payment failed\. Your projects keep running until \d+ \w+ 20\d\d\.\s*Update card$/);
    await expect(banner(page).locator("time")).toHaveAttribute("datetime", dayIn(6));
    await expect(banner(page).getByRole("link")).toHaveAttribute("href", "/app/credits");
    expect(await shift(page), `${path} moves under its reader`).toBeLessThan(0.01);
  }
  // A refused form is a page too.
  await page.goto("/app/projects/new");
  await page.locator("form[data-create]").evaluate((form: HTMLFormElement) => HTMLFormElement.prototype.submit.call(form));
  await expect(page.locator("[aria-invalid=true]")).toBeVisible();
  await expect(banner(page)).toBeVisible();
  sql(`update public.subscriptions set status = 'active' where user_id = '${ada.id}'`);
  await page.goto("/app");
  await expect(banner(page)).toHaveCount(0);
});

test("every page says when a cancelled plan ends, in the reader's language, and nobody else's does", async ({ page, browser }) => {
  const ada = await person("de");
  const eve = await person();
  ada.subscription("active", 9, true);
  await enter(page, ada.email);
  await page.goto("/app"); // here a browser learns of the language
  for (const path of pages) {
    await page.goto(path);
    await expect(banner(page), path).toHaveText(/^Ihr Tarif endet am \d+\. \S+ 20\d\d\. Es wird nichts mehr abgebucht\.\s*Tarif ansehen$/);
    await expect(banner(page).locator("time")).toHaveAttribute("datetime", dayIn(9));
  }
  const other = await (await browser.newContext()).newPage();
  await enter(other, eve.email);
  await expect(banner(other)).toHaveCount(0);
  await other.context().close();
});

test("back from the checkout the page turns over by itself, and says how many credits came", async ({ page }) => {
  const ada = await person();
  await enter(page, ada.email);
  await page.goto("/app/credits?success=true");
  const said = page.locator("main [role=status]").first();
  await expect(said).toContainText("Your credits will be here in a moment");
  let loads = 0;
  page.on("load", () => ++loads);
  ada.credits(25);
  await expect(said).toHaveText("25 credits added.", { timeout: 20_000 });
  await expect(page.locator("[data-balance]")).toHaveText("25");
  expect(loads, "by the stream").toBe(0);
});

test("credits that do not come: the page says what to do when the time is over, by itself", async ({ page }) => {
  const ada = await person();
  await enter(page, ada.email);
  const since = Math.floor(Date.now() / 1000) - 10 * 60 + 4;
  await page.goto(`/app/credits?success=true&since=${since}`);
  const said = page.locator("main [role=status]").first();
  await expect(said).toContainText("Your credits will be here in a moment");
  await expect(said).toContainText("You have not been charged twice.", { timeout: 15_000 });
  await expect(said.locator("time")).toHaveAttribute("datetime", new RegExp(`^${new Date(since * 1000).toISOString().slice(0, 19)}`));
});
