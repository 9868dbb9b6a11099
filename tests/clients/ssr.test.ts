// One session cookie for two servers: Tenon's pages, and a Next.js application that keeps it with @supabase/ssr. Both
// directions, whole and in chunks, with expired tokens.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { createChunks, stringFromBase64URL, stringToBase64URL } from "@supabase/ssr";
import { createClient } from "@supabase/supabase-js";
import { Jar, submit } from "./support/jar.ts";
import { startNext, type NextServer } from "./support/next_server.ts";

const api = process.env.SUPABASE_URL!;
const site = process.env.TENON_URL!;
const anon = process.env.SUPABASE_ANON_KEY!;
const admin = createClient(api, process.env.SUPABASE_SERVICE_ROLE_KEY!, { auth: { persistSession: false, autoRefreshToken: false } });
const name = `sb-${new URL(api).hostname.split(".")[0]}-auth-token`;
const password = "testpassword123";
const uncached = "private, no-cache, no-store, must-revalidate, max-age=0";
let counter = 0;
let next: NextServer;
let raw: NextServer;

before(async () => {
  next = await startNext({ url: api, key: anon });
  raw = await startNext({ url: api, key: anon, cookieEncoding: "raw" });
});
after(async () => {
  await next.close();
  await raw.close();
});

/** `bio` makes the session as long as a test wants it. */
async function person(bio = 0): Promise<string> {
  const email = `ssr-${Date.now()}-${++counter}@example.com`;
  const user_metadata = bio ? { bio: "ü".repeat(bio) } : {};
  const { error } = await admin.auth.admin.createUser({ email, password, email_confirm: true, user_metadata });
  assert.equal(error, null);
  return email;
}

async function signInAtTenon(email: string): Promise<Jar> {
  const jar = new Jar();
  const answer = await submit(jar, site, "/login", "/login", { email, password });
  assert.equal(answer.status, 303, await answer.text());
  return jar;
}

async function signInAtNext(email: string, server = next): Promise<Jar> {
  const jar = new Jar();
  const answer = await jar.fetch(`${server.url}/sign-in`, { method: "POST", body: new URLSearchParams({ email, password }) });
  assert.deepEqual(await answer.json(), { error: null });
  return jar;
}

const seenByNext = async (jar: Jar, server = next) => ((await (await jar.fetch(server.url)).json()) as { email: string | null }).email;

async function seenByTenon(jar: Jar): Promise<string | null> {
  const answer = await jar.fetch(`${site}/app/settings`);
  if (answer.status !== 200) return null;
  return (await answer.text()).match(/[a-z0-9-]+@example\.com/)?.[0] ?? null;
}

function sessionIn(jar: Jar): { access_token: string; refresh_token: string; expires_at: number } {
  const value = jar.cookies.get(name)?.value ?? jar.names(name).map((one) => jar.cookies.get(one)!.value).join("");
  return JSON.parse(stringFromBase64URL(value.slice("base64-".length)));
}

/** The same session with an access token that ended ten minutes ago, written by @supabase/ssr's own chunker. */
function expire(jar: Jar): void {
  const session = sessionIn(jar);
  const [head, payload] = session.access_token.split(".");
  const then = Math.floor(Date.now() / 1000) - 600;
  const claims = { ...JSON.parse(stringFromBase64URL(payload)), iat: then - 3600, exp: then };
  const signed = `${head}.${stringToBase64URL(JSON.stringify(claims))}`;
  const mac = createHmac("sha256", process.env.JWT_SECRET!).update(signed).digest("base64url");
  const old = { ...session, access_token: `${signed}.${mac}`, expires_at: then };
  for (const one of jar.names(name)) jar.cookies.delete(one);
  for (const chunk of createChunks(name, `base64-${stringToBase64URL(JSON.stringify(old))}`))
    jar.cookies.set(chunk.name, { value: chunk.value, attributes: new Map() });
}

