// Identity, transaction settings, profiles and resources: docs/spec/supabase-data-api.md 1, 2, 9 and 10.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@supabase/supabase-js";
import { anon, anonKey, call, owner, person, seconds, service, sign, url } from "./rest_support.ts";
import { until } from "../support/wait.ts";

const second = process.env.SECOND_URL!;
const who = async (options: Parameters<typeof call>[1] = {}) => (await call("rpc/who", options)).json;

test("[1 apikey] a request without an apikey is rejected", async () => {
  assert.equal((await fetch(`${url}/rest/v1/films`)).status, 401);
  assert.equal((await fetch(`${url}/rest/v1/films`, { headers: { apikey: "wrong" } })).status, 401);
});

test("[1 anon; 1 nullif] without a bearer, or with a token that names no role, the caller is anon", async () => {
  const ada = await person();
  await call("rpc/who", { token: ada.token });
  const response = await fetch(`${url}/rest/v1/rpc/who`, { headers: { apikey: anonKey } });
  const result = await response.json();
  assert.deepEqual([result.role, result.uid, result.claims.role], ["anon", null, "anon"]);
  const roleless = await who({ token: sign({ sub: ada.id, exp: seconds() + 60 }) });
  assert.equal(roleless.role, "anon");
});

test("[1 role claim] a statement runs under the token's role and claims", async () => {
  const ada = await person();
  const result = await who({ token: ada.token });
  assert.deepEqual([result.role, result.uid, result.claims.sub, result.claims.role], ["authenticated", ada.id, ada.id, "authenticated"]);
  assert.equal((await service.rpc("who")).data.role, "service_role");
});

test("[1 role unknown] a role that may not be assumed is rejected", async () => {
  for (const role of ["postgres", "tenon_owner", "authenticator", "nobody_here", "supabase_admin"]) {
    const answer = await call("films", { token: sign({ role, exp: seconds() + 60 }) });
    assert.ok(answer.status === 401 || answer.status === 403, `${role}: ${answer.status}`);
  }
});

