import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { z } from 'zod';
import { exists, pathOf, readText, serviceNames } from '../src/repository.ts';
import { brokerMetrics } from './broker-metrics.ts';
import { readCompose } from './compose-file.ts';
import { metricsIn, parseYaml, readDashboards, readExpressions, readRules } from './monitoring-files.ts';
import { promtool, runPromtool } from './promtool.ts';
import { registeredMetrics } from './registered-metrics.ts';

const { alerts, records } = readRules();
const expressions = readExpressions();

describe('rules and dashboards', () => {
  let known: Set<string>;
  beforeAll(async () => {
    const recorded = records.map(({ record }) => record);
    known = new Set(['up', ...recorded, ...brokerMetrics, ...(await registeredMetrics())]);
  });

  it('read only series that something exposes', () => {
    const unknown = expressions.flatMap(metricsIn).filter((metric) => !known.has(metric));
    expect(unknown).toEqual([]);
  });

  it('read every series of the broker that is listed for them', () => {
    const read = new Set(expressions.flatMap(metricsIn));
    expect(brokerMetrics.filter((metric) => !read.has(metric))).toEqual([]);
  });

  it('have balanced brackets', () => {
    for (const expression of expressions) {
      const bare = expression.replaceAll(/"[^"]*"/g, '');
      for (const [open, close] of ['()', '{}', '[]'].map((pair) => pair.split('')))
        expect(bare.split(open ?? '').length).toBe(bare.split(close ?? '').length);
    }
  });
});

describe('the reader of expressions', () => {
  it('finds the metrics among functions, labels and groupings', () => {
    const expression =
      'histogram_quantile(0.9, sum by (le) (rate(a_bucket{b="c_d"}[5m]))) > 2 unless on (x) e:f:g';
    expect(metricsIn(expression)).toEqual(['a_bucket', 'e:f:g']);
  });
});

describe('alerts', () => {
  it.each([...new Set(alerts.map(({ alert }) => alert))])('%s has a runbook and a test', (name) => {
    for (const { annotations } of alerts.filter(({ alert }) => alert === name))
      expect(annotations.runbook).toBe(`docs/runbooks/${name}.md`);
    expect(readText(`docs/runbooks/${name}.md`)).toMatch(new RegExp(`^# ${name}\n`));
    expect(readText('deploy/prometheus/tests/alerts.test.yml')).toContain(`alertname: ${name}`);
  });

  it('have no runbook left over', () => {
    const names = new Set(alerts.map(({ alert }) => `${alert}.md`));
    expect(
      readdirSync(pathOf('docs/runbooks')).filter((file) => !names.has(file) && file !== 'README.md'),
    ).toEqual([]);
  });
});

if (promtool) {
  describe('promtool', () => {
    it.each(['prometheus.yml', 'prometheus.local.yml'])('accepts %s and the rules it names', (file) => {
      expect(runPromtool('check', 'config', file)).toContain('SUCCESS');
    });

    it('sees each alert fire when it should, and only then', () => {
      expect(runPromtool('test', 'rules', 'tests/alerts.test.yml')).toContain('SUCCESS');
    });
  });
} else {
  console.warn(
    'There is no promtool on this machine: only structure, names and brackets of the rules are checked.',
  );
}

const scrapeSchema = z.object({
  scrape_configs: z.array(
    z.object({
      job_name: z.string(),
      static_configs: z.array(
        z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()).default({}) }),
      ),
    }),
  ),
});

function targetsOf(file: string): Record<string, string> {
  const { scrape_configs } = scrapeSchema.parse(parseYaml(`deploy/prometheus/${file}`));
  const pipedesk = scrape_configs.find(({ job_name }) => job_name === 'pipedesk');
  const entries = (pipedesk?.static_configs ?? []).map(({ targets, labels }): [string, string] => [
    labels['service'] ?? '',
    targets.join(),
  ]);
  return Object.fromEntries(entries);
}

describe('prometheus', () => {
  it('scrapes every service where docker-compose.yml has it', () => {
    const { services } = readCompose();
    const addresses = serviceNames().map((name) => [
      name,
      `${name}:${services[name]?.environment?.['PORT']}`,
    ]);
    expect(targetsOf('prometheus.yml')).toEqual(Object.fromEntries(addresses));
  });

  it('scrapes the local broker where npm start has it', async () => {
    const module: unknown = await import(pathOf('deploy/local/src/backing/ports.ts'));
    const { fixedPorts } = z.object({ fixedPorts: z.object({ amqpPrometheus: z.int() }) }).parse(module);
    expect(readText('deploy/prometheus/prometheus.local.yml')).toContain(
      `127.0.0.1:${fixedPorts.amqpPrometheus}'`,
    );
  });

  it('scrapes the same ports on this machine for what npm start runs', () => {
    const local = Object.entries(targetsOf('prometheus.yml')).map(([name, target]) => [
      name,
      target.replace(/^.*:/, '127.0.0.1:'),
    ]);
    expect(targetsOf('prometheus.local.yml')).toEqual(Object.fromEntries(local));
  });
});

describe('dashboards', () => {
  const dashboards = readDashboards();
  const source = z
    .object({ datasources: z.array(z.object({ uid: z.string(), url: z.string() })) })
    .parse(parseYaml('deploy/grafana/provisioning/datasources/prometheus.yml'));

  it.each(dashboards.map(({ title, panels }) => [title, panels] as const))(
    '%s asks the source there is',
    (_, panels) => {
      for (const panel of panels) expect(panel.datasource.uid).toBe(source.datasources[0]?.uid);
    },
  );

  it.each(dashboards.map(({ title, panels }) => [title, panels] as const))(
    '%s has no panels over others',
    (_, panels) => {
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (__, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    },
  );

  it('are found where the provider looks for them', () => {
    const provider = readText('deploy/grafana/provisioning/dashboards/pipedesk.yml');
    const path = /path: (\S+)/.exec(provider)?.[1];
    expect(readText('docker-compose.yml')).toContain(`./deploy/grafana/dashboards:${path}:ro`);
    expect(exists('deploy/grafana/dashboards')).toBe(true);
  });
});
