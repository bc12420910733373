import { describe, expect, inject, it } from 'vitest';
import { run } from './run.ts';

describe('The health service', () => {
  it('satisfies the probes of orchestrators', async () => {
    const address = inject('address');
    const healthProbe = inject('healthProbe');
    const probes: [string, string[]][] = [
      [inject('grpcurl'), ['-plaintext', address, 'grpc.health.v1.Health/Check']],
      [process.execPath, ['--disable-warning=ExperimentalWarning', 'src/probe.ts', address]],
      ...(healthProbe ? [[healthProbe, [`-addr=${address}`]] as [string, string[]]] : []),
    ];
    for (const [command, args] of probes) expect(await run(command, args)).toMatchObject({ code: 0, stderr: '' });
  });
});
