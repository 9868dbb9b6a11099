// Loaded in front of every suite (--import): writes each call to /auth/v1 and its answer to a file of TENON_CALLS, for
// auth_spec.ts.
import { appendFileSync } from "node:fs";
import { join } from "node:path";

export type Call = {
  method: string;
  path: string;
  query: Record<string, string>;
  sent: Record<string, unknown>;
  status: number;
  headers: Record<string, string>;
  text: string;
};

const folder = process.env.TENON_CALLS;
const below = "/auth/v1/";

function objectOf(text: unknown): Record<string, unknown> {
  try {
    return (JSON.parse(String(text)) as Record<string, unknown>) ?? {};
  } catch {
    return {};
  }
}

if (folder) {
  const plain = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const answer = await plain(input, init);
    const asked = input instanceof Request ? input.url : String(input);
    const url = new URL(asked);
    if (!url.pathname.startsWith(below)) return answer;
    const call: Call = {
      method: (init?.method ?? (input instanceof Request ? input.method : "GET")).toUpperCase(),
      path: url.pathname.slice(below.length - 1),
      query: Object.fromEntries(url.searchParams),
      sent: objectOf(init?.body),
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      text: await answer.clone().text(),
    };
    appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify(call)}\n`);
    return answer;
  };
}
