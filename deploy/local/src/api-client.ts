/** Any answer, whatever its status; `body` is parsed JSON, text of another type, or undefined when there is none. */
export interface Answer {
  status: number;
  body: unknown;
  headers: Headers;
}

export interface CallOptions {
  /** Sent as JSON; with `text` set, that is sent instead. */
  body?: unknown;
  text?: string;
  headers?: Record<string, string>;
}

/** A front end's view of the gateway: HTTP and nothing else. */
export interface ApiClient {
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** A 2xx answer of the contract's shape. @throws Error with the problem document otherwise */
  expect<T>(
    method: string,
    path: string,
    schema: { parse(value: unknown): T },
    options?: CallOptions,
  ): Promise<T>;
  /** The same client with another access token. */
  as(token: string): ApiClient;
}

const timeout = 30_000;

/** @param baseUrl of the gateway or of one service, without a slash at its end */
export function createApiClient(baseUrl: string, token?: string): ApiClient {
  async function call(
    method: string,
    path: string,
    { body, text, headers = {} }: CallOptions = {},
  ): Promise<Answer> {
    const payload = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(baseUrl + path, {
      method,
      headers: {
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(payload === undefined ? {} : { body: payload }),
      signal: AbortSignal.timeout(timeout),
    });
    return { status: response.status, body: await readBody(response), headers: response.headers };
  }

  return {
    call,
    expect: async (method, path, schema, options) => {
      const answer = await call(method, path, options);
      if (answer.status < 200 || answer.status > 299) {
        throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      }
      return schema.parse(answer.body);
    },
    as: (other) => createApiClient(baseUrl, other),
  };
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  return /json/.test(response.headers.get('content-type') ?? '') ? (JSON.parse(text) as unknown) : text;
}
