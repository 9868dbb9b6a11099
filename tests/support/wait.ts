// Waiting for a condition with a deadline, in place of sleeping for a time that is hoped to be enough.
import assert from "node:assert/strict";

/** Repeats `look` until it returns something, and returns that. Fails with `what` after `limit` milliseconds. */
export async function until<T>(what: string, look: () => Promise<T | null | undefined | false> | T | null | undefined | false, limit = 15_000): Promise<T> {
  for (const end = Date.now() + limit; ; ) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) assert.fail(`not within ${limit / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
