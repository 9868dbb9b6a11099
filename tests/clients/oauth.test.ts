// Signing in by way of a provider: a real OpenID provider twice (RS256 with the address at userinfo only, ES256 as a
// public client with the address in the ID token) and GitHub's stand-in, through supabase-js and @supabase/ssr.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { createClient, type Session } from "@supabase/supabase-js";
import { Jar } from "./support/jar.ts";
import { startNext, type NextServer } from "./support/next_server.ts";
import { gitHub, openIdProvider, walk, type Running } from "./support/oidc.ts";
import { startTenon, type Tenon } from "./support/tenon.ts";

type Name = "google"; // the client's list of providers is closed, the API's is not
const acme = "acme" as Name;
const beta = "beta" as Name;
const password = "testpassword123";
const github = { id: "github-client", secret: "github-secret" };
const people = Object.fromEntries(
  [
    { id: 101, login: "octo", name: "Octo Cat", emails: [{ email: "other@github.example", primary: false, verified: true }, { email: "Octo@github.example", primary: true, verified: true }] },
    { id: 102, login: "second", name: null, emails: [{ email: "unproven@github.example", primary: true, verified: false }, { email: "proven@github.example", primary: false, verified: true }] },
    { id: 103, login: "nobody", name: null, emails: [{ email: "victim@github.example", primary: true, verified: false }] },
  ].map((person) => [person.login, person]),
);
let tenon: Tenon;
let next: NextServer;
let hub: Awaited<ReturnType<typeof gitHub>>;
const open: Running[] = [];
let counter = 0;
const fresh = (prefix = "person") => `${prefix}-${Date.now()}-${++counter}@oidc.example`;
const atCallback = (url: string) => url.startsWith(`${tenon.api}/auth/v1/callback`);
const atHome = (url: string) => url.startsWith(tenon.site) && !url.includes("/auth/v1/");

before(async () => {
  const first = await openIdProvider();
  const second = await openIdProvider();
  hub = await gitHub(people, github);
  open.push(first, second, hub);
  tenon = await startTenon({
    AUTH_OIDC: "acme, beta",
    AUTH_OIDC_ACME_ISSUER: first.url,
    AUTH_OIDC_ACME_CLIENT_ID: "tenon",
    AUTH_OIDC_ACME_CLIENT_SECRET: "a secret: with % and +",
    AUTH_OIDC_BETA_ISSUER: second.url,
    AUTH_OIDC_BETA_CLIENT_ID: "tenon-public",
    AUTH_GITHUB_CLIENT_ID: github.id,
    AUTH_GITHUB_CLIENT_SECRET: github.secret,
    AUTH_GITHUB_URL: hub.url,
    AUTH_GITHUB_API_URL: hub.url,
    AUTH_REDIRECT_URLS: "http://localhost:*/auth/callback",
  });
  const callback = `${tenon.api}/auth/v1/callback`;
  const own = "http://localhost:1/own";
  first.serve({
    features: { claimsParameter: { enabled: true } },
    clients: [
      { client_id: "tenon", client_secret: "a secret: with % and +", redirect_uris: [callback, own] },
      { client_id: "another", client_secret: "another-secret", redirect_uris: [own] },
    ],
  });
  const key = { ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }), kid: "es-1", use: "sig", alg: "ES256" };
  second.serve({
    clients: [{ client_id: "tenon-public", token_endpoint_auth_method: "none", redirect_uris: [callback], id_token_signed_response_alg: "ES256" }],
    jwks: { keys: [key as never] },
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
    conformIdTokenClaims: false,
  });
  next = await startNext({ url: tenon.api, key: tenon.anon });
});
after(async () => {
  await next?.close();
  await tenon?.stop();
  for (const one of open) await one.close();
});

const admin = () => createClient(tenon.api, tenon.service, { auth: { persistSession: false, autoRefreshToken: false } });

function browser(flowType: "pkce" | "implicit" = "pkce") {
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) };
  return createClient(tenon.api, tenon.anon, { auth: { flowType, storage, autoRefreshToken: false, detectSessionInUrl: false } });
}

