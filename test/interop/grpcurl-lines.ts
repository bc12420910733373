import { readFile } from 'node:fs/promises';
import { inject } from 'vitest';
import { run } from './run.ts';

/** The grpcurl lines of a document, in the order in which it tells people to type them. */
export function grpcurlLines(file: string): Promise<string[]> {
  return linesOf(file, 'grpcurl');
}

/** Those of any program. */
export async function linesOf(file: string, program: string): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith(`${program} `));
}

/** Runs a line as its reader would: the shell expands the variables and takes the quotes away. */
export async function runLine(line: string, variables: Record<string, string>) {
  const command = line
    .replace(/^grpcurl/, `'${inject('grpcurl')}'`)
    .replace(/^curl/, 'curl --silent --show-error')
    .replaceAll('127.0.0.1:50051', inject('address'))
    .replaceAll('http://localhost:8080', inject('gatewayUrl'));
  return await run('bash', ['-c', command], variables);
}
