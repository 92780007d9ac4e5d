import { type RequestHandler, Router } from 'express';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MergedDocument } from './merged-openapi.ts';

const assets = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];
const assetFolder = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));

/** Swagger UI sets styles inline and draws its icons from data: URLs; scripts come from here only. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>PipeDesk API</title>
    <link rel="icon" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const startScript = `SwaggerUIBundle({
  url: '/docs/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  displayRequestDuration: true,
});
`;

/** `GET /docs`: the API in a browser, over `/docs/openapi.json`. Public: it shows the form of the API, no data. */
export function docsRouter(readOpenApi: () => Promise<MergedDocument>): RequestHandler {
  const router = Router();
  router.use('/docs', relaxPolicy);
  router.get('/docs', (_req, res) => void res.type('html').send(page));
  router.get('/docs/start.js', (_req, res) => void res.type('js').send(startScript));
  router.get('/docs/openapi.json', async (_req, res) => void res.json(await readOpenApi()));
  for (const asset of assets) {
    router.get(`/docs/${asset}`, (_req, res) => {
      res.sendFile(asset, { root: assetFolder, maxAge: '1h' });
    });
  }
  return router;
}

const relaxPolicy: RequestHandler = (_req, res, next) => {
  res.set('Content-Security-Policy', contentSecurityPolicy);
  next();
};
