// Every flow and refusal of /auth/v1 under the official client: its error codes are read from the body only when the
// version header came back, so each assertion on a code holds both.
import assert from "node:assert/strict";
import { test } from "node:test";
import { claimsOf, digits, enrolled, fresh, linkHash, password, shared, Wire } from "./support/auth.ts";
import { totp } from "../support/totp.ts";

const wire = new Wire(shared());
const { admin } = wire;
const { api: url, site } = wire.where;
const visitor = () => wire.visitor();
const createTestUser = () => wire.person();
const signedIn = (email: string) => wire.signedIn(email);
const mail = (to: string, wanted: RegExp) => wire.mail(to, wanted);

test("a test user is made, signs in, and is cleaned up with his sessions", async () => {
  const user = await createTestUser();
  const { client, session } = await signedIn(user.email!);
  assert.equal((await admin.auth.admin.deleteUser(user.id)).error, null);
  const { error } = await client.auth.getUser(session.access_token);
  assert.equal(error?.code, "user_not_found");
});

test("signInWithOtp: the code of the mail brings in, and shouldCreateUser:false refuses strangers", async () => {
  const user = await createTestUser();
  const client = visitor();
  assert.equal((await client.auth.signInWithOtp({ email: user.email! })).error, null);
  const token = await mail(user.email!, digits);
  const wrong = await client.auth.verifyOtp({ email: user.email!, token: token === "000000" ? "111111" : "000000", type: "email" });
  assert.equal(wrong.error?.code, "otp_expired");
  const right = await client.auth.verifyOtp({ email: user.email!, token, type: "email" });
  assert.equal(right.error, null);
  assert.equal(claimsOf(right.data.session!.access_token).amr[0].method, "otp");
  const stranger = await client.auth.signInWithOtp({ email: fresh(), options: { shouldCreateUser: false } });
  assert.equal(stranger.error?.code, "otp_disabled");
});

test("the PKCE flow: sign-up, link, code, session; the code is good once", async () => {
  const kept = new Map<string, string>();
  const client = wire.pkce(kept);
  const email = fresh();
  const { error } = await client.auth.signUp({ email, password, options: { emailRedirectTo: site } });
  assert.equal(error, null);
  const hash = await mail(email, linkHash);
  assert.match(hash, /^pkce_/);
  const landed = await fetch(`${url}/auth/v1/verify?token=${hash}&type=signup&redirect_to=${encodeURIComponent(site)}`, { redirect: "manual" });
  const code = new URL(landed.headers.get("location")!).searchParams.get("code")!;
  assert.ok(code);
  const before = new Map(kept);
  const exchanged = await client.auth.exchangeCodeForSession(code);
  assert.equal(exchanged.error, null);
  assert.equal(exchanged.data.user?.email, email);
  for (const [key, value] of before) kept.set(key, value);
  const again = await client.auth.exchangeCodeForSession(code);
  assert.equal(again.error?.code, "flow_state_not_found");
});

test("resetPasswordForEmail: the mailed hash gives a session that sets a password and ends the others", async () => {
  const user = await createTestUser();
  const before = await signedIn(user.email!);
  const client = visitor();
  assert.equal((await client.auth.resetPasswordForEmail(user.email!)).error, null);
  assert.equal((await client.auth.resetPasswordForEmail(fresh())).error, null);
  const hash = await mail(user.email!, linkHash);
  const verified = await client.auth.verifyOtp({ token_hash: hash, type: "recovery" });
  assert.equal(verified.error, null);
  assert.equal((await client.auth.updateUser({ password: "testpassword123" })).error?.code, "same_password");
  assert.equal((await client.auth.updateUser({ password: "short" })).error?.code, "weak_password");
  assert.equal((await client.auth.updateUser({ password: "an entirely new one" })).error, null);
  assert.equal((await before.client.auth.getUser()).error?.name, "AuthSessionMissingError");
  assert.equal((await visitor().auth.signInWithPassword({ email: user.email!, password })).error?.code, "invalid_credentials");
});

test("updateUser: metadata merges, a taken address is refused, a new one counts when both have answered", async () => {
  const user = await createTestUser();
  const other = await createTestUser();
  const { client } = await signedIn(user.email!);
  await client.auth.updateUser({ data: { a: 1, b: 2 } });
  const merged = await client.auth.updateUser({ data: { a: null, c: 3 } });
  assert.equal(merged.data.user!.user_metadata.b, 2);
  assert.equal("a" in merged.data.user!.user_metadata, false);
  assert.equal((await client.auth.updateUser({ email: other.email! })).error?.code, "email_exists");
  const next = fresh();
  const asked = await client.auth.updateUser({ email: next });
  assert.equal(asked.error, null);
  assert.equal(asked.data.user!.new_email, next);
  const half = await visitor().auth.verifyOtp({ token_hash: await mail(next, linkHash), type: "email_change" });
  assert.equal(half.error, null);
  assert.equal(half.data.session, null);
  const whole = await visitor().auth.verifyOtp({ token_hash: await mail(user.email!, linkHash), type: "email_change" });
  assert.equal(whole.error, null);
  assert.equal(whole.data.user!.email, next);
});

