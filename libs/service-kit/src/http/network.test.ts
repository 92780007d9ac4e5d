import { describe, expect, it } from '@jest/globals';
import { networkOf } from './network.ts';

describe('the network of an address', () => {
  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:000::/56'],
    ['2001:db8::1', '2001:db8:0:000::/56'],
    ['2001:DB8:0001:ab12::9', '2001:db8:1:ab00::/56'],
    ['::1', '0:0:0:000::/56'],
    ['fe80::1%eth0', 'fe80:0:0:000::/56'],
    [null, 'unknown'],
  ])('of %s is %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  it('is one for all of a /56 and another for the next', () => {
    expect(networkOf('2001:db8:1:ab00::1')).toBe(networkOf('2001:db8:1:abff:ffff::2'));
    expect(networkOf('2001:db8:1:ab00::1')).not.toBe(networkOf('2001:db8:1:ac00::1'));
  });
});
