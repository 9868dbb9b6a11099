import { expect, type Page } from "@playwright/test";
import { enter, person } from "./people.ts";
import { freshAddress, newProject, photographs, signUp, sql, test, watchConsole } from "./support.ts";

test("a job's end comes by the stream: bar, toast, balance, without a page load, and what was typed stays", async ({ page, context }) => {
  const faults = watchConsole(page);
  await signUp(page, freshAddress());
  const project = await newProject(page, "Live", 3);
  const other = await context.newPage();
  await other.goto("/app/credits");
  const before = Number(await other.locator("[data-balance]").getAttribute("data-balance"));

  await page.locator("button[form=run]", { hasText: /make the video/i }).click();
  await expect(page.locator("progress[data-live-bar]")).toBeVisible();
  let loads = 0;
  page.on("load", () => ++loads);
  await expect(page.locator("video")).toBeVisible({ timeout: 60_000 });
  expect(loads).toBe(0);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Live");

  // The other page received it too: the ledger has the row and the toast leads to the project.
  await expect(other.locator("[data-balance]")).not.toHaveText(String(before));
  await expect(other.locator("tbody tr").first()).toContainText(/job/i);
  await expect(other.locator("#toasts a")).toHaveAttribute("href", new URL(project).pathname);
  expect(faults).toEqual([]);
});

test("a page that is renewed under the reader keeps focus, caret, scroll and words not yet sent", async ({ page }) => {
  await signUp(page, freshAddress());
  await newProject(page, "Morph", 3);
  const caption = page.locator("input[name^='caption.']").nth(1);
  await caption.fill("Half a sent");
  await caption.evaluate((field: HTMLInputElement) => field.setSelectionRange(4, 6));
  await page.evaluate(() => scrollTo(0, 120));
  const scroll = await page.evaluate(() => scrollY);
  const marked = await page.evaluateHandle(() => document.querySelector("#project h1"));
  // Another photograph arrives: the section is fetched and morphed.
  await page.locator('input[type="file"]').setInputFiles(photographs(4).slice(3));
  await expect(page.locator("ol.thumbs > li")).toHaveCount(4);
  await expect(caption).toHaveValue("Half a sent");
  expect(await page.evaluate(() => document.querySelector("#project h1")), "the heading is the same element").toBeTruthy();
  expect(await marked.evaluate((node) => node!.isConnected)).toBe(true);
  expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).name)).toMatch(/^caption\./);
  expect(await caption.evaluate((field: HTMLInputElement) => [field.selectionStart, field.selectionEnd])).toEqual([4, 6]);
  expect(Math.abs((await page.evaluate(() => scrollY)) - scroll)).toBeLessThan(5);
});

test("a lost stream shows a badge and polls until it is back", async ({ page, context }) => {
  await signUp(page, freshAddress());
  await context.route("**/app/events", (route) => route.abort());
  await page.goto("/app");
  const badge = page.locator("[data-live-lost]").first();
  await expect(badge).toBeVisible();
  const polls = page.waitForRequest((request) => new URL(request.url()).pathname === "/app" && request.resourceType() === "fetch");
  await polls;
  await context.unroute("**/app/events");
  await expect(badge).toBeHidden({ timeout: 15_000 });
});

test("search follows the typing, keeps the focus and can be linked to", async ({ page }) => {
  await signUp(page, freshAddress());
  for (const title of ["Alps in June", "Boats"]) await newProject(page, title, 0);
  await page.goto("/app/projects");
  await expect(page.locator("#results tbody tr")).toHaveCount(2);
  const field = page.getByRole("searchbox");
  await field.pressSequentially("alps");
  await expect(page.locator("#results tbody tr")).toHaveCount(1);
  await expect(field).toBeFocused();
  await expect(page).toHaveURL(/\/app\/projects\?q=alps$/);
  await field.fill("nothing like it");
  await expect(page.locator("#results .empty")).toBeVisible();
});

/** Keeps the stream's events about jobs apart from what came with the page. */
async function hearing(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const Real = EventSource;
    (globalThis as any).heard = [];
    globalThis.EventSource = class extends Real {
      constructor(url: string) {
        super(url);
        super.addEventListener("job", (event) => (globalThis as any).heard.push(JSON.parse((event as MessageEvent).data)));
      }
    } as typeof EventSource;
  });
}

