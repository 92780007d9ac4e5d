import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultContext, Scenario } from '../scenario.ts';

/** Nothing here may touch a write: the broker is not on its path. */
const spared = (name: string, run: (context: FaultContext) => Promise<void>): Scenario => ({
  name,
  sparesWrites: true,
  run,
});

/** An alarm that is raised and lifted by `rabbitmqctl`. */
const alarm = (name: string, raise: string[], lift: string[]): Scenario =>
  spared(name, async ({ stack, random }) => {
    await stack.broker.rabbitmqctl(...raise);
    await sleep(random.between(2_000, 4_000));
    await stack.broker.rabbitmqctl(...lift);
  });

export const brokerScenarios: Scenario[] = [
  spared('broker frozen', async ({ stack, random }) => {
    await stack.broker.freeze();
    await sleep(random.between(5_000, 7_000));
    await stack.broker.thaw();
  }),
  spared('broker killed', async ({ stack, random }) => {
    await sleep(random.between(0, 500));
    await stack.broker.kill();
    await sleep(random.between(500, 2_000));
    await stack.broker.start();
  }),
  spared('broker stopped and started (stop_app)', async ({ stack, random }) => {
    await stack.broker.rabbitmqctl('stop_app');
    await sleep(random.between(500, 2_000));
    await stack.broker.rabbitmqctl('start_app');
  }),
  spared('broker loses its disk with events in its queues', async ({ stack, random }) => {
    await stack.services.kill('audit');
    await sleep(random.between(1_000, 2_000));
    await stack.broker.kill();
    rmSync(stack.brokerData, { recursive: true });
    await stack.broker.start();
    await stack.revive('audit');
  }),
  spared('all connections closed', async ({ stack, random }) => {
    for (let round = 0; round < 3; round++) {
      await stack.broker.rabbitmqctl('close_all_connections', 'chaos');
      await sleep(random.between(300, 1_500));
    }
  }),
  alarm(
    'memory alarm',
    ['set_vm_memory_high_watermark', '0'],
    ['set_vm_memory_high_watermark', 'absolute', '1GB'],
  ),
  alarm('disk alarm', ['set_disk_free_limit', '1000000GB'], ['set_disk_free_limit', '256MB']),
];
