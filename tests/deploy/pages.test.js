// The pages of docs/deploy: links lead somewhere, settings are real ones, and every secret has its way to be replaced.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'docs/deploy');
const pages = fs.readdirSync(folder).filter((name) => name.endsWith('.md'));
const source = fs.readFileSync(path.join(root, 'shared/api/src/settings.rs'), 'utf8');
const settings = [...source.matchAll(/\b(plain|secret)\(\s*"([A-Z_]+)"/g)].map(([, kind, name]) => ({ kind, name }));

test('there is a page for each part', () => {
  const wanted = ['README.md', 'cloudflare.md', 'edge.md', 'lambda.md', 'rotation.md', 'supabase.md', 'upstash.md', 'vercel.md'];
  assert.deepEqual(pages.sort(), wanted);
});

test('every link within the repository leads to a file and to a heading', () => {
  for (const page of pages) {
    const file = path.join(folder, page);
    for (const [, link] of read(file).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https:/.test(link)) continue;
      const [to, heading] = link.split('#');
      const target = to ? path.resolve(folder, to) : file;
      assert.ok(fs.existsSync(target), `${page}: ${link} leads nowhere`);
      if (heading) assert.ok(headings(target).includes(heading), `${page}: no heading for ${link}`);
    }
  }
});

test('what is named as a setting is one', () => {
  const known = new Set(settings.map(({ name }) => name));
  for (const page of pages) {
    for (const [name] of read(path.join(folder, page)).matchAll(/\b(?:SUPABASE|HEARTH|UPSTASH)_[A-Z_]+\b/g)) {
      assert.ok(known.has(name), `${page}: ${name}`);
    }
  }
});

test('every secret setting can be replaced by the page that says how', () => {
  const rotation = read(path.join(folder, 'rotation.md'));
  const secrets = settings.filter(({ kind }) => kind === 'secret');
  assert.ok(secrets.length > 4);
  for (const { name } of secrets) assert.ok(rotation.includes(name), `rotation.md says nothing of ${name}`);
});

test('every figure has a source that is not a shop window of somebody else', () => {
  const official = [
    'supabase.com', 'vercel.com', 'developers.cloudflare.com', 'docs.aws.amazon.com', 'aws.amazon.com',
    'upstash.com', 'console.upstash.com', 'docs.oracle.com', 'www.oracle.com', 'tailscale.com', 'sh.rustup.rs',
  ];
  for (const page of pages) {
    for (const [, host] of read(path.join(folder, page)).matchAll(/<https:\/\/([^/>]+)/g)) {
      assert.ok(official.includes(host), `${page}: ${host}`);
    }
  }
});

function read(file) {
  return fs.readFileSync(file, 'utf8');
}

/** Headings as GitHub makes anchors of them. */
function headings(file) {
  const lines = read(file).match(/^#+ .*$/gm) ?? [];
  return lines.map((line) => line.replace(/^#+ /, '').toLowerCase().replace(/[^\w\s-]/g, '').replace(/\s/g, '-'));
}
