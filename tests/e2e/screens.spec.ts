// Every screen in every state, light and dark, on a telephone, a tablet and a desk. One person a state.
import { expect, type Page } from "@playwright/test";
import { inspectAll, type Screen } from "./inspect.ts";
import { demoPassword, enter, person } from "./people.ts";
import { freshAddress, password, sql, test } from "./support.ts";
import { totp } from "../support/totp.ts";

test.setTimeout(600_000);

const submit = (fields: Record<string, string>) => async (page: Page) => {
  for (const [name, value] of Object.entries(fields)) await page.locator(`main input[name=${name}]`).first().fill(value);
  await page.getByRole("main").locator("button.primary").first().click();
  await page.waitForLoadState();
};

test("what anybody sees", async ({ page }) => {
  await inspectAll(page, [
    { name: "landing", path: "/" },
    { name: "landing, questions open", path: "/", then: (page) => page.locator("details").evaluateAll((all) => all.forEach((one) => one.setAttribute("open", ""))) },
    { name: "pricing", path: "/pricing" },
    { name: "terms", path: "/terms" },
    { name: "privacy", path: "/privacy" },
    { name: "404", path: "/no-such-page", status: 404 },
    ...([403, 429, 500, 503] as const).map((status) => ({ name: `${status}`, path: `/dev/ui/errors/${status}`, status })),
  ]);
});

test("signing up and in", async ({ page }) => {
  await inspectAll(page, [
    { name: "login", path: "/login" },
    { name: "login, wrong", path: "/login", then: submit({ email: "nobody@example.com", password: "not the password" }) },
    { name: "login, from elsewhere", path: "/login?next=/app/credits" },
    { name: "sign-up", path: "/signup" },
    { name: "sign-up, refused", path: "/signup", then: submit({ email: freshAddress(), password: "password" }) },
    { name: "sign-up, mail sent", path: "/signup", then: submit({ email: freshAddress(), password: "a long enough phrase" }) },
    { name: "verify, no link", path: "/verify" },
    { name: "verify, old link", path: "/verify?type=signup&token_hash=0123456789abcdef", status: 410 },
    { name: "reset", path: "/reset" },
    { name: "reset, sent", path: "/reset", then: submit({ email: freshAddress() }) },
    { name: "reset, old link", path: "/reset?type=recovery&token_hash=0123456789abcdef", status: 410 },
    { name: "sign-up, news asked for", path: "/signup", then: (page) => page.locator("input[name=marketing_opt_in]").check() },
    { name: "login, link", path: "/login/link" },
    { name: "login, link sent", path: "/login/link", then: submit({ email: freshAddress() }) },
    { name: "verify, link by mail", path: "/verify?type=magiclink&token_hash=0123456789abcdef", status: 410 },
    { name: "signed out", path: "/login?notice=account.signed_out" },
  ]);
});

test("the settings of security, and the second step of a sign-in", async ({ page, browser }) => {
  const someone = await person();
  await enter(page, someone.email);
  const security = "/app/settings/security";
  let apps = 0;
  const enrol = async (page: Page): Promise<string> => {
    await page.locator("form[action$='/factors'] input[name=name]").fill(`Phone ${++apps}`);
    await page.locator("form[action$='/factors'] button").click();
    return (await page.locator("code.code").first().textContent())!;
  };
  const confirm = async (page: Page, code: string) => {
    await page.locator("form[action$='/confirm'] input[name=code]").fill(code);
    await page.locator("form[action$='/confirm'] button").click();
    await page.waitForLoadState();
  };
  await inspectAll(page, [
    { name: "security", path: security },
    { name: "security, wrong password", path: security, then: async (page) => {
        const form = page.locator("form[action$='/password']");
        for (const field of await form.locator("input[type=password]").all()) await field.fill("not the password");
        await form.getByRole("button").click();
        await expect(page.locator("[aria-invalid=true]")).toBeVisible();
      } },
    { name: "security, an app is added", path: security, then: (page) => enrol(page).then(() => undefined) },
    { name: "security, a wrong code", path: security, then: async (page) => {
        await enrol(page);
        await confirm(page, "000000");
        await expect(page.locator("[aria-invalid=true]")).toBeVisible();
      } },
    { name: "security, recovery codes", path: security, then: async (page) => {
        await confirm(page, totp(await enrol(page)));
        await expect(page.locator("li code")).toHaveCount(10);
      } },
    { name: "security, two steps", path: security },
  ]);

  const other = await (await browser.newContext()).newPage();
  await other.goto("/login");
  await submit({ email: someone.email, password })(other);
  await expect(other).toHaveURL(/\/login\/code/);
  await inspectAll(other, [
    { name: "login, code", path: "/login/code" },
    { name: "login, wrong code", path: "/login/code", then: submit({ code: "000000" }) },
    { name: "login, recovery code", path: "/login/code?with=recovery" },
  ]);
  await other.context().close();
});

