// The keys of a Tenon under the official client: `tenon keys rotate` gives tokens that auth-js verifies by itself, and
// opaque keys stand in for the two of JWT_SECRET, until they are revoked. One story in several tests, since each change at
// the command line takes up to ten seconds to reach the server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient, type Session } from "@supabase/supabase-js";
import { claimsOf, fresh, password, Wire } from "./support/auth.ts";
import { startTenon, type Tenon } from "./support/tenon.ts";
import { until } from "../support/wait.ts";

let tenon: Tenon;
let wire: Wire;
let email: string;
let shared: Session; // from before the first rotation
let first: Session; // from after it
let publishable: string;
let secret: string;
before(async () => {
  tenon = await startTenon();
  wire = new Wire(tenon);
  email = (await wire.person()).email!;
  shared = (await wire.signedIn(email)).session;
  publishable = tenon.tool("keys", "create", "publishable", "the site");
  secret = tenon.tool("keys", "create", "secret", "the back office");
  tenon.tool("keys", "rotate");
});
after(() => tenon.stop());

const options = { auth: { persistSession: false, autoRefreshToken: false } };
const headOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[0], "base64url").toString()) as { alg: string; kid?: string };

/** A key signs when it is 15 s old, and every process reads its keys again within ten seconds. */
const within = <T>(what: string, ask: () => Promise<T | null | undefined | false>) => until(what, ask, 30_000);

const signedByAnother = (known: string | undefined) =>
  within("a token of the next key", async () => {
    const { session } = await wire.signedIn(email);
    return headOf(session.access_token).kid !== known && session;
  });

type Published = { kid: string; d?: string };
/** The key set once every loop of the server publishes `kid`: twenty connections in a row find it. */
const published = (kid: string): Promise<Published[]> =>
  within(`${kid} everywhere`, async () => {
    let keys: Published[] = [];
    for (let heard = 0; heard < 20; ++heard) {
      const answer = await fetch(`${tenon.api}/auth/v1/.well-known/jwks.json`, { headers: { Connection: "close" } });
      keys = ((await answer.json()) as { keys: Published[] }).keys;
      if (!keys.some((one) => one.kid === kid)) return undefined;
    }
    return keys;
  });

/** A client that notes which of the auth endpoints it asks. */
function noting() {
  const asked: string[] = [];
  const client = createClient(tenon.api, tenon.anon, {
    ...options,
    global: {
      fetch: (input, init) => {
        asked.push(new URL(String(input)).pathname.replace("/auth/v1", ""));
        return fetch(input, init);
      },
    },
  });
  return { client, asked };
}

test("a token of the first ES256 key is good at every loop at once", async () => {
  const { access_token } = await signedByAnother(undefined);
  const headers = { apikey: tenon.anon, Authorization: `Bearer ${access_token}`, Connection: "close" };
  const answers = [];
  for (let i = 0; i < 20; ++i) answers.push((await fetch(`${tenon.api}/auth/v1/user`, { headers })).status);
  assert.deepEqual(answers, answers.map(() => 200));
});

test("after `tenon keys rotate` getClaims verifies by the key set alone", async () => {
  assert.deepEqual(headOf(shared.access_token), { alg: "HS256", typ: "JWT" });
  first = await signedByAnother(undefined);
  const { alg, kid } = headOf(first.access_token);
  assert.equal(alg, "ES256");
  // It signs once every loop has read it.
  const keys = await published(kid!);
  assert.ok(keys.every((one) => !("d" in one)), "a private key is published");

  const { client, asked } = noting();
  const claims = await client.auth.getClaims(first.access_token);
  assert.equal(claims.error, null);
  assert.equal(claims.data!.claims.email, email);
  assert.equal(claims.data!.header.kid, kid);
  assert.equal((await client.auth.getClaims(first.access_token)).error, null);
  assert.deepEqual(asked, ["/.well-known/jwks.json"], "once, and never /user");

  const [head, , signature] = first.access_token.split(".");
  const raised = Buffer.from(JSON.stringify({ ...claimsOf(first.access_token), role: "service_role" })).toString("base64url");
  const forged = `${head}.${raised}.${signature}`;
  assert.equal((await client.auth.getClaims(forged)).error?.name, "AuthInvalidJwtError");
  assert.equal((await client.auth.getUser(forged)).error?.code, "bad_jwt");
  const renewed = await wire.visitor().auth.refreshSession({ refresh_token: shared.refresh_token });
  assert.equal(headOf(renewed.data.session!.access_token).alg, "ES256", "a session from before the rotation goes on");
});

