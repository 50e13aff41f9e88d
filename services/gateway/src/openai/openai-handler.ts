import { describeError, inServerSpan } from '@cinematica/pipeline';
import type { Metrics } from '@cinematica/pipeline';
import { randomUUID } from 'node:crypto';
import { Counter } from 'prom-client';
import { admitCaller } from '../callers/admit-caller.ts';
import type { AdmitOptions } from '../callers/admit-caller.ts';
import type { HttpHandler, Request, Response } from '../http/http-handler.ts';
import { BodyError } from '../http/receive-body.ts';
import { requestUrl, sendJson } from '../http/responses.ts';
import { answerOperation } from './answer-operation.ts';
import type { AnswerParts } from './answer-operation.ts';
import { ApiError } from './api-error.ts';
import { findOperation } from './find-operation.ts';
import { OPERATIONS } from './operations.ts';
import { toErrorAnswer } from './to-error-answer.ts';

/** The dependencies of the OpenAI API. All of them are required. */
export interface OpenAiParts extends AnswerParts {
  /** Identifies callers and limits their requests. */
  readonly admit: AdmitOptions;
  readonly metrics: Pick<Metrics, 'registry'>;
}

/** Serves `/v1/…`: videos in the form of OpenAI's API. Each error, and each answer but a file, is JSON. */
export function createOpenAiHandler(parts: OpenAiParts): HttpHandler {
  const { log } = parts;
  const requests = new Counter({
    name: 'cinematica_openai_requests_total',
    help: 'Requests of the OpenAI API that have ended, by operation and HTTP status.',
    labelNames: ['operation', 'status'],
    registers: [parts.metrics.registry],
  });

  return (request, response) => {
    const ended = new AbortController();
    let operation = 'unknown';
    response.once('close', () => {
      ended.abort();
      requests.inc({ operation, status: statusOf(response) });
    });
    response.setHeader('x-request-id', randomUUID());

    async function serve(): Promise<void> {
      const headers = headersOf(request);
      const caller = admitCaller(headers, request.socket.remoteAddress ?? '', parts.admit);
      if (caller.setCookie !== null) response.setHeader('set-cookie', caller.setCookie);
      const url = requestUrl(request);
      if (!url) throw new ApiError(400, 'invalid_value', 'The address is malformed.');
      const method = request.method ?? '';
      const found = findOperation(method, url.pathname);
      operation = found.id;
      const { path } = OPERATIONS[found.id];
      const attributes = { 'http.request.method': method, 'http.route': path };
      await inServerSpan(`${method} ${path}`, headers, attributes, async () => {
        const abort = (error: BodyError) => ended.abort(error);
        const call = { found, caller, query: url.searchParams, request, response, signal: ended.signal, abort, refuse };
        const answer = await answerOperation(parts, call);
        if (answer !== null) sendJson(response, 200, answer.body, answer.headers);
      });
    }

    function refuse(error: unknown): void {
      const { signal } = ended;
      // The caller has left.
      if (response.destroyed || (signal.aborted && !(signal.reason instanceof BodyError))) return;
      const { status, headers, body, cause } = toErrorAnswer(error);
      if (status === 500) log.error('request failed', cause, { operation });
      else if (cause !== null)
        log.warn('request rejected: a dependency is unavailable', { operation, reason: describeError(cause) });
      sendJson(response, status, body, headers);
    }

    serve().catch(refuse);
  };
}

/** The status that was sent; `aborted` when the caller left before. */
const statusOf = (response: Response): string => (response.headersSent ? String(response.statusCode) : 'aborted');

function headersOf({ headers }: Request): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    // The pseudo-headers of HTTP/2.
    if (name.startsWith(':') || value === undefined) continue;
    for (const each of [value].flat()) result.append(name, each);
  }
  return result;
}
