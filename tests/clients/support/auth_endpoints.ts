// Every endpoint of the specification of /auth/v1 (section 6, and the preflight of section 1) with its mark, and each way
// in which it is to answer when it does what was asked.
import type { Call } from "./record.ts";

type Shape = Record<string, unknown>;
type Answers = Record<string, (call: Call) => boolean>;
export type Endpoint = { mark: "M" | "S" | "C"; method: string; name: string; path: RegExp; answers: Answers };

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const isObject = (value: unknown): value is Shape => typeof value === "object" && value !== null && !Array.isArray(value);
function bodyOf(call: Call): unknown {
  try {
    return JSON.parse(call.text);
  } catch {
    return undefined;
  }
}
function json(call: Call, is: (body: Shape) => boolean, status = 200): boolean {
  const body = bodyOf(call);
  return call.status === status && (call.headers["content-type"] ?? "").startsWith("application/json") && isObject(body) && is(body);
}
const isEmpty = (call: Call) => json(call, (body) => Object.keys(body).length === 0);

// Section 5. What is no member of these shapes (a hash, a token) may not be in an answer.
const userMembers = `id aud role email phone email_confirmed_at invited_at phone_confirmed_at confirmation_sent_at
  confirmed_at recovery_sent_at new_email email_change_sent_at new_phone phone_change_sent_at reauthentication_sent_at
  last_sign_in_at app_metadata user_metadata factors identities created_at updated_at banned_until deleted_at
  is_anonymous`.split(/\s+/);
const texts = (body: Shape, ...names: string[]) => names.every((name) => typeof body[name] === "string");
const times = (body: Shape) => Object.entries(body).every(([name, value]) => !/_(at|until)$/.test(name) || time.test(String(value)));
const isIdentity = (one: unknown) =>
  isObject(one) && uuid.test(String(one.identity_id)) && texts(one, "id", "user_id", "provider", "created_at", "updated_at") && isObject(one.identity_data);
const isFactor = (one: unknown) =>
  isObject(one) && uuid.test(String(one.id)) && texts(one, "status", "factor_type", "created_at", "updated_at") && !("secret" in one);
function isUser(body: unknown, more: string[] = []): body is Shape {
  return (
    isObject(body) &&
    Object.keys(body).every((name) => userMembers.includes(name) || more.includes(name)) &&
    uuid.test(String(body.id)) &&
    texts(body, "aud", "role", "email", "phone", "created_at", "updated_at") &&
    times(body) &&
    isObject(body.app_metadata) &&
    isObject(body.user_metadata) &&
    typeof body.is_anonymous === "boolean" &&
    (body.identities === null || (Array.isArray(body.identities) && body.identities.every(isIdentity))) &&
    (body.factors === undefined || (Array.isArray(body.factors) && body.factors.length > 0 && body.factors.every(isFactor)))
  );
}
function isSession(body: Shape): boolean {
  return (
    texts(body, "access_token", "refresh_token") &&
    body.token_type === "bearer" &&
    Number.isInteger(body.expires_in) &&
    Number.isInteger(body.expires_at) &&
    String(body.refresh_token).length >= 12 &&
    isUser(body.user)
  );
}
const session = (call: Call) => json(call, isSession) && "sb-auth-user-id" in call.headers && "sb-auth-session-id" in call.headers;
const user = (call: Call) => json(call, (body) => isUser(body));

const landing = (call: Call) => (call.headers.location ? new URL(call.headers.location) : undefined);
const inFragment = (call: Call) => new URLSearchParams(landing(call)?.hash.slice(1));
const redirects = (call: Call, ...by: number[]) => by.includes(call.status) && landing(call) !== undefined;
const sessionMembers = ["access_token", "expires_at", "expires_in", "refresh_token", "sb", "token_type"];
const holds = (fragment: URLSearchParams, ...names: string[]) => names.every((name) => fragment.has(name));

const grant = (type: string): Answers => ({ session: (call) => call.query.grant_type === type && session(call) });
const ofKind = <T extends string>(kinds: readonly T[], read: (call: Call) => unknown, is: (call: Call) => boolean): Answers =>
  Object.fromEntries(kinds.map((kind) => [kind, (call: Call) => read(call) === kind && is(call)]));

const id = "[0-9a-f-]{36}";
const at = (mark: Endpoint["mark"], method: string, name: string, answers: Answers): Endpoint => ({
  mark,
  method,
  name,
  path: new RegExp(`^${name.split("?")[0].replace(/[.*]/g, "\\$&").replace(/\{\w+\}/g, id)}$`),
  answers,
});

