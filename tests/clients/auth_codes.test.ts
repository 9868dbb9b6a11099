// Each error code of the specification's list, as the official client meets it: status, code, version header, sentence.
// Three Tenons: the shared one, an open one (auto-confirmation, anonymous, linking, a provider) and a strict one (limits
// on, no sign-up). tests/clients/auth_spec.ts reads the codes off the tests' names and prints which have none, and why.
// One table with a row for each code, and so longer than a file should be.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { claimsOf, digits, enrolled, fresh, linkHash, password, raised, shared, Wire } from "./support/auth.ts";
import { totp } from "../support/totp.ts";
import { openIdProvider, walk } from "./support/oidc.ts";
import { startTenon, type Tenon } from "./support/tenon.ts";

const wire = new Wire(shared());
let open: Wire;
let strict: Wire;
let provider: Awaited<ReturnType<typeof openIdProvider>>;
const running: Tenon[] = [];
const elsewhere = "203.0.113.9";
const nextPassword = "an entirely new one";
const acme = "acme" as "google"; // the client's list of providers is closed, the API's is not

before(async () => {
  provider = await openIdProvider();
  running.push(
    await startTenon({
      AUTH_AUTOCONFIRM: "true",
      AUTH_ANONYMOUS: "true",
      AUTH_MANUAL_LINKING: "true",
      AUTH_REAUTHENTICATE: "true",
      AUTH_OIDC: "acme",
      AUTH_OIDC_ACME_ISSUER: provider.url,
      AUTH_OIDC_ACME_CLIENT_ID: "tenon",
      AUTH_OIDC_ACME_CLIENT_SECRET: "secret",
      TRUSTED_PROXIES: "127.0.0.1",
    }),
    await startTenon({ AUTH_DISABLE_SIGNUP: "true", TENON_RATE_LIMITS: "true", AUTH_RATE_LIMITS: "verify=1/300" }),
  );
  [open, strict] = running.map((one) => new Wire(one));
  provider.serve({
    clients: [{ client_id: "tenon", client_secret: "secret", redirect_uris: [`${open.where.api}/auth/v1/callback`] }],
  });
});
after(async () => {
  for (const one of running) await one.stop();
  await provider.close();
});

/** Begun first, since the server waits for the rest of the body for twenty seconds. */
const stalled = (async () => {
  const own = new Wire(shared());
  const halts = createClient(own.where.api, own.where.anon, {
    auth: { persistSession: false, autoRefreshToken: false },
    global: {
      fetch: (input, init) => {
        const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('{"email":')) });
        return own.listen(input, { ...init, body, duplex: "half" } as RequestInit);
      },
    },
  });
  const { error } = await halts.auth.signInWithPassword({ email: fresh(), password });
  return { error, last: own.last! };
})();

type Answer = { error: { code?: string; name: string; status?: number; message: string } | null };
type Row = {
  status: number;
  says?: string | RegExp;
  on?: () => Wire;
  // The class of the error where auth-js hides its code.
  as?: "AuthSessionMissingError" | "AuthRetryableFetchError";
  ask: (at: Wire) => Promise<Answer>;
};

function meets(code: string, row: Row): void {
  const { status, says, on = () => wire, as, ask } = row;
  test(`code ${code}: ${status} for the official client`, async () => {
    const at = on();
    const { error } = await ask(at);
    assert.ok(error, "nothing was refused");
    const { status: answered, body, headers } = at.last!;
    assert.deepEqual([answered, body.code], [status, code]);
    assert.equal(headers.get("x-supabase-api-version"), "2024-01-01");
    assert.equal(headers.get("x-sb-error-code"), code);
    if (as) assert.equal(error.name, as);
    else assert.deepEqual([error.code, error.status], [code, status]);
    if (typeof says === "string") assert.equal(body.message, says);
    else if (says) assert.match(String(body.message), says);
  });
}

