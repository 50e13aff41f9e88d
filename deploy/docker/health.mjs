/** The health check of the image, for use without Kubernetes: whether the event loop of the program runs. */
import { get } from 'node:http';

const { METRICS_PORT, HTTP_PORT, PORT } = process.env;
const [port, path] = METRICS_PORT
  ? [METRICS_PORT, '/livez']
  : HTTP_PORT
    ? [HTTP_PORT, '/livez']
    : [PORT ?? '3000', '/'];
get({ port, path, timeout: 4_000 }, ({ statusCode = 500 }) => process.exit(statusCode < 400 ? 0 : 1))
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