async function started(client: ReturnType<typeof browser>, provider: Name, options = {}): Promise<string> {
  const { data, error } = await client.auth.signInWithOAuth({ provider, options: { skipBrowserRedirect: true, redirectTo: `${tenon.site}/welcome?from=test`, ...options } });
  assert.equal(error, null);
  return data.url!;
}

async function signedIn(provider: Name, login: string): Promise<Session & { provider_token?: string | null }> {
  const client = browser();
  const back = new URL(await walk(await started(client, provider), login, atHome));
  const code = back.searchParams.get("code");
  assert.ok(code, back.href);
  const { data, error } = await client.auth.exchangeCodeForSession(code);
  assert.equal(error, null);
  return data.session!;
}

const claims = (token: string) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
const faultOf = (url: string) => {
  const at = new URL(url);
  const inFragment = new URLSearchParams(at.hash.slice(1));
  const read = (from: URLSearchParams) => [from.get("error"), from.get("error_code"), from.get("error_description")];
  assert.deepEqual(read(at.searchParams), read(inFragment), "query and fragment tell different things");
  return read(inFragment);
};

for (const provider of [acme, beta]) {
  test(`PKCE with ${provider}: a code comes back, good once, and gives a session with the provider's token`, async () => {
    const login = fresh();
    const client = browser();
    const back = new URL(await walk(await started(client, provider), login, atHome));
    assert.equal(back.origin + back.pathname, `${tenon.site}/welcome`);
    assert.equal(back.searchParams.get("from"), "test", "the target's own query was lost");
    assert.equal(back.hash, "");
    const code = back.searchParams.get("code")!;
    const { data, error } = await client.auth.exchangeCodeForSession(code);
    assert.equal(error, null);
    const { session, user } = data;
    assert.equal(user!.email, login);
    assert.ok(user!.email_confirmed_at);
    assert.ok(session!.provider_token);
    assert.deepEqual(user!.app_metadata, { provider, providers: [provider] });
    assert.equal(user!.user_metadata.full_name, `Person ${login.split("@")[0]}`);
    assert.equal(user!.identities!.length, 1);
    assert.equal(user!.identities![0].provider, provider);
    assert.equal(user!.identities![0].id, login);
    assert.equal(user!.identities![0].identity_data!.email_verified, true);
    assert.deepEqual(claims(session!.access_token).amr.map((one: { method: string }) => one.method), ["oauth"]);
    assert.equal((await client.auth.getUser()).data.user!.id, user!.id);
    const verifier = "v".repeat(43);
    const again = await fetch(`${tenon.api}/auth/v1/token?grant_type=pkce`, {
      method: "POST",
      headers: { apikey: tenon.anon, "Content-Type": "application/json", "X-Supabase-Api-Version": "2024-01-01" },
      body: JSON.stringify({ auth_code: code, code_verifier: verifier }),
    });
    assert.equal(again.status, 404);
    assert.equal(((await again.json()) as { code: string }).code, "flow_state_not_found");
  });
}

test("a code without its verifier is worth nothing to a thief, and its owner can still use it", async () => {
  const client = browser();
  const code = new URL(await walk(await started(client, acme), fresh(), atHome)).searchParams.get("code")!;
  const thief = browser();
  await started(thief, acme);
  assert.equal((await thief.auth.exchangeCodeForSession(code)).error?.code, "bad_code_verifier");
  assert.equal((await client.auth.exchangeCodeForSession(code)).error, null);
});

test("the implicit flow brings session and provider's token in the fragment, and nothing in the query", async () => {
  const login = fresh();
  const back = new URL(await walk(await started(browser("implicit"), acme), login, atHome));
  assert.equal(back.search, "?from=test");
  const fragment = new URLSearchParams(back.hash.slice(1));
  assert.deepEqual([...fragment.keys()].sort(), ["access_token", "expires_at", "expires_in", "provider_token", "refresh_token", "sb", "token_type"]);
  const client = browser("implicit");
  const { data, error } = await client.auth.setSession({ access_token: fragment.get("access_token")!, refresh_token: fragment.get("refresh_token")! });
  assert.equal(error, null);
  assert.equal(data.user!.email, login);
});

