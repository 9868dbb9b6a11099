// The part of "next/server" that the middleware uses, as Next.js documents it: a request whose cookies can be read and
// set, a redirect, and next(). `serve` runs a middleware in front of pages that name the cookies they see.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { parse } from "cookie";

type Cookie = { name: string; value: string };

export class NextRequest {
  readonly url: string;
  readonly nextUrl: URL;
  readonly cookies: { getAll: () => Cookie[]; set: (name: string, value: string) => void };

  constructor(request: IncomingMessage) {
    this.nextUrl = new URL(request.url!, `http://${request.headers.host}`);
    this.url = this.nextUrl.href;
    const held = new Map(Object.entries(parse(request.headers.cookie ?? "")));
    this.cookies = {
      getAll: () => [...held].map(([name, value]) => ({ name, value: value ?? "" })),
      set: (name, value) => void held.set(name, value),
    };
  }
}

export const NextResponse = {
  redirect: (to: URL) => new Response(null, { status: 307, headers: { Location: to.href } }),
  next: () => new Response(null, { headers: { "x-middleware-next": "1" } }),
};

export type Module = { middleware: (request: NextRequest) => Promise<Response>; config: { matcher: string[] } };

/** "/app/:path*" is /app and all below it, and nothing else. */
const matches = (matcher: string, path: string) => {
  const folder = matcher.slice(0, matcher.indexOf("/:path*"));
  return path === folder || path.startsWith(`${folder}/`);
};

export async function serve({ middleware, config }: Module): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer(async (incoming, outgoing) => {
    const request = new NextRequest(incoming);
    const guarded = config.matcher.some((one) => matches(one, request.nextUrl.pathname));
    const answer = guarded ? await middleware(request) : NextResponse.next();
    if (answer.headers.has("x-middleware-next")) outgoing.end(`page ${request.nextUrl.pathname}`);
    else outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end();
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
