// The parts of /auth/v1 that the flows of the other suites do not reach: sign-up without confirmation, emailed links without
// PKCE, older names, unlinking an identity, smaller tools of administrators, a browser's preflight request.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { digits, enrolled, fresh, linkHash, password, raised, shared, Wire } from "./support/auth.ts";
import { openIdProvider, walk } from "./support/oidc.ts";
import { startTenon, type Tenon } from "./support/tenon.ts";
import { until } from "../support/wait.ts";

const wire = new Wire(shared());
let tenon: Tenon;
let open: Wire;
let provider: Awaited<ReturnType<typeof openIdProvider>>;
const acme = "acme" as "google"; // the client's list of providers is closed, the API's is not

before(async () => {
  provider = await openIdProvider();
  tenon = await startTenon({
    AUTH_AUTOCONFIRM: "true",
    AUTH_ANONYMOUS: "true",
    AUTH_MANUAL_LINKING: "true",
    AUTH_OIDC: "acme",
    AUTH_OIDC_ACME_ISSUER: provider.url,
    AUTH_OIDC_ACME_CLIENT_ID: "tenon",
    AUTH_OIDC_ACME_CLIENT_SECRET: "secret",
  });
  open = new Wire(tenon);
  provider.serve({ clients: [{ client_id: "tenon", client_secret: "secret", redirect_uris: [`${tenon.api}/auth/v1/callback`] }] });
});
after(async () => {
  await tenon.stop();
  await provider.close();
});

const fragmentOf = (answer: Response) => new URLSearchParams(new URL(answer.headers.get("location")!).hash.slice(1));
const atHome = (url: string) => url.startsWith(tenon.site) && !url.includes("/auth/v1/");

test("with auto-confirmation a sign-up is a session at once, and so is an anonymous one", async () => {
  const client = open.visitor();
  const signedUp = await client.auth.signUp({ email: fresh(), password, options: { data: { team: "red" } } });
  assert.equal(signedUp.error, null);
  assert.ok(signedUp.data.session!.user.email_confirmed_at);
  assert.equal((await client.auth.getUser()).data.user!.user_metadata.team, "red");

  const nobody = open.visitor();
  const anonymous = await nobody.auth.signInAnonymously({ options: { data: { cart: 3 } } });
  assert.equal(anonymous.error, null);
  assert.equal(anonymous.data.user!.is_anonymous, true);
  assert.equal(anonymous.data.user!.email, "");
  const seen = await nobody.auth.getUser();
  assert.deepEqual([seen.data.user!.id, seen.data.user!.user_metadata.cart], [anonymous.data.user!.id, 3]);
  assert.equal((await nobody.auth.refreshSession()).data.user?.is_anonymous, true);
});

test("a sign-up with somebody's address answers like any other, and leaves his account alone", async () => {
  const user = await wire.person();
  const answerTo = async (email: string) => {
    const { data, error } = await wire.visitor().auth.signUp({ email, password: "somebody else's" });
    assert.equal(error, null);
    assert.equal(data.session, null);
    return data.user!;
  };
  const [known, unknown] = [await answerTo(user.email!), await answerTo(fresh())];
  assert.notEqual(known.id, user.id);
  // Same members, same kinds of values: only random and time-dependent values differ.
  const outline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(outline);
    if (typeof value === "object" && value) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, outline(one)]));
    return typeof value === "string" ? value.length : value;
  };
  assert.deepEqual(outline(known), outline(unknown));
  assert.equal((await wire.signedIn(user.email!)).user.id, user.id);
});

test("a mailed link without PKCE brings the session in the fragment, once; the second click brings the reason", async () => {
  const { email } = await wire.person();
  const { data, error } = await wire.admin.auth.admin.generateLink({
    type: "magiclink",
    email: email!,
    options: { redirectTo: `${wire.where.site}/welcome?from=mail` },
  });
  assert.equal(error, null);
  const click = () => fetch(data.properties!.action_link, { redirect: "manual" });
  const landed = await click();
  assert.equal(landed.status, 303);
  assert.ok(landed.headers.get("location")!.startsWith(`${wire.where.site}/welcome?from=mail#`), landed.headers.get("location")!);
  const fragment = fragmentOf(landed);
  assert.equal(fragment.get("type"), "magiclink");
  const client = wire.visitor();
  const set = await client.auth.setSession({ access_token: fragment.get("access_token")!, refresh_token: fragment.get("refresh_token")! });
  assert.equal(set.data.user?.email, email);
  assert.equal((await client.auth.refreshSession()).error, null);
  const second = fragmentOf(await click());
  assert.deepEqual([second.get("error"), second.get("error_code"), second.get("error_description")], ["access_denied", "otp_expired", "Email link is invalid or has expired"]);
  assert.ok(!second.has("access_token"));
});