async function challenged(at: Wire) {
  const { client, session } = await at.signedIn();
  const factor = await enrolled(client);
  const challenge = await client.auth.mfa.challenge({ factorId: factor.id });
  assert.equal(challenge.error, null);
  return { client, session, factor, challengeId: challenge.data!.id };
}
/** A code by mail for `client`, who keeps the verifier. */
async function codeFor(at: Wire, client: SupabaseClient): Promise<string> {
  const email = (await at.person()).email!;
  assert.equal((await client.auth.signInWithOtp({ email })).error, null);
  const landed = await at.plain(`/verify?type=magiclink&token=${await at.mail(email, linkHash)}`);
  return new URL(landed.headers.get("location")!).searchParams.get("code")!;
}
async function verifyNotEnabled(at: Wire, type: "phone" | "webauthn"): Promise<Answer> {
  const { client, user } = await at.signedIn();
  const id = randomUUID();
  at.sql(`insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, created_at, updated_at)
          values ('${id}', '${user.id}', 'imported', '${type}', 'unverified', now(), now())`);
  return client.auth.mfa.challenge({ factorId: id });
}
const refreshed = (at: Wire, refresh_token: string) => at.visitor().auth.refreshSession({ refresh_token });

// The requests.
meets("validation_failed", {
  status: 400,
  says: /^Unable to validate email address: /,
  ask: (at) => at.visitor().auth.signUp({ email: "no address", password }),
});
meets("bad_json", {
  status: 400,
  ask: async (at) => (await at.signedIn()).client.auth.updateUser({ data: "no object" as never }),
});
meets("request_entity_too_large", {
  status: 413,
  ask: async (at) => (await at.signedIn()).client.auth.updateUser({ data: { much: "x".repeat(1 << 20) } }),
});
test("code request_timeout: 408 for a body that stops arriving", async () => {
  const { error, last } = await stalled;
  assert.deepEqual([last.status, last.body.code, error?.code], [408, "request_timeout", "request_timeout"]);
  assert.equal(last.headers.get("x-supabase-api-version"), "2024-01-01");
});
meets("unexpected_failure", {
  status: 500,
  says: "Database error saving new user",
  on: () => open,
  as: "AuthRetryableFetchError",
  ask: async (at) => {
    const email = fresh();
    at.sql(`create function public.refuses() returns trigger language plpgsql as $$ begin raise 'no profile for you'; end $$;
            create trigger refuses after insert on auth.users for each row execute function public.refuses()`);
    try {
      return await at.visitor().auth.signUp({ email, password });
    } finally {
      at.sql("drop trigger refuses on auth.users; drop function public.refuses()");
      assert.equal(at.sql(`select count(*) from auth.users where email = '${email}'`), "0", "the refused user was kept");
    }
  },
});

// The callers.
meets("no_authorization", {
  status: 401,
  says: "This endpoint requires a valid Bearer token",
  ask: (at) => at.client(at.where.anon, {}, (headers) => headers.delete("Authorization")).auth.getUser("a.b.c"),
});
meets("bad_jwt", {
  status: 403,
  says: /^invalid JWT: unable to parse or verify signature, /,
  ask: (at) => at.visitor().auth.getUser("a.b.c"),
});
meets("not_admin", { status: 403, says: "User not allowed", ask: (at) => at.visitor().auth.admin.createUser({ email: fresh(), password }) });
meets("user_not_found", { status: 404, says: "User not found", ask: (at) => at.admin.auth.admin.getUserById(randomUUID()) });
meets("user_banned", {
  status: 400,
  says: "User is banned",
  ask: async (at) => {
    const { email } = await at.person({ ban_duration: "24h" });
    return at.visitor().auth.signInWithPassword({ email: email!, password });
  },
});
meets("insufficient_aal", {
  status: 401,
  ask: async (at) => {
    const { client, user } = await at.signedIn();
    await raised(client);
    return (await at.signedIn(user.email!)).client.auth.updateUser({ password: nextPassword });
  },
});

