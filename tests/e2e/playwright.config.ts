import { defineConfig } from "@playwright/test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

// A real Tenon in a fresh data folder, a real Chromium. TENON_E2E_DATA names the folder, so that specs can read dev.env.
const root = resolve(import.meta.dirname, "../..");
process.env.TENON_E2E_DATA ??= mkdtempSync(join(tmpdir(), "tenon-e2e-"));
const port = process.env.TENON_E2E_PORT ?? "3838";
const apiPort = process.env.TENON_E2E_API_PORT ?? "54341";
const binary = process.env.TENON_BINARY ?? join(root, "build/release/tenon");

export default defineConfig({
  testDir: ".",
  snapshotPathTemplate: "{testDir}/snapshots/{arg}{ext}",
  fullyParallel: true,
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 10_000 },
  outputDir: join(root, "build/e2e/results"),
  reporter: [["line"], ["json", { outputFile: join(root, "build/e2e/report.json") }]],
  use: {
    baseURL: `http://localhost:${port}`,
    trace: "on-first-retry",
    screenshot: "only-on-failure",
    timezoneId: "UTC",
    launchOptions: {
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"],
    },
  },
  projects: [
    { name: "chromium", testMatch: /.*\.spec\.ts/, testIgnore: /no_javascript/ },
    { name: "no-javascript", testMatch: /no_javascript\.spec\.ts/, use: { javaScriptEnabled: false } },
  ],
  webServer: {
    command: `${binary} dev --port ${port} --api-port ${apiPort} --data ${process.env.TENON_E2E_DATA}`,
    url: `http://localhost:${port}/readyz`,
    reuseExistingServer: !process.env.CI,
    timeout: 60_000,
    gracefulShutdown: { signal: "SIGTERM", timeout: 20_000 },
    env: { TENON_RATE_LIMITS: "off" },
  },
});
