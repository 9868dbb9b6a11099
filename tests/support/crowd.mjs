// node crowd.mjs PORT PID: 2,000 idle keep-alive connections and 600 slow clients against the server of that process;
// prints what one costs in its memory, how soon /healthz answers meanwhile, and when the slow ones are cut off. Fails
// above 16 KiB, 10 ms at the 99th percentile, 20 s.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const [port, pid] = process.argv.slice(2).map(Number);
const resident = () => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const get = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
const deadline = (promise, ms, what) =>
  Promise.race([promise, new Promise((_, fail) => setTimeout(() => fail(new Error(`${what}: ${ms} ms passed`)), ms).unref())]);

const open = () => new Promise((done, fail) => {
  const socket = connect(port, '127.0.0.1', () => done(socket));
  socket.setMaxListeners(0);
  socket.on('error', fail);
});
const ask = (socket) => deadline(new Promise((done, fail) => {
  let text = '';
  const heard = (data) => {
    text += data;
    const head = text.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
    if (head < 0 || text.length < head + 4 + length) return;
    socket.off('data', heard);
    if (text.startsWith('HTTP/1.1 200 ')) done(); else fail(new Error(text.slice(0, 200)));
  };
  socket.on('data', heard);
  socket.once('close', () => fail(new Error('closed')));
  socket.write(get);
}), 10_000, 'an answer');

const asker = await open();
await ask(asker);
const before = resident();
const idle = [];
for (let i = 0; i < 2000; ++i) {
  idle.push(await open());
  await ask(idle[i]);
}
const each = (resident() - before) / idle.length;

const begun = performance.now();
const slow = [];
for (let i = 0; i < 600; ++i) {
  const socket = await open();
  slow.push(new Promise((done) => {
    socket.on('data', () => {});
    socket.on('close', () => done((performance.now() - begun) / 1000));
  }));
  socket.write(i % 2 ? 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ' : 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\na');
  const drip = setInterval(() => socket.write('a'), 3000);
  socket.on('close', () => clearInterval(drip));
}
const took = [];
for (let i = 0; i < 2000; ++i) {
  const at = performance.now();
  await ask(asker);
  took.push(performance.now() - at);
}
took.sort((a, b) => a - b);
const ends = await deadline(Promise.all(slow), 60_000, 'the end of the slow ones');
await ask(idle[0]);
console.log(`2,000 idle connections and 600 slow ones: ${(each / 1024).toFixed(1)} KiB each, /healthz p50 ${took[1000].toFixed(2)} ms, ` +
  `p99 ${took[1980].toFixed(2)} ms; the slow ones cut off after at most ${Math.max(...ends).toFixed(1)} s`);
process.exit(each < 16384 && took[1980] < 10 && Math.max(...ends) < 20 ? 0 : 1);