// Sessions.
meets("session_not_found", {
  status: 403,
  says: "Session from session_id claim in JWT does not exist",
  as: "AuthSessionMissingError",
  ask: async (at) => {
    const { session } = await at.signedIn();
    assert.equal((await at.admin.auth.admin.signOut(session.access_token, "global")).error, null);
    return at.visitor().auth.getUser(session.access_token);
  },
});
meets("session_expired", {
  status: 400,
  says: "Invalid Refresh Token: Session Expired",
  ask: async (at) => {
    const { session } = await at.signedIn();
    at.sql(`update auth.sessions set not_after = now() - interval '1 second' where id = '${claimsOf(session.access_token).session_id}'`);
    return refreshed(at, session.refresh_token);
  },
});
meets("refresh_token_not_found", {
  status: 400,
  says: "Invalid Refresh Token: Refresh Token Not Found",
  ask: (at) => refreshed(at, "no such token at all"),
});
meets("refresh_token_already_used", {
  status: 400,
  says: "Invalid Refresh Token: Already Used",
  ask: async (at) => {
    const { session } = await at.signedIn();
    const second = (await refreshed(at, session.refresh_token)).data.session!;
    assert.equal((await refreshed(at, second.refresh_token)).error, null);
    at.sql(`update auth.refresh_tokens set updated_at = updated_at - interval '11 seconds'
            where session_id = '${claimsOf(session.access_token).session_id}'`);
    return refreshed(at, session.refresh_token);
  },
});
meets("conflict", {
  status: 409,
  ask: async (at) => {
    const { session } = await at.signedIn();
    const holder = spawn("psql", ["-qXAt", at.where.database], { stdio: ["pipe", "pipe", "inherit"] });
    const held = new Promise((done) => holder.stdout.once("data", done));
    holder.stdin.write(`begin; select id from auth.sessions where id = '${claimsOf(session.access_token).session_id}' for update;\n`);
    await held;
    try {
      return await refreshed(at, session.refresh_token);
    } finally {
      holder.stdin.end("rollback;\n");
    }
  },
});

// Ways in.
meets("signup_disabled", {
  status: 422,
  says: "Signups not allowed for this instance",
  on: () => strict,
  ask: (at) => at.visitor().auth.signUp({ email: fresh(), password }),
});
meets("user_already_exists", {
  status: 422,
  says: "User already registered",
  on: () => open,
  ask: async (at) => at.visitor().auth.signUp({ email: (await at.person()).email!, password }),
});
meets("email_exists", {
  status: 422,
  says: "A user with this email address has already been registered",
  ask: async (at) => at.admin.auth.admin.createUser({ email: (await at.person()).email!, password }),
});
meets("phone_exists", {
  status: 422,
  ask: async (at) => {
    const phone = `+49170${String(Date.now()).slice(-8)}`;
    await at.person({ phone });
    return at.admin.auth.admin.createUser({ phone });
  },
});
meets("email_not_confirmed", {
  status: 400,
  says: "Email not confirmed",
  ask: async (at) => {
    const { email } = await at.person({ email_confirm: false });
    return at.visitor().auth.signInWithPassword({ email: email!, password });
  },
});
meets("invalid_credentials", {
  status: 400,
  says: "Invalid login credentials",
  ask: (at) => at.visitor().auth.signInWithPassword({ email: fresh(), password }),
});
meets("weak_password", { status: 422, ask: (at) => at.visitor().auth.signUp({ email: fresh(), password: "short" }) });
meets("otp_disabled", {
  status: 422,
  says: "Signups not allowed for otp",
  ask: (at) => at.visitor().auth.signInWithOtp({ email: fresh(), options: { shouldCreateUser: false } }),
});
meets("otp_expired", {
  status: 403,
  says: "Token has expired or is invalid",
  ask: (at) => at.visitor().auth.verifyOtp({ email: fresh(), token: "123456", type: "email" }),
});
meets("anonymous_provider_disabled", { status: 422, ask: (at) => at.visitor().auth.signInAnonymously() });
meets("phone_provider_disabled", { status: 400, ask: (at) => at.visitor().auth.signInWithOtp({ phone: "+491701234567" }) });
meets("provider_disabled", { status: 400, ask: (at) => at.visitor().auth.signInWithIdToken({ provider: "google", token: "a.b.c" }) });
meets("flow_state_not_found", {
  status: 404,
  ask: async (at) => {
    const client = at.pkce();
    assert.equal((await client.auth.signInWithOtp({ email: (await at.person()).email! })).error, null);
    return client.auth.exchangeCodeForSession(randomUUID());
  },
});
meets("flow_state_expired", {
  status: 422,
  ask: async (at) => {
    const client = at.pkce();
    const code = await codeFor(at, client);
    const aged = at.sql(`with aged as (update auth.flow_state set auth_code_issued_at = auth_code_issued_at - interval '5 minutes 1 second'
                           where auth_code = encode(sha256('${code}'), 'hex') returning 1) select count(*) from aged`);
    assert.equal(aged, "1");
    return client.auth.exchangeCodeForSession(code);
  },
});
meets("bad_code_verifier", {
  status: 400,
  ask: async (at) => {
    const code = await codeFor(at, at.pkce());
    const thief = at.pkce();
    assert.equal((await thief.auth.signInWithOtp({ email: (await at.person()).email! })).error, null);
    return thief.auth.exchangeCodeForSession(code);
  },
});

