import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ClientError, Metadata, Status, createChannel, createClientFactory } from 'nice-grpc';
import { ErrorInfo, BadRequest, RichClientError, errorDetailsClientMiddleware } from 'nice-grpc-error-details';
import { DEFINITIONS } from '../grpc/definitions.ts';

const USAGE = `Calls a method of the service and prints the answer as JSON.

  npm run call -- <Method> ['<JSON>'] [--token <access token>] [--credential <service>:<secret>] [--address host:port]

  npm run call -- ListRoles '{"interface":"customer"}'
`;

type Method = {
  readonly name: string;
  readonly requestType: object;
  readonly responseType: object;
  readonly responseStream: boolean;
};
type Codec = { fromJSON: (json: unknown) => object; toJSON: (message: object) => unknown };

/** For people who have no grpcurl: npm is enough. Field names may be written as in the proto or in camelCase. */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    token: { type: 'string' },
    credential: { type: 'string' },
    address: { type: 'string', default: '127.0.0.1:50051' },
  },
});
const [name, json = '{}'] = positionals;

function find(methodName: string | undefined) {
  for (const definition of DEFINITIONS) {
    for (const [key, method] of Object.entries<Method>(definition.methods)) {
      if (method.responseStream) continue;
      if (method.name === methodName || `${definition.fullName}/${method.name}` === methodName)
        return { definition, key, method };
    }
  }
  return null;
}

async function run(): Promise<number> {
  const found = find(name);
  if (!found) {
    const names = DEFINITIONS.flatMap(({ methods }) =>
      Object.values<Method>(methods)
        .filter((method) => !method.responseStream)
        .map((method) => method.name),
    );
    console.error(`${USAGE}\nMethods: ${names.join(', ')}`);
    return 2;
  }
  const request = (found.method.requestType as Codec).fromJSON(
    JSON.parse(json === '-' ? await readFile('/dev/stdin', 'utf8') : json, (key, value: unknown) =>
      toCamelCaseKeys(key, value),
    ),
  );
  const channel = createChannel(values.address);
  try {
    const client = createClientFactory()
      .use(errorDetailsClientMiddleware)
      .create(found.definition, channel) as unknown as Record<
      string,
      (request: object, options: object) => Promise<object>
    >;
    const metadata = Metadata({
      authorization: values.token === undefined ? [] : `Bearer ${values.token}`,
      'x-service-credential': values.credential ?? [],
    });
    const response = await client[found.key]?.(request, { metadata });
    console.log(JSON.stringify((found.method.responseType as Codec).toJSON(response ?? {}), null, 2));
    return 0;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    console.error(`${Status[error.code]}: ${error.details}`);
    for (const detail of error instanceof RichClientError ? error.extra : []) {
      if (detail.$type === ErrorInfo.$type)
        console.error(`  reason: ${detail.reason} ${JSON.stringify(detail.metadata)}`);
      if (detail.$type === BadRequest.$type) {
        for (const violation of detail.fieldViolations) console.error(`  ${violation.field} ${violation.description}`);
      }
    }
    return 1;
  } finally {
    channel.close();
  }
}

/** `second_login` as `secondLogin`, at the top level only: a profile's keys are the person's own. */
function toCamelCaseKeys(key: string, value: unknown): unknown {
  if (key !== '' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      part,
    ]),
  );
}

process.exitCode = await run().catch((error: unknown) => {
  console.error((error as Error).message);
  return 2;
});