test("an sb_publishable_ key is the anon key, and an sb_secret_ key the service key", async () => {
  assert.match(publishable, /^sb_publishable_\S+$/);
  assert.match(secret, /^sb_secret_\S+$/);
  const listed = tenon.tool("keys", "list");
  for (const key of [publishable, secret]) assert.ok(!listed.includes(key), "a key is shown again");

  const office = createClient(tenon.api, secret, options);
  const { data } = await office.auth.admin.createUser({ email: fresh(), password, email_confirm: true });
  const user = data.user!;
  const site = createClient(tenon.api, publishable, options);
  assert.equal((await site.from("profiles").select("id")).error?.code, "42501", "without a session it is anon, who may not ask");
  assert.equal((await site.auth.admin.listUsers()).error?.status, 403);
  assert.equal((await site.auth.signInWithPassword({ email: user.email!, password })).error, null);
  assert.equal((await site.auth.getUser()).data.user?.id, user.id);
  assert.deepEqual((await site.from("profiles").select("id")).data, [{ id: user.id }]);
  const both = await office.from("profiles").select("id").in("id", [user.id, claimsOf(first.access_token).sub]);
  assert.equal(both.data?.length, 2, "the secret key does not reach past row-level security");
});

test("an sb_publishable_ key at the administrator's endpoints is told what the anon key is told", async () => {
  const { error } = await createClient(tenon.api, publishable, options).auth.admin.listUsers();
  assert.deepEqual([error?.code, error?.message], ["not_admin", "User not allowed"]);
});

test("the next rotation leaves the tokens of the last key good, and a revoked key is worth nothing", async () => {
  const site = createClient(tenon.api, publishable, options);
  assert.equal((await site.auth.signInWithPassword({ email, password })).error, null);
  tenon.tool("keys", "rotate");
  for (const key of [publishable, secret]) {
    const shown = tenon.tool("keys", "list").split("\n").map((line) => line.match(/(sb_\S+)…/)?.[1]);
    tenon.tool("keys", "revoke", shown.find((one) => one && key.startsWith(one))!);
  }
  const second = await signedByAnother(headOf(first.access_token).kid);
  const { client, asked } = noting();
  for (const { access_token } of [first, second]) assert.equal((await client.auth.getClaims(access_token)).error, null);
  assert.deepEqual(asked, [], "auth-js keeps the key set for ten minutes, so the next key must be in it before it signs");
  for (const { access_token } of [shared, first, second]) {
    assert.equal((await wire.visitor().auth.getUser(access_token)).error, null);
    const rows = await createClient(tenon.api, tenon.anon, { ...options, accessToken: async () => access_token }).from("profiles").select("id");
    assert.deepEqual(rows.data, [{ id: claimsOf(access_token).sub }]);
  }

  const refused = await within("the revoked key is refused", async () => {
    const { error } = await createClient(tenon.api, publishable, options).auth.signInWithPassword({ email, password });
    return error;
  });
  assert.deepEqual([refused.status, refused.message], [401, "Invalid API key"]);
  // A session does not make up for its client's key.
  await within("nor does it read", async () => (await site.from("profiles").select("id")).status === 401);
  const office = createClient(tenon.api, secret, options);
  await within("the secret key ends too", async () => (await office.auth.admin.listUsers()).error?.status === 401);
  await within("and reads nothing", async () => (await office.from("profiles").select("id")).status === 401);
  assert.equal((await wire.visitor().auth.getUser(second.access_token)).error, null, "the keys of JWT_SECRET ended too");
});
