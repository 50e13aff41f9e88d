import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerText, methodIsRead } from './answers.ts';
import type { HttpHandler, Request, Response } from './http-handler.ts';

/** The web app, in this process. */
export interface WebApp {
  readonly serve: HttpHandler;
  /** Tells the app where this gateway listens: it calls the API for the pages that it makes here. */
  listening(host: string, port: number): void;
}

/** What adapter-node makes of a SvelteKit app. */
interface Built {
  readonly handler: (request: Request, response: Response, next: () => void) => Promise<void> | undefined;
}

/**
 * @param file `handler.js` of the built app.
 * @param behindProxy whether `x-forwarded-proto` is a proxy's, and so to be believed.
 * @throws what `import` does where it can't be loaded
 */
export async function loadWebApp(
  file: string,
  behindProxy: boolean,
  failed: (error: unknown) => void,
): Promise<WebApp> {
  // adapter-node reads its settings from the environment, once, and takes pages for https unless a header says more.
  process.env.PROTOCOL_HEADER = 'x-forwarded-proto';
  const { handler } = (await import(pathToFileURL(resolve(file)).href)) as Built;
  return {
    serve(request, response) {
      // Nothing is sent to a page, but by the API.
      if (!methodIsRead(request, response)) return;
      // By HTTP/2 it has another name.
      request.headers.host ??= request.headers[':authority'] as string | undefined;
      if (!behindProxy) request.headers['x-forwarded-proto'] = 'http';
      response.setHeader('x-content-type-options', 'nosniff');
      const fail = (error: unknown): void => {
        failed(error);
        answerText(response, 500, 'something failed on our side');
      };
      Promise.resolve(handler(request, response, () => answerText(response, 404, 'not found'))).catch(fail);
    },
    listening(host, port) {
      const own = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
      process.env.GATEWAY_URL ??= `http://${own.includes(':') ? `[${own}]` : own}:${port}`;
    },
  };
}