test("resend of an address change mails both sides again, and the fresh letters count", async () => {
  const user = await wire.person();
  const { client } = await wire.signedIn(user.email!);
  const next = fresh();
  assert.equal((await client.auth.updateUser({ email: next })).error, null);
  const first = await wire.mail(next, linkHash);
  assert.equal((await client.auth.resend({ type: "email_change", email: user.email! })).error, null);
  const second = await until("a second email", async () => {
    const newest = await wire.mail(next, linkHash);
    return newest !== first && newest;
  });
  assert.equal((await wire.visitor().auth.verifyOtp({ token_hash: first, type: "email_change" })).error?.code, "otp_expired");
  assert.equal((await wire.visitor().auth.verifyOtp({ token_hash: second, type: "email_change" })).error, null);
});

test("generateLink for an address change: both links together change it, and no mail leaves", async () => {
  const user = await wire.person();
  const newEmail = fresh();
  for (const type of ["email_change_current", "email_change_new"] as const) {
    const made = await wire.admin.auth.admin.generateLink({ type, email: user.email!, newEmail });
    assert.equal(made.error, null, type);
    assert.equal(made.data.properties!.verification_type, type);
    const done = await wire.visitor().auth.verifyOtp({ token_hash: made.data.properties!.hashed_token, type: "email_change" });
    assert.equal(done.error, null, type);
  }
  assert.equal((await wire.admin.auth.admin.getUserById(user.id)).data.user!.email, newEmail);
  const mails = await (await fetch(`${wire.where.site}/dev/mail?format=json&to=${encodeURIComponent(newEmail)}`)).json();
  assert.deepEqual(mails, []);
});

test("signOut of scope local ends this session alone", async () => {
  const { email } = await wire.person();
  const one = await wire.signedIn(email!);
  const two = await wire.signedIn(email!);
  assert.equal((await one.client.auth.signOut({ scope: "local" })).error, null);
  assert.ok((await wire.visitor().auth.getUser(one.session.access_token)).error);
  assert.equal((await two.client.auth.getUser()).error, null);
});

test("POST /magiclink, the older name, mails a code that brings in", async () => {
  const { email } = await wire.person();
  const asked = await wire.plain("/magiclink", { method: "POST", body: JSON.stringify({ email }), headers: { "Content-Type": "application/json" } });
  assert.deepEqual([asked.status, await asked.json()], [200, {}]);
  const { data, error } = await wire.visitor().auth.verifyOtp({ email: email!, token: await wire.mail(email!, digits), type: "magiclink" });
  assert.equal(error, null);
  assert.equal(data.user!.email, email);
});

test("who has two identities may part from one, and keeps the other", async () => {
  const { email, id } = await open.person();
  const client = open.pkce();
  const { data } = await client.auth.signInWithOAuth({ provider: acme, options: { skipBrowserRedirect: true } });
  const back = new URL(await walk(data.url!, email!, atHome));
  assert.equal((await client.auth.exchangeCodeForSession(back.searchParams.get("code")!)).data.user!.id, id);
  const both = (await client.auth.getUserIdentities()).data!.identities;
  assert.deepEqual(both.map((one) => one.provider).sort(), ["acme", "email"]);
  assert.equal((await client.auth.unlinkIdentity(both.find((one) => one.provider === "acme")!)).error, null);
  const after = (await client.auth.getUser()).data.user!;
  assert.deepEqual(after.identities!.map((one) => one.provider), ["email"]);
  assert.deepEqual(after.app_metadata.providers, ["email"]);
  assert.equal((await open.signedIn(email!)).user.id, id);
});

