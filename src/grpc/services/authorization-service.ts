import type { ServiceImplementation } from 'nice-grpc';
import { Status } from 'nice-grpc-common';
import type { AllowedRequest, CheckRequest, RefusedRequest } from '../../auth/check-request.ts';
import { HeaderValueOption_HeaderAppendAction as AppendAction } from '../../gen/envoy/config/core/v3/base.ts';
import type { AttributeContext_HttpRequest } from '../../gen/envoy/service/auth/v3/attribute_context.ts';
import type { AuthorizationDefinition, CheckResponse } from '../../gen/envoy/service/auth/v3/external_auth.ts';
import { StatusCode } from '../../gen/envoy/type/v3/http_status.ts';
import type { WithCaller } from '../middleware/authorize.ts';

type Deps = { readonly checkRequest: CheckRequest };
type Answer = Pick<CheckResponse, 'status' | 'httpResponse'>;

const OK = { code: Status.OK, message: '', details: [] };
const STATUSES = {
  401: Status.UNAUTHENTICATED,
  403: Status.PERMISSION_DENIED,
  500: Status.INTERNAL,
  503: Status.UNAVAILABLE,
};
const HTTP_STATUSES = {
  401: StatusCode.Unauthorized,
  403: StatusCode.Forbidden,
  500: StatusCode.InternalServerError,
  503: StatusCode.ServiceUnavailable,
};
/** As for the gateway's own refusals. */
const OF_REFUSALS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** envoy.service.auth.v3.Authorization: whether Envoy lets a request through, and whom it names to the service behind. */
export function createAuthorizationService({
  checkRequest,
}: Deps): ServiceImplementation<AuthorizationDefinition, WithCaller> {
  return {
    async check({ attributes }, { record }) {
      const http = attributes?.request?.http;
      const verdict = await checkRequest({
        method: http?.method ?? '',
        authorization: header(http, 'authorization', ', '),
        cookie: header(http, 'cookie', '; '),
        origin: header(http, 'origin', ', '),
        options: Object.entries(attributes?.contextExtensions ?? {}),
      });
      if (verdict.isAllowed) {
        if (verdict.userId !== null) record.userId = verdict.userId;
        return { ...toAllowed(verdict), dynamicMetadata: undefined };
      }
      // What somebody has to mend is in the log. A refused person is not, as with ValidateToken.
      if (verdict.status >= 500) {
        record.reason = verdict.reason;
        record.cause = verdict.cause;
      }
      return { ...toDenied(verdict), dynamicMetadata: undefined };
    },
  };
}

/** Envoy gives `headers`, each once and in lower case; or, with `encode_raw_headers`, `header_map`, as they have come. */
function header(http: AttributeContext_HttpRequest | undefined, name: string, separator: string): string | undefined {
  const raw = http?.headerMap?.headers.filter(({ key }) => key.toLowerCase() === name) ?? [];
  if (raw.length === 0) return http?.headers[name];
  return raw.map(({ value, rawValue }) => value || rawValue.toString('latin1')).join(separator);
}

function toAllowed({ headers, absent }: AllowedRequest): Answer {
  const value = {
    headers: toOptions(headers),
    // Envoy removes after it has set: a name that stands in both would be gone.
    headersToRemove: [...absent],
    responseHeadersToAdd: [],
    queryParametersToSet: [],
    queryParametersToRemove: [],
    dynamicMetadata: undefined,
  };
  return { status: OK, httpResponse: { $case: 'okResponse', value } };
}

function toDenied({ status, headers, body }: RefusedRequest): Answer {
  const value = {
    status: { code: HTTP_STATUSES[status] },
    headers: toOptions({ ...OF_REFUSALS, ...headers }),
    body: JSON.stringify(body),
  };
  return {
    status: { code: STATUSES[status], message: body.message, details: [] },
    httpResponse: { $case: 'deniedResponse', value },
  };
}

/** Each takes the place of what the client or Envoy has under its name. */
function toOptions(headers: Readonly<Record<string, string>>) {
  return Object.entries(headers).map(([key, value]) => ({
    header: { key, value, rawValue: Buffer.alloc(0) },
    append: undefined,
    appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    keepEmptyValue: false,
  }));
}