export const endpoints: Endpoint[] = [
  at("M", "OPTIONS", "/token", {
    "any origin, no credentials": ({ status, headers }) =>
      [200, 204].includes(status) &&
      headers["access-control-allow-origin"] === "*" &&
      !("access-control-allow-credentials" in headers) &&
      ["GET", "POST", "PUT", "PATCH", "DELETE"].every((one) => headers["access-control-allow-methods"]?.includes(one)) &&
      `Accept, Authorization, Content-Type, apikey, X-Client-Info, X-Supabase-Api-Version, Prefer, Range, Range-Unit,
       Accept-Profile, Content-Profile, x-upsert, x-metadata, cache-control, x-retry-count, traceparent`
        .split(/,\s*/)
        .every((one) => headers["access-control-allow-headers"]?.toLowerCase().split(/,\s*/).includes(one.toLowerCase())),
  }),
  at("M", "POST", "/signup", {
    "the bare user, to be confirmed": (call) => user(call) && !("access_token" in (bodyOf(call) as Shape)),
    "a session, confirmed at once": (call) => Boolean(call.sent.email) && session(call),
    "an anonymous session": (call) => !call.sent.email && json(call, (body) => isSession(body) && (body.user as Shape).is_anonymous === true),
  }),
  at("M", "POST", "/token?grant_type=password", grant("password")),
  at("M", "POST", "/token?grant_type=refresh_token", grant("refresh_token")),
  at("M", "POST", "/token?grant_type=pkce", grant("pkce")),
  at("S", "POST", "/token?grant_type=id_token", grant("id_token")),
  at("S", "POST", "/otp", { "{}": isEmpty }),
  at("C", "POST", "/magiclink", { "{}": isEmpty }),
  at("M", "POST", "/recover", { "{}": isEmpty }),
  at("S", "POST", "/resend", ofKind(["signup", "email_change"], (call) => call.sent.type, isEmpty)),
  at("M", "POST", "/verify", {
    ...ofKind(["signup", "invite", "magiclink", "recovery", "email_change", "email"], (call) => call.sent.type, session),
    "by hash": (call) => Boolean(call.sent.token_hash) && session(call),
    "by code": (call) => Boolean(call.sent.token) && session(call),
    "half of an address change": (call) => json(call, (body) => String(body.msg).startsWith("Confirmation link accepted") && body.code === "200"),
  }),
  at("M", "GET", "/verify", {
    "a session in the fragment": (call) => redirects(call, 303) && holds(inFragment(call), ...sessionMembers, "type") && inFragment(call).get("token_type") === "bearer",
    "a code in the query": (call) => redirects(call, 303) && call.query.token?.startsWith("pkce_") && landing(call)!.searchParams.has("code"),
    "an error in the fragment": (call) =>
      redirects(call, 303) && inFragment(call).get("error") === "access_denied" && inFragment(call).get("error_code") === "otp_expired" && holds(inFragment(call), "error_description", "sb"),
  }),

  at("M", "GET", "/user", { user }),
  at("M", "PUT", "/user", {
    data: (call) => "data" in call.sent && user(call),
    password: (call) => "password" in call.sent && user(call),
    "a new address": (call) => "email" in call.sent && json(call, (body) => isUser(body) && body.new_email === call.sent.email),
  }),
  at("C", "GET", "/reauthenticate", { "{}": isEmpty }),
  at("M", "POST", "/logout", ofKind(["global", "local", "others"], (call) => call.query.scope, (call) => call.status === 204 && call.text === "")),
  at("C", "GET", "/user/identities/authorize", {
    "the URL": (call) => call.query.skip_http_redirect === "true" && json(call, (body) => URL.canParse(String(body.url))),
  }),
  at("C", "DELETE", "/user/identities/{identity_id}", { "{}": isEmpty }),

  at("S", "GET", "/authorize", { "to the provider, with a state": (call) => redirects(call, 302) && uuid.test(landing(call)!.searchParams.get("state") ?? "") }),
  at("S", "GET", "/callback", {
    "a code": (call) => redirects(call, 302, 303) && landing(call)!.searchParams.has("code"),
    "a session in the fragment": (call) => redirects(call, 302, 303) && holds(inFragment(call), ...sessionMembers, "provider_token"),
    "an error in query and fragment": (call) =>
      redirects(call, 302, 303) && ["error", "error_code", "error_description"].every((name) => inFragment(call).has(name) && landing(call)!.searchParams.get(name) === inFragment(call).get(name)),
  }),
  at("S", "POST", "/callback", { "a code": (call) => redirects(call, 302, 303) && landing(call)!.searchParams.has("code") }),

  at("S", "POST", "/factors", {
    totp: (call) =>
      json(call, (body) => uuid.test(String(body.id)) && body.type === "totp" && isObject(body.totp) && String(body.totp.qr_code).startsWith("<svg") && /^[A-Z2-7]+$/.test(String(body.totp.secret)) && String(body.totp.uri).startsWith("otpauth://totp/")),
  }),
  at("S", "POST", "/factors/{id}/challenge", { challenge: (call) => json(call, (body) => uuid.test(String(body.id)) && body.type === "totp" && Number.isInteger(body.expires_at)) }),
  at("S", "POST", "/factors/{id}/verify", { session }),
  at("S", "DELETE", "/factors/{id}", { id: (call) => json(call, (body) => call.path.endsWith(String(body.id))) }),
  at("C", "GET", "/factors/recovery-codes", { "404, in JSON": (call) => json(call, (body) => texts(body, "message"), 404) }),

  at("M", "GET", "/admin/users", {
    "a page with its links": (call) =>
      json(call, (body) => Array.isArray(body.users) && body.users.every((one) => isUser(one)) && body.aud === "authenticated") &&
      Number(call.headers["x-total-count"]) > 0 &&
      /rel="next".*rel="last"/.test(call.headers.link ?? ""),
  }),
  at("M", "POST", "/admin/users", { user }),
  at("M", "GET", "/admin/users/{id}", { user }),
  at("M", "PUT", "/admin/users/{id}", { user, banned: (call) => json(call, (body) => isUser(body) && "banned_until" in body) }),
  at("M", "DELETE", "/admin/users/{id}", { "{}": isEmpty }),
  at("S", "POST", "/admin/generate_link", ofKind(["signup", "invite", "magiclink", "recovery", "email_change_current", "email_change_new"], (call) => call.sent.type, (call) =>
    json(call, (body) => isUser(body, ["action_link", "email_otp", "hashed_token", "verification_type", "redirect_to"]) && /\/auth\/v1\/verify\?.*token=/.test(String(body.action_link)) && /^\d{6}$/.test(String(body.email_otp)) && texts(body, "hashed_token", "verification_type", "redirect_to")),
  )),
  at("S", "POST", "/invite", { user: (call) => json(call, (body) => isUser(body) && "invited_at" in body) }),
  at("C", "GET", "/admin/users/{id}/factors", { factors: (call) => call.status === 200 && Array.isArray(bodyOf(call)) && (bodyOf(call) as unknown[]).length > 0 && (bodyOf(call) as unknown[]).every(isFactor) }),
  at("C", "DELETE", "/admin/users/{id}/factors/{factor_id}", { id: (call) => json(call, (body) => call.path.endsWith(String(body.id))) }),
  at("C", "GET", "/admin/audit", { entries: (call) => call.status === 200 && Array.isArray(bodyOf(call)) && (bodyOf(call) as Shape[]).some((one) => texts(one, "id", "created_at") && isObject(one.payload)) }),

  at("S", "GET", "/settings", {
    settings: (call) =>
      json(call, (body) => isObject(body.external) && body.external.email === true && ["phone", "anonymous_users", "google"].every((name) => typeof (body.external as Shape)[name] === "boolean") && ["disable_signup", "mailer_autoconfirm", "phone_autoconfirm", "saml_enabled", "passkeys_enabled"].every((name) => typeof body[name] === "boolean") && texts(body, "sms_provider")),
  }),
  at("S", "GET", "/health", { health: (call) => json(call, (body) => texts(body, "version", "name", "description")) }),
  at("S", "GET", "/.well-known/jwks.json", {
    "no key under HS256": (call) => jwks(call, (keys) => keys.length === 0),
    "public keys alone": (call) => jwks(call, (keys) => keys.length > 0 && keys.every((one) => one.kty === "EC" && texts(one, "kid", "x", "y") && one.alg === "ES256" && !("d" in one))),
  }),
  at("C", "GET", "/.well-known/openid-configuration", {
    configuration: (call) =>
      json(call, (body) => texts(body, "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint") && body.jwks_uri === `${body.issuer}/.well-known/jwks.json`),
  }),
];

function jwks(call: Call, is: (keys: Shape[]) => boolean): boolean {
  return call.headers["cache-control"] === "public, max-age=600" && json(call, (body) => Array.isArray(body.keys) && is(body.keys as Shape[]));
}
