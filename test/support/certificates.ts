import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A certificate and its key, PEM, and where they lie. */
export type Certificate = {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
};

/** A certificate authority of one test, made with openssl. */
export function createAuthority() {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-test-certificates-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=Test authority',
  );

  return {
    caFile: path.join(directory, 'ca.pem'),
    ca: readFileSync(path.join(directory, 'ca.pem')),
    /** @param subjectAltName as in an openssl configuration: `DNS:localhost`, `URI:spiffe://...`, or `@section` and that section; empty: none */
    issue(name: string, subjectAltName: string): Certificate {
      const [keyFile, requestFile, certFile] = [`${name}.key`, `${name}.csr`, `${name}.pem`];
      openssl('req', ...newKey, '-keyout', keyFile, '-out', requestFile, '-subj', `/CN=${name}`);
      writeFileSync(
        path.join(directory, `${name}.ext`),
        `basicConstraints = CA:FALSE\n${subjectAltName === '' ? '' : `subjectAltName = ${subjectAltName}\n`}`,
      );
      openssl(
        ...['x509', '-req', '-in', requestFile, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
        ...['-out', certFile, '-days', '1', '-extfile', `${name}.ext`],
      );
      const read = (file: string) => readFileSync(path.join(directory, file));
      return {
        certFile: path.join(directory, certFile),
        keyFile: path.join(directory, keyFile),
        cert: read(certFile),
        key: read(keyFile),
      };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
