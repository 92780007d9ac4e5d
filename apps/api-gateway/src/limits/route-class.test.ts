import { describe, expect, it } from '@jest/globals';
import { routeClassOf } from './route-class.ts';

describe('the class of a route', () => {
  it.each([
    ['GET', '/deals', 'read'],
    ['HEAD', '/deals/1', 'read'],
    ['GET', '/imports/1', 'read'],
    ['POST', '/deals', 'write'],
    ['DELETE', '/deals/1', 'write'],
    ['POST', '/auth/logout', 'write'],
    ['POST', '/imports', 'bulk'],
    ['GET', '/exports/deals', 'bulk'],
    ['GET', '/audit-logs/export', 'bulk'],
    ['GET', '/audit-logs/report', 'bulk'],
    ['GET', '/audit-logs', 'read'],
  ])('%s %s is %s', (method, path, routeClass) => {
    expect(routeClassOf(method, path)).toBe(routeClass);
  });
});
