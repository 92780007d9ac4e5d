import { problemSchema } from '@pipedesk/contracts';
import { z } from 'zod';
import { isForServices, isPublic, type Route } from './route.ts';

export interface OpenApiDocument {
  openapi: '3.1.0';
  info: { title: string; version: string };
  paths: Record<string, Record<string, unknown>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

/** Describes routes as OpenAPI 3.1, whose schemas are plain JSON Schema 2020-12, which zod writes itself. */
export function openApiOf(title: string, routes: Route[]): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method] = operationOf(title, route);
  }
  return {
    openapi: '3.1.0',
    info: { title, version: '1.0.0' },
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function operationOf(tag: string, route: Route): Record<string, unknown> {
  const open = isPublic(route.permission);
  return {
    tags: [tag],
    summary: route.summary,
    description: accessTo(route),
    ...accessExtensions(route),
    security: open ? [] : [{ bearer: [] }],
    parameters: [...parametersOf('path', route.params), ...parametersOf('query', route.query)],
    ...requestBodyOf(route),
    responses: {
      [String(route.status ?? 200)]: answerOf(route),
      default: {
        description: 'Anything else: a problem document (RFC 9457)',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

/** The declaration itself, for whoever checks every route against what it should be. */
function accessExtensions({ permission, shows }: Route): Record<string, unknown> {
  const access = isPublic(permission) ? 'public' : isForServices(permission) ? 'services' : permission;
  return { 'x-permission': access, ...(shows === undefined ? {} : { 'x-shows': shows }) };
}

function accessTo({ permission }: Route): string {
  if (isPublic(permission)) return `Public: ${permission.public}.`;
  if (isForServices(permission)) return `For services: ${permission.services}.`;
  return `Permission: \`${permission}\`.`;
}

function answerOf(route: Route): Record<string, unknown> {
  if (route.status === 204) return { description: 'Done' };
  return {
    description: 'Done',
    content: { 'application/json': { schema: jsonSchema(route.response, 'output') } },
  };
}

function requestBodyOf(route: Route): Record<string, unknown> {
  if (route.body) {
    return {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
      },
    };
  }
  if (!route.stream) return {};
  const content = route.stream.map((type): [string, unknown] => [type, { schema: { type: 'string' } }]);
  return { requestBody: { required: true, content: Object.fromEntries(content) } };
}

function parametersOf(where: 'path' | 'query', schema: z.ZodType | undefined): Record<string, unknown>[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: required.includes(name),
    schema: property,
  }));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const rest: Record<string, unknown> = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  delete rest.$schema;
  return rest;
}
