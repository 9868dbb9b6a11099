import { expect } from "@playwright/test";
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshAddress, mailTo, newProject, password, signUp, test, watchConsole } from "./support.ts";

test("a person signs up, confirms, uploads three photographs, watches the job move and plays the video", async ({ page }) => {
  const faults = watchConsole(page);
  const address = freshAddress();
  await signUp(page, address);

  const projectUrl = await newProject(page, "A walk <b>in</b> the garden", 3);

  // Every document load counts: progress must move without one.
  let loads = 0;
  page.on("load", () => ++loads);
  await page.locator("button[form=run]", { hasText: /make the video/i }).click();
  await expect(page.locator("progress").first()).toBeVisible();
  const loadsAtStart = loads;
  const seen = new Set<number>();
  await expect
    .poll(
      async () => {
        const bar = page.locator("progress").first();
        if (await bar.count()) seen.add(await bar.evaluate((element: HTMLProgressElement) => element.value).catch(() => -1));
        return seen.size >= 5 || (await page.locator("video").count()) > 0;
      },
      { timeout: 60_000, intervals: [50] },
    )
    .toBe(true);
  expect([...seen].filter((value) => value > 0).length, `progress values seen: ${[...seen]}`).toBeGreaterThanOrEqual(3);
  expect(loads, "the page was loaded again while the bar moved").toBeLessThanOrEqual(loadsAtStart + 1);

  const video = page.locator("video");
  await expect(video).toBeVisible({ timeout: 60_000 });
  await video.evaluate((element: HTMLVideoElement) => {
    element.muted = true;
    return element.play();
  });
  await expect.poll(() => video.evaluate((element: HTMLVideoElement) => element.currentTime), { timeout: 15_000 }).toBeGreaterThan(0.3);

  const link = page.getByRole("link", { name: /final\.mp4/ }).first();
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  const target = join(mkdtempSync(join(tmpdir(), "tenon-video-")), "final.mp4");
  await download.saveAs(target);
  const probe = execFileSync("ffprobe", ["-v", "error", "-show_entries", "stream=codec_name:format=duration", "-of", "default=nw=1", target]).toString();
  expect(probe).toContain("codec_name=h264");
  expect(Number(probe.match(/duration=([\d.]+)/)![1])).toBeGreaterThan(8);

  const mail = await mailTo(page, address, /is ready!/);
  expect(mail.subject).toContain("A walk <b>in</b> the garden");
  expect(mail.html).not.toContain("<b>in</b>");
  expect(mail.text).toContain(new URL(projectUrl).pathname);
  expect(faults).toEqual([]);
});

test("a wrong password says so without telling whether the address is known, and keeps the address in the form", async ({ page }) => {
  const address = freshAddress();
  await signUp(page, address);
  await page.context().clearCookies();
  const texts: string[] = [];
  for (const email of [address, freshAddress()]) {
    await page.goto("/login");
    await page.getByLabel(/email/i).fill(email);
    await page.getByLabel(/password/i).first().fill("not the password");
    await page.getByRole("main").locator("button.primary").click();
    await expect(page).toHaveURL(/\/login/);
    await expect(page.getByLabel(/email/i)).toHaveValue(email);
    texts.push((await page.getByRole("alert").first().innerText()).trim());
  }
  expect(texts[0]).toBe(texts[1]);
  expect(texts[0].length).toBeGreaterThan(10);
});

test("the signed-out are sent to the login page and come back to where they were going", async ({ page }) => {
  const address = freshAddress();
  await signUp(page, address);
  await page.context().clearCookies();
  await page.goto("/app/projects?status=ready");
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel(/email/i).fill(address);
  await page.getByLabel(/password/i).first().fill(password);
  await page.getByRole("main").locator("button.primary").click();
  await expect(page).toHaveURL(/\/app\/projects\?status=ready$/);
  await page.getByRole("button", { name: /sign out/i }).click();
  await page.goto("/app");
  await expect(page).toHaveURL(/\/login/);
});

test("the demo's first dashboard already shows work", async ({ page }) => {
  const data = process.env.TENON_E2E_DATA!;
  const secrets = (await import("node:fs")).readFileSync(join(data, "secrets.env"), "utf8");
  const demo = secrets.match(/DEMO_PASSWORD=(.*)/)![1].slice(0, 12);
  await page.goto("/login");
  await page.getByLabel(/email/i).fill("demo@example.com");
  await page.getByLabel(/password/i).first().fill(demo);
  await page.getByRole("main").locator("button.primary").click();
  await expect(page).toHaveURL(/\/app$/);
  await expect(page.getByRole("main")).toContainText(/sample/i);
});
