// Status and headers that functions and triggers set: docs/spec/supabase-data-api.md 1, and PGRST111 and PGRST112 of 8.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { anon, anonKey, call, owner, service, url } from "./rest_support.ts";

const token = process.env.SUPABASE_SERVICE_ROLE_KEY;
const say = (headers: unknown, status = "", more: object = {}) =>
  call("rpc/say", { method: "POST", body: { headers: typeof headers === "string" ? headers : JSON.stringify(headers), status, ...more } });

test("[1 overrides] a function sets headers and status of its response, called by POST, GET or HEAD, also with rows", async () => {
  const posted = await say([{ "X-A": "b" }, { "Cache-Control": "public, max-age=60" }, { Link: "</one>" }, { Link: "</two>" }], "418");
  assert.deepEqual([posted.status, posted.json, posted.headers.get("x-a")], [418, "said", "b"]);
  assert.equal(posted.headers.get("cache-control"), "public, max-age=60");
  assert.equal(posted.headers.get("link"), "</one>, </two>");
  const query = `headers=${encodeURIComponent('[{"X-A":"ä \\t ö"}]')}&status=202`;
  for (const method of ["GET", "HEAD"]) {
    const read = await call(`rpc/say?${query}`, { method });
    assert.equal(read.status, 202, method);
    assert.equal(Buffer.from(read.headers.get("x-a")!, "latin1").toString(), "ä \t ö");
  }
  const rows = await call("rpc/say_rows", { method: "POST", body: { headers: '[{"Content-Range":"mine"}]', status: "299", n: 2 }, headers: { Prefer: "count=exact" } });
  assert.deepEqual([rows.status, rows.json, rows.headers.get("content-range")], [299, [1, 2], "mine"]);
  const none = await call("rpc/say_rows", { method: "POST", body: { headers: '[{"X-A":"b"}]', status: "", n: 0 } });
  assert.deepEqual([none.status, none.json, none.headers.get("x-a")], [200, [], "b"]);
  assert.equal((await anon.rpc("say", { status: "200" })).data, "said");
});

test("[1 overrides] a trigger does so for every kind of change, whatever is returned", async () => {
  for (const Prefer of ["return=minimal", "return=representation", "return=headers-only"]) {
    const done = async (method: string, path: string, body?: object) => {
      const answer = await call(path, { method, token, body, headers: { Prefer } });
      assert.ok(answer.status < 300, answer.text);
      return answer.headers.get("x-done");
    };
    assert.equal(await done("POST", "heard", { id: 70, v: "a" }), "insert", Prefer);
    assert.equal(await done("PATCH", "heard?id=eq.70", { v: "b" }), "update", Prefer);
    assert.equal(await done("PUT", "heard?id=eq.70", { id: 70, v: "c" }), "update", Prefer);
    assert.equal(await done("PATCH", "heard?id=eq.-1", { v: "b" }), null, Prefer);
    assert.equal(await done("DELETE", "heard?id=eq.70"), "delete", Prefer);
  }
});

test("[1 overrides] a rolled back change sets them as well", async () => {
  const at = process.env.SECOND_URL!;
  const answer = await call("heard", { method: "POST", at, token: process.env.SECOND_SERVICE_ROLE_KEY, body: { id: 71 }, headers: { Prefer: "tx=rollback" } });
  assert.deepEqual([answer.status, answer.headers.get("x-done"), answer.headers.get("preference-applied")], [201, "insert", "tx=rollback"]);
});

test("[1 overrides wrong] headers that are not an array of one-key objects of texts are 500 PGRST111", async () => {
  const wrong = ["x", "{}", "null", "1", '["a"]', "[1]", "[[]]", "[{}]", '[{"A":"b","C":"d"}]', '[{"A":1}]', '[{"A":null}]', '[{"A":["b"]}]', '[{"A":"b"},{}]', '[{"A":"b"}] x'];
  for (const headers of wrong) {
    const answer = await say(headers);
    assert.deepEqual([answer.status, answer.json.code], [500, "PGRST111"], headers);
    assert.equal(answer.json.message, "response.headers guc must be a JSON array composed of objects with a single key and a string value");
    assert.equal(answer.headers.get("a"), null);
  }
});

test("[1 overrides wrong] a status that is not one of a response is 500 PGRST112", async () => {
  for (const status of ["x", "0", "20", "100", "101", "199", "600", "999", "1000", "-200", "+200", "200 ", " 200", "2e2", "418abc", "99999999999999999999"]) {
    const answer = await say("", status);
    assert.deepEqual([answer.status, answer.json.code, answer.json.message], [500, "PGRST112", "response.status guc must be a valid status code"], status);
  }
});

