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

test("text that becomes HTML past the policy is refused and seen, also in a context that a test opens itself", async ({ browser, page, policyFaults }) => {
  const other = await (await browser.newContext()).newPage();
  for (const each of [page, other]) {
    policyFaults.length = 0;
    await each.goto(new URL("/", test.info().project.use.baseURL).href);
    const refused = await each.evaluate(() => {
      try {
        document.querySelector("h1")!.innerHTML = "<b>Not ours</b>";
        return "";
      } catch (fault) {
        return String(fault);
      }
    });
    expect(refused).toContain("TrustedHTML");
    await expect(each.locator("h1 b")).toHaveCount(0);
    await expect.poll(() => policyFaults.length).toBeGreaterThan(0);
  }
  policyFaults.length = 0; // these were meant
});
