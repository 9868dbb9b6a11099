// A real OpenID provider (npm oidc-provider) and a stand-in for GitHub, both on loopback, and the hands that fill in
// the provider's own sign-in and consent pages.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Provider, { type Configuration } from "oidc-provider";
import { Jar } from "./jar.ts";

export type Running = { url: string; close: () => Promise<void> };

async function listen(server: Server): Promise<Running> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Opens the port at once, so that its URL can be configured; `serve` begins to answer. */
export async function openIdProvider(): Promise<Running & { serve: (configuration: Configuration) => void }> {
  let answer: ((request: never, response: never) => void) | undefined;
  const server = createServer((request, response) => {
    if (answer) answer(request as never, response as never);
    else response.writeHead(503).end();
  });
  const running = await listen(server);
  return {
    ...running,
    serve(configuration) {
      const provider = new Provider(running.url, {
        // A login "name@host" is that user; "unverified-…" has an unverified address, "silent-…" reports none.
        findAccount: (_, id) => ({
          accountId: id,
          claims: () => ({
            sub: id,
            name: `Person ${id.split("@")[0]}`,
            ...(id.startsWith("silent-") ? {} : { email: id, email_verified: !id.startsWith("unverified-") }),
          }),
        }),
        claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
        cookies: { keys: ["a key for the tests"] },
        ...configuration,
      });
      provider.on("server_error", (_, error) => console.error("oidc-provider:", error));
      answer = provider.callback() as never;
    },
  };
}

/** Follows redirects from `url`, signs in as `login` and consents, until `stop` says that a URL is the way back. */
export async function walk(url: string, login: string, stop: (url: string) => boolean, jar = new Jar(), consent = true): Promise<string> {
  let at = url;
  let init: RequestInit = {};
  for (let step = 0; step < 20; ++step) {
    const answer = await jar.fetch(at, init);
    const location = answer.headers.get("location");
    if (location) {
      at = new URL(location, at).href;
      init = {};
      if (stop(at)) return at;
      continue;
    }
    const page = await answer.text();
    const prompt = page.match(/name="prompt" value="(\w+)"/)?.[1];
    if (!prompt) throw new Error(`nothing to fill in at ${at} (${answer.status}): ${page.slice(0, 500)}`);
    if (!consent) {
      at = `${at}/abort`;
      continue;
    }
    init = { method: "POST", body: new URLSearchParams(prompt === "login" ? { prompt, login, password: "x" } : { prompt }) };
  }
  throw new Error("the way does not end");
}

export type GitHubPerson = { id: number; login: string; name: string | null; emails: { email: string; primary: boolean; verified: boolean }[] };

/** Speaks GitHub's three calls. The code is "<login>.<challenge>": whoever exchanges it must know the verifier. */
export async function gitHub(people: Record<string, GitHubPerson>, client: { id: string; secret: string }): Promise<Running & { as: (login: string) => void }> {
  const { createHash } = await import("node:crypto");
  let current = "";
  const spent = new Set<string>();
  const server = createServer(async (request, response) => {
    const at = new URL(request.url!, "http://localhost");
    const show = (value: unknown, status = 200) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
    if (at.pathname === "/login/oauth/authorize") {
      const back = new URL(at.searchParams.get("redirect_uri")!);
      back.searchParams.set("state", at.searchParams.get("state")!);
      back.searchParams.set("code", `${current}.${at.searchParams.get("code_challenge")}`);
      return response.writeHead(302, { Location: back.href }).end();
    }
    if (at.pathname === "/login/oauth/access_token" && request.method === "POST") {
      let text = "";
      for await (const piece of request) text += piece;
      const form = new URLSearchParams(text);
      const code = form.get("code") ?? "";
      const [login, challenge] = code.split(".");
      const proof = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
      const right = form.get("client_id") === client.id && form.get("client_secret") === client.secret && proof === challenge;
      if (!right || spent.has(code) || !people[login]) return show({ error: "bad_verification_code", error_description: "The code passed is incorrect or expired." });
      spent.add(code);
      return show({ access_token: `gho_${login}`, token_type: "bearer", scope: "user:email" });
    }
    const person = people[(request.headers.authorization ?? "").replace("Bearer gho_", "")];
    if (!person || !request.headers["user-agent"]) return show({ message: "Bad credentials" }, 401);
    if (at.pathname === "/user") return show({ id: person.id, login: person.login, name: person.name, avatar_url: `https://avatars.example/${person.id}`, email: null });
    if (at.pathname === "/user/emails") return show(person.emails.map((one) => ({ ...one, visibility: null })));
    return show({ message: "Not Found" }, 404);
  });
  return { ...(await listen(server)), as: (login) => (current = login) };
}
