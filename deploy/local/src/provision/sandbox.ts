import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a sandboxed process finds the folder it was given. */
export const sandboxHome = '/mnt';

export interface SandboxedCommand {
  /** The private Debian root. */
  root: string;
  /** A folder of the host, seen as `/mnt` inside; nothing else of the host is. */
  folder?: string;
  /** A user of the root's own `/etc/passwd`; root when absent (only while packages are installed). */
  user?: string;
  env?: Record<string, string>;
  /** Sent to the process when this program dies without stopping it. */
  parentDeathSignal?: 'TERM' | 'INT';
  command: string[];
}

/*
 * The mounts live in a mount namespace of the process itself: they vanish with it, and the host never sees them.
 * Every step is an `exec`, so the pid this program spawned is the pid of the server itself.
 */
const enterRoot = [
  'set -eu; root=$1; folder=$2; shift 2',
  'mount -t proc proc "$root/proc"',
  'mount --rbind /dev "$root/dev"',
  'if [ -n "$folder" ]; then mount --bind "$folder" "$root/mnt"; fi',
  'exec "$@"',
].join('\n');

/** Turns a command into one that runs inside the private root. Needs to be root, and allowed to mount. */
export function sandboxed(options: SandboxedCommand): { command: string; args: string[] } {
  const user = options.user ? findUser(options.root, options.user) : undefined;
  const environment = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: options.folder ? sandboxHome : '/root',
    LANG: 'C.UTF-8',
    ...options.env,
  };
  const chroot = [
    'chroot',
    ...(user ? [`--userspec=${user.uid}:${user.gid}`, '--groups='] : []),
    options.root,
  ];
  const clean = [
    '/usr/bin/env',
    '-i',
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  ];
  // After the change of user, because that change resets it.
  const bound = options.parentDeathSignal ? ['setpriv', '--pdeathsig', options.parentDeathSignal, '--'] : [];
  const steps = [...chroot, ...clean, ...bound, ...options.command];
  return {
    command: 'unshare',
    args: [
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      enterRoot,
      'sh',
      options.root,
      options.folder ?? '',
      ...steps,
    ],
  };
}

/** Looks a user up in the root's own accounts: the same name has other numbers on the host. */
export function findUser(root: string, name: string): { uid: number; gid: number } {
  const line = readFileSync(join(root, 'etc/passwd'), 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error(`The private root at ${root} has no user "${name}".`);
  return { uid: Number(uid), gid: Number(gid) };
}
