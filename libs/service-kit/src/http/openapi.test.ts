import { describe, expect, it } from '@jest/globals';
import { createDealBody, dealListQuery, dealPage, dealSchema, idParams } from '@pipedesk/contracts';
import { z } from 'zod';
import { openApiOf } from './openapi.ts';
import { audited, notAudited, publicRoute, route } from './route.ts';

const handle = () => ({}) as never;
const onOne = { path: '/deals/:id', params: idParams, response: dealSchema, handle };
const document = openApiOf('crm', [
  route({
    method: 'get',
    path: '/deals',
    summary: 'List',
    permission: 'deals:read',
    audit: notAudited('read'),
    query: dealListQuery,
    response: dealPage,
    handle,
  }),
  route({
    method: 'post',
    path: '/deals',
    summary: 'Create',
    permission: 'deals:create',
    audit: audited('crm.deal.created'),
    body: createDealBody,
    response: dealSchema,
    status: 201,
    handle,
  }),
  route({ ...onOne, method: 'get', summary: 'Read', permission: 'deals:read', audit: notAudited('read') }),
  route({
    ...onOne,
    method: 'delete',
    summary: 'Delete',
    permission: 'deals:delete',
    audit: audited('crm.deal.deleted'),
    response: z.void(),
    status: 204,
  }),
  route({
    method: 'post',
    path: '/files',
    summary: 'Upload',
    permission: publicRoute('a test'),
    audit: notAudited('a test'),
    stream: ['text/csv'],
    response: z.object({}),
    handle,
  }),
]);

interface Operation {
  summary: string;
  security: unknown[];
  parameters: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operation as Operation })),
);
const operationOf = (method: string, path: string) =>
  operations.find((found) => found.method === method && found.path === path)?.operation;

describe('openApiOf', () => {
  it('declares exactly the parameters that a path has, each required', () => {
    for (const { path, operation } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = operation.parameters.filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(named);
      expect(declared.every(({ required }) => required)).toBe(true);
      expect(path).not.toContain(':');
    }
  });

  it('describes queries with what may be left out', () => {
    const parameters = operationOf('get', '/deals')?.parameters ?? [];
    expect(parameters.map(({ name }) => name).sort()).toEqual(Object.keys(dealListQuery.shape).sort());
    expect(parameters.filter(({ required }) => required)).toEqual([]);
    expect(parameters.find(({ name }) => name === 'limit')?.schema).toMatchObject({
      minimum: 1,
      maximum: 100,
      default: 25,
    });
  });

  it('describes bodies as clients send them and answers as they come', () => {
    const operation = operationOf('post', '/deals');
    expect(operation?.requestBody?.content['application/json']?.schema).toMatchObject({
      required: ['name'],
      additionalProperties: false,
    });
    expect(operation?.responses['201']?.content?.['application/json']?.schema).toMatchObject({
      required: expect.arrayContaining(['id', 'version', 'stage']),
    });
    expect(operationOf('post', '/files')?.requestBody?.content).toEqual({
      'text/csv': { schema: { type: 'string' } },
    });
  });

  it('gives every operation an answer, a problem for all else, and says who may call it', () => {
    for (const { operation } of operations) {
      expect(Object.keys(operation.responses)).toHaveLength(2);
      expect(operation.responses.default?.content).toHaveProperty(['application/problem+json']);
      expect(Object.values(operation.responses).every(({ description }) => description !== '')).toBe(true);
    }
    expect(operationOf('delete', '/deals/{id}')?.responses['204']).toEqual({ description: 'Done' });
    expect(operationOf('get', '/deals')?.security).toEqual([{ bearer: [] }]);
    expect(operationOf('post', '/files')?.security).toEqual([]);
  });

  it('refers to nothing that is not in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, target]) => target ?? '',
    );
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      const [root, ...names] = reference.split('/');
      expect(root).toBe('#');
      expect(names.reduce<unknown>((node, name) => Reflect.get(Object(node), name), document)).toBeDefined();
    }
  });

  it('is plain JSON of version 3.1', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'crm', version: '1.0.0' } });
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