// One's own account.
meets("same_password", {
  status: 422,
  says: "New password should be different from the old password.",
  ask: async (at) => (await at.signedIn()).client.auth.updateUser({ password }),
});
meets("current_password_invalid", {
  status: 400,
  ask: async (at) => (await at.signedIn()).client.auth.updateUser({ password: nextPassword, current_password: "not mine" }),
});
meets("reauthentication_needed", {
  status: 400,
  on: () => open,
  ask: async (at) => {
    const { client, session } = await at.signedIn();
    at.sql(`update auth.sessions set created_at = now() - interval '25 hours' where id = '${claimsOf(session.access_token).session_id}'`);
    return client.auth.updateUser({ password: nextPassword });
  },
});
meets("reauthentication_not_valid", {
  status: 422,
  ask: async (at) => {
    const { client, user } = await at.signedIn();
    assert.equal((await client.auth.reauthenticate()).error, null);
    const nonce = await at.mail(user.email!, digits);
    return client.auth.updateUser({ password: nextPassword, nonce: nonce === "000000" ? "111111" : "000000" });
  },
});
meets("manual_linking_disabled", {
  status: 404,
  ask: async (at) => {
    const { client } = await at.signedIn();
    const { data } = await client.auth.getUserIdentities();
    return client.auth.unlinkIdentity(data!.identities[0]);
  },
});
meets("single_identity_not_deletable", {
  status: 422,
  on: () => open,
  ask: async (at) => {
    const { client } = await at.signedIn();
    const { data } = await client.auth.getUserIdentities();
    return client.auth.unlinkIdentity(data!.identities[0]);
  },
});
meets("identity_not_found", {
  status: 422,
  on: () => open,
  ask: async (at) => {
    const { client } = await at.signedIn();
    const { data } = await client.auth.getUserIdentities();
    return client.auth.unlinkIdentity({ ...data!.identities[0], identity_id: randomUUID() });
  },
});

// Second factors.
meets("mfa_factor_not_found", {
  status: 404,
  ask: async (at) => (await at.signedIn()).client.auth.mfa.challenge({ factorId: randomUUID() }),
});
meets("mfa_factor_name_conflict", {
  status: 422,
  ask: async (at) => {
    const { client } = await at.signedIn();
    await enrolled(client, "the same");
    return client.auth.mfa.enroll({ factorType: "totp", friendlyName: "the same" });
  },
});
meets("too_many_enrolled_mfa_factors", {
  status: 422,
  ask: async (at) => {
    const { client } = await at.signedIn();
    for (let i = 0; i < 10; ++i) await enrolled(client, `factor ${i}`);
    return client.auth.mfa.enroll({ factorType: "totp", friendlyName: "the eleventh" });
  },
});
meets("mfa_verification_failed", {
  status: 422,
  says: "Invalid TOTP code entered",
  ask: async (at) => {
    const { client, factor, challengeId } = await challenged(at);
    const right = [-30_000, 0, 30_000].map((shift) => totp(factor.totp.secret, Date.now() + shift));
    const code = ["000000", "111111", "222222", "333333"].find((one) => !right.includes(one))!;
    return client.auth.mfa.verify({ factorId: factor.id, challengeId, code });
  },
});
meets("mfa_challenge_expired", {
  status: 422,
  ask: async (at) => {
    const { client, factor, challengeId } = await challenged(at);
    at.sql(`update auth.mfa_challenges set created_at = created_at - interval '301 seconds' where id = '${challengeId}'`);
    return client.auth.mfa.verify({ factorId: factor.id, challengeId, code: totp(factor.totp.secret) });
  },
});
meets("mfa_ip_address_mismatch", {
  status: 422,
  on: () => open,
  ask: async (at) => {
    const { session, factor, challengeId } = await challenged(at);
    const away = at.visitor({ "X-Forwarded-For": elsewhere });
    assert.equal((await away.auth.setSession(session)).error, null);
    return away.auth.mfa.verify({ factorId: factor.id, challengeId, code: totp(factor.totp.secret) });
  },
});
meets("mfa_phone_enroll_not_enabled", {
  status: 422,
  ask: async (at) => (await at.signedIn()).client.auth.mfa.enroll({ factorType: "phone", phone: "+491701234567" }),
});
meets("mfa_webauthn_enroll_not_enabled", {
  status: 422,
  ask: async (at) => (await at.signedIn()).client.auth.mfa.enroll({ factorType: "webauthn", friendlyName: "key" }),
});
meets("mfa_phone_verify_not_enabled", { status: 422, ask: (at) => verifyNotEnabled(at, "phone") });
meets("mfa_webauthn_verify_not_enabled", { status: 422, ask: (at) => verifyNotEnabled(at, "webauthn") });

