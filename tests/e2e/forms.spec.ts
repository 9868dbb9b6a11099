import { expect } from "@playwright/test";
import { readFileSync } from "node:fs";
import { freshAddress, newProject, password, photographs, signUp, sql, test, watchConsole } from "./support.ts";

test("a new project takes its photographs with bars and lines of text in one go", async ({ page }) => {
  const faults = watchConsole(page);
  await signUp(page, freshAddress());
  await page.goto("/app/projects/new");
  await page.getByLabel("Title").fill("In one go");
  await page.locator('input[type="file"]').setInputFiles(photographs(2));
  await page.getByLabel(/^Caption: /).first().fill("The first line");
  await page.getByRole("button", { name: "Create project" }).click();
  await expect(page).toHaveURL(/\/app\/projects\/[0-9a-f-]{36}$/);
  await expect(page.locator("ol.thumbs > li")).toHaveCount(2);
  await expect(page.locator("input[name^='caption.']").first()).toHaveValue("The first line");
  await expect(page.getByText("Price, at most")).toBeVisible();
  expect(faults).toEqual([]);
});

test("a file that is refused says why beside itself, and the others arrive", async ({ page }) => {
  await signUp(page, freshAddress());
  await newProject(page, "Mixed", 0);
  await page.locator('input[type="file"]').setInputFiles({ name: "notes.txt", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await expect(page.getByRole("alert")).toContainText("notes.txt");
  await page.locator('input[type="file"]').setInputFiles(photographs(1));
  await expect(page.locator("ol.thumbs > li")).toHaveCount(1);
  await expect(page.getByRole("alert")).toContainText("notes.txt");
});

test("too few credits keep every word, lead to the credits and back", async ({ page }) => {
  const address = freshAddress();
  await signUp(page, address);
  const project = await newProject(page, "Too dear", 4);
  await page.locator("input[name^='caption.']").nth(2).fill("Not to be lost");
  // Spent elsewhere meanwhile, one credit is left and the video needs two.
  sql(`select tenon.spend_credits(id, 'e2e:' || id, (select balance::int - 1 from public.credit_accounts a where a.user_id = u.id))
         from auth.users u where email = '${address}'`);
  await page.locator("button[form=run]", { hasText: /make the video/i }).click();
  await expect(page.getByRole("alert").first()).toContainText(/don’t have enough credits/);
  await expect(page.locator("input[name^='caption.']").nth(2)).toHaveValue("Not to be lost");

  await page.locator("input[name^='caption.']").nth(0).fill("Typed just now");
  await page.getByRole("button", { name: "Get credits" }).click();
  await expect(page).toHaveURL(/\/app\/credits\?project=/);
  await expect(page.locator("[data-balance]")).toHaveText("1");
  await page.getByRole("link", { name: "Back to the project" }).click();
  await expect(page).toHaveURL(project);
  await expect(page.locator("input[name^='caption.']").nth(0)).toHaveValue("Typed just now");
  await expect(page.locator("input[name^='caption.']").nth(2)).toHaveValue("Not to be lost");
});

test("removing a photograph keeps the lines just typed beside the others", async ({ page }) => {
  await signUp(page, freshAddress());
  await newProject(page, "Three", 3);
  await page.locator("input[name^='caption.']").nth(2).fill("The third");
  await page.getByRole("button", { name: /^Remove / }).first().click();
  await expect(page.locator("ol.thumbs > li")).toHaveCount(2);
  await expect(page.locator("input[name^='caption.']").nth(1)).toHaveValue("The third");
});

test("theme, language and zone are kept, also for a browser that comes later", async ({ page, browser }) => {
  const address = freshAddress();
  await signUp(page, address);
  await page.goto("/app/settings");
  await page.getByLabel("Dark").check();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.locator("html")).toHaveAttribute("data-zone", "Asia/Tokyo");

  const later = await (await browser.newContext()).newPage();
  await later.goto("/login");
  await later.getByLabel(/email/i).fill(address);
  await later.getByLabel(/password/i).first().fill(password);
  await later.getByRole("main").locator("button.primary").click();
  await expect(later).toHaveURL(/\/app$/);
  await later.goto("/app/projects");
  await expect(later.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("the ledger comes as CSV with the balance after each row", async ({ page }) => {
  await signUp(page, freshAddress());
  await page.goto("/app/credits");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
  const text = (await import("node:fs")).readFileSync(await download.path(), "utf8");
  const lines = text.trim().split("\r\n");
  expect(lines[0]).toBe("time,type,credits,balance,job,note");
  expect(lines[1]).toMatch(/^\d{4}-.*Z,purchase,20,20,,"/);
});

test("deleting a project is asked about and can be called off by the keyboard", async ({ page }) => {
  await signUp(page, freshAddress());
  const project = await newProject(page, "Short-lived", 0);
  await page.getByRole("button", { name: "Delete project" }).press("Enter");
  await expect(page.getByRole("heading", { name: "Delete this project?" })).toBeVisible();
  await expect(page.locator("dialog:modal")).toBeVisible();
  await expect(page.getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("heading", { name: "Delete this project?" })).toBeHidden();
  await page.getByRole("button", { name: "Delete project" }).press("Enter");
  await page.getByRole("button", { name: "Delete everything" }).click();
  await expect(page).toHaveURL(/\/app\/projects$/);
  expect((await page.request.get(project)).status()).toBe(404);
});

const notes = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") };
const projectsOf = (address: string) => sql(`select count(*) from public.projects p join auth.users u on u.id = p.user_id where u.email = '${address}'`);

test("a new project whose file is refused is made once, and the way to it stands beside the refusal", async ({ page }) => {
  const address = freshAddress();
  await signUp(page, address);
  await page.goto("/app/projects/new");
  await page.getByLabel("Title").fill("One is bad");
  await page.locator('input[type="file"]').setInputFiles([{ name: "good.jpg", mimeType: "image/jpeg", buffer: readFileSync(photographs(1)[0]) }, notes]);
  await page.getByRole("button", { name: "Create project" }).click();
  await expect(page.getByRole("alert")).toContainText("notes.txt");
  await expect(page.getByRole("link", { name: "Open the project" })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Try again/ }), "the same file would be refused again").toHaveCount(0);
  await page.getByLabel("Title").press("Enter");
  await expect(page).toHaveURL(/\/app\/projects\/[0-9a-f-]{36}$/);
  await expect(page.locator("ol.thumbs > li")).toHaveCount(1);
  expect(projectsOf(address)).toBe("1");
});

test("a project that cannot be made says so in place and keeps title, files and texts", async ({ page }) => {
  const address = freshAddress();
  await signUp(page, address);
  await page.goto("/app/projects/new");
  await page.getByLabel("Title").fill("Later");
  await page.locator('input[type="file"]').setInputFiles(photographs(1));
  await page.getByLabel(/^Caption: /).fill("Not to be lost");
  await page.route("**/api/projects", (route) => route.abort());
  await page.getByRole("button", { name: "Create project" }).click();
  await expect(page.getByRole("alert")).toContainText("couldn’t create the project");
  await expect(page.getByLabel(/^Caption: /)).toHaveValue("Not to be lost");
  await page.unroute("**/api/projects");
  await page.getByRole("button", { name: "Create project" }).click();
  await expect(page.locator("input[name^='caption.']")).toHaveValue("Not to be lost");
  expect(projectsOf(address)).toBe("1");
});

test("a dropped file that is no image is refused by name, one too large is not even sent, and each can be cancelled", async ({ page }) => {
  await signUp(page, freshAddress());
  await newProject(page, "Dropped", 0);
  const drop = (name: string, type: string, size: number) =>
    page.evaluate(
      ([name, type, size]) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([new Uint8Array(size as number)], name as string, { type: type as string }));
        document.querySelector("[data-drop]")!.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
      },
      [name, type, size] as const,
    );
  await drop("plan.pdf", "application/pdf", 200);
  await expect(page.getByRole("alert")).toContainText("“plan.pdf” is not a JPEG, PNG or WebP image");
  await page.getByRole("button", { name: "Remove: plan.pdf" }).click();
  await expect(page.getByRole("alert")).toHaveCount(0);

  let sent = 0;
  page.on("request", (request) => request.method() === "POST" && ++sent);
  await drop("huge.jpg", "image/jpeg", (25 << 20) + 1);
  await expect(page.getByRole("alert")).toContainText("larger than 25 MB");
  await expect(page.getByRole("button", { name: /^Try again/ })).toHaveCount(0);
  expect(sent).toBe(0);
});

test("an upload that stalls says so, is sent again on demand, and can be cancelled under way", async ({ page }) => {
  await page.clock.install();
  await signUp(page, freshAddress());
  await newProject(page, "Stalls", 0);
  await page.route("**/inputs", () => {}); // nobody answers
  await page.locator('input[type="file"]').setInputFiles(photographs(1));
  await expect(page.locator("progress.thin")).toBeVisible();
  await page.clock.fastForward(31_000);
  await expect(page.getByRole("alert")).toContainText("The upload has stalled");
  await page.getByRole("button", { name: /^Try again/ }).click();
  await expect(page.locator("progress.thin")).toBeVisible();
  await page.getByRole("button", { name: /^Cancel: / }).click();
  await expect(page.locator("progress.thin")).toHaveCount(0);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await page.unroute("**/inputs");
  await page.locator('input[type="file"]').setInputFiles(photographs(1));
  await expect(page.locator("ol.thumbs > li")).toHaveCount(1);
});

test("a new project shows its price as files are chosen and taken away", async ({ page }) => {
  await signUp(page, freshAddress());
  await page.goto("/app/projects/new");
  const price = page.locator("[data-estimate]");
  await expect(price).toBeEmpty();
  await page.locator('input[type="file"]').setInputFiles(photographs(4));
  await expect(price).toHaveText("At most 2 credits. You have 20 credits.");
  await page.getByRole("button", { name: /^Remove: / }).first().click();
  await expect(page.locator("ul.thumbs > li")).toHaveCount(3);
  await expect(price).toHaveText("At most 1 credit. You have 20 credits.");
  // A file that will not be sent is not counted.
  const asked = page.waitForResponse(/\/api\/quote\?inputs=3$/);
  await page.locator('input[type="file"]').setInputFiles({ name: "huge.jpg", mimeType: "image/jpeg", buffer: Buffer.alloc((25 << 20) + 1) });
  await expect(page.getByRole("alert")).toContainText("larger than 25 MB");
  await asked;
  await expect(price).toHaveText("At most 1 credit. You have 20 credits.");
});

test("a project is renamed on its page", async ({ page }) => {
  await signUp(page, freshAddress());
  const project = await newProject(page, "Before", 0);
  await page.getByText("Rename", { exact: true }).click();
  await page.getByLabel("Title").fill("After");
  await page.getByRole("button", { name: "Save title" }).click();
  await expect(page).toHaveURL(project);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("After");
});