test("the same person is the same user the next time", async () => {
  const login = fresh();
  const one = await signedIn(acme, login);
  const two = await signedIn(acme, login);
  assert.equal(one.user.id, two.user.id);
  assert.equal(two.user.identities!.length, 1);
});

test("a verified address joins the account that has it: one user, two identities, the password still good", async () => {
  const email = fresh();
  const { data } = await admin().auth.admin.createUser({ email, password, email_confirm: true, user_metadata: { theme: "dark" } });
  const session = await signedIn(acme, email);
  assert.equal(session.user.id, data.user!.id);
  assert.deepEqual(session.user.app_metadata, { provider: "email", providers: ["email", "acme"] });
  assert.equal(session.user.user_metadata.theme, "dark");
  assert.equal((await browser().auth.signInWithPassword({ email, password })).error, null);
  const third = await signedIn(beta, email);
  assert.equal(third.user.id, data.user!.id);
  assert.deepEqual(third.user.app_metadata.providers, ["email", "acme", "beta"]);
});

test("an account that a stranger prepared on somebody's address is handed over clean", async () => {
  const email = fresh();
  const stranger = browser();
  await stranger.auth.signUp({ email, password, options: { data: { role: "attacker" } } });
  const session = await signedIn(acme, email);
  assert.equal(session.user.user_metadata.role, undefined);
  assert.deepEqual(session.user.identities!.map((one) => one.provider), ["acme"]);
  assert.equal((await stranger.auth.signInWithPassword({ email, password })).error?.code, "invalid_credentials");
});

test("an address that the provider has not verified signs nobody in and makes nobody", async () => {
  for (const exists of [false, true]) {
    const login = fresh("unverified");
    if (exists) await admin().auth.admin.createUser({ email: login, password, email_confirm: true });
    const back = await walk(await started(browser(), acme), login, atHome);
    const [error, code] = faultOf(back);
    assert.deepEqual([error, code], ["access_denied", "provider_email_needs_verification"]);
    const { data } = await admin().auth.admin.listUsers({ page: 1, perPage: 200 });
    const found = data.users.filter((user) => user.email === login);
    assert.equal(found.length, exists ? 1 : 0);
    if (exists) assert.deepEqual(found[0].identities!.map((one) => one.provider), ["email"]);
  }
});

test("a provider that tells no address is told apart", async () => {
  const [, code, description] = faultOf(await walk(await started(browser(), acme), fresh("silent"), atHome));
  assert.equal(code, "validation_failed");
  assert.match(description!, /email from external provider/);
});

test("who says no at the provider comes back with its error in query and fragment", async () => {
  const back = await walk(await started(browser(), acme), "", atHome, new Jar(), false);
  const [error, code, description] = faultOf(back);
  assert.equal(error, "access_denied");
  assert.equal(code, "bad_oauth_callback");
  assert.ok(description);
  assert.equal(new URL(back).searchParams.get("from"), "test");
});

test("a state is good once, and one that nobody began is good for nothing", async () => {
  const jar = new Jar();
  const callback = await walk(await started(browser(), acme), fresh(), atCallback, jar);
  const first = await jar.fetch(callback);
  assert.ok(new URL(first.headers.get("location")!).searchParams.get("code"));
  const second = await jar.fetch(callback);
  assert.equal(faultOf(second.headers.get("location")!)[1], "bad_oauth_state");
  assert.ok(second.headers.get("location")!.startsWith(`${tenon.site}/welcome`));
  for (const state of ["", "x", "6f2f3c5e-0000-4000-8000-000000000000"]) {
    const answer = await fetch(`${tenon.api}/auth/v1/callback?code=abc&state=${state}`, { redirect: "manual" });
    const location = answer.headers.get("location")!;
    assert.ok(location.startsWith(`${tenon.site}?`) || location.startsWith(`${tenon.site}/?`), location);
    assert.equal(faultOf(location)[1], "bad_oauth_state");
  }
});

