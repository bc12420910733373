import { createStreamedValidator, createTokenVerifier } from '../../../src/client/client.ts';

/** Uses what the client package has, closes it, and ends by itself if nothing is left: `<address> <access token>`. */
const [address = '', token = ''] = process.argv.slice(2);

const verifier = createTokenVerifier({ address });
await verifier.ready();
const validator = createStreamedValidator({ address });
const answers = [await verifier.verify(token), await validator.validate(token)];
await Promise.all([verifier.close(), validator.close()]);
process.stdout.write([...answers.map(({ principal }) => (principal ? 'live' : 'refused')), 'closed'].join(' '));
