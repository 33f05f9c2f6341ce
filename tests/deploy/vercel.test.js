// What Vercel's own builder makes of vercel.json and functions/vercel, without an account: `vercel build` as it runs on
// Vercel's machines, and the function that comes out of it, started.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.resolve(import.meta.dirname, '../..');
// Where `./hearth test` keeps Vercel's tool; by hand, `npm ci --ignore-scripts` puts it here.
const packages = process.env.HEARTH_DEPLOY_PACKAGES ?? path.join(import.meta.dirname, 'node_modules');
const cli = path.join(packages, 'vercel/dist/vc.js');
const output = fs.mkdtempSync(path.join(os.tmpdir(), 'hearth-vercel-'));
const project = path.join(root, '.vercel');
const name = 'api/hearth-vercel';
let made = false;

before(
  () => {
    // What `vercel link` would write: which project it is. Nobody asks Vercel.
    if (!fs.existsSync(path.join(project, 'project.json'))) {
      made = true;
      fs.mkdirSync(project, { recursive: true });
      const link = { projectId: 'prj_test', orgId: 'team_test', settings: { framework: null } };
      fs.writeFileSync(path.join(project, 'project.json'), JSON.stringify(link));
    }
    const env = {
      ...process.env,
      // As on Vercel's machines; elsewhere the builder cross-compiles.
      VERCEL_BUILD_IMAGE: '1',
      VERCEL_TELEMETRY_DISABLED: '1',
      NO_UPDATE_NOTIFIER: '1',
      // The builder sets the compiler's flags; with ours, what was built before is used again.
      RUSTFLAGS: rustflags(),
    };
    const args = [cli, 'build', '--yes', '--cwd', root, '--output', output];
    execFileSync(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  },
  { timeout: 1_800_000 },
);

after(() => {
  fs.rmSync(output, { recursive: true, force: true });
  if (made) fs.rmSync(project, { recursive: true, force: true });
});

test('one function comes out: an executable that may stream, and may run for 300 s', () => {
  const functions = files(path.join(output, 'functions')).filter((file) => file.endsWith('.vc-config.json'));
  assert.deepEqual(functions, [`${name}.func/.vc-config.json`]);
  const built = read(`functions/${name}.func/.vc-config.json`);
  assert.equal(built.runtime, 'executable');
  assert.equal(built.runtimeLanguage, 'rust');
  assert.equal(built.supportsResponseStreaming, true);
  assert.equal(built.maxDuration, 300);
  assert.equal(built.memory, 1024);
  fs.accessSync(program(), fs.constants.X_OK);
});

test('the file that names the function is the source of the program', () => {
  const link = fs.realpathSync(path.join(root, `${name}.rs`));
  assert.equal(link, path.join(root, 'functions/vercel/src/main.rs'));
});

test('every path goes to the function, and the daily call is planned once a day', () => {
  const { routes, crons } = read('config.json');
  const [everything] = routes.filter((route) => route.dest === `/${name}`);
  for (const asked of ['/', '/v1/me', '/v1/cron/daily', '/docs', '/api/anything']) {
    assert.match(asked, new RegExp(everything.src));
  }
  // Hobby refuses what runs more than once a day.
  assert.deepEqual(crons, [{ path: '/v1/cron/daily', schedule: crons[0].schedule }]);
  assert.match(crons[0].schedule, /^\d+ \d+ \* \* \*$/);
});

test('nothing of the repository is served as a file', () => {
  assert.deepEqual(files(path.join(output, 'static')), ['robots.txt']);
});

test('the function starts, and names the settings that are missing', async () => {
  const port = await freePort();
  const child = spawn(program(), [], { env: { VERCEL_DEV_PORT: String(port) }, stdio: 'ignore' });
  try {
    const answer = await firstAnswer(`http://127.0.0.1:${port}/v1/health`);
    assert.equal(answer.status, 500);
    assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
    const problem = await answer.json();
    assert.equal(problem.code, 'not_configured');
    for (const setting of ['SUPABASE_URL', 'SUPABASE_PUBLISHABLE_KEY', 'HEARTH_SIGNING_KEY']) {
      assert.ok(problem.detail.includes(setting), problem.detail);
    }
  } finally {
    child.kill();
  }
});

function read(file) {
  return JSON.parse(fs.readFileSync(path.join(output, file), 'utf8'));
}

function files(folder) {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => !entry.isDirectory());
  return found.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name))).sort();
}

/** The program within the function: the builder says where it lies. */
function program() {
  const built = read(`functions/${name}.func/.vc-config.json`);
  return path.resolve(root, built.filePathMap[built.handler]);
}

/** The flags of .cargo/config.toml for this machine. */
function rustflags() {
  const host = /^host: (.+)$/m.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' }))[1];
  const config = fs.readFileSync(path.join(root, '.cargo/config.toml'), 'utf8');
  const table = config.split(`[target.${host}]`)[1] ?? '';
  const flags = /^\s*rustflags = (\[.*\])/.exec(table);
  return flags ? JSON.parse(flags[1]).join(' ') : '';
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

async function firstAnswer(url) {
  const end = Date.now() + 20_000;
  for (;;) {
    try {
      return await fetch(url, { signal: AbortSignal.timeout(5_000) });
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(20);
    }
  }
}