test("a code that the provider did not give, and an answer by form, end as they must", async () => {
  const callback = new URL(await walk(await started(browser(), acme), fresh(), atCallback));
  callback.searchParams.set("code", "made-up");
  const answer = await fetch(callback, { redirect: "manual" });
  assert.deepEqual(faultOf(answer.headers.get("location")!).slice(0, 2), ["server_error", "unexpected_failure"]);

  const client = browser();
  const posted = new URL(await walk(await started(client, acme), fresh(), atCallback));
  const form = await fetch(posted.origin + posted.pathname, { method: "POST", redirect: "manual", body: posted.searchParams });
  const code = new URL(form.headers.get("location")!).searchParams.get("code")!;
  assert.equal((await client.auth.exchangeCodeForSession(code)).error, null);
});

test("an answer in another provider's name is refused", async () => {
  const callback = new URL(await walk(await started(browser(), acme), fresh(), atCallback));
  assert.ok(callback.searchParams.get("iss"));
  callback.searchParams.set("iss", "https://evil.example");
  const answer = await fetch(callback, { redirect: "manual" });
  assert.equal(faultOf(answer.headers.get("location")!)[1], "bad_oauth_state");
});

test("what goes to the provider: our state, nonce and challenge, its scopes, and the client's own parameters", async () => {
  const url = await started(browser(), acme, { scopes: "offline_access", queryParams: { login_hint: "ada", state: "mine", redirect_uri: "https://evil.example", nonce: "n" } });
  const answer = await fetch(url, { redirect: "manual" });
  assert.equal(answer.status, 302);
  const sent = new URL(answer.headers.get("location")!).searchParams;
  assert.equal(sent.get("scope"), "openid email profile offline_access");
  assert.equal(sent.get("login_hint"), "ada");
  assert.equal(sent.get("redirect_uri"), `${tenon.api}/auth/v1/callback`);
  assert.match(sent.get("state")!, /^[0-9a-f-]{36}$/);
  assert.equal(sent.getAll("state").length, 1);
  assert.ok(sent.get("nonce")!.length > 40);
  assert.equal(sent.get("code_challenge_method"), "S256");
});

test("redirect_to leads to this site or to the list, and nowhere else", async () => {
  for (const [asked, lands] of [
    ["https://evil.example/x", tenon.site],
    ["http://localhost:5555/auth/callback", "http://localhost:5555/auth/callback"],
  ]) {
    const back = await walk(await started(browser(), acme, { redirectTo: asked }), fresh(), (url) => url.startsWith(lands!) && !url.includes("/auth/v1/"));
    assert.ok(new URL(back).searchParams.get("code"), back);
  }
});

test("providers that are not there: 400, whatever the grant", async () => {
  const answer = await fetch(`${tenon.api}/auth/v1/authorize?provider=nowhere`, { redirect: "manual", headers: { "X-Supabase-Api-Version": "2024-01-01" } });
  assert.equal(answer.status, 400);
  const body = (await answer.json()) as { code: string; message: string };
  assert.equal(body.code, "validation_failed");
  assert.match(body.message, /^Unsupported provider/);
  const google = await browser().auth.signInWithIdToken({ provider: "google", token: "a.b.c" });
  assert.equal(google.error?.code, "provider_disabled");
  const half = await fetch(`${tenon.api}/auth/v1/authorize?provider=acme&code_challenge=${"a".repeat(43)}`, { redirect: "manual" });
  assert.equal(half.status, 400);
});

test("/settings names the providers that are on", async () => {
  const settings = (await (await fetch(`${tenon.api}/auth/v1/settings`, { headers: { apikey: tenon.anon } })).json()) as { external: Record<string, boolean> };
  assert.deepEqual(
    ["acme", "beta", "github", "google", "email", "phone"].map((name) => settings.external[name]),
    [true, true, true, false, true, false],
  );
});

