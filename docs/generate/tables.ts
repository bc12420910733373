import { Status } from 'nice-grpc-common';
import { reasons as catalogue } from '../../src/errors/reasons.ts';
import type { Reason } from '../../src/errors/reasons.ts';
import { table } from './markdown.ts';
import type { Proto, ReasonDoc, Rpc } from './proto.ts';

/** Every rpc with who may call it, how it may refuse, and whether a repeat is safe. */
export function rpcTable(rpcs: readonly Rpc[]): string {
  return table(
    ['rpc', 'who may call', 'reasons', 'retry'],
    rpcs.map(({ service, name, access, permission, accessLine = '', reasonsLine = '', retryLine = '' }) => [
      `\`${service}/${name}\``,
      // What the server asks for stands in the option, whatever the comment says.
      permission === '' ? plain(accessLine) : `${access}, \`${permission}\``,
      asCode(plain(reasonsLine)),
      asCode(plain(retryLine)),
    ]),
  );
}

/** The services, with their calls by who may make them. */
export function serviceTable(rpcs: readonly Rpc[]): string {
  const services = [...new Set(rpcs.map(({ service }) => service))];
  return table(
    ['service', 'calls'],
    services.map((service) => {
      const own = rpcs.filter((rpc) => rpc.service === service);
      const classes = [...new Set(own.map(({ access = '' }) => access))];
      const calls = classes.map((access) => {
        const names = own.filter((rpc) => rpc.access === access).map(({ name }) => `\`${name}\``);
        return `${access}: ${names.join(', ')}`;
      });
      return [`\`${service}\``, calls.join('; ')];
    }),
  );
}

/** What each rpc does, under its name. */
export function rpcPage({ rpcs }: Proto): string {
  const parts = rpcs.map(({ service, name, about }) => `### ${service}/${name}\n\n${about}`);
  return `${rpcTable(rpcs)}\n\n${parts.join('\n\n')}`;
}

/** Every reason with its status, the text that callers read, what it means, and an example. */
export function reasonTable(reasons: readonly ReasonDoc[]): string {
  return table(
    ['reason', 'status', 'meaning', 'example', 'text of the answer'],
    reasons.map(({ name, meaning, example = '' }) => {
      const { status, text } = catalogue[name as Reason];
      return [`\`${name}\``, `\`${Status[status]}\``, meaning, example, text];
    }),
  );
}

/** Without its full stop: a cell is no sentence. */
function plain(text: string): string {
  return text.replace(/\.$/, '');
}

function asCode(text: string): string {
  return text.replace(
    /\b[A-Z]+(?:_[A-Z]+)*_(?:[A-Z]+|\.\.\.)|\bOVERLOADED\b|\bINTERNAL\b|\bidempotency_key\b/g,
    '`$&`',
  );
}
