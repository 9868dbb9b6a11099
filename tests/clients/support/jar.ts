// A browser's cookies for one host: what Set-Cookie adds, replaces and removes, and what goes out again. Ports share it,
// as they do in a browser.
export type Kept = { value: string; attributes: Map<string, string> };

export class Jar {
  readonly cookies = new Map<string, Kept>();

  /** Takes over the Set-Cookie lines of an answer. */
  keep(answer: Response): Response {
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...rest] = line.split(/;\s*/);
      const equal = pair.indexOf("=");
      const name = pair.slice(0, equal);
      const value = pair.slice(equal + 1);
      const attributes = new Map(
        rest.map((part) => {
          const [key, text = ""] = part.split("=");
          return [key.toLowerCase(), text] as const;
        }),
      );
      const dead = attributes.get("max-age") === "0" || Date.parse(attributes.get("expires") ?? "") <= Date.now();
      if (dead) this.cookies.delete(name);
      else this.cookies.set(name, { value, attributes });
    }
    return answer;
  }

  header(): string {
    return [...this.cookies].map(([name, { value }]) => `${name}=${value}`).join("; ");
  }

  /** Asks as a browser would: cookies along, redirects left to the caller. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Cookie", this.header());
    if (!headers.has("Accept")) headers.set("Accept", "text/html");
    return this.keep(await fetch(url, { redirect: "manual", ...init, headers }));
  }

  names(of: string): string[] {
    return [...this.cookies.keys()].filter((name) => name === of || name.startsWith(`${of}.`)).sort();
  }

  copy(): Jar {
    const twin = new Jar();
    for (const [name, kept] of this.cookies) twin.cookies.set(name, kept);
    return twin;
  }
}

/** Fills in a form of Tenon's as a browser without scripts does: reads the page for its token, then posts. */
export async function submit(jar: Jar, site: string, page: string, action: string, fields: Record<string, string>): Promise<Response> {
  const html = await (await jar.fetch(site + page)).text();
  const token = html.match(/name="_csrf" value="([^"]+)"/)?.[1];
  if (!token) throw new Error(`${page} has no form: ${html.slice(0, 300)}`);
  return jar.fetch(site + action, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: site },
    body: new URLSearchParams({ _csrf: token, ...fields }),
  });
}
