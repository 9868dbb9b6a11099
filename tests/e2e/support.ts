import { expect, test as plain, type BrowserContext, type Page } from "@playwright/test";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

// Chromium's words for Trusted Types name no policy: "This document requires 'TrustedHTML' assignment. The action has been blocked."
const violation = /Content Security Policy|Refused to|requires 'Trusted\w+' assignment/;

/**
 * Every spec takes its `test` from here (tests/e2e/run refuses others): a violation of the Content-Security-Policy on any
 * page of the test, also in a browser context that it opens itself, fails it. `policyFaults` is what was seen so far.
 */
export const test = plain.extend<{ policyFaults: string[] }>({
  policyFaults: [
    async ({ browser, context }, use) => {
      const faults: string[] = [];
      const watch = (watched: BrowserContext): BrowserContext =>
        watched.on("console", (message) => {
          if (violation.test(message.text())) faults.push(`${message.page()?.url()}: ${message.text()}`);
        });
      watch(context);
      const newContext = browser.newContext;
      browser.newContext = async (...options) => watch(await newContext.apply(browser, options));
      await use(faults);
      browser.newContext = newContext;
      expect(faults, "violations of the Content-Security-Policy").toEqual([]);
    },
    { auto: true },
  ],
});

export const root = resolve(import.meta.dirname, "../..");
const samples = join(root, "src/pipeline/data/sample");

/** Paths of real photographs, always the same ones. */
export function photographs(count: number): string[] {
  return readdirSync(samples).filter((name) => name.endsWith(".jpg")).sort().slice(0, count).map((name) => join(samples, name));
}

let counter = 0;
export function freshAddress(): string {
  return `e2e-${process.pid}-${Date.now()}-${++counter}@example.com`;
}

export const password = "correct horse battery staple";

/** Waits for the newest captured mail to an address whose subject matches. */
export async function mailTo(page: Page, address: string, subject: RegExp): Promise<{ subject: string; text: string; html: string }> {
  let found: { subject: string; text: string; html: string } | undefined;
  await expect
    .poll(
      async () => {
        const answer = await page.request.get(`/dev/mail?format=json&to=${encodeURIComponent(address)}`);
        found = ((await answer.json()) as { subject: string; text: string; html: string }[]).find((mail) => subject.test(mail.subject));
        return found !== undefined;
      },
      { timeout: 20_000, message: `a mail to ${address} with subject ${subject}` },
    )
    .toBe(true);
  return found!;
}

export function linkIn(text: string, path: string): string {
  const link = text.match(new RegExp(`https?://\\S*${path}\\S*`));
  if (!link) throw new Error(`no link to ${path} in:\n${text}`);
  return link[0];
}

/** Signs up by the form, follows the mail's link and ends on the dashboard. */
export async function signUp(page: Page, address: string): Promise<void> {
  await page.goto("/signup");
  await page.getByLabel("Email", { exact: false }).fill(address);
  await page.getByLabel("Password", { exact: false }).first().fill(password);
  const terms = page.getByRole("checkbox", { name: /terms/i });
  if (await terms.count()) await terms.check();
  await page.getByRole("main").getByRole("button", { name: /sign up|create/i }).click();
  await expect(page.getByRole("main")).toContainText(address);
  const mail = await mailTo(page, address, /confirm/i);
  await page.goto(linkIn(mail.text, "/verify"));
  await page.getByRole("main").getByRole("button").first().click();
  await expect(page).toHaveURL(/\/app$/);
}

/** Fails the test on any CSP violation or script error of the page. */
export function watchConsole(page: Page): string[] {
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && violation.test(message.text())) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  return faults;
}

/** Makes a project by the form and uploads that many photographs; gives the address of its page. */
export async function newProject(page: Page, title: string, count: number): Promise<string> {
  await page.goto("/app/projects/new");
  await page.getByLabel("Title").fill(title);
  await page.getByRole("button", { name: "Create project" }).click();
  await expect(page).toHaveURL(/\/app\/projects\/[0-9a-f-]{36}/);
  if (count > 0) {
    await page.locator('input[type="file"]').setInputFiles(photographs(count));
    const send = page.getByRole("button", { name: "Upload" });
    if (await send.isVisible()) await send.click();
    await expect(page.locator("ol.thumbs > li")).toHaveCount(count);
  }
  return page.url();
}

/** A statement as the database's owner: for what a test cannot bring about from outside. */
export function sql(statement: string): string {
  const url = readFileSync(join(process.env.TENON_E2E_DATA!, "dev.env"), "utf8").match(/^DATABASE_URL=(.*)$/m)![1];
  const { hostname, port, username, password: secret, pathname } = new URL(url);
  // By the environment: a failure prints the command's arguments.
  const env = { ...process.env, PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: decodeURIComponent(secret), PGDATABASE: pathname.slice(1) };
  return execFileSync("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement], { env }).toString().trim();
}