async function heardOf(page: Page, project: string): Promise<void> {
  await expect.poll(() => page.evaluate((p) => (globalThis as any).heard.some((news: any) => news.project === p), project)).toBe(true);
}

test("what the page says of a waiting and of a stopping job outlives the stream's first word", async ({ page }) => {
  const ada = await person();
  ada.credits(10);
  const waiting = await ada.project("Waits", 1);
  const stopping = await ada.project("Stops", 1);
  const job = ada.job(waiting, { status: "QUEUED" });
  ada.job(stopping, { status: "PROCESSING", progress: 40, cancelling: true, steps: [["render", "running"]] });
  // Three others stand before it, in a lane that no worker serves.
  sql(`insert into tenon.job_ready (job_id, user_id, lane, band, vtime, seq) values ('${job}', '${ada.id}', 77, 1, 50, 50);
       insert into tenon.job_ready (job_id, user_id, lane, band, vtime, seq) select gen_random_uuid(), gen_random_uuid(), 77, 1, n, n from generate_series(1, 3) n`);
  await enter(page, ada.email);
  await hearing(page);
  const told = async (project: string) => {
    await page.goto(`/app/projects/${project}`);
    await heardOf(page, project);
    return page.locator("[data-live-text]");
  };
  await expect(await told(waiting)).toHaveText("3 jobs ahead of yours");
  await expect(page.getByText("You can close this page")).toBeVisible();
  sql(`delete from tenon.job_ready where lane = 77 and job_id <> '${job}' and vtime < 3`);
  await expect(page.locator("[data-live-text]"), "the queue moved").toHaveText("One job ahead of yours", { timeout: 20_000 });
  await expect(await told(stopping)).toHaveText("Cancelling");
  await expect(page.getByText("You can close this page")).toHaveCount(0);
  sql(`delete from tenon.job_ready where lane = 77`);
});

test("a search that fails after the next one was typed leaves the page alone", async ({ page }) => {
  await signUp(page, freshAddress());
  for (const title of ["Alps in June", "Boats"]) await newProject(page, title, 0);
  await page.goto("/app/projects");
  let fail: () => void = () => {};
  await page.route(/\/app\/projects\?q=al$/, (route) => new Promise<void>((done) => (fail = () => done(route.abort()))));
  let loads = 0;
  page.on("load", () => ++loads);
  const field = page.getByRole("searchbox");
  const asked = page.waitForRequest(/\?q=al$/);
  await field.pressSequentially("al");
  await asked;
  await field.pressSequentially("ps");
  await expect(page.locator("#results tbody tr")).toHaveCount(1);
  const failed = page.waitForEvent("requestfailed");
  fail();
  await failed;
  await expect(page).toHaveURL(/\?q=alps$/);
  expect(loads).toBe(0);
});

test("the toast of a job's end says how many credits came back", async ({ page }) => {
  const ada = await person();
  ada.credits(10);
  const project = await ada.project("Called off", 1);
  const job = ada.job(project, { status: "QUEUED" });
  await enter(page, ada.email);
  await hearing(page);
  await page.goto("/app/projects");
  await heardOf(page, project);
  sql(`select tenon.cancel_job('${job}')`);
  await expect(page.locator("#toasts")).toContainText("“Called off” was cancelled. 3 credits returned.", { timeout: 20_000 });
});

test("the title of a project's page says its state and follows the job", async ({ page }) => {
  const ada = await person();
  ada.credits(10);
  const works = await ada.project("Titled 7% more", 1);
  const waits = await ada.project("In the queue", 1);
  const working = ada.job(works, { status: "PROCESSING", progress: 40, steps: [["render", "running"]] });
  const waiting = ada.job(waits, { status: "QUEUED" });
  await enter(page, ada.email);
  await page.goto(`/app/projects/${works}`);
  await expect(page).toHaveTitle("Rendering the video, 40% · Titled 7% more · Tenon");
  sql(`update public.jobs set progress = 55 where id = '${working}'`);
  await expect(page).toHaveTitle("Rendering the video, 55% · Titled 7% more · Tenon", { timeout: 20_000 });
  await page.goto(`/app/projects/${waits}`);
  await expect(page).toHaveTitle("Queued · In the queue · Tenon");
  sql(`select tenon.cancel_job('${waiting}')`);
  await expect(page).toHaveTitle("Cancelled · In the queue · Tenon", { timeout: 20_000 });
  await page.goto("/app/projects?status=failed");
  await expect(page).toHaveTitle("Failed · Projects · Tenon");
});
