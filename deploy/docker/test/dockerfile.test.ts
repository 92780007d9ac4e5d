import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { exists, pathOf, readText, serviceNames } from '../src/repository.ts';

interface Instruction {
  name: string;
  text: string;
}

const dockerfile = readText('deploy/docker/Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line): Instruction => ({
    name: line.split(' ', 1)[0] ?? '',
    text: line.slice(line.indexOf(' ') + 1),
  }));

const textsOf = (name: string) => dockerfile.filter((each) => each.name === name).map(({ text }) => text);

/** The files a build sees: the last pattern that matches a path or a folder above it decides (docs.docker.com/build/concepts/context). */
function buildContext(): string[] {
  const patterns = readText('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  const ignored = (path: string) =>
    patterns.reduce((state, { keeps, pattern }) => (pattern.test(path) ? !keeps : state), false);
  const files = execFileSync('git', ['ls-files', '--cached', '--others'], { cwd: pathOf(), maxBuffer: 1e9 });
  return files
    .toString()
    .split('\n')
    .filter((path) => path !== '' && !ignored(path));
}

function patternOf(glob: string): RegExp {
  const parts = glob
    .replaceAll('.', '\\.')
    .replaceAll(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'));
  return new RegExp(`^${parts}(?:/.*)?$`);
}

describe('the Dockerfile', () => {
  it('has stages, of which only the last is kept', () => {
    expect(textsOf('FROM').map((text) => text.split(' AS ')[1])).toEqual([
      'base',
      'manifests',
      'packages',
      'service',
    ]);
  });

  it('runs the Node that the repository pins', () => {
    const { devDependencies } = JSON.parse(readText('package.json')) as {
      devDependencies: Record<string, string>;
    };
    expect(textsOf('ARG')[0]).toBe(`NODE_VERSION=${devDependencies['node']}`);
  });

  it('runs as a user without rights, who owns none of the files', () => {
    const last = dockerfile.slice(dockerfile.findLastIndex(({ name }) => name === 'FROM'));
    const user = last.findIndex(({ name }) => name === 'USER');
    expect(last[user]?.text).toBe('node');
    expect(last.slice(user).map(({ name }) => name)).toEqual(['USER', 'HEALTHCHECK', 'CMD']);
    expect(readText('deploy/docker/Dockerfile')).not.toMatch(/chown|chmod/);
  });

  it('installs production packages only, and runs none of their scripts', () => {
    expect(textsOf('RUN').join('\n')).toMatch(/npm ci .*--omit=dev --ignore-scripts/);
  });

  it('takes no secret', () => {
    expect([...textsOf('ARG'), ...textsOf('ENV')].join('\n')).not.toMatch(/SECRET|PASSWORD|TOKEN|KEY/);
  });

  it('copies and starts what exists', () => {
    const copied = textsOf('COPY').filter((text) => !text.startsWith('--from'));
    const command = JSON.parse(textsOf('CMD')[0] ?? '') as string[];
    const entry = /apps\/\$SERVICE\/\S+/.exec(command.join(' '))?.[0] ?? '';
    for (const service of serviceNames()) {
      for (const text of copied) {
        const [source = ''] = text.replaceAll('${SERVICE}', service).split(' ');
        expect({ source, exists: exists(source) }).toEqual({ source, exists: true });
      }
      expect({ service, entry: exists(entry.replace('$SERVICE', service)) }).toEqual({
        service,
        entry: true,
      });
    }
  });
});

describe('the build context', () => {
  const context = buildContext();

  it('has the manifest of every workspace, which npm compares with the lock file', () => {
    const { packages } = JSON.parse(readText('package-lock.json')) as { packages: Record<string, unknown> };
    const workspaces = Object.keys(packages).filter((path) => !path.includes('node_modules'));
    const manifests = workspaces.map((path) => (path === '' ? 'package.json' : `${path}/package.json`));
    expect(context).toEqual(expect.arrayContaining([...manifests, 'package-lock.json']));
  });

  it('has the sources of the services and of the libraries they use', () => {
    const sources = ['apps/crm/src/main.ts', 'libs/contracts/src/index.ts', 'libs/mongo/src/index.ts'];
    expect(context).toEqual(expect.arrayContaining(sources));
  });

  it('has no tests, tools, installed packages or git data', () => {
    const foreign =
      /\.test\.ts$|\/test\/|node_modules|test-output|^\.|^docs|^deploy\/[^/]+\/(?!package\.json)|^libs\/(testing|documentdb-gateway)\/(?!package\.json)/;
    expect(context.filter((path) => foreign.test(path))).toEqual([]);
  });
});
