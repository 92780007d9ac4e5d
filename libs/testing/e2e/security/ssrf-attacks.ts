import { expect } from '@jest/globals';
import type { Attack } from './attack.ts';
import { logIn, must, type World } from './world.ts';

const doors = ['audit', 'api-gateway'] as const;
type Name = (typeof doors)[number];

/** Streams are for admins who just proved who they are. */
const freshAdmin = ({ wire, a }: World) => logIn(wire, a.members.admin.email);

const create = (url: string, token: string) => ({
  method: 'POST',
  path: '/audit-logs/streams',
  token,
  body: { name: 'SIEM', url },
});

async function expectRefused(world: World, urls: string[]): Promise<void> {
  const token = await freshAdmin(world);
  for (const url of urls)
    for (const door of doors) {
      const answer = await world.wire.send(door, create(url, token));
      expect({ door, url, status: answer.status, code: answer.body?.code as unknown }).toEqual({
        door,
        url,
        status: 422,
        code: 'stream_url_refused',
      });
    }
  expect(world.siem.inside.sockets).toBe(0);
}

/** Makes a stream to an address, has it send an event, and takes it away again. @returns what came of the event */
async function deliverTo(world: World, door: Name, url: string): Promise<unknown> {
  const token = await freshAdmin(world);
  const { id } = (await must(world.wire, door, 201, create(url, token))).body as { id: string };
  const path = `/audit-logs/streams/${id}`;
  const { body } = await must(world.wire, door, 200, { method: 'POST', path: `${path}/test`, token });
  await must(world.wire, door, 204, { method: 'DELETE', path, token });
  return body;
}

export const ssrfAttacks: Attack[] = [
  {
    where: 'SSRF',
    name: 'private addresses in every notation: 127.1, 2130706433, 0x7f.1, fullwidth digits, [::ffff:127.0.0.1]',
    expected: '422, no private socket opened',
    run: (world) => {
      const { port } = world.siem.inside;
      const hosts = [
        ...['127.0.0.1', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '１２７.０.０.１', '127。0。0。1'],
        ...['[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]'],
        ...['10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '0.0.0.0', '[fd00:ec2::254]', '[fe80::1]'],
      ];
      return expectRefused(
        world,
        hosts.map((host) => `https://${host}:${port}/`),
      );
    },
  },
  {
    where: 'SSRF',
    name: 'the metadata of clouds: 169.254.169.254, fd00:ec2::254, 168.63.129.16, 100.100.100.200',
    expected: '422, no private socket opened',
    run: (world) =>
      expectRefused(world, [
        'https://169.254.169.254/latest/meta-data/',
        'https://[fd00:ec2::254]/latest/meta-data/',
        'https://168.63.129.16/metadata',
        'https://100.100.100.200/latest/meta-data/',
        'https://2852039166/',
      ]),
  },
  {
    where: 'SSRF',
    name: 'other schemes: gopher, file, ftp, http without TLS; a user in the URL; another host behind it',
    expected: '422, no private socket opened',
    run: (world) => {
      const { port } = world.siem.inside;
      return expectRefused(world, [
        `gopher://127.0.0.1:${port}/_GET%20/`,
        'file:///etc/passwd',
        `ftp://127.0.0.1:${port}/`,
        `http://127.0.0.1:${port}/`,
        'http://example.com/',
        `https://example.com@127.0.0.1:${port}/`,
        `https://example.com\\@127.0.0.1:${port}/`,
        `http://${world.siem.allowed.host}@127.0.0.1:${port}/`,
      ]);
    },
  },
  {
    where: 'SSRF',
    name: 'a name that stands for a private address by the time it is asked',
    expected: 'refused at the connection, no private socket opened',
    run: async (world) => {
      for (const door of doors)
        expect(await deliverTo(world, door, `https://localhost:${world.siem.inside.port}/`)).toEqual({
          delivered: false,
          status: null,
          error: 'refused: the name stands for a private address',
        });
      expect(world.siem.inside.sockets).toBe(0);
    },
  },
  {
    where: 'SSRF',
    name: 'a receiver that redirects to 169.254.169.254 or to a port inside',
    expected: 'nobody follows, no private socket opened',
    run: async (world) => {
      const { allowed, inside } = world.siem;
      for (const location of ['http://169.254.169.254/', `http://127.0.0.1:${inside.port}/`])
        for (const door of doors) {
          allowed.redirectsTo = location;
          const before = allowed.requests;
          expect(await deliverTo(world, door, `http://${allowed.host}/`)).toEqual({
            delivered: false,
            status: 302,
            error: 'the receiver answered 302',
          });
          // Streams of their own accord may ask as well.
          expect(allowed.requests).toBeGreaterThan(before);
        }
      expect(inside.sockets).toBe(0);
    },
  },
];
