// The life of a schedule, as a client of old leads it, against the component on Node.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

const here = import.meta.dirname;
const jco = join(here, 'node_modules', '.bin', 'jco');
const component =
  process.env.HOST_WASI ?? join(here, '../../../target/wasm/host_wasi.wasm');
const data = mkdtempSync(join(tmpdir(), 'command-center-jco-'));
const env = {
  ...process.env,
  DATA_DIR: data,
  COMMAND_CENTER_MASTER_KEY: '07'.repeat(32),
  COMMAND_CENTER_OPEN: 'true',
};
let server;
let port;

before(async () => {
  port = await freePort();
  const args = ['serve', '--port', `${port}`, '--host', '127.0.0.1', '--jco-import', join(here, 'setup.mjs')];
  server = spawn(jco, [...args, component], { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  await up();
});

after(() => {
  try {
    process.kill(-server.pid, 'SIGKILL');
  } catch {}
  rmSync(data, { recursive: true, force: true });
});

test('a schedule is led through its life', async () => {
  const root = '/api/crm/import/acculynx';
  const tenant = { 'x-tenant': 'peakpro' };
  const call = (method, path, body) => ask(method, root + path, { headers: tenant, body });

  const made = await call('POST', '/schedule', { interval_sec: 300 });
  assert.equal(made.body.created, true, JSON.stringify(made.body));
  const fresh = await call('GET', '/schedule/status?tenant=peakpro');
  assert.equal(fresh.body.schedules.peakpro.interval_sec, 300, JSON.stringify(fresh.body));

  const ran = await call('POST', '/run-now', {});
  assert.equal(ran.body.ok, false, 'without a connection the run fails');
  assert.equal((await call('POST', '/pause', {})).status, 200);
  const paused = await call('GET', '/schedule/status?tenant=peakpro');
  assert.equal(paused.body.schedules.peakpro.next_run_in_sec, null);
  assert.equal((await call('POST', '/resume', {})).status, 200);

  const audit = await call('GET', '/audit?tenant=peakpro');
  assert.deepEqual(
    audit.body.audit?.map((entry) => entry.operation),
    ['resume', 'pause', 'run-now', 'schedule'],
    JSON.stringify(audit.body),
  );
  assert.equal((await call('DELETE', '/schedule')).status, 200);
});

test('a tick is a command', async () => {
  const args = ['run', '--jco-import', join(here, 'setup.mjs'), component];
  const { stdout } = await promisify(execFile)(jco, args, { env });
  assert.match(stdout, /claimed 0, succeeded 0, failed 0/);
});

async function ask(method, target, { headers = {}, body } = {}) {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(`http://127.0.0.1:${port}${target}`, {
    method,
    headers: { ...headers, ...json },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

async function up() {
  for (let round = 0; round < 600; round += 1) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/ops/ping`);
      if (answer.ok) return;
    } catch {}
    assert.equal(server.exitCode, null, 'the server has ended');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail('the server does not answer');
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
