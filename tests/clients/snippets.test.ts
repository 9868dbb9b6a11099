// Code as applications for Supabase have it (snippets/), unchanged, against a running Tenon: test helpers, and a Next.js
// middleware that reads the cookie of Tenon's pages.
import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { after, before, test } from "node:test";
import { createClient } from "@supabase/supabase-js";
import { shared, Wire } from "./support/auth.ts";
import { Jar, submit } from "./support/jar.ts";
import { cleanupTestUser, createTestUser, testSupabase } from "./snippets/helpers.ts";
import { serve, type Module } from "./snippets/next_server_module.ts";

const wire = new Wire(shared());
const { api, anon, site } = wire.where;
const visitor = () => createClient(api, anon, { auth: { persistSession: false, autoRefreshToken: false } });
const password = "testpassword123";
let next: Awaited<ReturnType<typeof serve>>;

before(async () => {
  process.env.NEXT_PUBLIC_SUPABASE_URL = api;
  process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY = anon;
  registerHooks({
    resolve: (name, context, otherwise) =>
      name === "next/server" ? { url: new URL("./snippets/next_server_module.ts", import.meta.url).href, shortCircuit: true } : otherwise(name, context),
  });
  next = await serve((await import("./snippets/middleware.ts")) as Module);
});
after(async () => {
  await next.close();
  await testSupabase.auth.stopAutoRefresh();
});

/** Where the browser is sent; nothing when it gets the page. */
async function sentFrom(path: string, jar = new Jar()): Promise<string | undefined> {
  const answer = await jar.fetch(next.url + path);
  if (answer.status === 200) assert.equal(await answer.text(), `page ${path}`);
  else assert.equal(answer.status, 307);
  return answer.headers.get("location") ?? undefined;
}
async function signedIn(email: string): Promise<Jar> {
  const jar = new Jar();
  const answer = await submit(jar, site, "/login", "/login", { email, password });
  assert.equal(answer.status, 303);
  return jar;
}

test("createTestUser makes a user who can sign in at once, and cleanupTestUser leaves nothing of him", async () => {
  const user = await createTestUser();
  assert.match(user!.email!, /^test-\d+@example\.com$/);
  assert.ok(user!.email_confirmed_at);
  const client = visitor();
  const { error } = await client.auth.signInWithPassword({ email: user!.email!, password });
  assert.equal(error, null);
  const made = await client.from("projects").insert({ user_id: user!.id, title: "Test Project" }).select().single();
  assert.equal(made.error, null);

  await cleanupTestUser(user!.id);
  assert.equal((await client.auth.getUser()).error?.code, "user_not_found");
  assert.equal((await testSupabase.auth.admin.getUserById(user!.id)).error?.code, "user_not_found");
  assert.deepEqual((await testSupabase.from("projects").select("id").eq("user_id", user!.id)).data, []);
  assert.equal((await visitor().auth.signInWithPassword({ email: user!.email!, password })).error?.code, "invalid_credentials");
});

test("the middleware sends a stranger from /app and all below it to /login, and from nowhere else", async () => {
  for (const path of ["/app", "/app/projects", "/app/projects/1/edit"]) assert.equal(await sentFrom(path), `${next.url}/login`, path);
  for (const path of ["/", "/login", "/pricing", "/application"]) assert.equal(await sentFrom(path), undefined, path);
});

test("the middleware lets in whoever signed in at Tenon's page, until he signs out or is cleaned up", async () => {
  const user = await createTestUser();
  const jar = await signedIn(user!.email!);
  const other = await signedIn(user!.email!);
  for (const path of ["/app", "/app/projects"]) assert.equal(await sentFrom(path, jar), undefined);

  const kept = jar.copy();
  assert.equal((await submit(jar, site, "/app/settings", "/logout", {})).status, 303);
  assert.equal(await sentFrom("/app", jar), `${next.url}/login`);
  assert.equal(await sentFrom("/app", kept), `${next.url}/login`, "the cookie outlives its session");
  assert.equal(await sentFrom("/app", other), undefined);

  await cleanupTestUser(user!.id);
  assert.equal(await sentFrom("/app", other), `${next.url}/login`);
});

test("the middleware believes no cookie that the server did not sign", async () => {
  const user = await createTestUser();
  const jar = await signedIn(user!.email!);
  const [name] = [...jar.cookies.keys()].filter((one) => one.endsWith("-auth-token"));
  const session = JSON.parse(Buffer.from(jar.cookies.get(name)!.value.slice("base64-".length), "base64url").toString());
  const [head, , signature] = session.access_token.split(".");
  const claims = Buffer.from(JSON.stringify({ sub: user!.id, role: "authenticated", exp: 4102444800 })).toString("base64url");
  const forged = JSON.stringify({ ...session, access_token: `${head}.${claims}.${signature}` });
  jar.cookies.set(name, { value: `base64-${Buffer.from(forged).toString("base64url")}`, attributes: new Map() });
  assert.equal(await sentFrom("/app", jar), `${next.url}/login`);
  await cleanupTestUser(user!.id);
});
