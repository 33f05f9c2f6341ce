// The SAM template, judged by AWS's own linter, and by what Hearth needs of it.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const template = path.join(root, 'functions/lambda/template.yaml');
const text = fs.readFileSync(template, 'utf8');
// Where `./hearth test` has put cfn-lint.
const tools = process.env.HEARTH_CFN_LINT;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hearth-template-'));

after(() => fs.rmSync(folder, { recursive: true, force: true }));

test('the linter finds nothing', () => {
  const { status, output } = lint(template);
  assert.equal(status, 0, output);
});

test('the linter would find a permission that CloudFormation does not know', () => {
  const broken = path.join(folder, 'broken.yaml');
  fs.writeFileSync(broken, text.replace('FunctionUrlAuthType: NONE', 'FunctionUrlAuthType: NOBODY'));
  const { status, output } = lint(broken);
  assert.notEqual(status, 0);
  assert.match(output, /FunctionUrlAuthType|NOBODY/);
});

test('the URL streams, asks nobody for an AWS signature, and has both permissions', () => {
  const { Resources } = parsed();
  assert.deepEqual(pick(Resources.Url.Properties, ['AuthType', 'InvokeMode']), { AuthType: 'NONE', InvokeMode: 'RESPONSE_STREAM' });
  const granted = Object.values(Resources).filter((resource) => resource.Type === 'AWS::Lambda::Permission');
  const actions = granted.map((resource) => resource.Properties.Action).sort();
  assert.deepEqual(actions, ['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl']);
  for (const { Properties } of granted) assert.equal(Properties.Principal, '*');
  const invoke = granted.find((resource) => resource.Properties.Action === 'lambda:InvokeFunction');
  assert.equal(invoke.Properties.InvokedViaFunctionUrl, true, 'or anybody could invoke it past its URL');
});

test('both processors can be chosen', () => {
  assert.deepEqual(parsed().Parameters.Architecture.AllowedValues, ['arm64', 'x86_64']);
});

test('every setting of the API can be given, and the secret ones are not echoed', () => {
  const source = fs.readFileSync(path.join(root, 'shared/api/src/settings.rs'), 'utf8');
  const settings = [...source.matchAll(/\b(plain|secret)\(\s*"([A-Z_]+)"/g)].map(([, kind, name]) => ({ kind, name }));
  assert.ok(settings.length > 10, 'settings.rs reads otherwise now: mend this test');
  // For other hosts, or for tests.
  const elsewhere = ['HEARTH_HOME_HOST', 'HEARTH_TEST_ROUTES'];
  const { Parameters, Resources } = parsed();
  const { Variables } = Resources.Function.Properties.Environment;
  const wanted = settings.filter(({ name }) => !elsewhere.includes(name));
  assert.deepEqual(Object.keys(Variables).sort(), wanted.map(({ name }) => name).sort());
  for (const { kind, name } of wanted) {
    const parameter = Parameters[Variables[name].Ref];
    assert.equal(Boolean(parameter.NoEcho), kind === 'secret', name);
  }
});

function lint(file) {
  const env = { ...process.env, PYTHONPATH: tools };
  const run = spawnSync('python3', [path.join(tools, 'bin/cfn-lint'), file], { env, encoding: 'utf8' });
  return { status: run.status, output: `${run.stdout}${run.stderr}` };
}

/** The template as the linter reads it: YAML with CloudFormation's short forms written out. */
function parsed() {
  const script = 'import json, sys; from cfnlint.decode import decode; print(json.dumps(decode(sys.argv[1])[0]))';
  const env = { ...process.env, PYTHONPATH: tools };
  return JSON.parse(execFileSync('python3', ['-c', script, template], { env, encoding: 'utf8' }));
}

function pick(object, keys) {
  return Object.fromEntries(keys.map((key) => [key, object[key]]));
}
