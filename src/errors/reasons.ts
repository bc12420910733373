import { Status } from 'nice-grpc-common';
import type { ErrorReason } from '../gen/auth/v1/error_reason.ts';

/** The reasons that answers carry, by name. */
export type Reason = Exclude<keyof typeof ErrorReason, 'ERROR_REASON_UNSPECIFIED' | 'UNSPECIFIED'>;

type Row = {
  readonly status: Status;
  /** What callers read. The same words every time: what differs is in the details. */
  readonly text: string;
  readonly level: 'info' | 'warn' | 'error';
};

/** What each reason of the catalogue (proto/auth/v1/error_reason.proto) means on the wire and in the log. */
export const reasons: { readonly [R in Reason]: Row } = {
  INVALID_REQUEST: {
    status: Status.INVALID_ARGUMENT,
    text: 'The request is not valid; see the field violations.',
    level: 'info',
  },
  MALFORMED_MESSAGE: {
    status: Status.INVALID_ARGUMENT,
    text: 'The bytes are not a message of the request type.',
    level: 'info',
  },

  REGISTER_USER_ALREADY_EXISTS: {
    status: Status.ALREADY_EXISTS,
    text: 'An account with this contact exists already.',
    level: 'info',
  },
  REGISTER_INVALID_PASSWORD: {
    status: Status.INVALID_ARGUMENT,
    text: 'The password does not meet the policy; see the field violations.',
    level: 'info',
  },
  ROLE_NOT_ASSIGNABLE: {
    status: Status.PERMISSION_DENIED,
    text: 'A requested role cannot be taken on this interface.',
    level: 'warn',
  },
  INTERFACE_NOT_ALLOWED: {
    status: Status.PERMISSION_DENIED,
    text: 'This caller may not speak for the interface.',
    level: 'warn',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: Status.FAILED_PRECONDITION,
    text: 'The idempotency key was used before with another request.',
    level: 'info',
  },
  IDEMPOTENCY_KEY_SPENT: {
    status: Status.FAILED_PRECONDITION,
    text: 'The request was carried out before and its tokens have been used; log in.',
    level: 'info',
  },
  VERIFY_USER_BAD_TOKEN: {
    status: Status.INVALID_ARGUMENT,
    text: 'The link is not valid any more; start again, or ask to be invited again.',
    level: 'info',
  },
  VERIFY_USER_ALREADY_VERIFIED: {
    status: Status.ALREADY_EXISTS,
    text: 'The link was used, or its contact has an account; log in.',
    level: 'info',
  },
  GUEST_TOKEN_REQUIRED: {
    status: Status.FAILED_PRECONDITION,
    text: 'The guest access token is not that of a guest.',
    level: 'info',
  },

  CREDENTIALS_INVALID: { status: Status.UNAUTHENTICATED, text: 'Unknown login or wrong password.', level: 'info' },
  LOGIN_THROTTLED: {
    status: Status.RESOURCE_EXHAUSTED,
    text: 'Too many failed logins; try again later.',
    level: 'warn',
  },
  CODE_INVALID: { status: Status.INVALID_ARGUMENT, text: 'The code is wrong.', level: 'info' },
  CODE_EXPIRED: {
    status: Status.FAILED_PRECONDITION,
    text: 'The code cannot be used any more; ask for a new one.',
    level: 'info',
  },
  MESSAGES_THROTTLED: {
    status: Status.RESOURCE_EXHAUSTED,
    text: 'Too many messages were asked for; try again later.',
    level: 'warn',
  },
  PHONE_COUNTRY_NOT_ALLOWED: {
    status: Status.INVALID_ARGUMENT,
    text: 'No text messages are sent to phones of this country.',
    level: 'info',
  },
  LINK_INVALID: {
    status: Status.INVALID_ARGUMENT,
    text: 'The link is not valid any more; ask for a new one.',
    level: 'info',
  },

  REFRESH_TOKEN_UNKNOWN: { status: Status.UNAUTHENTICATED, text: 'The refresh token is not known.', level: 'info' },
  REFRESH_TOKEN_EXPIRED: {
    status: Status.UNAUTHENTICATED,
    text: 'The refresh token has expired; log in again.',
    level: 'info',
  },
  REFRESH_TOKEN_REUSED: {
    status: Status.UNAUTHENTICATED,
    text: 'The refresh token was used before; its session has been ended.',
    level: 'warn',
  },
  SESSION_ENDED: { status: Status.UNAUTHENTICATED, text: 'The session has ended; log in again.', level: 'info' },
  PASSWORD_TOO_WEAK: {
    status: Status.INVALID_ARGUMENT,
    text: 'The new password does not meet the policy; see the field violations.',
    level: 'info',
  },
  CURRENT_PASSWORD_WRONG: { status: Status.PERMISSION_DENIED, text: 'The current password is wrong.', level: 'info' },
  PASSWORD_ALREADY_SET: { status: Status.FAILED_PRECONDITION, text: 'The account has a password.', level: 'info' },
  PASSWORD_NOT_SET: { status: Status.FAILED_PRECONDITION, text: 'The account has no password yet.', level: 'info' },

  TOKEN_MISSING: { status: Status.UNAUTHENTICATED, text: 'An access token is needed.', level: 'info' },
  TOKEN_MALFORMED: { status: Status.UNAUTHENTICATED, text: 'The access token is malformed.', level: 'info' },
  TOKEN_KEY_UNKNOWN: {
    status: Status.UNAUTHENTICATED,
    text: 'The access token is signed with an unknown key.',
    level: 'info',
  },
  TOKEN_SIGNATURE_INVALID: {
    status: Status.UNAUTHENTICATED,
    text: 'The signature of the access token is wrong.',
    level: 'warn',
  },
  TOKEN_CLAIMS_INVALID: {
    status: Status.UNAUTHENTICATED,
    text: 'The access token is not meant for this service.',
    level: 'info',
  },
  TOKEN_EXPIRED: { status: Status.UNAUTHENTICATED, text: 'The access token has expired.', level: 'info' },
  TOKEN_REVOKED: { status: Status.UNAUTHENTICATED, text: 'The access token has been revoked.', level: 'info' },
  REVISION_UNKNOWN: {
    status: Status.FAILED_PRECONDITION,
    text: 'No revoking call has answered with this revision.',
    level: 'info',
  },
  REVISION_TOO_OLD: {
    status: Status.OUT_OF_RANGE,
    text: 'Revocations after this revision have been dropped; watch again from the beginning.',
    level: 'info',
  },
  WATCH_TOO_SLOW: {
    status: Status.RESOURCE_EXHAUSTED,
    text: 'The watcher did not keep up; watch again from the last revision that it took.',
    level: 'warn',
  },

  SERVICE_IDENTITY_REQUIRED: {
    status: Status.UNAUTHENTICATED,
    text: 'The method is for services with an identity.',
    level: 'warn',
  },
  SERVICE_NOT_ALLOWED: {
    status: Status.PERMISSION_DENIED,
    text: 'This service may not call the method.',
    level: 'warn',
  },
  PERMISSION_REQUIRED: {
    status: Status.PERMISSION_DENIED,
    text: 'No role of the user holds the permission for this.',
    level: 'warn',
  },
  RECENT_LOGIN_REQUIRED: {
    status: Status.UNAUTHENTICATED,
    text: 'This needs a recent login; log in again.',
    level: 'info',
  },
  ACCOUNT_REQUIRED: {
    status: Status.FAILED_PRECONDITION,
    text: 'A guest cannot do this; register first.',
    level: 'info',
  },

  RATE_LIMITED: { status: Status.RESOURCE_EXHAUSTED, text: 'Too many calls; try again later.', level: 'warn' },
  OVERLOADED: { status: Status.RESOURCE_EXHAUSTED, text: 'The service is busy; try again shortly.', level: 'warn' },
  DEPENDENCY_UNAVAILABLE: {
    status: Status.UNAVAILABLE,
    text: 'A dependency is unavailable; try again.',
    level: 'error',
  },

  CONTACT_NOT_FOUND: { status: Status.NOT_FOUND, text: 'There is no such contact.', level: 'info' },
  CONTACT_TAKEN: { status: Status.ALREADY_EXISTS, text: 'The contact belongs to another account.', level: 'info' },
  CONTACT_NOT_CONFIRMED: {
    status: Status.FAILED_PRECONDITION,
    text: 'The contact has to be confirmed first.',
    level: 'info',
  },
  CONTACT_ALREADY_CONFIRMED: {
    status: Status.FAILED_PRECONDITION,
    text: 'There is nothing to confirm.',
    level: 'info',
  },
  CONTACT_LAST_LOGIN: {
    status: Status.FAILED_PRECONDITION,
    text: 'It is the last way to log in.',
    level: 'info',
  },
  CONTACT_LIMIT: { status: Status.RESOURCE_EXHAUSTED, text: 'The account has too many contacts.', level: 'info' },
  LAST_SUPERADMIN: { status: Status.FAILED_PRECONDITION, text: 'It is the last superadmin.', level: 'warn' },

  MESSAGE_NOT_FOUND: { status: Status.NOT_FOUND, text: 'There is no such message.', level: 'info' },
  MESSAGE_NOT_DEAD: {
    status: Status.FAILED_PRECONDITION,
    text: 'The message is not dead; there is nothing to resend.',
    level: 'info',
  },
  MESSAGE_EXPIRED: {
    status: Status.FAILED_PRECONDITION,
    text: 'What the message carries has expired.',
    level: 'info',
  },

  ROLE_NOT_GRANTABLE: {
    status: Status.PERMISSION_DENIED,
    text: 'The role may not be given or taken there.',
    level: 'warn',
  },
  HEAD_ROLE_REQUIRED: {
    status: Status.PERMISSION_DENIED,
    text: 'None of your roles gives roles in organisations.',
    level: 'info',
  },
  ORGANISATION_NOT_FOUND: {
    status: Status.NOT_FOUND,
    text: 'You belong to no such organisation.',
    level: 'info',
  },
  ORGANISATION_HEAD_REQUIRED: {
    status: Status.PERMISSION_DENIED,
    text: 'Only a head of the organisation may do this.',
    level: 'warn',
  },
  ORGANISATION_LIMIT: {
    status: Status.RESOURCE_EXHAUSTED,
    text: 'The user heads as many organisations as one may.',
    level: 'info',
  },
  ORGANISATION_LAST_HEAD: {
    status: Status.FAILED_PRECONDITION,
    text: 'It is the last head of the organisation; make somebody else one before.',
    level: 'info',
  },
  MEMBER_NOT_FOUND: {
    status: Status.NOT_FOUND,
    text: 'The organisation has no such member.',
    level: 'info',
  },
  INVITATION_NOT_FOUND: {
    status: Status.NOT_FOUND,
    text: 'There is no such open invitation of an organisation of yours.',
    level: 'info',
  },
  USER_NOT_FOUND: {
    status: Status.NOT_FOUND,
    text: 'There is no such user.',
    level: 'info',
  },
  USER_OUTRANKS_CALLER: {
    status: Status.PERMISSION_DENIED,
    text: 'The user ranks higher than you.',
    level: 'warn',
  },
  USER_DELETED: {
    status: Status.FAILED_PRECONDITION,
    text: 'The account is deleted; restore it first.',
    level: 'info',
  },
  USER_NOT_REACHABLE: {
    status: Status.FAILED_PRECONDITION,
    text: 'No message can be sent to the user.',
    level: 'info',
  },
  SESSION_NOT_FOUND: {
    status: Status.NOT_FOUND,
    text: 'The user has no such session.',
    level: 'info',
  },

  ORIGIN_NOT_ALLOWED: {
    status: Status.PERMISSION_DENIED,
    text: 'Pages of this origin may not call.',
    level: 'warn',
  },
  REFRESH_TOKEN_MISSING: {
    status: Status.UNAUTHENTICATED,
    text: 'There is no cookie with a refresh token; log in.',
    level: 'info',
  },
  REFRESH_TOKEN_BOUND: {
    status: Status.UNAUTHENTICATED,
    text: 'The refresh token is bound to another client.',
    level: 'warn',
  },
  DPOP_PROOF_INVALID: {
    status: Status.UNAUTHENTICATED,
    text: 'A DPoP proof for this call is needed.',
    level: 'info',
  },
  DPOP_NONCE_REQUIRED: {
    status: Status.UNAUTHENTICATED,
    text: 'The DPoP proof must carry the nonce of the header dpop-nonce.',
    level: 'info',
  },
  ROLE_REQUIRED: {
    status: Status.PERMISSION_DENIED,
    text: 'The user holds none of the roles that this needs.',
    level: 'info',
  },
  ROUTE_MISCONFIGURED: {
    status: Status.INTERNAL,
    text: 'The proxy asks for something that is not understood.',
    level: 'error',
  },

  INTERNAL: { status: Status.INTERNAL, text: 'Internal error.', level: 'error' },
};