test("resend and reauthenticate answer, and the mailed nonce is the one that counts", async () => {
  const email = fresh();
  const client = visitor();
  await client.auth.signUp({ email, password });
  assert.equal((await client.auth.resend({ type: "signup", email })).error, null);
  const user = await createTestUser();
  const mine = (await signedIn(user.email!)).client;
  assert.equal((await mine.auth.reauthenticate()).error, null);
  const nonce = await mail(user.email!, digits);
  const wrong = await mine.auth.updateUser({ password: "an entirely new one", nonce: nonce === "000000" ? "111111" : "000000" });
  assert.equal(wrong.error?.code, "reauthentication_not_valid");
  assert.equal((await mine.auth.updateUser({ password: "an entirely new one", nonce })).error, null);
});

test("signOut by scope: others leaves one's own, global ends all", async () => {
  const user = await createTestUser();
  const one = await signedIn(user.email!);
  const two = await signedIn(user.email!);
  assert.equal((await one.client.auth.signOut({ scope: "others" })).error, null);
  assert.equal((await one.client.auth.getUser()).error, null);
  assert.ok((await visitor().auth.getUser(two.session.access_token)).error);
  assert.equal((await admin.auth.admin.signOut(one.session.access_token, "global")).error, null);
  assert.ok((await visitor().auth.getUser(one.session.access_token)).error);
});

test("fifty refreshes of one token at once agree, and an unknown token is told so", async () => {
  const user = await createTestUser();
  const { session } = await signedIn(user.email!);
  const all = await Promise.all(
    Array.from({ length: 50 }, () => visitor().auth.refreshSession({ refresh_token: session.refresh_token })));
  assert.deepEqual(all.filter((one) => one.error), []);
  assert.equal(new Set(all.map((one) => one.data.session!.refresh_token)).size, 1);
  const unknown = await visitor().auth.refreshSession({ refresh_token: "no such token at all" });
  assert.equal(unknown.error?.code, "refresh_token_not_found");
});

test("a token from long ago ends the session: the refusal stays, and so does the end of its whole family", async () => {
  const user = await createTestUser();
  const { client, session: first } = await signedIn(user.email!);
  const other = await signedIn(user.email!);
  const refreshed = async (refresh_token: string) => visitor().auth.refreshSession({ refresh_token });
  const second = (await refreshed(first.refresh_token)).data.session!;
  const third = (await refreshed(second.refresh_token)).data.session!;
  assert.equal(new Set([first, second, third].map((one) => one.refresh_token)).size, 3);

  // Within ten seconds even the grandparent is a lost answer, and leads to the active token.
  const soon = await refreshed(first.refresh_token);
  assert.equal(soon.data.session?.refresh_token, third.refresh_token);
  // Past them the parent of the active one still is, at any time; what came before it is theft.
  wire.sql(`update auth.refresh_tokens set updated_at = updated_at - interval '11 seconds'
            where session_id = '${claimsOf(first.access_token).session_id}'`);
  assert.equal((await refreshed(second.refresh_token)).data.session?.refresh_token, third.refresh_token);
  assert.equal((await visitor().auth.getUser(third.access_token)).error, null);
  const stolen = await refreshed(first.refresh_token);
  assert.deepEqual([stolen.error?.code, stolen.error?.status], ["refresh_token_already_used", 400]);
  assert.equal(stolen.error?.message, "Invalid Refresh Token: Already Used");

  for (const session of [first, second, third]) {
    assert.ok((await refreshed(session.refresh_token)).error, "a token of the family still refreshes");
    assert.equal((await visitor().auth.getUser(session.access_token)).error?.name, "AuthSessionMissingError");
  }
  assert.ok((await client.auth.getUser()).error);
  assert.equal((await refreshed(other.session.refresh_token)).error, null, "another session of the user ended too");
});

test("MFA: enroll, challenge, verify, levels, and who is at aal1 may not change the password", async () => {
  const user = await createTestUser();
  const { client } = await signedIn(user.email!);
  const factor = await enrolled(client);
  assert.match(factor.totp.qr_code, /^data:image\/svg\+xml;utf-8,<svg/);
  const challenge = await client.auth.mfa.challenge({ factorId: factor.id });
  assert.equal(challenge.error, null);
  const wrong = await client.auth.mfa.verify({ factorId: factor.id, challengeId: challenge.data!.id, code: "000000" });
  assert.equal(wrong.error?.code, "mfa_verification_failed");
  const right = await client.auth.mfa.verify({ factorId: factor.id, challengeId: challenge.data!.id, code: totp(factor.totp.secret) });
  assert.equal(right.error, null);
  assert.equal((await client.auth.mfa.getAuthenticatorAssuranceLevel()).data?.currentLevel, "aal2");
  assert.equal((await client.auth.mfa.listFactors()).data?.totp.length, 1);
  const lower = (await signedIn(user.email!)).client;
  assert.deepEqual((await lower.auth.mfa.getAuthenticatorAssuranceLevel()).data?.nextLevel, "aal2");
  assert.equal((await lower.auth.updateUser({ password: "an entirely new one" })).error?.code, "insufficient_aal");
  assert.equal((await lower.auth.mfa.unenroll({ factorId: factor.id })).error?.code, "insufficient_aal");
  const listed = await admin.auth.admin.mfa.listFactors({ userId: user.id });
  assert.equal(listed.data?.factors.length, 1);
  assert.equal((await client.auth.mfa.unenroll({ factorId: factor.id })).error, null);
  assert.equal((await admin.auth.admin.mfa.deleteFactor({ userId: user.id, id: factor.id })).error?.code, "mfa_factor_not_found");
});

