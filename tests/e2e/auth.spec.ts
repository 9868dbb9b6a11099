// The pages of auth as people use them, in Chromium and without JavaScript alike.
import AxeBuilder from "@axe-core/playwright";
import { expect, type Browser, type Page } from "@playwright/test";
import { freshAddress, linkIn, mailTo, password, signUp, test, watchConsole } from "./support.ts";
import { totp } from "../support/totp.ts";

async function signIn(page: Page, address: string, secret = password): Promise<void> {
  await page.goto("/login");
  await page.getByLabel("Email address").fill(address);
  await page.getByLabel("Password").fill(secret);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
}

async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join()}`)).toEqual([]);
}

async function elsewhere(browser: Browser, javaScriptEnabled: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled, userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" });
  return context.newPage();
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a link by mail signs in; used and unknown ones have their sentences", async ({ page }) => {
      const faults = watchConsole(page);
      const address = freshAddress();
      await signUp(page, address);
      await page.context().clearCookies();
      await page.goto("/login?next=/app/projects");
      await page.getByRole("link", { name: /email link/ }).click();
      await page.getByLabel("Email address").fill(address);
      await page.getByRole("button", { name: "Send the link" }).click();
      await expect(page.getByRole("main").getByRole("status")).toContainText(address);
      const link = linkIn((await mailTo(page, address, /sign-in link/i)).text, "/verify");
      await page.goto(link);
      await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
      await expect(page).toHaveURL(/\/app\/projects$/);
      await page.context().clearCookies();
      await page.goto(link);
      await expect(page.getByRole("alert")).toContainText("already been used");
      expect(faults).toEqual([]);
    });

    test("a wrong password says so and keeps the address; an ended session says so and keeps the way", async ({ page }) => {
      const address = freshAddress();
      await signUp(page, address);
      await page.context().clearCookies();
      await signIn(page, address, "not the password");
      await expect(page.getByRole("alert")).toContainText("Incorrect email or password");
      await expect(page.getByLabel("Email address")).toHaveValue(address);
      await page.getByLabel("Password").fill(password);
      await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
      await expect(page).toHaveURL(/\/app$/);
      const cookies = await page.context().cookies();
      await page.goto("/app/settings/security");
      await page.request.post("/logout", { headers: { Origin: new URL(page.url()).origin }, form: { _csrf: await page.locator('input[name="_csrf"]').first().inputValue() } });
      await page.context().addCookies(cookies);
      await page.goto("/app/settings/security");
      await expect(page).toHaveURL(/\/login\?next=/);
      await expect(page.locator("body")).toContainText("session ended");
      await signIn(page, address);
    });

    test("second step: turn on by key, sign in by code, by recovery code once, turn off", async ({ page, browser }) => {
      const faults = watchConsole(page);
      const address = freshAddress();
      await signUp(page, address);
      await page.goto("/app/settings/security");
      await page.getByLabel("Name of the app or device").fill("Phone");
      await page.getByRole("button", { name: "Add an authenticator app" }).click();
      await expect(page.getByRole("img", { name: /QR code/ })).toBeVisible();
      const key = (await page.locator("code").first().textContent())!;
      await page.getByLabel("Authentication code").fill("000000");
      await page.getByRole("button", { name: "Turn on" }).click();
      await expect(page.locator(".error")).toContainText("That code is wrong");
      await page.getByLabel("Authentication code").fill(totp(key));
      await page.getByRole("button", { name: "Turn on" }).click();
      await expect(page.getByRole("heading", { name: "Your recovery codes" })).toBeVisible();
      const codes = await page.locator("li code").allTextContents();
      expect(codes).toHaveLength(10);

      const other = await elsewhere(browser, javaScriptEnabled);
      await signIn(other, address);
      await expect(other).toHaveURL(/\/login\/code/);
      await other.goto("/app");
      await expect(other).toHaveURL(/\/login\/code/);
      await other.getByLabel("Authentication code").fill(totp(key, Date.now() + 30_000));
      await other.getByRole("button", { name: "Confirm" }).click();
      await expect(other).toHaveURL(/\/app$/);
      await mailTo(page, address, /new sign-in/i);

      await other.context().clearCookies();
      await signIn(other, address);
      await other.getByRole("link", { name: /recovery code/ }).click();
      await other.getByLabel("Recovery code").fill(codes[0].toUpperCase());
      await other.getByRole("button", { name: "Confirm" }).click();
      await expect(other).toHaveURL(/\/app$/);
      await other.context().clearCookies();
      await signIn(other, address);
      await other.getByRole("link", { name: /recovery code/ }).click();
      await other.getByLabel("Recovery code").fill(codes[0]);
      await other.getByRole("button", { name: "Confirm" }).click();
      await expect(other.locator(".error")).toContainText("already been used");

      await page.goto("/app/settings/security");
      await expect(page.getByRole("main")).toContainText("9 recovery codes left");
      await page.getByRole("button", { name: "Remove" }).click();
      await expect(page.getByRole("main")).toContainText("Off.");
      expect(faults).toEqual([]);
    });

    test("sessions: another device is listed, and ended from here", async ({ page, browser }) => {
      const address = freshAddress();
      await signUp(page, address);
      const other = await elsewhere(browser, javaScriptEnabled);
      await signIn(other, address);
      await expect(other).toHaveURL(/\/app$/);
      await page.goto("/app/settings/security");
      const row = page.getByRole("row", { name: /Firefox on Linux/ });
      await expect(row).toHaveCount(1);
      await row.getByRole("button", { name: "Sign out" }).click();
      await expect(page.getByRole("row", { name: /Firefox on Linux/ })).toHaveCount(0);
      await other.goto("/app");
      await expect(other).toHaveURL(/\/login/);
    });

    test("a new address: the current password is asked for, both mailboxes confirm", async ({ page }) => {
      const address = freshAddress();
      const wanted = freshAddress();
      await signUp(page, address);
      await page.goto("/app/settings/security");
      await page.getByLabel("New address").fill(wanted);
      await page.locator("#f-email-password").fill("not the password");
      await page.getByRole("button", { name: "Change address" }).click();
      await expect(page.locator("#e-email-password")).toContainText("not your current password");
      await page.locator("#f-email-password").fill(password);
      await page.getByRole("button", { name: "Change address" }).click();
      await expect(page.getByRole("main")).toContainText(`The change to ${wanted} is waiting`);
      for (const mailbox of [wanted, address]) {
        await page.goto(linkIn((await mailTo(page, mailbox, /new email address/i)).text, "/verify"));
        await page.getByRole("main").getByRole("button", { name: "Confirm the change" }).click();
        if (mailbox === wanted) await expect(page.getByRole("main").getByRole("status")).toContainText("other address");
      }
      await expect(page).toHaveURL(/\/app\/settings\/security/);
      await expect(page.getByRole("main")).toContainText(wanted);
    });
  });
}

test("every page of auth passes axe and breaks no rule of the CSP", async ({ page }) => {
  const faults = watchConsole(page);
  for (const path of ["/login", "/login/link", "/signup", "/verify", "/verify?token_hash=x&type=magiclink", "/reset", "/reset?token_hash=x"]) {
    await page.goto(path);
    await accessible(page);
  }
  await signUp(page, freshAddress());
  await page.goto("/app/settings/security");
  await accessible(page);
  await page.getByRole("button", { name: "Add an authenticator app" }).click();
  await accessible(page);
  expect(faults).toEqual([]);
});