test("[1 overrides wrong] SQL cannot set headers of message framing, security or cookies", async () => {
  const servers = ["Content-Length", "transfer-ENCODING", "Connection", "Keep-Alive", "Upgrade", "Trailer", "TE", "Date", "Server", "X-Request-Id", "Set-Cookie", "Set-Cookie2",
    "Clear-Site-Data", "Service-Worker-Allowed", "Content-Encoding", "Content-Security-Policy", "Content-Security-Policy-Report-Only", "X-Frame-Options", "X-Content-Type-Options",
    "Strict-Transport-Security", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Cross-Origin-Opener-Policy", "Refresh"];
  const unfit = ["", " ", "A B", "A:", "A\r\nB", "A\n", "Ä", "A\u0000", "(a)"];
  for (const name of [...servers, ...unfit]) {
    if (name.includes("\u0000")) continue;
    const answer = await say([{ [name]: "5" }]);
    assert.deepEqual([answer.status, answer.json.code], [500, "PGRST111"], name);
  }
  for (const value of ["a\r\nX-B: c", "a\nX-B: c", "a\rb", "a\u0001", "a\u007f", "\r\n\r\nHTTP/1.1 200 OK"]) {
    const answer = await say([{ "X-A": value }]);
    assert.deepEqual([answer.status, answer.json.code, answer.headers.get("x-b")], [500, "PGRST111", null], JSON.stringify(value));
  }
  assert.equal((await say([{ "X-A": "b".repeat(9000) }])).json.code, "PGRST111");
  assert.equal((await say(Array.from({ length: 65 }, (_, i) => ({ [`X-${i}`]: "" })))).json.code, "PGRST111");
});

// Several requests on one connection: bytes after a status without a body would be read as the next response.
test("[1 overrides] a status without a body sends none, and the connection stays usable", async () => {
  const { hostname, port, host } = new URL(url);
  const head = (path: string) => `GET /rest/v1/${path} HTTP/1.1\r\nHost: ${host}\r\napikey: ${anonKey}\r\n`;
  const text = await new Promise<string>((done, fail) => {
    let all = "";
    const socket = connect(Number(port), hostname, () => {
      for (const status of [204, 205, 304]) socket.write(`${head(`rpc/say?status=${status}`)}\r\n`);
      socket.write(`${head("rpc/greet?name=last")}Connection: close\r\n\r\n`);
    });
    socket.on("data", (piece) => (all += piece));
    socket.on("end", () => done(all));
    socket.on("error", fail);
  });
  assert.deepEqual([...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((one) => one[1]), ["204", "205", "304", "200"]);
  assert.equal(text.includes("said"), false);
  assert.match(text, /"hello last"$/);
});

test("[1 overrides] overrides set for the session, by a failed statement or by a read do not leak into other responses", async () => {
  for (let i = 0; i < 20; ++i) {
    const loud = await say([{ "X-Mine": "secret" }], "299", { everywhere: true });
    assert.deepEqual([loud.status, loud.headers.get("x-mine")], [299, "secret"]);
    // So many that some share a database connection.
    const others = await Promise.all([
      ...Array.from({ length: 8 }, () => call("rpc/greet", { method: "POST", body: {} })),
      call("directors?limit=1"),
      call("heard", { method: "POST", token, body: {} }),
    ]);
    assert.deepEqual(others.map((answer) => answer.status), [...Array(9).fill(200), 201]);
    for (const answer of others) assert.equal(answer.headers.get("x-mine"), null);
  }
  owner("delete from heard");
});

test("[1 overrides] an error keeps its own status and headers", async () => {
  const single = { Accept: "application/vnd.pgrst.object+json" };
  const answer = await call("rpc/say_rows", { method: "POST", body: { headers: '[{"X-A":"b"}]', status: "200", n: 2 }, headers: single });
  assert.deepEqual([answer.status, answer.json.code, answer.headers.get("x-a")], [406, "PGRST116", null]);
  const raised = await service.rpc("fail", { state: "PT418", words: "tea" });
  assert.equal(raised.status, 418);
});

test("[7 raise using] RAISE SQLSTATE 'PGRST' sets status and headers, except those reserved for the server", async () => {
  const fail = (headers: unknown) => call("rpc/fail", { method: "POST", body: { state: "PGRST", words: '{"code":"X1","message":"no"}', more: JSON.stringify({ status: 402, headers }) } });
  const answer = await fail({ "X-Why": "unpaid" });
  assert.deepEqual([answer.status, answer.json.code, answer.headers.get("x-why")], [402, "X1", "unpaid"]);
  for (const headers of [{ "Set-Cookie": "a=b" }, { "X-A": "b\r\nX-B: c" }, { "Content-Length": "3" }, { "X-A": 1 }, [1], "x", { "X-A": "b".repeat(9000) }]) {
    const refused = await fail(headers);
    assert.deepEqual([refused.status, refused.json.code], [500, "PGRST121"], JSON.stringify(headers).slice(0, 60));
  }
});
