// Language, theme and time zone belong to the user, not to the browser; the title of a tab shows the state of its page.
import { expect, type Page } from "@playwright/test";
import { enter, person } from "./people.ts";
import { sql, test } from "./support.ts";

const html = (page: Page) => page.locator("html");

async function choose(page: Page, language: string, theme?: string): Promise<void> {
  await page.goto("/app/settings");
  await page.locator("select[name=locale]").selectOption(language);
  if (theme) await page.locator(`input[name=theme][value=${theme}]`).check();
  await page.getByRole("main").locator("button.primary").click();
  await expect(page.locator(".toast")).toBeVisible();
}

test("a person's look follows him into every browser, and leaves with him", async ({ page, context, browser }) => {
  const [ada, bob] = [await person(), await person()];
  await enter(page, ada.email);
  await choose(page, "de", "dark");
  await expect(html(page)).toHaveAttribute("lang", "de");
  await expect(html(page)).toHaveAttribute("data-theme", "dark");

  // The first page after the sign-in has it already, whichever that is.
  const elsewhere = await browser.newContext({ locale: "en-US" });
  const other = await elsewhere.newPage();
  await other.goto(new URL("/login?next=/app/projects", page.url()).href);
  await other.locator("input[name=email]").first().fill(ada.email);
  await other.locator("input[name=password]").fill("correct horse battery staple");
  await other.getByRole("main").locator("button.primary").click();
  await expect(other).toHaveURL(/\/app\/projects$/);
  await expect(html(other)).toHaveAttribute("lang", "de");
  await expect(html(other)).toHaveAttribute("data-theme", "dark");
  await elsewhere.close();

  const hers = (await context.cookies()).find((cookie) => cookie.name === "tenon_look")!;
  await page.locator("form[action='/logout'] button").click();
  await expect(page).toHaveURL(/\/login/);
  expect((await context.cookies()).map((cookie) => cookie.name)).not.toContain("tenon_look");
  await expect(html(page)).toHaveAttribute("lang", "en");
  await expect(html(page)).not.toHaveAttribute("data-theme");

  // Left behind all the same, by a session that ended elsewhere, it is not the next person's.
  await context.addCookies([hers]);
  await enter(page, bob.email);
  await expect(html(page)).toHaveAttribute("lang", "en");
  await expect(html(page)).not.toHaveAttribute("data-theme");
});

test("a choice is kept though the browser had lost the look before", async ({ page, context }) => {
  const someone = await person();
  await enter(page, someone.email);
  await page.goto("/app/settings");
  await page.locator("select[name=locale]").selectOption("de");
  await context.clearCookies({ name: "tenon_look" });
  await page.getByRole("main").locator("button.primary").click();
  await expect(html(page)).toHaveAttribute("lang", "de");
  await page.goto("/app/projects");
  await expect(html(page)).toHaveAttribute("lang", "de");
});

test("English by choice is told from no choice, and mails keep a language", async ({ browser, baseURL }) => {
  const german = await browser.newContext({ locale: "de-DE", baseURL });
  const page = await german.newPage();
  const someone = await person();
  const mails = () => sql(`select locale from public.profiles where id = '${someone.id}'`).trim();
  await enter(page, someone.email);
  await expect(html(page)).toHaveAttribute("lang", "de");
  await page.goto("/app/settings");
  await expect(page.locator("select[name=locale]")).toHaveValue("");

  await choose(page, "en");
  await expect(html(page)).toHaveAttribute("lang", "en");
  expect(mails()).toBe("en");
  await page.locator("form[action='/logout'] button").click();
  await expect(html(page)).toHaveAttribute("lang", "de");
  await enter(page, someone.email);
  await expect(html(page)).toHaveAttribute("lang", "en");

  await choose(page, "");
  await expect(html(page)).toHaveAttribute("lang", "de");
  await expect(page.locator("select[name=locale]")).toHaveValue("");
  expect(mails()).toBe("de");
  await german.close();
});

test("a title tells an error before all else", async ({ page }) => {
  await page.goto("/login");
  await expect(page).toHaveTitle("Sign in · Tenon");
  await page.locator("input[name=email]").first().fill("nobody@example.com");
  await page.locator("input[name=password]").fill("not the password");
  await page.getByRole("main").locator("button.primary").click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page).toHaveTitle("Error: Sign in · Tenon");
  await page.goto("/no-such-page");
  await expect(page).toHaveTitle("Error 404 · Page not found · Tenon");
});
