// A worker written elsewhere, in TypeScript, on the official client: it claims by rpc, reports progress, stores its
// files and settles. Runs against the Tenon that claims no pipeline job of its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@supabase/supabase-js";
import { person, type Person } from "./rest_support.ts";

const url = process.env.SECOND_URL!;
const site = process.env.SECOND_SITE!;
const admin = createClient(url, process.env.SECOND_SERVICE_ROLE_KEY!, { auth: { persistSession: false } });
const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

async function api(who: Person, method: string, path: string, body?: FormData | object) {
  const form = body instanceof FormData;
  const answer = await fetch(`${site}/api/${path}`, {
    method,
    headers: { Authorization: `Bearer ${who.token}`, ...(body && !form ? { "Content-Type": "application/json" } : {}) },
    body: form ? body : body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

async function startedJob(who: Person, title: string) {
  const project = await api(who, "POST", "projects", { title });
  const form = new FormData();
  form.append("file", new Blob([pixel], { type: "image/png" }), "one.png");
  form.append("caption", "A pixel");
  await api(who, "POST", `projects/${project.id}/inputs`, form);
  return { project, job: await api(who, "POST", `projects/${project.id}/jobs`, {}) };
}

async function must<T>(asked: PromiseLike<{ data: T; error: unknown }>): Promise<T> {
  const { data, error } = await asked;
  assert.equal(error, null, JSON.stringify(error));
  return data;
}

// The product's work on a job; returns the credits it cost.
async function work(job: any): Promise<number> {
  const project = await must(admin.from("projects").select("id, title, user_id").eq("id", job.project_id).single());
  const inputs = await must(admin.from("assets").select("path, meta").eq("project_id", job.project_id).eq("type", "input"));
  assert.equal(inputs.length, 1);
  const [bucket, ...key] = inputs[0].path.split("/");
  const input = await must(admin.storage.from(bucket).download(key.join("/")));
  assert.equal(input.size, pixel.length);
  const folder = `u_${job.user_id}/p_${job.project_id}/j_${job.id}`;
  for (const progress of [25, 50, 75]) await must(admin.from("jobs").update({ progress }).eq("id", job.id));
  if (project.title === "breaks") throw new Error("the input cannot be read");
  for (const [name, text] of [["captions.srt", "1\n00:00:00,000 --> 00:00:01,000\nA pixel\n"], ["notes.txt", "done"]]) {
    await must(admin.storage.from("project-outputs").upload(`${folder}/${name}`, new Blob([text]), { contentType: "text/plain" }));
    await must(
      admin.from("assets").insert({ project_id: job.project_id, user_id: job.user_id, job_id: job.id, type: "output", path: `project-outputs/${folder}/${name}`, meta: { name } }),
    );
  }
  return 1;
}

async function claimUntilIdle(name: string): Promise<string[]> {
  const worked: string[] = [];
  for (;;) {
    const { data: job, error } = await admin.rpc("claim_next_job", { worker_name: name });
    assert.equal(error, null);
    if (!job) return worked;
    assert.equal(job.claimed_by, name);
    assert.equal(job.status, "PROCESSING");
    worked.push(job.id);
    const finished_at = new Date().toISOString();
    try {
      const cost = await work(job);
      await must(admin.rpc("finalize_credits", { p_user_id: job.user_id, p_job_id: job.id, p_final_cost: cost }));
      await must(admin.from("jobs").update({ status: "READY", progress: 100, finished_at }).eq("id", job.id));
      await must(admin.from("projects").update({ status: "ready" }).eq("id", job.project_id));
    } catch (fault) {
      if (fault instanceof assert.AssertionError) throw fault;
      await must(admin.from("jobs").update({ status: "FAILED", error_code: "ERR_PROCESSING", error_message: (fault as Error).message, finished_at }).eq("id", job.id));
      await must(admin.from("projects").update({ status: "failed" }).eq("id", job.project_id));
    }
  }
}

const balance = async (who: Person) => (await must(who.client.from("credit_balance").select("balance").maybeSingle()))?.balance ?? 0;

test("[9 worker] jobs started through /api are claimed by rpc, worked, and end READY with exact credits", async () => {
  const people = await Promise.all([person(url), person(url)]);
  for (const one of people) await must(admin.from("credit_ledger").insert({ user_id: one.id, type: "purchase", amount: 50, note: "a pack" }));
  const started = [];
  for (const one of people) for (const title of ["first", "second", "breaks"]) started.push({ one, ...(await startedJob(one, title)) });
  const reserved = await must(admin.from("jobs").select("id, cost_credits_reserved").in("id", started.map((each) => each.job.id)));
  assert.ok(reserved.every((row) => row.cost_credits_reserved > 0));
  assert.ok((await balance(people[0])) < 50);

  // Two workers share the queue; no job goes to both.
  const worked = (await Promise.all([claimUntilIdle("ts-1"), claimUntilIdle("ts-2")])).flat();
  assert.deepEqual([...worked].sort(), started.map((each) => each.job.id).sort());

  for (const { one, project, job } of started) {
    const row = await must(one.client.from("jobs").select("status, progress, error_code, cost_credits_final, cost_credits_reserved, projects(status)").eq("id", job.id).single<any>());
    const broke = project.title === "breaks";
    assert.deepEqual(
      row,
      broke
        ? { status: "FAILED", progress: row.progress, error_code: "ERR_PROCESSING", cost_credits_final: 0, cost_credits_reserved: 0, projects: { status: "failed" } }
        : { status: "READY", progress: 100, error_code: null, cost_credits_final: 1, cost_credits_reserved: 0, projects: { status: "ready" } },
    );
    const ledger = await must(one.client.from("credit_ledger").select("amount").eq("job_id", job.id));
    assert.equal(ledger.reduce((sum, entry) => sum + entry.amount, 0), broke ? 0 : -1);
    if (!broke) {
      const outputs = await api(one, "GET", `jobs/${job.id}/outputs`);
      assert.deepEqual(outputs.map((output: { name: string }) => output.name).sort(), ["captions.srt", "notes.txt"]);
    }
  }
  for (const one of people) assert.equal(await balance(one), 48);
  assert.equal((await admin.rpc("claim_next_job", { worker_name: "ts-1" })).data, null);
});