test("admin: update, ban, generateLink of each kind, invite, pages", async () => {
  const user = await createTestUser();
  const updated = await admin.auth.admin.updateUserById(user.id, { user_metadata: { x: 1 }, app_metadata: { plan: "pro" } });
  assert.equal(updated.data.user!.app_metadata.plan, "pro");
  await admin.auth.admin.updateUserById(user.id, { ban_duration: "24h" });
  assert.equal((await visitor().auth.signInWithPassword({ email: user.email!, password })).error?.code, "user_banned");
  await admin.auth.admin.updateUserById(user.id, { ban_duration: "none" });
  await signedIn(user.email!);
  const link = await admin.auth.admin.generateLink({ type: "magiclink", email: user.email! });
  assert.equal(link.error, null);
  const entered = await visitor().auth.verifyOtp({ token_hash: link.data.properties!.hashed_token, type: "magiclink" });
  assert.equal(entered.data.user?.id, user.id);
  for (const type of ["signup", "invite", "recovery"] as const) {
    const email = type === "recovery" ? user.email! : fresh();
    const made = await admin.auth.admin.generateLink(type === "signup" ? { type, email, password } : { type, email });
    assert.equal(made.error, null, type);
    assert.equal(made.data.properties!.verification_type, type);
    const done = await visitor().auth.verifyOtp({ email, token: made.data.properties!.email_otp, type });
    assert.equal(done.error, null, type);
  }
  assert.equal((await admin.auth.admin.generateLink({ type: "recovery", email: fresh() })).error?.code, "user_not_found");
  const guest = fresh();
  assert.equal((await admin.auth.admin.inviteUserByEmail(guest, { data: { team: "red" } })).error, null);
  const joined = await visitor().auth.verifyOtp({ token_hash: await mail(guest, linkHash), type: "invite" });
  assert.equal(joined.data.user?.user_metadata.team, "red");
  assert.equal((await admin.auth.admin.inviteUserByEmail(guest)).error?.code, "email_exists");
  const page = await admin.auth.admin.listUsers({ page: 1, perPage: 2 });
  assert.equal(page.data.users.length, 2);
  assert.equal((page.data as { nextPage: number | null }).nextPage, 2);
});

test("getClaims: with a shared secret it asks the server, and a forged token gets nowhere", async () => {
  const user = await createTestUser();
  const { client, session } = await signedIn(user.email!);
  const good = await client.auth.getClaims();
  assert.equal(good.error, null);
  assert.equal(good.data?.claims.sub, user.id);
  const [head, body, mac] = session.access_token.split(".");
  const raised = Buffer.from(JSON.stringify({ ...claimsOf(session.access_token), role: "service_role" })).toString("base64url");
  assert.ok((await visitor().auth.getUser([head, raised, mac].join("."))).error);
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
  assert.equal((await visitor().auth.getUser([none, body, ""].join("."))).error?.code, "bad_jwt");
});

test("what is switched off says so by its code", async () => {
  assert.equal((await visitor().auth.signInAnonymously()).error?.code, "anonymous_provider_disabled");
  assert.equal((await visitor().auth.signInWithOtp({ phone: "+491701234567" })).error?.code, "phone_provider_disabled");
  assert.equal((await visitor().auth.signUp({ phone: "+491701234567", password })).error?.code, "phone_provider_disabled");
  const user = await createTestUser();
  const { client } = await signedIn(user.email!);
  const identities = await client.auth.getUserIdentities();
  assert.equal(identities.data?.identities.length, 1);
  assert.equal((await client.auth.unlinkIdentity(identities.data!.identities[0])).error?.code, "manual_linking_disabled");
  assert.equal((await client.auth.mfa.enroll({ factorType: "phone", phone: "+491701234567" })).error?.code, "mfa_phone_enroll_not_enabled");
});

test("settings, health and the key set are where clients look", async () => {
  const apikey = wire.where.anon;
  const settings = await (await fetch(`${url}/auth/v1/settings`, { headers: { apikey } })).json();
  assert.equal(settings.external.email, true);
  assert.equal(settings.mailer_autoconfirm, false);
  assert.equal((await (await fetch(`${url}/auth/v1/health`)).json()).name, "GoTrue");
  const keys = await fetch(`${url}/auth/v1/.well-known/jwks.json`);
  assert.deepEqual(await keys.json(), { keys: [] });
  assert.equal(keys.headers.get("cache-control"), "public, max-age=600");
  const missing = await fetch(`${url}/auth/v1/sso`, { method: "POST", headers: { apikey } });
  assert.equal(missing.status, 404);
});
