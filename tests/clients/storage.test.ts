import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { createClient } from "@supabase/supabase-js";

const url = process.env.SUPABASE_URL!;
const site = process.env.TENON_URL!;
const options = { auth: { persistSession: false, autoRefreshToken: false } };
const service = createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY!, options);
const visitor = () => createClient(url, process.env.SUPABASE_ANON_KEY!, options);
const password = "testpassword123";

async function signedIn() {
  const email = `store-${randomUUID()}@example.com`;
  const made = await service.auth.admin.createUser({ email, password, email_confirm: true });
  assert.equal(made.error, null);
  const client = visitor();
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  assert.equal(error, null);
  return { client, id: made.data.user!.id, token: data.session!.access_token };
}

const outputs = () => service.storage.from("project-outputs");

test("upload, list, info, exists, download, sign and remove as storage-js does them", async () => {
  const { client, id } = await signedIn();
  const folder = `u_${id}/p_1/j_1`;
  const up = await outputs().upload(`${folder}/final cut.mp4`, new Blob(["film bytes"], { type: "video/mp4" }), {
    cacheControl: "60",
    metadata: { mood: "blue" },
  });
  assert.equal(up.error, null);
  assert.equal(up.data!.fullPath, `project-outputs/${folder}/final cut.mp4`);
  const raw = await outputs().upload(`${folder}/raw.txt`, Buffer.from("raw"), { contentType: "text/plain" });
  assert.equal(raw.error, null);

  const mine = client.storage.from("project-outputs");
  const listed = await mine.list(`u_${id}/p_1`);
  assert.deepEqual(listed.data!.map((one) => [one.name, one.id]), [["j_1", null]]);
  assert.deepEqual((await mine.list(folder)).data!.map((one) => one.name), ["final cut.mp4", "raw.txt"]);
  assert.equal((await mine.info(`${folder}/final cut.mp4`)).data!.contentType, "video/mp4");
  assert.equal((await mine.exists(`${folder}/final cut.mp4`)).data, true);
  assert.equal((await mine.exists(`${folder}/nothing`)).data, false);
  assert.equal(await (await mine.download(`${folder}/final cut.mp4`)).data!.text(), "film bytes");

  const one = await mine.createSignedUrl(`${folder}/final cut.mp4`, 60, { download: "mine.mp4" });
  const got = await fetch(one.data!.signedUrl, { headers: { range: "bytes=5-9" } });
  assert.equal(got.status, 206);
  assert.equal(got.headers.get("content-range"), "bytes 5-9/10");
  assert.match(got.headers.get("content-disposition")!, /^attachment; filename=mine\.mp4/);
  assert.equal(await got.text(), "bytes");
  const many = await mine.createSignedUrls([`${folder}/raw.txt`, "missing"], 60);
  assert.equal(await (await fetch(many.data![0].signedUrl)).text(), "raw");
  assert.ok(many.data![1].error);

  assert.deepEqual((await mine.remove([`${folder}/raw.txt`])).data, []);
  assert.equal((await outputs().remove([`${folder}/raw.txt`])).data!.length, 1);
  assert.equal((await mine.exists(`${folder}/raw.txt`)).data, false);
});

test("a user may not upload, and another may not see", async () => {
  const ada = await signedIn();
  const eve = await signedIn();
  const key = `u_${ada.id}/p_1/secret.txt`;
  assert.equal((await outputs().upload(key, "secret")).error, null);
  const refused = await ada.client.storage.from("project-outputs").upload(`u_${ada.id}/mine.txt`, "mine");
  assert.equal((refused.error as { statusCode?: string }).statusCode, "403");
  assert.ok((await eve.client.storage.from("project-outputs").download(key)).error);
  assert.ok((await eve.client.storage.from("project-outputs").createSignedUrl(key, 60)).error);
  assert.deepEqual((await eve.client.storage.from("project-outputs").list(`u_${ada.id}`)).data, []);
});

test("create refuses what exists, upsert and update replace it, a signed upload writes once", async () => {
  const key = `u_${randomUUID()}/x.txt`;
  assert.equal((await outputs().upload(key, "one")).error, null);
  assert.equal(((await outputs().upload(key, "two")).error as { statusCode?: string }).statusCode, "409");
  assert.equal((await outputs().upload(key, "three", { upsert: true })).error, null);
  assert.equal((await outputs().update(key, "four")).error, null);
  assert.equal(await (await outputs().download(key)).data!.text(), "four");
  const other = `u_${randomUUID()}/y.txt`;
  const link = await outputs().createSignedUploadUrl(other);
  const anyone = visitor().storage.from("project-outputs");
  assert.equal((await anyone.uploadToSignedUrl(other, link.data!.token, "five")).error, null);
  assert.ok((await anyone.uploadToSignedUrl(other, link.data!.token, "six")).error);
  assert.equal(await (await outputs().download(other)).data!.text(), "five");
});

test("a large object streams in and out unchanged", async () => {
  const bytes = Buffer.alloc(20 << 20);
  for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE(i * 2654435761 >>> 0, i);
  const key = `u_${randomUUID()}/big.bin`;
  assert.equal((await outputs().upload(key, bytes, { contentType: "application/octet-stream" })).error, null);
  const back = Buffer.from(await (await outputs().download(key)).data!.arrayBuffer());
  assert.ok(back.equals(bytes));
});

test("projects over HTTP: create, upload photographs, page through, delete", async () => {
  const { token } = await signedIn();
  const call = (path: string, init: RequestInit = {}) =>
    fetch(site + path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
  const json = { "content-type": "application/json" };
  const made = await call("/api/projects", { method: "POST", headers: json, body: '{"title":"Summer"}' });
  assert.equal(made.status, 201);
  const { id } = await made.json();

  const png = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");
  const form = new FormData();
  form.append("file", new Blob([png], { type: "image/png" }), "Strand ü.png");
  form.append("caption", "The beach");
  const up = await call(`/api/projects/${id}/inputs`, { method: "POST", body: form });
  assert.equal(up.status, 201);
  const [asset] = await up.json();
  assert.equal(asset.meta.name, "Strand ü.png");
  assert.equal(asset.meta.caption, "The beach");

  const text = new FormData();
  text.append("file", new Blob(["just text"], { type: "image/jpeg" }), "fake.jpg");
  const refused = await call(`/api/projects/${id}/inputs`, { method: "POST", body: text });
  assert.equal(refused.status, 415);
  assert.match((await refused.json()).error, /fake\.jpg/);

  await call("/api/projects", { method: "POST", headers: json, body: '{"title":"Winter"}' });
  const first = await call("/api/projects?limit=1");
  const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link")!)![1];
  assert.deepEqual((await (await call(next)).json()).map((one: { title: string }) => one.title), ["Summer"]);
  assert.equal((await call(`/api/projects/${id}/inputs/${asset.id}`, { method: "DELETE" })).status, 204);
  assert.equal((await call(`/api/projects/${id}`, { method: "DELETE" })).status, 204);
  assert.equal((await call(`/api/projects/${id}`)).status, 404);
  assert.equal((await fetch(site + "/api/projects")).status, 401);
});