test("the parts of the design system", async ({ page }) => {
  await inspectAll(page, [
    { name: "components", path: "/dev/ui" },
    { name: "components, dialog open", path: "/dev/ui", then: async (page) => {
        await page.locator("main button[commandfor=sample]").first().click();
        await expect(page.locator("dialog:modal")).toBeVisible();
      } },
    { name: "mails sent here", path: "/dev/mail" },
  ]);
});

test("an account that is new", async ({ page }) => {
  const someone = await person();
  const project = await someone.project("Nothing in it yet");
  sql(`delete from public.projects where id = '${project}'`);
  await enter(page, someone.email);
  await inspectAll(page, [
    { name: "dashboard, empty", path: "/app" },
    { name: "projects, empty", path: "/app/projects" },
    { name: "new project", path: "/app/projects/new" },
    { name: "new project, refused", path: "/app/projects/new", then: (page) => page.locator("form[data-create]").evaluate((form: HTMLFormElement) => {
        form.noValidate = true;
        delete form.dataset.create;
        HTMLFormElement.prototype.submit.call(form);
      }).then(() => page.waitForSelector("[aria-invalid=true]")).then(() => undefined) },
    { name: "credits, empty", path: "/app/credits" },
    { name: "settings", path: "/app/settings" },
    { name: "settings, saved", path: "/app/settings?notice=account.profile" },
    { name: "settings, notifications", path: "/app/settings/notifications" },
    { name: "project of somebody else", path: `/app/projects/${project}`, status: 404 },
    { name: "landing, signed in", path: "/" },
    { name: "pricing, signed in", path: "/pricing" },
  ]);
});

test("a project in each state of its job", async ({ page }) => {
  const someone = await person();
  someone.credits(60);
  const projects: Screen[] = [];
  const add = async (name: string, photos: number, state?: Parameters<typeof someone.job>[1], suffix = "") => {
    const id = await someone.project(`A project that is ${name}`, photos);
    if (state) someone.job(id, state);
    projects.push({ name: `project, ${name}`, path: `/app/projects/${id}${suffix}` });
  };
  await add("empty", 0);
  await add("a draft", 3);
  await add("told what went wrong", 1, undefined, "?problem=pipeline.unsupported_image");
  await add("queued", 1, { status: "QUEUED" });
  await add("processing", 2, { status: "PROCESSING", progress: 42, steps: [["probe", "done"], ["captions", "done"], ["render", "running"]] });
  await add("being cancelled", 1, { status: "PROCESSING", progress: 12, cancelling: true, steps: [["probe", "running"]] });
  await add("failed", 1, {
    status: "FAILED", progress: 25, code: "BAD_IMAGE", steps: [["probe", "failed"]],
    message: "We can’t read “march-pastoral.jpg” as a photograph. Save it again as JPEG, PNG or WebP, replace it and start again.",
  });
  await add("cancelled", 1, { status: "FAILED", progress: 50, code: "CANCELLED", message: "You cancelled this job.", steps: [["probe", "done"]] });
  await enter(page, someone.email);
  await inspectAll(page, [
    ...projects,
    { ...projects[1], name: "project, about to be deleted", then: async (page) => {
        await page.getByRole("button", { name: "Delete project" }).click();
        await expect(page.locator("dialog:modal")).toBeVisible();
      } },
    { name: "dashboard, jobs running", path: "/app" },
    { name: "projects, some of each", path: "/app/projects" },
    { name: "projects, nothing matches", path: "/app/projects?q=zzzz" },
    { name: "projects, failed", path: "/app/projects?status=failed" },
    { name: "projects, bad page", path: "/app/projects?after=nonsense", status: 400 },
    { name: "credits, moved", path: "/app/credits" },
  ]);
});

