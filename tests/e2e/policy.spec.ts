import { expect } from "@playwright/test";
import { test } from "./support.ts";

test("the browser holds pages to their policy, and this suite sees it", async ({ page, policyFaults }) => {
  for (const path of ["/", "/pricing", "/login", "/signup", "/terms", "/privacy", "/no-such-page"]) {
    const answer = await page.goto(path);
    const policy = (await answer!.allHeaders())["content-security-policy"];
    expect(policy).toMatch(/^default-src 'none'; script-src 'nonce-[A-Za-z0-9+/]{22}==' 'strict-dynamic'; style-src 'self'; /);
    expect(policy).not.toMatch(/unsafe|\*/);
  }
  expect(policyFaults).toEqual([]);
  await page.evaluate(() => {
    new Image().src = "https://elsewhere.invalid/pixel.png";
  });
  await expect.poll(() => policyFaults.length).toBeGreaterThan(0);
  policyFaults.length = 0; // this one was meant
});
