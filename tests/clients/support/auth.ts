// One Tenon's /auth/v1 as the suites use it: official clients, people, their mails and codes, and the rows behind them.
// Every client made here leaves its last answer in `last`, since auth-js keeps some codes to itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { totp } from "../../support/totp.ts";
import { until } from "../../support/wait.ts";

export const password = "testpassword123";
export const fresh = () => `person-${randomUUID()}@example.com`;
export const linkHash = /(?:token_hash|token)=((?:pkce_)?[0-9a-f]{40,})/;
export const digits = /\b(\d{6})\b/;
export const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

type Where = { api: string; site: string; anon: string; service: string; database: string };
type Heard = { status: number; body: Record<string, unknown>; headers: Headers };
type Mail = { text: string; subject: string };

/** The Tenon that tests/clients/run started for all. */
export const shared = (): Where => ({
  api: process.env.SUPABASE_URL!,
  site: process.env.TENON_URL!,
  anon: process.env.SUPABASE_ANON_KEY!,
  service: process.env.SUPABASE_SERVICE_ROLE_KEY!,
  database: process.env.DATABASE_URL!,
});

export class Wire {
  readonly where: Where;
  last: Heard | undefined;
  readonly admin: SupabaseClient;

  constructor(where: Where) {
    this.where = where;
    this.admin = this.client(where.service);
  }

  /** `change` sees each request before it leaves. */
  client(key: string, headers: Record<string, string> = {}, change: (headers: Headers) => void = () => {}): SupabaseClient {
    return createClient(this.where.api, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      global: { headers, fetch: (input, init) => this.listen(input, init, change) },
    });
  }
  visitor(headers: Record<string, string> = {}): SupabaseClient {
    return this.client(this.where.anon, headers);
  }
  /** Keeps its verifier, as a browser does. */
  pkce(kept = new Map<string, string>()): SupabaseClient {
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
      removeItem: (name: string) => void kept.delete(name),
    };
    return createClient(this.where.api, this.where.anon, {
      auth: { flowType: "pkce", storage, autoRefreshToken: false, detectSessionInUrl: false },
      global: { fetch: (input, init) => this.listen(input, init) },
    });
  }

  async listen(input: RequestInfo | URL, init?: RequestInit, change: (headers: Headers) => void = () => {}): Promise<Response> {
    const headers = new Headers(init?.headers);
    change(headers);
    const answer = await fetch(input, { ...init, headers });
    const body = await answer.clone().json().catch(() => ({}));
    this.last = { status: answer.status, body, headers: answer.headers };
    return answer;
  }
  /** Past the client: what it would never send. */
  plain(path: string, init: RequestInit = {}, key = this.where.anon): Promise<Response> {
    const headers = { apikey: key, "X-Supabase-Api-Version": "2024-01-01", ...(init.headers as Record<string, string>) };
    return this.listen(`${this.where.api}/auth/v1${path}`, { redirect: "manual", ...init, headers });
  }

  async person(attributes: Record<string, unknown> = {}) {
    const { data, error } = await this.admin.auth.admin.createUser({ email: fresh(), password, email_confirm: true, ...attributes });
    assert.equal(error, null);
    return data.user!;
  }
  async signedIn(email?: string, client = this.visitor()) {
    const { data, error } = await client.auth.signInWithPassword({ email: email ?? (await this.person()).email!, password });
    assert.equal(error, null);
    return { client, session: data.session!, user: data.user! };
  }

  async mail(to: string, wanted: RegExp): Promise<string> {
    return until(`an email to ${to} with ${wanted}`, async () => {
      const mails = (await (await fetch(`${this.where.site}/dev/mail?format=json&to=${encodeURIComponent(to)}`)).json()) as Mail[];
      return mails.map((one) => one.text.match(wanted)?.[1]).find((found) => found !== undefined);
    });
  }

  /** As the database's owner, for what only time or an import brings about. */
  sql(text: string): string {
    return execFileSync("psql", ["-qXAt", "-v", "ON_ERROR_STOP=1", "-c", text, this.where.database], { encoding: "utf8" }).trim();
  }
}

export type Enrolled = { id: string; totp: { qr_code: string; secret: string; uri: string } };
export async function enrolled(client: SupabaseClient, friendlyName = "phone"): Promise<Enrolled> {
  const factor = await client.auth.mfa.enroll({ factorType: "totp", friendlyName });
  assert.equal(factor.error, null);
  return factor.data as Enrolled;
}
/** Enrols a factor and shows its code: the client's session is at aal2 afterwards. */
export async function raised(client: SupabaseClient): Promise<Enrolled> {
  const factor = await enrolled(client);
  const { error } = await client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: totp(factor.totp.secret) });
  assert.equal(error, null);
  return factor;
}
