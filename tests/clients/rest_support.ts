// Helpers of the data API's tests: callers, and raw HTTP for what the client cannot send.
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { createClient } from "@supabase/supabase-js";

export const url = process.env.SUPABASE_URL!;
export const anonKey = process.env.SUPABASE_ANON_KEY!;
export const serviceKey = process.env.SUPABASE_SERVICE_ROLE_KEY!;
const options = { auth: { persistSession: false, autoRefreshToken: false } };

export const anon = createClient(url, anonKey, options);
export const service = createClient(url, serviceKey, options);

let counter = 0;
const password = "testpassword123";

export interface Person {
  id: string;
  token: string;
  client: typeof anon;
}

export async function person(at = url): Promise<Person> {
  const admin = createClient(at, at === url ? serviceKey : process.env.SECOND_SERVICE_ROLE_KEY!, options);
  const key = at === url ? anonKey : process.env.SECOND_ANON_KEY!;
  const email = `rest-${process.pid}-${Date.now()}-${++counter}@example.com`;
  const made = await admin.auth.admin.createUser({ email, password, email_confirm: true });
  if (made.error) throw made.error;
  const client = createClient(at, key, options);
  const signedIn = await client.auth.signInWithPassword({ email, password });
  if (signedIn.error) throw signedIn.error;
  return { id: made.data.user!.id, token: signedIn.data.session!.access_token, client };
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown; // a string goes as it is
  token?: string; // anon's key when absent
  at?: string;
}

// One request to /rest/v1, as written.
export async function call(path: string, { method = "GET", headers = {}, body, token, at = url }: Call = {}): Promise<Answer> {
  const key = at === url ? anonKey : process.env.SECOND_ANON_KEY!;
  const response = await fetch(`${at}/rest/v1/${path}`, {
    method,
    headers: {
      apikey: key,
      Authorization: `Bearer ${token ?? key}`,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

// As the owner, bypassing every policy: one value, or the lines of one column.
export function owner(sql: string): string {
  const said = execFileSync("psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", process.env.DATABASE_URL!, "-c", sql], { encoding: "utf8" });
  return said.trimEnd();
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

// A token signed with this Tenon's secret, or with `secret`.
export function sign(claims: object, secret = process.env.JWT_SECRET!, head: object = { alg: "HS256", typ: "JWT" }): string {
  const signed = `${base64(head)}.${base64(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

export const seconds = () => Math.floor(Date.now() / 1000);

export const ids = (rows: { id: number }[] | null | undefined) => (rows ?? []).map((row) => row.id);
