import { describe, expect, it } from '@jest/globals';
import { loadConfig } from './config.ts';

describe('configuration', () => {
  it('has a default for everything', () => {
    expect(loadConfig({})).toMatchObject({
      DOCUMENTDB_GATEWAY_PORT: 27017,
      PGHOST: '127.0.0.1',
      PGPORT: 5432,
    });
  });

  it('names every variable that is wrong', () => {
    expect(() => loadConfig({ PGPORT: 'x', DOCUMENTDB_GATEWAY_POOL: '0' })).toThrow(
      /DOCUMENTDB_GATEWAY_POOL[^]*PGPORT/,
    );
  });
});
