// Stands for a Next.js application on the same host: the middleware of @supabase/ssr's own guide (updateSession with
// getUser), and three routes. Only node:http below it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServerClient, type CookieOptionsWithName } from "@supabase/ssr";
import { parse, serialize } from "cookie";

export type NextServer = { url: string; close: () => Promise<void> };
type Options = { url: string; key: string; cookieOptions?: CookieOptionsWithName; cookieEncoding?: "raw" | "base64url" };

function clientOf(options: Options, request: IncomingMessage, response: ServerResponse) {
  const held = parse(request.headers.cookie ?? "");
  return createServerClient(options.url, options.key, {
    cookieOptions: options.cookieOptions,
    cookieEncoding: options.cookieEncoding,
    cookies: {
      getAll: () => Object.entries(held).map(([name, value]) => ({ name, value: value ?? "" })),
      setAll(cookiesToSet, headers) {
        for (const { name, value, options: attributes } of cookiesToSet) {
          held[name] = value;
          response.appendHeader("Set-Cookie", serialize(name, value, attributes));
        }
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      },
    },
  });
}

async function body(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const piece of request) text += piece;
  return new URLSearchParams(text);
}

/** Runs it on a free port of the given host name. */
export async function startNext(options: Options, host = "localhost"): Promise<NextServer> {
  const server: Server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  async function answer(request: IncomingMessage, response: ServerResponse) {
    const at = new URL(request.url!, "http://localhost");
    const supabase = clientOf(options, request, response);
    // The middleware.
    const {
      data: { user },
    } = await supabase.auth.getUser();
    const show = (value: unknown, status = 200) =>
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
    const go = (location: string) => response.writeHead(303, { Location: location }).end();
    if (at.pathname === "/sign-in" && request.method === "POST") {
      const fields = await body(request);
      const { error } = await supabase.auth.signInWithPassword({ email: fields.get("email")!, password: fields.get("password")! });
      return show({ error: error?.code ?? null }, error ? 400 : 200);
    }
    if (at.pathname === "/sign-out" && request.method === "POST") {
      await supabase.auth.signOut();
      return go("/");
    }
    if (at.pathname === "/oauth") {
      const { data, error } = await supabase.auth.signInWithOAuth({
        provider: at.searchParams.get("provider") as "google",
        options: { redirectTo: `http://${request.headers.host}/auth/callback` },
      });
      return error ? show({ error: error.message }, 400) : go(data.url!);
    }
    if (at.pathname === "/auth/callback") {
      const code = at.searchParams.get("code");
      if (!code) return show({ error: at.searchParams.get("error_code") }, 400);
      const { error } = await supabase.auth.exchangeCodeForSession(code);
      return error ? show({ error: error.code }, 400) : go("/");
    }
    return show({ email: user?.email ?? null, id: user?.id ?? null });
  }
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