test("GitHub: only what it calls verified counts, the primary address first", async () => {
  hub.as("octo");
  const octo = await signedIn("github" as Name, "");
  assert.equal(octo.user.email, "octo@github.example");
  assert.equal(octo.user.identities![0].id, "101");
  assert.equal(octo.user.user_metadata.user_name, "octo");
  assert.equal(octo.provider_token, "gho_octo");
  hub.as("second");
  assert.equal((await signedIn("github" as Name, "")).user.email, "proven@github.example");
  hub.as("nobody");
  await admin().auth.admin.createUser({ email: "victim@github.example", password, email_confirm: true });
  const back = await walk(await started(browser(), "github" as Name), "", atHome);
  assert.equal(faultOf(back)[1], "validation_failed");
});

test("a Next.js server signs in by a provider, and Tenon's pages know the session at once", async () => {
  const login = fresh();
  const jar = new Jar();
  const begun = await jar.fetch(`${next.url}/oauth?provider=acme`);
  const back = await walk(begun.headers.get("location")!, login, (url) => url.startsWith(`${next.url}/auth/callback`));
  assert.equal((await jar.fetch(back)).status, 303);
  const seen = (await (await jar.fetch(next.url)).json()) as { email: string };
  assert.equal(seen.email, login);
  const page = await jar.fetch(`${tenon.site}/app/settings`);
  assert.equal(page.status, 200);
  assert.ok((await page.text()).includes(login));
});

/** An ID token of the first provider, as an app gets it that speaks to the provider itself. */
async function idToken(login: string, nonce?: string, client = { id: "tenon", secret: "a secret: with % and +" }): Promise<{ id_token: string; access_token: string }> {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    client_id: client.id,
    response_type: "code",
    redirect_uri: "http://localhost:1/own",
    scope: "openid email",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    claims: JSON.stringify({ id_token: { email: null, email_verified: null } }),
    ...(nonce ? { nonce: createHash("sha256").update(nonce).digest("hex") } : {}),
  });
  const back = new URL(await walk(`${open[0].url}/auth?${query}`, login, (url) => url.startsWith("http://localhost:1/own")));
  const answer = await fetch(`${open[0].url}/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${Buffer.from(`${encodeURIComponent(client.id)}:${encodeURIComponent(client.secret)}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "authorization_code", code: back.searchParams.get("code")!, redirect_uri: "http://localhost:1/own", code_verifier: verifier }),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as { id_token: string; access_token: string };
}

test("an ID token gives a session; the nonce is compared as its SHA-256", async () => {
  const login = fresh();
  const nonce = "a nonce of the app";
  const tokens = await idToken(login, nonce);
  const { data, error } = await browser().auth.signInWithIdToken({ provider: acme, token: tokens.id_token, nonce, access_token: tokens.access_token });
  assert.equal(error, null);
  assert.equal(data.user!.id, (await signedIn(acme, login)).user.id);
  const plain = await idToken(fresh());
  assert.equal((await browser().auth.signInWithIdToken({ provider: acme, token: plain.id_token })).error, null);
});

test("an ID token with another nonce, for another client, of another provider, or forged is refused", async () => {
  const login = fresh();
  const nonce = "a nonce of the app";
  const { id_token } = await idToken(login, nonce);
  const refused = async (body: Record<string, string>) => {
    const { error } = await browser().auth.signInWithIdToken({ provider: acme, token: id_token, ...body });
    assert.equal(error?.status, 400);
    return error!.message;
  };
  assert.equal(await refused({ nonce: "another" }), "Nonces mismatch");
  assert.equal(await refused({}), "Passed nonce and nonce in id_token should either both exist or not.");
  const another = await idToken(login, undefined, { id: "another", secret: "another-secret" });
  assert.equal(await refused({ token: another.id_token }), "Bad ID token");
  assert.equal(await refused({ provider: beta, nonce }), "Bad ID token");
  const tokens = await idToken(login, nonce);
  const [head, payload, signature] = tokens.id_token.split(".");
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const forgedPayload = encoded({ ...claims(tokens.id_token), email: "victim@oidc.example" });
  const unsigned = encoded({ alg: "none" });
  for (const token of [`${head}.${forgedPayload}.${signature}`, `${unsigned}.${payload}.`, `${encoded({ alg: "HS256" })}.${payload}.${signature}`, "x", "a.b.c"])
    assert.equal(await refused({ token, nonce }), "Bad ID token");
});
