// The main way in German, by Accept-Language alone: no English sentence and no key is left on any page or mail of it.
import { expect, type Page } from "@playwright/test";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { freshAddress, linkIn, mailTo, password, photographs, root, test } from "./support.ts";

test.use({ locale: "de-DE" });

type Sentences = Record<string, string>;
function sentences(language: string): Sentences {
  const all: Sentences = {};
  for (const module of readdirSync(join(root, "src"))) {
    try {
      Object.assign(all, JSON.parse(readFileSync(join(root, "src", module, "text", `${language}.json`), "utf8")));
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT" && (error as { code?: string }).code !== "ENOTDIR") throw error;
    }
  }
  return all;
}

const english = sentences("en");
const german = sentences("de");
const germanWords = new Set(Object.values(german));
/** Every English sentence that differs in German, as it stands on a page: {names} are whatever fills them. */
const foreign = Object.entries(english)
  .filter(([key, said]) => said !== german[key] && !germanWords.has(said) && said.replaceAll(/\{[^}]*\}/g, "").trim().length > 3 && !key.startsWith("html.format."))
  .map(([key, said]) => ({
    key,
    pattern: new RegExp(`^${said.split(/\{[^}]*\}/).map((piece) => piece.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+?")}$`),
  }));
const rawKey = new RegExp(`\\b(?:${[...new Set(Object.keys(english).map((key) => key.split(".")[0]))].join("|")})\\.[a-z0-9_]+\\.[a-z0-9_.]+\\b`);

async function allGerman(page: Page): Promise<void> {
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  const said = await page.evaluate(() => {
    const out: string[] = [document.title];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode())
      if (!walk.currentNode.parentElement!.closest("script, svg, select[name=time_zone], [translate=no]")) out.push(walk.currentNode.textContent!.trim().replaceAll(/\s+/g, " "));
    for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt], [data-close], [data-failed]"))
      for (const name of ["aria-label", "title", "placeholder", "alt", "data-close", "data-open", "data-failed", "data-again"]) out.push(element.getAttribute(name) ?? "");
    return [...new Set(out)].filter((text) => text !== "" && text !== "English");
  });
  expect(said.length).toBeGreaterThan(8);
  for (const text of said) {
    expect(text, page.url()).not.toMatch(rawKey);
    expect(foreign.filter(({ pattern }) => pattern.test(text)).map(({ key }) => `${key}: ${text}`), page.url()).toEqual([]);
  }
}

test("a person signs up, makes a video and reads the mails in German", async ({ page }) => {
  expect(foreign.length).toBeGreaterThan(500);
  const answer = await page.goto("/");
  expect(answer!.headers()["content-language"]).toBe("de");
  expect(answer!.headers()["vary"]).toMatch(/accept-language/i);
  expect(answer!.headers()["cache-control"]).toMatch(/private|no-store/);
  await allGerman(page);
  for (const path of ["/pricing", "/terms", "/privacy", "/reset", "/verify", "/no-such-page", "/dev/ui/errors/503", "/dev/ui"]) {
    await page.goto(path);
    await allGerman(page);
  }

  const address = freshAddress();
  await page.goto("/login");
  await allGerman(page);
  await page.goto("/signup");
  await page.getByLabel("E-Mail-Adresse").fill(address);
  await page.getByLabel("Passwort").fill("password");
  await page.getByRole("button", { name: "Konto anlegen" }).click();
  await expect(page.getByText(german["identity.problem.weak_password.pwned"])).toBeVisible();
  await allGerman(page);
  await page.getByLabel("Passwort").fill(password);
  await page.getByRole("button", { name: "Konto anlegen" }).click();
  await expect(page.getByRole("main")).toContainText(address);
  await allGerman(page);
  const confirm = await mailTo(page, address, /^Bestätigen Sie Ihre E-Mail-Adresse$/);
  expect(confirm.html).toContain('lang="de"');
  await page.goto(linkIn(confirm.text, "/verify"));
  await allGerman(page);
  await page.getByRole("button", { name: "Bestätigen und anmelden" }).click();
  await expect(page).toHaveURL(/\/app$/);

  for (const path of ["/app", "/app/projects", "/app/credits", "/app/settings", "/app/settings/notifications", "/app/projects?q=zzzz"]) {
    await page.goto(path);
    await allGerman(page);
  }
  await page.goto("/app/projects/new");
  await allGerman(page);
  await page.getByLabel("Titel").fill("Ein Gang durch den Garten");
  await page.getByRole("button", { name: "Projekt anlegen" }).click();
  await expect(page).toHaveURL(/\/app\/projects\/[0-9a-f-]{36}/);
  await allGerman(page);

  // A refusal of /api is read by upload.js and shown beside the file.
  await page.locator('input[type="file"]').setInputFiles({ name: "notizen.txt", mimeType: "image/png", buffer: Buffer.from("kein Bild") });
  await expect(page.getByRole("alert")).toContainText("„notizen.txt“ ist kein Bild");
  await page.reload();
  await page.locator('input[type="file"]').setInputFiles(photographs(2));
  await expect(page.locator("ol.thumbs > li")).toHaveCount(2);
  await allGerman(page);
  await page.getByRole("button", { name: "Video erstellen" }).click();
  await expect(page.getByRole("link", { name: /final\.mp4/ })).toBeVisible({ timeout: 60_000 });
  await allGerman(page);
  const ready = await mailTo(page, address, /^Ihr Projekt „Ein Gang durch den Garten“ ist fertig!$/);
  expect(ready.text).toContain("Gute Nachricht");
});

test("the setting wins over the browser, and the browser over nothing", async ({ page, browser }) => {
  const languages: [string, string][] = [["de-AT,de;q=0.9,en;q=0.8", "de"], ["en-GB,en;q=0.9,de;q=0.8", "en"], ["fr, de;q=0.2", "de"], ["fr", "en"], ["de;q=0", "en"]];
  for (const [asked, given] of languages) {
    const answer = await page.request.get("/", { headers: { "Accept-Language": asked } });
    expect((await answer.text()).match(/<html lang="(\w+)"/)![1], asked).toBe(given);
  }
  const inEnglish = await browser.newContext({ locale: "en-US" });
  const other = await inEnglish.newPage();
  await inEnglish.addCookies([{ name: "tenon_look", value: "~de~~", url: new URL((await page.goto("/"))!.url()).origin }]);
  await other.goto(new URL("/pricing", page.url()).href);
  await expect(other.locator("html")).toHaveAttribute("lang", "de");
  await expect(other.getByRole("heading", { level: 1 })).toHaveText(german["pipeline.pricing.headline"]);
  await inEnglish.close();
});