test("[1 bad token; 1 no fallback] a bad token is 401 PGRST301 with WWW-Authenticate, and never anon", async () => {
  const good = { role: "authenticated", exp: seconds() + 60 };
  const bad = ["x", "x.y", "x.y.z", sign(good, "another secret of some length, wrong"), sign(good, undefined, { alg: "none" }), `${sign(good).slice(0, -3)}AAA`];
  for (const token of bad) {
    const answer = await call("directors", { token });
    assert.equal(answer.status, 401, token);
    assert.equal(answer.json.code, "PGRST301", answer.text);
    assert.match(answer.headers.get("www-authenticate")!, /^Bearer error="invalid_token", error_description="/);
  }
  assert.equal((await call("directors", { token: "x.y" })).json.message, "Expected 3 parts in JWT; got 2");
});

test("[1 algorithm; 1 audience] an unsupported algorithm, an unknown key and a foreign audience have their own messages", async () => {
  const good = { role: "authenticated", exp: seconds() + 60 };
  const result = async (token: string) => {
    const { status, json } = await call("directors", { token });
    return `${status} ${json.code} ${json.message}`;
  };
  for (const alg of ["none", "HS384"]) assert.equal(await result(sign(good, undefined, { alg })), "401 PGRST301 Wrong or unsupported encoding algorithm", alg);
  assert.equal(await result(sign(good, "another secret of some length, wrong")), "401 PGRST301 No suitable key or wrong key type");
  assert.equal(await result("x.y.z"), "401 PGRST301 JWT cryptographic operation failed");
  assert.equal(await result(sign({ ...good, aud: "somebody else" })), "401 PGRST303 JWT not in audience");
});

test("[1 claims; 1 skew] expired, early and future tokens are PGRST303, with 30 seconds of grace", async () => {
  const now = seconds();
  const claims = { role: "authenticated", sub: "00000000-0000-0000-0000-000000000001", exp: now + 60 };
  const expired = await call("directors", { token: sign({ ...claims, exp: now - 60 }) });
  assert.equal(expired.status, 401);
  assert.deepEqual([expired.json.code, expired.json.message], ["PGRST303", "JWT expired"]);
  const early = await call("directors", { token: sign({ ...claims, nbf: now + 90 }) });
  assert.deepEqual([early.status, early.json.code, early.json.message], [401, "PGRST303", "JWT not yet valid"]);
  const future = await call("directors", { token: sign({ ...claims, iat: now + 90 }) });
  assert.deepEqual([future.status, future.json.code, future.json.message], [401, "PGRST303", "JWT issued at future"]);
  for (const nearly of [{ exp: now - 10 }, { nbf: now + 20 }, { iat: now + 20 }])
    assert.equal((await call("directors", { token: sign({ ...claims, ...nearly }) })).status, 200, JSON.stringify(nearly));
});

test("[1 transaction; 1 header names] the transaction has method, path, headers and cookies, and is read-only for GET", async () => {
  const result = await who({ headers: { "X-Odd-Header": "Value", Cookie: "a=b; c=d" } });
  assert.equal(result.method, "GET");
  assert.equal(result.path, "/rpc/who");
  assert.equal(result.headers["x-odd-header"], "Value");
  assert.deepEqual(result.cookies, { a: "b", c: "d" });
  assert.equal(result.read_only, "on");
  assert.equal(result.isolation, "read committed");
  assert.match(result.search_path, /^"?public"?/);
  assert.equal(result.zone, "UTC");
  assert.equal((await who({ method: "POST", body: {} })).method, "POST");
});

test("[1 timeouts; 9 limits] statement_timeout is set by role and ends a slow statement", async () => {
  assert.equal((await who()).timeout, "3s");
  const ada = await person();
  assert.equal((await who({ token: ada.token })).timeout, "8s");
  const started = Date.now();
  const answer = await call("rpc/slow?seconds=20");
  assert.deepEqual([answer.status, answer.json.code], [500, "57014"]);
  assert.ok(Date.now() - started < 8000);
});

test("[1 local; 10.1] identity never leaks from one request to another on a shared connection", async () => {
  const people = await Promise.all([1, 2, 3, 4].map(() => person()));
  const asked: Promise<void>[] = [];
  for (let i = 0; i < 400; ++i) {
    const one = people[i % 5];
    asked.push(
      call("rpc/who", { token: one?.token }).then((answer) => assert.equal(answer.json.uid, one?.id ?? null, `request ${i}`)),
    );
  }
  await Promise.all(asked);
});

test("[1 profile] a schema that is not exposed is 406 PGRST106, in both directions", async () => {
  for (const [method, header] of [["GET", "Accept-Profile"], ["POST", "Content-Profile"]]) {
    const answer = await call("goods", { method, headers: { [header]: "shop" }, body: method === "POST" ? {} : undefined });
    assert.equal(answer.status, 406);
    assert.deepEqual(answer.json, { code: "PGRST106", details: null, hint: "Only the following schemas are exposed: public", message: "Invalid schema: shop" });
  }
  assert.equal((await call("directors", { headers: { "Accept-Profile": "public" } })).status, 200);
});

test("[1 profile; 1 profile echo] with several schemas exposed the profile chooses, and is echoed", async () => {
  const shop = createClient(second, process.env.SECOND_ANON_KEY!, { db: { schema: "shop" }, auth: { persistSession: false } });
  assert.deepEqual((await shop.from("goods").select()).data, [{ id: 1, name: "lamp" }]);
  assert.equal((await shop.from("goods").insert({ id: 2, name: "chair" })).error, null);
  assert.equal((await shop.from("goods").delete().eq("id", 2)).status, 204);
  const echoed = await call("goods", { at: second, headers: { "Accept-Profile": "shop" } });
  assert.equal(echoed.headers.get("content-profile"), "shop");
  assert.equal((await call("goods", { at: second })).json.code, "PGRST205");
  assert.equal((await call("directors?limit=1", { at: second })).headers.get("content-profile"), "public");
});

test("[1 profile echo; 4 416] an offset beyond the total has range and profile like a page; other errors have neither", async () => {
  const counted = { Prefer: "count=exact" };
  const behind = await call("goods?offset=9", { at: second, headers: { ...counted, "Accept-Profile": "shop" } });
  assert.deepEqual([behind.status, behind.json.code, behind.headers.get("content-profile"), behind.headers.get("content-range")], [416, "PGRST103", "shop", "*/1"]);
  assert.equal((await call("goods?nothing=eq.1", { at: second, headers: { "Accept-Profile": "shop" } })).headers.get("content-profile"), null);
  const alone = await call("directors?offset=99", { headers: counted });
  assert.deepEqual([alone.status, alone.headers.get("content-profile")], [416, null]);
});

test("[1 cache] NOTIFY pgrst, 'reload schema' exposes new tables without a pause in service", async () => {
  const name = `fresh_${process.pid}`;
  assert.equal((await call(name)).json.code, "PGRST205");
  let stop = false;
  const statuses = new Set<number>();
  const traffic = (async () => {
    while (!stop) statuses.add((await call("directors?limit=1")).status);
  })();
  owner(`create table ${name} (id int primary key references directors (id)); alter table ${name} enable row level security;
    create policy everybody on ${name} using (current_user is not null); grant select on ${name} to anon; insert into ${name} values (1);
    notify pgrst, 'reload schema'`);
  const answer = await until("the new table is served", async () => {
    const one = await call(`${name}?select=id,directors(name)`);
    return one.status === 200 && one;
  });
  stop = true;
  await traffic;
  assert.deepEqual(answer.json, [{ id: 1, directors: { name: "Ada" } }]);
  assert.deepEqual([...statuses], [200]);
  owner(`drop table ${name}; notify pgrst, 'reload schema'`);
});

test("[2 options] OPTIONS answers 200 with the allowed methods", async () => {
  for (const path of ["films", "rpc/add"]) {
    const answer = await call(path, { method: "OPTIONS" });
    assert.equal(answer.status, 200, path);
    assert.match(answer.headers.get("allow") ?? "", /GET/, path);
  }
});

test("[2 root] GET / is the OpenAPI document of what the caller's role may use", async () => {
  const visitor = await call("", { headers: { Accept: "application/openapi+json" } });
  assert.equal(visitor.status, 200);
  assert.equal(visitor.json.swagger, "2.0");
  assert.ok(visitor.json.paths["/films"].get && visitor.json.definitions.films.properties.title);
  assert.ok(visitor.json.paths["/rpc/add"]);
  assert.ok(!visitor.json.paths["/hidden"] && !visitor.json.paths["/rpc/kept_back"] && !visitor.json.paths["/jobs"]);
  const role = await call("", { token: process.env.SUPABASE_SERVICE_ROLE_KEY });
  assert.ok(role.json.paths["/jobs"] && role.json.paths["/rpc/kept_back"]);
});

test("[2 unknown table] an unknown table is 404 PGRST205 with a hint when one is near", async () => {
  const near = await call("filmz");
  assert.equal(near.status, 404);
  assert.equal(near.json.code, "PGRST205");
  assert.equal(near.json.message, "Could not find the table 'public.filmz' in the schema cache");
  assert.equal(near.json.hint, "Perhaps you meant the table 'public.films'");
  assert.equal((await call("qqqqqqqqqq")).json.hint, null);
});

test("[2 nested path; 2 other verb] a nested path is PGRST125, another method 405", async () => {
  const nested = await call("films/1");
  assert.deepEqual([nested.status, nested.json.code], [404, "PGRST125"]);
  const verb = await call("films", { method: "SEARCH" });
  assert.ok([405, 501].includes(verb.status), String(verb.status));
});

test("[9 views; 9 rls everywhere] the balance view shows users only their own, and anon nothing", async () => {
  const ada = await person();
  const bob = await person();
  for (const one of [ada, bob]) owner(`insert into credit_ledger (user_id, type, amount) values ('${one.id}', 'purchase', 5)`);
  const { data } = await ada.client.from("credit_balance").select("user_id, balance");
  assert.deepEqual(data, [{ user_id: ada.id, balance: 5 }]);
  assert.equal((await anon.from("credit_balance").select()).error?.code, "42501");
  for (const table of ["email_log", "user_notification_prefs", "assets", "jobs", "profiles", "projects", "credit_ledger"]) {
    const foreign = await ada.client.from(table).select(table === "profiles" ? "id" : "user_id");
    assert.equal(foreign.error, null, table);
    for (const row of foreign.data as any[]) assert.equal(row.user_id ?? row.id, ada.id, table);
    assert.equal((await anon.from(table).select()).status, 401, table);
  }
});

test("[9 ledger; 9 reserve null] the ledger is append-only for the service role too, and no rows are no credits", async () => {
  const ada = await person();
  assert.equal((await service.from("credit_ledger").insert({ user_id: ada.id, type: "purchase", amount: 3, note: "x" })).status, 201);
  for (const change of [service.from("credit_ledger").update({ amount: 9 }), service.from("credit_ledger").delete()])
    assert.equal((await change.eq("user_id", ada.id)).error?.code, "42501");
  for (const row of [{ subscription_tier: "pro" }, { stripe_customer_id: "cus_x" }])
    assert.equal((await ada.client.from("profiles").update(row).eq("id", ada.id)).error?.code, "42501");
  assert.equal((await ada.client.from("credit_ledger").insert({ user_id: ada.id, type: "purchase", amount: 3 })).error?.code, "42501");
  // On the Tenon that does not claim jobs.
  const other = createClient(second, process.env.SECOND_SERVICE_ROLE_KEY!, { auth: { persistSession: false } });
  const bob = await person(second);
  const project = await bob.client.from("projects").insert({ title: "x", user_id: bob.id }).select("id").single();
  assert.equal(project.error, null);
  const job = await other.from("jobs").insert({ project_id: project.data!.id, user_id: bob.id, status: "PROCESSING" }).select("id").single();
  assert.equal(job.error, null);
  const reserved = await other.rpc("reserve_credits", { p_user_id: bob.id, p_job_id: job.data!.id, p_amount: 1 });
  assert.deepEqual([reserved.status, reserved.error?.message], [400, "Insufficient credits"]);
});

test("[9 limits] a long URL, deep embeds and deep logic are rejected", async () => {
  const deep = (n: number) => `${"directors(films(".repeat(n)}id${"))".repeat(n)}`;
  assert.equal((await call(`films?select=${deep(2)}`)).status, 200);
  assert.equal((await call(`films?select=${deep(6)}`)).status, 400);
  const logic = (n: number) => `${"and(".repeat(n)}id.eq.1,id.eq.1${")".repeat(n)}`;
  assert.equal((await call(`films?or=(${logic(3)},id.eq.2)`)).status, 200);
  assert.equal((await call(`films?or=(${logic(12)},id.eq.2)`)).status, 400);
  assert.equal((await call(`films?title=eq.${"x".repeat(15_000)}`)).status, 200);
  assert.equal((await call(`films?title=eq.${"x".repeat(17_000)}`)).status, 414);
});