test("linkIdentity adds a provider's identity to whoever is signed in, whatever its address, and he signs in by either", async () => {
  const { email, id } = await open.person();
  const client = open.pkce();
  await open.signedIn(email!, client);
  const login = fresh();
  const { data, error } = await client.auth.linkIdentity({ provider: acme, options: { skipBrowserRedirect: true, redirectTo: `${tenon.site}/linked` } });
  assert.equal(error, null);
  const back = new URL(await walk(data.url!, login, atHome));
  assert.equal(back.pathname, "/linked");
  assert.equal((await client.auth.exchangeCodeForSession(back.searchParams.get("code")!)).data.user!.id, id);
  const linked = (await client.auth.getUser()).data.user!;
  assert.deepEqual(linked.identities!.map((one) => one.provider).sort(), ["acme", "email"]);
  assert.equal(linked.email, email, "the address is not the provider's to change");

  const later = open.pkce();
  const begun = await later.auth.signInWithOAuth({ provider: acme, options: { skipBrowserRedirect: true } });
  const code = new URL(await walk(begun.data.url!, login, atHome)).searchParams.get("code")!;
  assert.equal((await later.auth.exchangeCodeForSession(code)).data.user!.id, id);
  const stranger = await open.visitor().auth.linkIdentity({ provider: acme, options: { skipBrowserRedirect: true } });
  assert.ok(stranger.error, "linking without a session");
});

test("the administrator takes a lost second factor away, and one step signs in again", async () => {
  const { client, user } = await wire.signedIn();
  const factor = await raised(client);
  const removed = await wire.admin.auth.admin.mfa.deleteFactor({ userId: user.id, id: factor.id });
  assert.equal(removed.error, null);
  assert.equal(wire.last!.body.id, factor.id);
  const again = (await wire.signedIn(user.email!)).client;
  assert.deepEqual((await again.auth.mfa.getAuthenticatorAssuranceLevel()).data?.nextLevel, "aal1");
  assert.equal((await again.auth.updateUser({ password: "an entirely new one" })).error, null);
  const unverified = await enrolled((await wire.signedIn()).client);
  const strangers = await wire.admin.auth.admin.mfa.deleteFactor({ userId: user.id, id: unverified.id });
  assert.equal(strangers.error?.code, "mfa_factor_not_found");
});

test("GET /admin/audit tells what happened, newest first, to the service key alone", async () => {
  const { user } = await wire.signedIn();
  const asked = await wire.plain("/admin/audit?page=1&per_page=20", { headers: { Authorization: `Bearer ${wire.where.service}` } });
  assert.equal(asked.status, 200);
  const entries = (await asked.json()) as { created_at: string; payload: { action: string; actor_id: string } }[];
  const his = entries.filter((one) => one.payload.actor_id === user.id).map((one) => one.payload.action);
  assert.equal(his[0], "login");
  assert.deepEqual(entries.map((one) => one.created_at), entries.map((one) => one.created_at).sort().reverse());
  const refused = await wire.plain("/admin/audit", { headers: { Authorization: `Bearer ${wire.where.anon}` } });
  assert.deepEqual([refused.status, wire.last!.body.code], [403, "not_admin"]);
});

for (const [method, path, body] of [
  ["GET", "", undefined],
  ["POST", "", '{"friendly_name":"mine"}'],
  ["DELETE", "", "{}"],
  ["POST", "/regenerate", undefined],
  ["POST", "/verify", '{"code":"abcd-efgh"}'],
] as const)
  test(`${method} /factors/recovery-codes${path}: recovery codes are not on the wire`, async () => {
    const { session } = await wire.signedIn();
    const headers = { Authorization: `Bearer ${session.access_token}`, "Content-Type": "application/json" };
    const answer = await wire.plain(`/factors/recovery-codes${path}`, { method, headers, body });
    assert.equal(answer.status, 404);
    assert.equal(typeof wire.last!.body.message, "string");
  });

test("openid-configuration names the endpoints that are there, and the key's algorithm", async () => {
  const answer = await fetch(`${wire.where.api}/auth/v1/.well-known/openid-configuration`);
  assert.equal(answer.headers.get("cache-control"), "public, max-age=600");
  const issuer = `${wire.where.api}/auth/v1`;
  assert.deepEqual(await answer.json(), {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/user`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["HS256"],
    code_challenge_methods_supported: ["S256", "plain"],
  });
});

test("a browser's preflight is let through without a key, and never with credentials", async () => {
  const answer = await fetch(`${wire.where.api}/auth/v1/token`, {
    method: "OPTIONS",
    headers: {
      Origin: "https://app.example.com",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "apikey,authorization,content-type,x-client-info,x-supabase-api-version",
    },
  });
  assert.ok([200, 204].includes(answer.status));
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.equal(answer.headers.get("access-control-allow-credentials"), null);
  const refused = await fetch(`${wire.where.api}/auth/v1/user`, { headers: { Origin: "https://app.example.com" } });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get("access-control-allow-origin"), "*", "a browser cannot read the refusal");
  for (const name of ["X-Total-Count", "Link", "X-Supabase-Api-Version"])
    assert.ok(refused.headers.get("access-control-expose-headers")?.includes(name), name);
});