test("an account with much in it, and with trouble", async ({ page }) => {
  const someone = await person();
  someone.credits(40);
  sql(`
    insert into public.projects (user_id, title, status, created_at)
    select '${someone.id}', case when n % 7 = 0 then repeat('A very long title without an end ', 5) else 'Walk number ' || n end,
           (array['draft', 'ready', 'failed']::public.project_status[])[1 + n % 3], now() - n * interval '1 hour'
      from generate_series(1, 45) n;
    insert into public.credit_ledger (user_id, type, amount, note) select '${someone.id}', 'spend', -1, 'a job' from generate_series(1, 40);
    insert into public.credit_ledger (user_id, type, amount, note) values ('${someone.id}', 'refund', -8, 'a refund');
    insert into public.email_log (user_id, to_email, kind, subject, status, created_at)
      values ('${someone.id}', '${someone.email}', 'job_completed', 's', 'bounced', now() + interval '1 day');`);
  const project = await someone.project("Credits are owed", 2);
  await enter(page, someone.email);
  await inspectAll(page, [
    { name: "dashboard, credits are owed", path: "/app" },
    { name: "projects, many", path: "/app/projects" },
    { name: "project, not enough credits", path: `/app/projects/${project}` },
    { name: "credits, owed", path: "/app/credits" },
    { name: "credits, not paid", path: "/app/credits?canceled=true" },
    { name: "notifications, mails come back", path: "/app/settings/notifications", then: (page) => expect(page.locator("main .notice.warn")).toBeVisible() },
  ]);
});

/** Unix seconds, so long ago. */
const ago = (minutes: number) => Math.floor(Date.now() / 1000) - 60 * minutes;

test("back from the checkout: waiting, there, late", async ({ page }) => {
  const someone = await person();
  await enter(page, someone.email);
  await inspectAll(page, [
    { name: "credits, just paid", path: "/app/credits?success=true" },
    { name: "credits, paid and late", path: `/app/credits?success=true&since=${ago(30)}` },
  ]);
  someone.credits(25);
  await inspectAll(page, [{ name: "credits, paid and there", path: `/app/credits?success=true&since=${ago(1)}` }]);
});

test("what every page says of a plan that is in trouble or ends", async ({ page }) => {
  const late = await person();
  late.subscription("past_due", 6);
  await enter(page, late.email);
  const project = await late.project("Walk by the sea", 2);
  await inspectAll(page, [
    { name: "dashboard, payment failed", path: "/app" },
    { name: "project, payment failed", path: `/app/projects/${project}` },
    { name: "settings, payment failed", path: "/app/settings" },
    { name: "pricing, a plan of one's own", path: "/pricing" },
  ]);
  sql(`update public.subscriptions set status = 'active', cancel_at_period_end = true where user_id = '${late.id}'`);
  await inspectAll(page, [
    { name: "dashboard, plan ends", path: "/app" },
    { name: "credits, plan ends", path: "/app/credits" },
  ]);
});

test("a project that is ready, with its video", async ({ page }) => {
  await enter(page, "demo@example.com", demoPassword());
  await page.goto("/app/projects?status=ready");
  await expect.poll(async () => (await page.reload(), page.locator("main a[href^='/app/projects/']:not([href$=new])").count()), { timeout: 90_000 }).toBeGreaterThan(0);
  const path = await page.locator("main a[href*='/app/projects/']:not([href$=new])").first().getAttribute("href");
  await inspectAll(page, [{ name: "project, ready", path: path! }, { name: "dashboard, a video made", path: "/app" }]);
});
