import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@supabase/supabase-js";
import { until } from "../support/wait.ts";

const url = process.env.SUPABASE_URL!;
const site = process.env.TENON_URL!;
const options = { auth: { persistSession: false, autoRefreshToken: false } };
const admin = createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY!, options);
const visitor = () => createClient(url, process.env.SUPABASE_ANON_KEY!, options);
const password = "testpassword123";
let counter = 0;
const fresh = () => `client-${Date.now()}-${++counter}@example.com`;

async function confirmedUser() {
  const { data, error } = await admin.auth.admin.createUser({ email: fresh(), password, email_confirm: true });
  assert.equal(error, null);
  return data.user!;
}

test("the admin creates, finds, lists and deletes a user", async () => {
  const user = await confirmedUser();
  assert.ok(user.email_confirmed_at);
  const found = await admin.auth.admin.getUserById(user.id);
  assert.equal(found.data.user?.email, user.email);
  const listed = await admin.auth.admin.listUsers({ page: 1, perPage: 50 });
  assert.ok(listed.data.users.some((one) => one.id === user.id));
  assert.equal((await admin.auth.admin.deleteUser(user.id)).error, null);
  const gone = await admin.auth.admin.getUserById(user.id);
  assert.equal(gone.error?.code, "user_not_found");
});

test("a known address is refused with email_exists, and the anon key may not do any of it", async () => {
  const user = await confirmedUser();
  const twice = await admin.auth.admin.createUser({ email: user.email, password });
  assert.equal(twice.error?.code, "email_exists");
  const anon = await visitor().auth.admin.createUser({ email: fresh(), password });
  assert.equal(anon.error?.code, "not_admin");
});

test("a password gives a session, a refresh rotates it, getUser checks it, signOut ends it", async () => {
  const user = await confirmedUser();
  const client = visitor();
  const signedIn = await client.auth.signInWithPassword({ email: user.email!, password });
  assert.equal(signedIn.error, null);
  const first = signedIn.data.session!;
  assert.equal((await client.auth.getUser()).data.user?.id, user.id);
  const refreshed = await client.auth.refreshSession();
  assert.equal(refreshed.error, null);
  assert.notEqual(refreshed.data.session!.refresh_token, first.refresh_token);
  assert.equal((await client.auth.signOut()).error, null);
  const after = await visitor().auth.getUser(refreshed.data.session!.access_token);
  assert.ok(after.error, "the access token of an ended session still works");
});

test("a wrong password and an unknown address answer alike", async () => {
  const user = await confirmedUser();
  const wrong = await visitor().auth.signInWithPassword({ email: user.email!, password: "wrong password" });
  const unknown = await visitor().auth.signInWithPassword({ email: fresh(), password });
  assert.equal(wrong.error?.code, "invalid_credentials");
  assert.deepEqual([wrong.error?.status, wrong.error?.message], [unknown.error?.status, unknown.error?.message]);
});

test("a sign-up is confirmed by the mailed hash and only then may sign in", async () => {
  const email = fresh();
  const client = visitor();
  const signedUp = await client.auth.signUp({ email, password });
  assert.equal(signedUp.error, null);
  assert.equal(signedUp.data.session, null);
  const early = await visitor().auth.signInWithPassword({ email, password });
  assert.equal(early.error?.code, "email_not_confirmed");
  const hash = await until("the confirmation email", async () => {
    const emails = (await (await fetch(`${site}/dev/mail?format=json&to=${encodeURIComponent(email)}`)).json()) as { text: string }[];
    return emails[0]?.text.match(/token_hash=([0-9a-z_]+)/)?.[1];
  });
  const verified = await client.auth.verifyOtp({ token_hash: hash, type: "signup" });
  assert.equal(verified.error, null);
  assert.equal(verified.data.user?.email, email);
  const again = await visitor().auth.verifyOtp({ token_hash: hash, type: "signup" });
  assert.equal(again.error?.code, "otp_expired");
});

test("weak and short passwords are refused with their code", async () => {
  const short = await visitor().auth.signUp({ email: fresh(), password: "short" });
  assert.equal(short.error?.code, "weak_password");
});
