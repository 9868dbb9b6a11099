import { expect } from "@playwright/test";
import { gzipSync } from "node:zlib";
import { freshAddress, newProject, signUp, test } from "./support.ts";

// The budgets of a first visit, compressed as gzip -9 does: what is over them is a decision, not an accident.
const budget = { html: 14_336, css: 12_288, js: 20_480 };

test("pages stay within their weights and load nothing from elsewhere", async ({ page }) => {
  await signUp(page, freshAddress());
  const project = await newProject(page, "Light", 2);
  const table: string[] = [];
  for (const path of ["/", "/pricing", "/login", "/app", "/app/projects", "/app/projects/new", new URL(project).pathname, "/app/credits", "/app/settings"]) {
    const weight = { html: 0, css: 0, js: 0 };
    const strangers: string[] = [];
    const seen: Promise<void>[] = [];
    page.removeAllListeners("response");
    page.on("response", (response) => {
      const url = new URL(response.url());
      if (url.protocol !== "data:" && url.protocol !== "blob:" && url.origin !== new URL(page.url()).origin) strangers.push(response.url());
      const type = response.headers()["content-type"] ?? "";
      const kind = type.startsWith("text/html") ? "html" : type.startsWith("text/css") ? "css" : type.startsWith("text/javascript") ? "js" : undefined;
      if (kind) seen.push(response.body().then((body) => void (weight[kind] += gzipSync(body, { level: 9 }).length)));
    });
    await page.goto(path);
    await page.waitForLoadState("load");
    await Promise.all(seen);
    table.push(`${path.replace(/[0-9a-f-]{36}/, "{id}")}  html ${weight.html}  css ${weight.css}  js ${weight.js}`);
    for (const kind of ["html", "css", "js"] as const) expect.soft(weight[kind], `${kind} of ${path}`).toBeLessThanOrEqual(budget[kind]);
    expect.soft(weight.css, `the style sheets of ${path} were measured`).toBeGreaterThan(3000);
    expect(strangers).toEqual([]);
  }
  console.log(table.join("\n"));
});