// Limits.
meets("over_request_rate_limit", {
  status: 429,
  says: "Request rate limit reached",
  on: () => strict,
  ask: async (at) => {
    const guess = () => at.visitor().auth.verifyOtp({ email: fresh(), token: "123456", type: "email" });
    assert.equal((await guess()).error?.code, "otp_expired");
    return guess();
  },
});
meets("over_email_send_rate_limit", {
  status: 429,
  says: /^For security purposes, you can only request this after \d+ seconds\.$/,
  on: () => strict,
  ask: async (at) => {
    const { email } = await at.person();
    assert.equal((await at.visitor().auth.resetPasswordForEmail(email!)).error, null);
    return at.visitor().auth.resetPasswordForEmail(email!);
  },
});

// Errors that come back by redirect, where no client reads a body.
const fault = (location: string) => new URL(location).searchParams.get("error_code");
const atHome = (url: string) => url.startsWith(open.where.site) && !url.includes("/auth/v1/");
async function providersUrl(client: SupabaseClient): Promise<string> {
  const { data, error } = await client.auth.signInWithOAuth({ provider: acme, options: { skipBrowserRedirect: true } });
  assert.equal(error, null);
  return data.url!;
}

test("code bad_oauth_state: a state that nobody began", async () => {
  const landed = await open.plain(`/callback?code=abc&state=${randomUUID()}`);
  assert.equal(fault(landed.headers.get("location")!), "bad_oauth_state");
});

test("code bad_oauth_callback: an answer of the provider without a code", async () => {
  const begun = await open.plain((await providersUrl(open.pkce())).split("/auth/v1")[1]);
  const state = new URL(begun.headers.get("location")!).searchParams.get("state");
  const landed = await open.plain(`/callback?state=${state}`);
  assert.equal(fault(landed.headers.get("location")!), "bad_oauth_callback");
});

test("code identity_already_exists: what is somebody's already is linked to nobody else", async () => {
  const login = fresh();
  assert.ok(await walk(await providersUrl(open.pkce()), login, atHome));
  const client = open.pkce();
  await open.signedIn(undefined, client);
  const { data, error } = await client.auth.linkIdentity({ provider: acme, options: { skipBrowserRedirect: true } });
  assert.equal(error, null);
  assert.equal(fault(await walk(data.url!, login, atHome)), "identity_already_exists");
});

test("malformed JSON is bad_json in both shapes of the error", async () => {
  const post = (headers: Record<string, string>) =>
    wire.plain("/token?grant_type=password", { method: "POST", body: "{", headers: { "Content-Type": "application/json", ...headers } });
  await post({});
  assert.deepEqual([wire.last!.status, wire.last!.body.code], [400, "bad_json"]);
  const old = await fetch(`${wire.where.api}/auth/v1/token?grant_type=password`, {
    method: "POST",
    body: "{",
    headers: { apikey: wire.where.anon, "Content-Type": "application/json" },
  });
  const body = (await old.json()) as { code: number; error_code: string; msg: string };
  assert.deepEqual([old.status, body.code, body.error_code, typeof body.msg], [400, 400, "bad_json", "string"]);
  assert.equal(old.headers.get("x-supabase-api-version"), null);
});
