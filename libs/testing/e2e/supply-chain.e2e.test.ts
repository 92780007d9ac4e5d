import { describe, expect, it } from '@jest/globals';
import { repositoryRoot } from '@pipedesk/local';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is installed and what the lock file says, without asking anybody. */
interface Locked {
  version?: string;
  license?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  dev?: boolean;
  optional?: boolean;
  hasInstallScript?: boolean;
}

interface Manifest {
  name?: string;
  license?: string | { type: string };
  licenses?: { type: string }[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  allowScripts?: Record<string, boolean>;
}

const read = <Shape>(path: string) => JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8')) as Shape;
const lock = read<{ packages: Record<string, Locked> }>('package-lock.json').packages;
/** Third parties' packages, by the path they are installed at; optional ones are there only on their platform. */
const packages = Object.entries(lock).filter(([path, { link }]) => path.startsWith('node_modules/') && !link);
const installed = packages.filter(([path]) => existsSync(join(repositoryRoot, path, 'package.json')));
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Licences that ask for no more than a notice. */
const permissive = [
  'MIT',
  'MIT-0',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'CC-BY-4.0',
  'Python-2.0',
  'Unlicense',
  'WTFPL',
];

/** Their manifest names no licence, and a file beside it does: the version is pinned, so it was read once. */
const readByHand: Record<string, string> = { pause: 'MIT' };

function licenceOf(path: string): string {
  const { license, licenses } = read<Manifest>(`${path}/package.json`);
  const named = typeof license === 'object' ? license.type : license;
  return named ?? licenses?.map(({ type }) => type).join(' OR ') ?? readByHand[nameOf(path)] ?? 'none named';
}

/** `(MIT OR GPL-3.0)` lets us choose; `MIT AND Zlib` binds to both. */
function isPermissive(licence: string): boolean {
  const alternatives = licence.replaceAll(/[()]/g, '').split(' OR ');
  return alternatives.some((each) => each.split(' AND ').every((one) => permissive.includes(one.trim())));
}

describe('what is installed', () => {
  it('has permissive licences only', () => {
    const others = installed.flatMap(([path]) => {
      const licence = licenceOf(path);
      return isPermissive(licence) ? [] : [`${nameOf(path)}: ${licence}`];
    });
    expect(others).toEqual([]);
    expect(installed.length).toBeGreaterThan(300);
  });

  it('is what the lock file says', () => {
    const differing = installed.filter(
      ([path, { version }]) => read<{ version: string }>(`${path}/package.json`).version !== version,
    );
    expect(differing.map(([path]) => path)).toEqual([]);
  });

  it('runs no install script that nobody has decided about', () => {
    const { allowScripts = {} } = read<Manifest>('package.json');
    const scripted = packages
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => nameOf(path));
    const undecided = scripted.filter((name) => !(name in allowScripts));
    // fsevents is for macOS, where npm never runs it: it comes built.
    expect(new Set(undecided)).toEqual(new Set(scripted.filter((name) => name === 'fsevents')));
    expect(Object.entries(allowScripts).filter(([, isAllowed]) => isAllowed)).toEqual([['node', true]]);
  });
});

describe('the lock file', () => {
  it('names no host, and a hash for every package', () => {
    expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
    expect(
      packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path),
    ).toEqual([]);
  });
});

describe('our own manifests', () => {
  it('pin every version exactly', () => {
    const folders = ['apps', 'libs', 'deploy'].flatMap((folder) =>
      readdirSync(join(repositoryRoot, folder)).map((name) => `${folder}/${name}/package.json`),
    );
    const files = ['package.json', ...folders.filter((file) => existsSync(join(repositoryRoot, file)))];
    const loose = files.flatMap((file) => {
      const { dependencies, devDependencies } = read<Manifest>(file);
      return Object.entries({ ...dependencies, ...devDependencies })
        .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
        .map(([name, version]) => `${file}: ${name} ${version}`);
    });
    expect(loose).toEqual([]);
    expect(files.length).toBeGreaterThan(10);
  });
});
