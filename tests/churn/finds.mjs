// SPDX-License-Identifier: MIT
// Loads a server that has a fault and checks that gracecast-churn reports this fault, nothing else,
// and exactly as often as it struck:   node finds.mjs GRACECAST-CHURN FAULT
import { spawn } from 'node:child_process';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const [tool, fault] = process.argv.slice(2);

const ramp = 'ramp:connections=20,rate=400';
const broadcast = 'broadcast:rate=100,for=1500ms';
const usual = ['--channels', '4', '--per-connection', '2', ramp, broadcast, 'drain'];
const timeout = ['--timeout', '500ms'];
const resubscribing = ['--channels', '4', '--per-connection', '2', ramp, `${broadcast}+resubscribe:rate=50`, 'drain'];
const leaving = ['--per-connection', '2', ramp, 'broadcast:rate=500,for=3s+resubscribe:rate=200', 'drain'];
const raw = (mode) => ['--protocol', 'raw', '--raw', mode, '--publishers', '1', ramp, broadcast, 'drain'];
const storming = ['--recover', 'yes', '--channels', '2', ramp, 'broadcast:rate=200,for=500ms',
  'storm:rate=20+broadcast:rate=200', 'broadcast:rate=200,for=500ms', 'drain'];

// What to do, which limit breaks, and where the number of strikes is found. at_least: a strike may
// show more than once or, as nobody is left to see it, not at all.
const cases = {
  none: { args: usual, client: true },
  drops: { args: usual, gate: 'max-lost', count: (r) => r.counters.lost },
  duplicates: { args: usual, gate: 'max-duplicated', count: (r) => r.counters.duplicated },
  reorders: { args: usual, gate: 'max-reordered', count: (r) => r.counters.reordered },
  'leaks-subscriptions': { args: [...leaving, '--channels', '40'], gate: 'max-stray', count: (r) => r.counters.stray, at_least: true },
  'subscribe-late': { args: resubscribing, gate: 'max-stray', count: (r) => r.counters.stray },
  misdelivers: { args: usual, gate: 'max-stray', count: (r) => r.counters.stray },
  closes: { args: usual, gate: 'max-closes', count: (r) => r.close_codes[3004] },
  resets: { args: usual, gate: 'max-closes', count: (r) => r.counters.closes },
  unsubscribes: { args: usual, gate: 'max-closes', count: (r) => r.counters.unsubscribed },
  strange: { args: usual, gate: 'max-failures', count: (r) => r.counters.strange },
  'ignores-close': { args: [...usual, ...timeout], gate: 'max-failures', count: (r) => r.counters.unanswered_closes },
  'mute-handshake': { args: [...timeout, ramp], gate: 'max-failures', count: (r) => r.causes.UPGRADE_TIMEOUT, at_least: true },
  'mute-connect': { args: [...timeout, ramp], gate: 'max-failures', count: (r) => r.causes.GREETING_TIMEOUT, at_least: true },
  'mute-subscribe': { args: [...timeout, ramp], gate: 'max-failures', count: (r) => r.causes.SUBSCRIBE_TIMEOUT, at_least: true },
  'refuses-handshake': { args: [...timeout, ramp], gate: 'max-failures', count: (r) => r.status_codes[503], at_least: true },
  'closes-handshake': { args: [...timeout, ramp], gate: 'max-failures', count: (r) => r.causes.UPGRADE_CLOSED, at_least: true },
  'wrong-accept': { args: [...timeout, ramp], gate: 'max-failures', count: (r) => r.causes.UPGRADE_INVALID, at_least: true },
  'refuses-connect': { args: [...timeout, ramp], gate: 'max-failures', count: (r) => r.error_codes[109], at_least: true },
  'refuses-subscribe': { args: [...timeout, ramp], gate: 'max-failures', count: (r) => r.error_codes[103], at_least: true },
  'refuses-publish': { args: usual, gate: 'max-unpublished', count: (r) => r.error_codes[100] },
  'publish-status': { args: usual, gate: 'max-unpublished', count: (r) => r.status_codes[503] },
  'leaks-clients': { args: ['--settle', '1s', 'ramp:connections=100', 'drain'], gate: 'max-left-behind', count: (r) => r.left_behind },
  recovers: { args: storming },
  'recovers-too-little': { args: storming, gate: 'max-lost', count: (r) => r.counters.lost },
  'raw-echo': { args: raw('echo') },
  'raw-echo-drops': { args: raw('echo'), gate: 'max-lost', count: (r) => r.counters.lost },
  'raw-broadcast': { args: raw('broadcast') },
  'raw-broadcast-drops': { args: raw('broadcast'), gate: 'max-lost' },
};

const { args, gate, count, at_least: atLeast } = cases[fault];
const scratch = mkdtempSync(path.join(tmpdir(), 'churn-'));
const report = path.join(scratch, 'report.json');
const server = spawn(process.execPath, [path.join(import.meta.dirname ?? path.dirname(process.argv[1]), 'faulty/server.mjs'), fault],
  { stdio: ['ignore', 'pipe', 'inherit'] });
const lines = readline.createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const port = (await lines.next()).value;
const publishing = fault.startsWith('raw-') ? [] : ['--api-key', 'k'];

const loaded = spawn(tool, ['--quiet', '--url', `ws://127.0.0.1:${port}/connection/websocket`, ...publishing,
  '--settle', '1s', '--report', report, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
let text = '';
loaded.stdout.on('data', (bytes) => { text += bytes; });
const status = await new Promise((done) => { loaded.on('close', done); });
server.kill();
const struck = Number((await lines.next()).value);
const result = JSON.parse(readFileSync(report, 'utf8'));
rmSync(scratch, { recursive: true });

try {
  const broken = Object.entries(result.gates).filter(([, { passed }]) => !passed).map(([name]) => name);
  assert.deepEqual(broken, gate ? [gate] : [], 'exactly this limit breaks');
  assert.equal(status, gate ? 1 : 0, 'the exit status says so');
  if (gate) assert.ok(struck > 0, 'the fault struck');
  if (count && atLeast) assert.ok(count(result) > 0, 'it was seen');
  else if (count) assert.equal(count(result), struck, 'as often as it struck');
  if (!gate) assert.ok(result.counters.deliveries > 50, 'publications arrived');
} catch (error) {
  console.log(text);
  console.log(`struck ${struck} times`);
  throw error;
}
