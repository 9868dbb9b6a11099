// The provider's button in Chromium: a real OpenID provider on loopback, its own sign-in and consent pages, and back.
import { expect, type Page } from "@playwright/test";
import { openIdProvider, type Running } from "../clients/support/oidc.ts";
import { startTenon, type Tenon } from "../clients/support/tenon.ts";
import { test, watchConsole } from "./support.ts";

let tenon: Tenon;
let provider: Running;
let counter = 0;
const fresh = (prefix = "chromium") => `${prefix}-${Date.now()}-${++counter}@oidc.example`;

test.describe.configure({ mode: "serial" });
test.beforeAll(async () => {
  test.setTimeout(120_000);
  const opened = await openIdProvider();
  provider = opened;
  tenon = await startTenon({ AUTH_OIDC: "acme", AUTH_OIDC_ACME_ISSUER: opened.url, AUTH_OIDC_ACME_CLIENT_ID: "tenon", AUTH_OIDC_ACME_CLIENT_SECRET: "secret", AUTH_OIDC_ACME_LABEL: "Acme" });
  opened.serve({ clients: [{ client_id: "tenon", client_secret: "secret", redirect_uris: [`${tenon.api}/auth/v1/callback`] }] });
});
test.afterAll(async () => {
  await tenon?.stop();
  await provider?.close();
});

async function atProvider(page: Page, login: string): Promise<void> {
  await page.locator('input[name="login"]').fill(login);
  await page.locator('input[name="password"]').fill("x");
  await page.locator('button[type="submit"]').click();
  await page.locator('button[type="submit"]').click(); // consent
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("the button leads to the provider and back to where one wanted to go", async ({ page }) => {
      const faults = watchConsole(page);
      const login = fresh();
      await page.goto(`${tenon.site}/login?next=/app/settings/security`);
      await page.getByRole("link", { name: "Continue with Acme" }).click();
      await atProvider(page, login);
      await expect(page).toHaveURL(`${tenon.site}/app/settings/security`);
      await expect(page.getByRole("main")).toContainText(login);
      expect(faults.filter((fault) => !fault.includes(provider.url))).toEqual([]);
    });

    test("an unverified address, a refusal there, and an answer in another browser each have their sentence", async ({ page }) => {
      await page.goto(`${tenon.site}/login`);
      await page.getByRole("link", { name: "Continue with Acme" }).click();
      await atProvider(page, fresh("unverified"));
      await expect(page.getByRole("alert")).toContainText("not verified there");

      await page.context().clearCookies();
      await page.goto(`${tenon.site}/signup`);
      await page.getByRole("link", { name: "Continue with Acme" }).click();
      await page.getByRole("link", { name: /cancel|abort/i }).click();
      await expect(page.getByRole("alert")).toContainText("cancelled");

      await page.context().clearCookies();
      await page.goto(`${tenon.site}/login`);
      await page.getByRole("link", { name: "Continue with Acme" }).click();
      await page.context().clearCookies({ name: "tenon-flow" }); // as in a browser that did not begin
      await atProvider(page, fresh());
      await expect(page.getByRole("alert")).toContainText("another browser");
    });
  });
}
