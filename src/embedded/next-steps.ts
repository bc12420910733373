type Address = { readonly host: string; readonly port: number };
type Served = {
  readonly address: Address;
  /** Where browsers are served; null: nowhere. */
  readonly gatewayUrl: string | null;
};

/** What `npm run call` calls if it is not told otherwise. */
const DEFAULT_ADDRESS = '127.0.0.1:50051';

/** What a newcomer can try, in lines that can be pasted into another terminal. */
export function nextSteps({ address: { host, port }, gatewayUrl }: Served): string {
  const page = gatewayUrl
    ? `
or with a browser on ${gatewayUrl}, or with curl:

  curl -H 'content-type: application/json' -d '{"login":"ada","password":"correct horse battery"}' ${gatewayUrl}/auth.v1.AuthService/Login
`
    : '';
  const address = `${host}:${port}`;
  const option = address === DEFAULT_ADDRESS ? '' : ` --address ${address}`;
  const body = `{"second_login":"ada","phone":"+79991234567","password":"correct horse battery","interface":"customer"}`;
  return `
Try it, in another terminal:

  npm run call -- Register '${body}'${option}
  npm run call -- Login '{"login":"ada","password":"correct horse battery"}'${option}

or with grpcurl:

  grpcurl -plaintext ${address} list
  grpcurl -plaintext -d '${body}' ${address} auth.v1.AuthService/Register
${page}
Stop with Ctrl-C. The data stays in .data/.
`;
}
