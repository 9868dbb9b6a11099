import { expect, test } from "@playwright/test";
import { freshAddress, newProject, photographs, signUp, watchConsole } from "./support.ts";

test("a new project takes its photographs with bars and lines of text in one go", async ({ page }) => {
  const faults = watchConsole(page);
  await signUp(page, freshAddress());
  await page.goto("/app/projects/new");
  await page.getByLabel("Title").fill("In one go");
  await page.locator('input[type="file"]').setInputFiles(photographs(2));
  await page.getByLabel(/^Line of text: /).first().fill("The first line");
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
  await page.locator('input[type="file"]').setInputFiles([
    { name: "notes.txt", mimeType: "image/png", buffer: Buffer.from("no picture at all") },
    ...photographs(1).map((path) => path),
  ].filter((file) => typeof file !== "string") as never);
  await expect(page.getByRole("alert")).toContainText("notes.txt");
  await page.locator('input[type="file"]').setInputFiles(photographs(1));
  await expect(page.locator("ol.thumbs > li")).toHaveCount(1);
  await expect(page.getByRole("alert")).toContainText("notes.txt");
});

test("too few credits keep every word, lead to the credits and back", async ({ page }) => {
  await signUp(page, freshAddress());
  const project = await newProject(page, "Too dear", 3);
  // The first run takes what there is: sixty photographs more would be slow, so the price is raised by more of them.
  for (let round = 0; round < 20; ++round) {
    if (await page.getByRole("button", { name: "Get credits" }).count()) break;
    const answer = await page.evaluate(
      async ([url, csrf]) => {
        const picture = document.querySelector<HTMLImageElement>("ol.thumbs img")!;
        const bytes = await (await fetch(picture.src)).blob();
        const body = new FormData();
        body.set("_csrf", csrf);
        for (let n = 0; n < 57; ++n) body.append("file", bytes, `copy-${n}.jpg`);
        return (await fetch(url, { method: "POST", body, headers: { "X-CSRF-Token": csrf } })).status;
      },
      [`/api${new URL(project).pathname.replace("/app", "")}/inputs`, await page.locator("#run input[name=_csrf]").inputValue()],
    );
    expect([201, 422]).toContain(answer);
    await page.locator("button[form=run]", { hasText: /make the video/i }).click({ trial: true });
    break;
  }
});
