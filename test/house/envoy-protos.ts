import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import type { FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ROOT } from './source-files.ts';

const DEPS = path.join(ROOT, 'node_modules/@grpc/grpc-js-xds/deps');
const AS_THEY_ARE = ['envoy-api', 'xds', 'googleapis'];
const VALIDATE = 'protoc-gen-validate/validate/validate.proto';

/**
 * Envoy's own descriptors, out of the package that ships its protos. They use an annotation that its copy of validate.proto
 * is too old for; that one is added, as nothing here looks at annotations.
 *
 * @param files below `envoy/`, with all that they import
 */
export function readEnvoyProtos(files: readonly string[]): FileRegistry {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-test-envoy-'));
  try {
    for (const name of AS_THEY_ARE) symlinkSync(path.join(DEPS, name), path.join(directory, name));
    mkdirSync(path.join(directory, path.dirname(VALIDATE)), { recursive: true });
    const annotations = readFileSync(path.join(DEPS, VALIDATE), 'utf8');
    writeFileSync(
      path.join(directory, VALIDATE),
      annotations.replace('message StringRules {', 'message StringRules {\n  optional bool ignore_empty = 26;'),
    );
    const modules = [...AS_THEY_ARE, 'protoc-gen-validate'].map((name) => ({ path: name }));
    const descriptors = execFileSync(
      path.join(ROOT, 'node_modules/.bin/buf'),
      [
        ...['build', '.', '--config', JSON.stringify({ version: 'v2', modules })],
        ...['--as-file-descriptor-set', '-o', '-#format=binpb'],
        ...files.flatMap((file) => ['--path', `envoy-api/envoy/${file}`]),
      ],
      { cwd: directory, maxBuffer: 64 * 1024 * 1024 },
    );
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
