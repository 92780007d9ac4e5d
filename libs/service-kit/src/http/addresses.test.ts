import { describe, expect, it } from '@jest/globals';
import { isPublicAddress } from './addresses.ts';

describe('an address', () => {
  it.each(['8.8.8.8', '93.184.216.34', '2606:4700:4700::1111', '2a00:1450:4001:81b::200e'])(
    'that anybody has is public: %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['loopback', '::1'],
    ['private', '10.0.0.1'],
    ['private', '172.31.255.1'],
    ['private', '192.168.1.1'],
    ['link-local, metadata of clouds', '169.254.169.254'],
    ['link-local', 'fe80::1'],
    ['unique local, metadata of a cloud', 'fd00:ec2::254'],
    ['carriers', '100.64.0.1'],
    ['carriers, metadata of a cloud', '100.100.100.200'],
    ['protocol assignments, metadata of a cloud', '192.0.0.192'],
    ['a cloud’s platform', '168.63.129.16'],
    ['multicast', '224.0.0.1'],
    ['multicast', 'ff02::1'],
    ['unspecified', '0.0.0.0'],
    ['unspecified', '::'],
    ['broadcast', '255.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['documentation', '203.0.113.1'],
    ['documentation', '2001:db8::1'],
    ['benchmarks', '198.18.0.1'],
    ['mapped', '::ffff:127.0.0.1'],
    ['mapped, even a public one', '::ffff:8.8.8.8'],
    ['compatible', '::127.0.0.1'],
    ['translated', '64:ff9b::7f00:1'],
    ['translated locally', '64:ff9b:1::7f00:1'],
    ['6to4', '2002:7f00:1::1'],
    ['Teredo', '2001::1'],
    ['site-local of old', 'fec0::1'],
    ['no address', 'localhost'],
    ['no address', ''],
  ])('is not public: %s, %s', (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
