import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sendText, allowsMethod } from './responses.ts';
import type { HttpHandler, Request, Response } from './http-handler.ts';

/** The web app, which runs in this process. */
export interface WebApp {
  readonly serve: HttpHandler;
  /** Sets the address at which the app calls the API when it renders pages. A GATEWAY_URL in the environment has priority. */
  setGatewayAddress(host: string, port: number): void;
}

/** The module that SvelteKit's adapter-node builds. */
interface BuiltApp {
  readonly handler: (request: Request, response: Response, next: () => void) => Promise<void> | undefined;
}

/**
 * Loads the web app.
 * @param file the path of `handler.js` of the built app.
 * @param behindProxy whether `x-forwarded-proto` was set by a proxy, and can be trusted.
 * @param onError called when a page fails. The client receives a 500.
 * @throws what `import` throws when the file cannot be loaded.
 */
export async function loadWebApp(
  file: string,
  behindProxy: boolean,
  onError: (error: unknown) => void,
): Promise<WebApp> {
  // adapter-node reads its settings from the environment when it is imported. Without this one it assumes HTTPS.
  process.env.PROTOCOL_HEADER = 'x-forwarded-proto';
  const { handler } = (await import(pathToFileURL(resolve(file)).href)) as BuiltApp;
  return {
    serve(request, response) {
      // Pages only read. Changes go through the API.
      if (!allowsMethod(request, response)) return;
      // In HTTP/2 the host is in another header.
      request.headers.host ??= request.headers[':authority'] as string | undefined;
      if (!behindProxy) request.headers['x-forwarded-proto'] = 'http';
      response.setHeader('x-content-type-options', 'nosniff');
      const fail = (error: unknown): void => {
        onError(error);
        sendText(response, 500, 'internal error');
      };
      Promise.resolve(handler(request, response, () => sendText(response, 404, 'not found'))).catch(fail);
    },
    setGatewayAddress(host, port) {
      const own = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
      process.env.GATEWAY_URL ??= `http://${own.includes(':') ? `[${own}]` : own}:${port}`;
    },
  };
}
