import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ClientError, Metadata, Status, createChannel, createClientFactory } from 'nice-grpc';
import {
  BadRequest,
  ErrorInfo,
  RetryInfo,
  RichClientError,
  errorDetailsClientMiddleware,
} from 'nice-grpc-error-details';
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

/** What was typed; null: nothing that makes sense. */
function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        token: { type: 'string' },
        credential: { type: 'string' },
        address: { type: 'string', default: '127.0.0.1:50051' },
      },
    });
  } catch {
    return null;
  }
}

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

/** For people who have no grpcurl: npm is enough. Field names may be written as in the proto or in camelCase. */
async function run(): Promise<number> {
  const typed = readArguments();
  const [name, json = '{}'] = typed?.positionals ?? [];
  const found = find(name);
  if (!typed || !found) {
    const names = DEFINITIONS.flatMap(({ methods }) =>
      Object.values<Method>(methods)
        .filter((method) => !method.responseStream)
        .map((method) => method.name),
    );
    console.error(`${USAGE}\nMethods: ${names.join(', ')}`);
    return 2;
  }
  const { values } = typed;
  const { fromJSON } = found.method.requestType as Codec;
  const fields = JSON.parse(json === '-' ? await readFile('/dev/stdin', 'utf8') : json, toCamelCaseKeys) as object;
  const unknown = Object.keys(fields).filter((field) => !isField(fromJSON, field));
  if (unknown.length > 0) {
    console.error(`${found.method.name} has no field ${unknown.join(', ')}.`);
    return 2;
  }
  const request = fromJSON(fields);
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
      if (detail.$type === RetryInfo.$type && detail.retryDelay) {
        console.error(`  try again in ${detail.retryDelay.seconds + Math.ceil(detail.retryDelay.nanos / 1e9)} s`);
      }
      if (detail.$type === BadRequest.$type) {
        for (const violation of detail.fieldViolations) console.error(`  ${violation.field} ${violation.description}`);
      }
    }
    return 1;
  } finally {
    channel.close();
  }
}

/** The generated code passes over what it does not know; a field of a oneof is taken in under the name of the oneof. */
function isField(fromJSON: Codec['fromJSON'], field: string): boolean {
  if (field in fromJSON({})) return true;
  try {
    return Object.values(fromJSON({ [field]: {} })).some(
      (value) => (value as { $case?: string } | null)?.$case === field,
    );
  } catch {
    return false;
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
