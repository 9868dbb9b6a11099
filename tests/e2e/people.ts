// People in every state a screen can have: made by the admin API, given work by /api, and set by SQL where only time or
// Stripe could bring the state about.
import { expect, request, type APIRequestContext, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { freshAddress, password, photographs, sql } from "./support.ts";

let known: Record<string, string> | undefined;
/** The addresses and keys that `tenon dev` wrote for tools. */
export function dev(name: string): string {
  known ??= Object.fromEntries(
    readFileSync(join(process.env.TENON_E2E_DATA!, "dev.env"), "utf8").split("\n").filter((line) => line.includes("=")).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  return known[name];
}

const quoted = (text: string | null) => (text === null ? "null" : `'${text.replaceAll("'", "''")}'`);

export interface JobState {
  status: "QUEUED" | "PROCESSING" | "READY" | "FAILED";
  progress?: number;
  code?: string;
  message?: string;
  cancelling?: boolean;
  reserved?: number;
  final?: number;
  /** name and state of its steps, in order */
  steps?: [string, "running" | "done" | "failed"][];
}

export class Person {
  constructor(readonly id: string, readonly email: string, private readonly api: APIRequestContext) {}

  async project(title: string, photos = 0): Promise<string> {
    const made = await this.api.post("/api/projects", { data: { title } });
    expect(made.status(), await made.text()).toBe(201);
    const { id } = (await made.json()) as { id: string };
    for (const path of photographs(photos)) {
      const added = await this.api.post(`/api/projects/${id}/inputs`, {
        multipart: { file: { name: basename(path), mimeType: "image/jpeg", buffer: readFileSync(path) }, caption: "A line of text" },
      });
      expect(added.status(), await added.text()).toBe(201);
    }
    return id;
  }

  credits(amount: number): void {
    sql(`select tenon.grant_credits('${this.id}', '${randomUUID()}', ${amount}, 'Credits to try it out')`);
  }

  /** A plan as Stripe's webhook would leave it; its period ends in so many days. */
  subscription(status: string, days: number, cancelled = false): void {
    sql(`insert into public.subscriptions (id, user_id, status, tier, period_end, cancel_at_period_end)
         values ('sub_${randomUUID()}', '${this.id}', '${status}', 'pro', date_trunc('day', now()) + interval '${days} days', ${cancelled});
         update public.profiles set subscription_tier = 'pro', subscription_status = '${status}' where id = '${this.id}'`);
  }

  /** Puts the project's job where no waiting would bring it: it is no worker's, and stays as it is for an hour. */
  job(project: string, state: JobState): string {
    const id = randomUUID();
    const ended = state.status === "READY" || state.status === "FAILED";
    const status = { QUEUED: "processing", PROCESSING: "processing", READY: "ready", FAILED: "failed" }[state.status];
    const reserved = state.reserved ?? 3;
    const steps = (state.steps ?? []).map(
      ([name, step], n) => `insert into public.job_steps (job_id, user_id, n, name, state, started_at, finished_at, cpu_ms, bytes_out, error_code)
        values ('${id}', '${this.id}', ${n}, '${name}', '${step}', now() - interval '${60 - n * 10} seconds',
                ${step === "running" ? "null" : `now() - interval '${55 - n * 10} seconds'`}, 1200, 340000, ${step === "failed" ? quoted(state.code ?? null) : "null"});`,
    );
    sql(`begin;
      alter table public.jobs disable trigger user;
      insert into public.jobs (id, user_id, project_id, status, progress, error_code, error_message, created_at, started_at, finished_at,
                               cost_credits_reserved, cost_credits_final, attempt, settled_at, cancel_requested_at, run_at)
      values ('${id}', '${this.id}', '${project}', '${state.status}', ${state.progress ?? (state.status === "READY" ? 100 : 0)},
              ${quoted(state.code ?? null)}, ${quoted(state.message ?? null)}, now() - interval '90 seconds',
              ${state.status === "QUEUED" ? "null" : "now() - interval '60 seconds'"}, ${ended ? "now()" : "null"}, ${reserved}, ${state.final ?? 0}, 1,
              ${ended ? "now()" : "null"}, ${state.cancelling ? "now()" : "null"}, ${state.status === "QUEUED" ? "now() + interval '1 day'" : "null"});
      ${steps.join("\n")}
      update public.projects set status = '${status}' where id = '${project}';
      alter table public.jobs enable trigger user;
      commit;
      insert into public.credit_ledger (user_id, job_id, type, amount, business_key) values ('${this.id}', '${id}', 'reserve', -${reserved}, 'reserve:${id}');`);
    const back = reserved - (state.final ?? 0);
    if (ended && back > 0)
      sql(`insert into public.credit_ledger (user_id, job_id, type, amount, business_key) values ('${this.id}', '${id}', 'release', ${back}, 'release:${id}')`);
    return id;
  }
}

/** A confirmed account that has nothing yet, not even credits. */
export async function person(language = "en"): Promise<Person> {
  const email = freshAddress();
  const keys = { apikey: dev("SUPABASE_SERVICE_ROLE_KEY"), Authorization: `Bearer ${dev("SUPABASE_SERVICE_ROLE_KEY")}` };
  const admin = await request.newContext({ baseURL: dev("SUPABASE_URL"), extraHTTPHeaders: keys });
  const made = await admin.post("/auth/v1/admin/users", { data: { email, password, email_confirm: true } });
  expect(made.ok(), await made.text()).toBe(true);
  const { id } = (await made.json()) as { id: string };
  const answer = await admin.post("/auth/v1/token?grant_type=password", { data: { email, password }, headers: { apikey: dev("SUPABASE_ANON_KEY") } });
  const { access_token } = (await answer.json()) as { access_token: string };
  await admin.dispose();
  if (language !== "en") sql(`update public.profiles set locale = '${language}', chosen_locale = '${language}' where id = '${id}'`);
  const api = await request.newContext({ baseURL: dev("TENON_URL"), extraHTTPHeaders: { Authorization: `Bearer ${access_token}` } });
  return new Person(id, email, api);
}

/** Signs in by the form, in whatever language it is shown. */
export async function enter(page: Page, email: string, secret = password): Promise<void> {
  await page.goto("/login");
  await page.locator("input[name=email]").first().fill(email);
  await page.locator("input[name=password]").fill(secret);
  await page.getByRole("main").locator("button.primary").click();
  await expect(page).toHaveURL(/\/app/);
}

export function demoPassword(): string {
  return readFileSync(join(process.env.TENON_E2E_DATA!, "secrets.env"), "utf8").match(/DEMO_PASSWORD=(.*)/)![1].slice(0, 12);
}
