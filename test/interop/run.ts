import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a program printed and how it ended. */
export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string };

type Failure = { readonly code?: unknown; readonly stdout?: string; readonly stderr?: string };

/** Runs a program to its end; a failure is an answer, too. */
export async function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { env: { ...process.env, ...environment } });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = '', stderr = String(error) } = error as Failure;
    return { code: typeof code === 'number' ? code : -1, stdout, stderr };
  }
}

/** Runs a program that has to succeed. */
export async function mustRun(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr}`);
  return stdout;
}
