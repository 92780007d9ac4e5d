import { readdirSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { pathOf, readText } from '../src/repository.ts';

const recordSchema = z.strictObject({ record: z.string().regex(/^\w+:\w+:\w+$/), expr: z.string() });

const alertSchema = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']), window: z.string().optional() }),
  annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
});

const rulesSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(z.union([recordSchema, alertSchema])) })),
});

const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  panels: z.array(
    z.object({
      id: z.int(),
      title: z.string(),
      datasource: z.object({ uid: z.string() }),
      gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
      targets: z.array(z.object({ expr: z.string() })),
    }),
  ),
});

export type Dashboard = z.infer<typeof dashboardSchema>;

export const parseYaml = (path: string): unknown => parse(readText(path));

const filesIn = (folder: string) => readdirSync(pathOf(folder)).map((name) => `${folder}/${name}`);

/** Every rule of deploy/prometheus/rules. */
export function readRules() {
  const rules = filesIn('deploy/prometheus/rules').flatMap((file) =>
    rulesSchema.parse(parseYaml(file)).groups.flatMap((group) => group.rules),
  );
  return {
    alerts: rules.filter((rule) => 'alert' in rule),
    records: rules.filter((rule) => 'record' in rule),
  };
}

export const readDashboards = (): Dashboard[] =>
  filesIn('deploy/grafana/dashboards').map((file) => dashboardSchema.parse(JSON.parse(readText(file))));

/** Every expression that anything evaluates. */
export function readExpressions(): string[] {
  const { alerts, records } = readRules();
  const panels = readDashboards().flatMap((dashboard) => dashboard.panels);
  return [...alerts, ...records, ...panels.flatMap((panel) => panel.targets)].map(({ expr }) => expr);
}

/** The metrics that an expression reads: words outside of strings, label matchers and groupings that are no function. */
export function metricsIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const words = bare.match(/[a-zA-Z_][\w:]*(?!\w*\s*\()/g) ?? [];
  return words.filter((word) => !['and', 'or', 'unless', 'bool', 'offset'].includes(word));
}
