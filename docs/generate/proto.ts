import { execFileSync } from 'node:child_process';
import { createFileRegistry, fromBinary, getOption } from '@bufbuild/protobuf';
import type { DescEnum, DescFile, DescMethod } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** What a method promises, as its comment and its access option say it. */
export type Rpc = {
  readonly service: string;
  readonly name: string;
  /** The access class of the option, without its prefix; undefined: the option is missing. */
  readonly access: string | undefined;
  /** The permission that the option names; empty: none. */
  readonly permission: string;
  readonly about: string;
  /** The lines `Access:`, `Reasons:` and `Retry:` of the comment, without the word; undefined: missing. */
  readonly accessLine: string | undefined;
  readonly reasonsLine: string | undefined;
  readonly retryLine: string | undefined;
};

/** A value of the catalogue: `STATUS. Meaning. Example: ...` */
export type ReasonDoc = {
  readonly name: string;
  readonly status: string | undefined;
  readonly meaning: string;
  readonly example: string | undefined;
};

export type Proto = {
  /** Proto file by package, as `[path, package]`. */
  readonly files: readonly (readonly [path: string, packageName: string])[];
  readonly rpcs: readonly Rpc[];
  readonly reasons: readonly ReasonDoc[];
};

const OWN = /^(auth|accounts)\//;
const REASON_PREFIX = 'ERROR_REASON_';

/** Reads the proto files themselves, and not what was generated from them, which may be older. */
export function readProto(): Proto {
  const root = new URL('../../', import.meta.url);
  // By its own path, so that it works outside of npm scripts too.
  const buf = new URL('node_modules/.bin/buf', root).pathname;
  const bytes = execFileSync(buf, ['build', '--as-file-descriptor-set', '-o', '-'], { cwd: root, maxBuffer: 2 ** 26 });
  return describeProto(bytes);
}

export function describeProto(descriptorSet: Uint8Array): Proto {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  const files = [...registry.files].filter(({ proto }) => OWN.test(proto.name));
  files.sort((a, b) => (a.proto.name < b.proto.name ? -1 : 1));
  const rule = registry.getExtension('auth.options.v1.rule');
  const access = registry.getEnum('auth.options.v1.Access');
  const catalogue = registry.getEnum('auth.v1.ErrorReason');
  if (!rule || !access || !catalogue)
    throw new Error('The proto files have no access option or no catalogue of reasons.');

  return {
    files: files.map(({ proto }) => [proto.name, proto.package]),
    rpcs: files.flatMap(({ services }) =>
      services.flatMap(({ methods }) =>
        methods.map((method) => {
          const option = getOption(method, rule) as unknown as { readonly access: number; readonly permission: string };
          return {
            ...describeRpc(method),
            access: accessName(access, option.access),
            permission: option.permission,
          };
        }),
      ),
    ),
    reasons: catalogue.values
      .filter(({ number }) => number !== 0)
      .map((value) => {
        const text = oneLine(
          commentAt(catalogue.file, [5, catalogue.file.enums.indexOf(catalogue), 2, catalogue.values.indexOf(value)]),
        );
        const [, status, meaning, example] = /^([A-Z_]+)\. (.*?)(?: Example: (.*))?$/.exec(text) ?? [];
        return { name: value.name.slice(REASON_PREFIX.length), status, meaning: meaning ?? text, example };
      }),
  };
}

function describeRpc(method: DescMethod): Omit<Rpc, 'access' | 'permission'> {
  const { file } = method.parent;
  const comment = commentAt(file, [6, file.services.indexOf(method.parent), 2, method.parent.methods.indexOf(method)]);
  const line = (word: string) => {
    const found = new RegExp(`^ *${word}: ([^]*?)(?=\\n *(?:Access|Reasons|Retry): |\\n *\\n|$(?![^]))`, 'm').exec(
      comment,
    );
    return found?.[1] === undefined ? undefined : oneLine(found[1]);
  };
  return {
    service: method.parent.typeName,
    name: method.name,
    about: oneLine(comment.split(/^ *(?:Access|Reasons|Retry): /m)[0] ?? ''),
    accessLine: line('Access'),
    reasonsLine: line('Reasons'),
    retryLine: line('Retry'),
  };
}

function accessName(access: DescEnum, value: number): string | undefined {
  return value ? access.value[value]?.name.slice('ACCESS_'.length) : undefined;
}

/** The comment above an element; `path` as in SourceCodeInfo of descriptor.proto. */
function commentAt({ proto }: DescFile, path: readonly number[]): string {
  const wanted = path.join();
  return proto.sourceCodeInfo?.location.find((location) => location.path.join() === wanted)?.leadingComments ?? '';
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
