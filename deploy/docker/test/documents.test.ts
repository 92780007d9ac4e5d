import { describe, expect, it } from '@jest/globals';
import { globSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { renderConfiguration } from '../src/configuration.ts';
import { readCompose } from './compose-file.ts';
import { exists, pathOf, readText } from '../src/repository.ts';

const runbooks = globSync('docs/runbooks/*.md', { cwd: pathOf() });
const documents = ['README.md', ...globSync('docs/**/*.md', { cwd: pathOf() })];

describe('documents', () => {
  it('describe the configuration that the services read (npm run configuration --workspace=deploy/docker)', async () => {
    expect(readText('docs/configuration.md')).toBe(await renderConfiguration());
  });

  it.each(documents)('%s links to what exists', (path) => {
    const links = [...readText(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link);
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.filter((link) => !exists(normalize(join(dirname(path), link))))).toEqual([]);
  });

  it.each(runbooks)('%s gives commands for services that docker-compose.yml has', (path) => {
    const { services } = readCompose();
    const commands = readText(path).matchAll(
      /docker compose (?:exec(?: -e \S+)?|restart|ps|logs(?: --\w+ \w+)*) ([a-z][a-z-]*)/g,
    );
    const named = [...commands].map(([, service = '']) => service);
    expect(named.filter((service) => !(service in services))).toEqual([]);
  });

  it.each(documents)('%s names files and folders that exist', (path) => {
    const code = [...readText(path).matchAll(/`((?:apps|libs|deploy|docs)\/[\w./-]+)`/g)].map(
      ([, name = '']) => name,
    );
    expect(code.filter((name) => !exists(name))).toEqual([]);
  });
});
