// The service behind, of docker-compose.yml: it shows what it was told of its caller. Node's own modules only.
import { createServer } from 'node:http';

// Longer than Envoy keeps its connections, so that it sends nothing into one that just closes.
const server = createServer({ keepAliveTimeout: 75_000 }, ({ method, url, headers }, response) => {
  const caller = Object.fromEntries(Object.entries(headers).filter(([name]) => /^x-(user|session|auth)-/.test(name)));
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify({ method, url, caller })}\n`);
});
server.listen(Number(process.env['PORT'] ?? 8090), '0.0.0.0');
process.once('SIGTERM', () => server.close());
