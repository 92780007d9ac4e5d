import { notAudited, openApiOf, publicRoute, route } from '@pipedesk/service-kit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { MergedDocument } from '../src/docs/merged-openapi.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { json } from './upstream.ts';

let gateway: Gateway;
const paths = {
  auth: ['/auth/login', '/users/:id'],
  crm: ['/deals', '/internal/activity/:entityType/:entityId'],
  'calendar-sync': ['/calendar/events'],
  audit: ['/audit-logs'],
  timeline: ['/timeline/:entityType/:entityId'],
};

beforeEach(async () => {
  gateway = await startGateway();
  for (const [service, own] of Object.entries(paths)) {
    gateway.upstreams[service as keyof typeof paths].answer(
      json(openApiOf(service, own.map(describedRoute))),
    );
  }
});
afterEach(() => gateway.stop());

function describedRoute(path: string) {
  return route({
    method: 'get',
    path,
    summary: 'A route',
    permission: publicRoute('a test'),
    audit: notAudited('a test'),
    response: z.object({}),
    handle: () => ({}),
  });
}

const readDocument = async () => (await (await gateway.get('/docs/openapi.json')).json()) as MergedDocument;

describe('the API description', () => {
  it('lists what the gateway answers, of all services and its own, and nothing internal', async () => {
    const document = await readDocument();
    expect(Object.keys(document.paths).toSorted()).toEqual([
      '/audit-logs',
      '/auth/login',
      '/calendar/events',
      '/deals',
      '/timeline/{entityType}/{entityId}',
      '/users/{id}',
    ]);
    expect(document.paths['/timeline/{entityType}/{entityId}']?.get).toMatchObject({ tags: ['gateway'] });
    expect(document.components.schemas).toHaveProperty('Problem');
    expect(document.info.description).not.toContain('missing');
  });

  it('names a service that is down and has all the others', async () => {
    await gateway.upstreams.crm.stop();
    gateway.upstreams.audit.answer(json({ openapi: 'nonsense' }));
    const document = await readDocument();
    expect(document.info.description).toContain('missing below: crm, audit');
    expect(Object.keys(document.paths)).toContain('/auth/login');
  });

  it('does not ask the services again for every reader', async () => {
    await Promise.all([readDocument(), readDocument()]);
    await readDocument();
    expect(gateway.upstreams.crm.requests).toHaveLength(1);
  });
});

describe('the page', () => {
  it('shows the description without a token, with scripts of its own only', async () => {
    const page = await gateway.get('/docs');
    const html = await page.text();
    expect(page.status).toBe(200);
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("script-src 'self';");
    // Nothing inline: the policy would block it.
    expect(html).not.toMatch(/<script>|onload=/);
    for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const asset = await gateway.get(path ?? '');
      await asset.arrayBuffer();
      expect({ path, status: asset.status }).toEqual({ path, status: 200 });
    }
    expect(await (await gateway.get('/docs/start.js')).text()).toContain('/docs/openapi.json');
  });

  it('gives nothing else of the folder its parts come from', async () => {
    for (const path of ['/docs/package.json', '/docs/index.html', '/docs/swagger-ui.css.map']) {
      expect((await gateway.get(path)).status).toBe(404);
    }
  });
});
