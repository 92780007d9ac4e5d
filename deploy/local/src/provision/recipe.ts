import { createHash } from 'node:crypto';

/**
 * What the private Debian root holds. "forky" is the first release that packages DocumentDB. Any change here gives the
 * root another name, so it is built anew beside the old one.
 */
export const recipe = {
  suite: 'forky',
  packages: ['postgresql-18-documentdb', 'rabbitmq-server', 'prometheus'],
  files: {
    // The instances make their own clusters; the package must not start one.
    'etc/postgresql-common/createcluster.conf': 'create_main_cluster = false\n',
    // 101 is "forbidden by policy": no package may start its service while it is installed.
    'usr/sbin/policy-rc.d': '#!/bin/sh\nexit 101\n',
    'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
    // Manuals and translations are of no use here and are a good part of the disk space and of the unpacking time.
    'etc/dpkg/dpkg.cfg.d/lean':
      'path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n' +
      // The root is thrown away when its build is interrupted, so there is nothing to protect with an fsync per file.
      'force-unsafe-io\n',
  },
  aptOptions: [
    // A mirror may serve an index past its Valid-Until date. Its signature is still verified; only the age is not.
    'Acquire::Check-Valid-Until=false',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    'Acquire::http::Timeout=30',
    'APT::Install-Recommends=false',
    'APT::Status-Fd=3',
  ],
} as const;

/** Names a root by its recipe. */
export const recipeVersion = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 10);
