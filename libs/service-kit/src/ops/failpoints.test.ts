import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { loadConfig, ConfigError, httpEnv } from '../config.ts';
import { armFailpoints, failpoint } from './failpoints.ts';
import { z } from 'zod';

const kill = jest.spyOn(process, 'kill').mockReturnValue(true);

afterEach(() => {
  armFailpoints('');
  kill.mockClear();
});

describe('failpoints', () => {
  it('are passed by unless armed', () => {
    failpoint('relay.after-confirm');
    armFailpoints('outbox.after-write');
    failpoint('relay.after-confirm');
    expect(kill).not.toHaveBeenCalled();
  });

  it('kill the process at the pass that was asked for', () => {
    armFailpoints('relay.after-confirm:3, outbox.after-write');
    failpoint('relay.after-confirm');
    failpoint('relay.after-confirm');
    expect(kill).not.toHaveBeenCalled();
    failpoint('relay.after-confirm');
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGKILL']]);
  });

  it('are armed by the environment, and refused in production', () => {
    const env = { PORT: '1', PIPEDESK_FAILPOINTS: 'outbox.after-write' };
    expect(() => loadConfig(z.object(httpEnv), { ...env, NODE_ENV: 'production' })).toThrow(ConfigError);
    failpoint('outbox.after-write');
    expect(kill).not.toHaveBeenCalled();
    loadConfig(z.object(httpEnv), env);
    failpoint('outbox.after-write');
    expect(kill).toHaveBeenCalledTimes(1);
  });
});