for (const [what, bio, chunks] of [
  ["short", 0, 1],
  ["long", 900, 3],
] as const) {
  test(`a ${what} session that Tenon's page wrote is read by @supabase/ssr`, async () => {
    const email = await person(bio);
    const jar = await signInAtTenon(email);
    assert.ok(jar.names(name).length >= chunks, jar.names(name).join());
    assert.equal(jar.cookies.has(name), chunks === 1);
    for (const one of jar.names(name)) {
      const { value, attributes } = jar.cookies.get(one)!;
      assert.ok(value.length <= 3180);
      assert.deepEqual([...attributes.keys()].sort(), ["httponly", "max-age", "path", "samesite"]);
      assert.equal(attributes.get("max-age"), "34560000");
    }
    assert.equal(await seenByNext(jar), email);
  });

  test(`a ${what} session that @supabase/ssr wrote is read by Tenon's pages`, async () => {
    const email = await person(bio);
    const jar = await signInAtNext(email);
    assert.equal(jar.cookies.has(name), chunks === 1);
    assert.equal(await seenByTenon(jar), email);
  });

  test(`a ${what} session in the older, raw encoding of @supabase/ssr is read by Tenon's pages`, async () => {
    const email = await person(bio);
    const jar = await signInAtNext(email, raw);
    const first = jar.cookies.get(name) ?? jar.cookies.get(`${name}.0`);
    assert.ok(first!.value.startsWith("%7B%22access_token"));
    assert.equal(await seenByTenon(jar), email);
  });

  test(`Tenon renews a ${what} session with an expired token on a page, uncached, and @supabase/ssr goes on with it`, async () => {
    const email = await person(bio);
    const jar = await signInAtNext(email);
    expire(jar);
    const before = sessionIn(jar);
    const answer = await jar.fetch(`${site}/app/settings`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("cache-control"), uncached);
    assert.equal(answer.headers.get("expires"), "0");
    assert.equal(answer.headers.get("pragma"), "no-cache");
    const fresh = sessionIn(jar);
    assert.notEqual(fresh.refresh_token, before.refresh_token);
    assert.ok(fresh.expires_at > Date.now() / 1000 + 3000);
    assert.equal(await seenByNext(jar), email);
    assert.equal(sessionIn(jar).refresh_token, fresh.refresh_token, "nobody had to refresh again");
  });

  test(`@supabase/ssr renews a ${what} session with an expired token, and Tenon goes on with it`, async () => {
    const email = await person(bio);
    const jar = await signInAtTenon(email);
    expire(jar);
    const before = sessionIn(jar);
    assert.equal(await seenByNext(jar), email);
    const fresh = sessionIn(jar);
    assert.notEqual(fresh.refresh_token, before.refresh_token);
    assert.equal(await seenByTenon(jar), email);
    assert.equal(sessionIn(jar).refresh_token, fresh.refresh_token);
  });
}

test("both servers renew the same expired cookie at once, and both answers stay good", async () => {
  const email = await person();
  const jar = await signInAtTenon(email);
  expire(jar);
  const tabs = Array.from({ length: 8 }, () => jar.copy());
  const seen = await Promise.all(tabs.map((tab, i) => (i % 2 ? seenByNext(tab) : seenByTenon(tab))));
  assert.deepEqual(seen, tabs.map(() => email));
  assert.equal(new Set(tabs.map((tab) => sessionIn(tab).refresh_token)).size, 1, "they do not agree on the token");
  assert.equal(await seenByTenon(tabs[1]), email);
  assert.equal(await seenByNext(tabs[0]), email);
});

test("a session that shrinks or grows leaves no chunk of the other writer behind", async () => {
  const email = await person(1500);
  const client = createClient(api, anon, { auth: { persistSession: false, autoRefreshToken: false } });
  const long = await signInAtNext(email);
  assert.ok(long.names(name).length > 2);
  await client.auth.signInWithPassword({ email, password });
  assert.equal((await client.auth.updateUser({ data: { bio: null } })).error, null);
  expire(long);
  assert.equal(await seenByTenon(long), email);
  assert.deepEqual(long.names(name), [name], "left-over chunks");
  assert.equal(await seenByNext(long), email);
  assert.equal((await client.auth.updateUser({ data: { bio: "x".repeat(4000) } })).error, null);
  expire(long);
  assert.equal(await seenByNext(long), email);
  assert.ok(!long.cookies.has(name), "the whole cookie stands beside its chunks");
  assert.equal(await seenByTenon(long), email);
});

test("signing out on either side ends it on both", async () => {
  const email = await person();
  const here = await signInAtTenon(email);
  assert.equal(await seenByNext(here), email);
  const stolen = here.copy();
  const left = await submit(here, site, "/app/settings", "/logout", {});
  assert.equal(left.status, 303);
  assert.deepEqual(here.names(name), []);
  assert.equal(await seenByNext(stolen), null, "the session lives on although its owner signed out");

  const there = await signInAtNext(email);
  assert.equal(await seenByTenon(there), email);
  const kept = there.copy();
  assert.equal((await there.fetch(`${next.url}/sign-out`, { method: "POST" })).status, 303);
  assert.deepEqual(there.names(name), []);
  assert.equal(await seenByTenon(kept), null);
  assert.deepEqual(kept.names(name), [], "Tenon leaves a dead cookie with the browser");
});

test("what is no session, or one that another secret signed, lets nobody in and is taken away", async () => {
  const email = await person();
  const good = sessionIn(await signInAtTenon(email));
  const [head, payload] = good.access_token.split(".");
  const forged = `${head}.${payload}.${createHmac("sha256", "another secret").update(`${head}.${payload}`).digest("base64url")}`;
  const unsigned = `${stringToBase64URL('{"alg":"none","typ":"JWT"}')}.${payload}.`;
  for (const text of ["null", "{}", JSON.stringify({ ...good, access_token: forged }), JSON.stringify({ ...good, access_token: unsigned })]) {
    const jar = new Jar();
    jar.cookies.set(name, { value: `base64-${stringToBase64URL(text)}`, attributes: new Map() });
    assert.equal(await seenByTenon(jar), null, text);
    assert.deepEqual(jar.names(name), []);
  }
});
