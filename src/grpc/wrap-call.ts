import type { ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';

export type CallListener = Parameters<ServerInterceptingCallInterface['start']>[0];

type Method = Parameters<ServerInterceptor>[0];

/** An interceptor by the interface of a call: grpc-js's type asks for its own class, its code for the interface alone. */
export function toInterceptor(
  wrap: (method: Method, inner: ServerInterceptingCallInterface) => ServerInterceptingCallInterface,
): ServerInterceptor {
  return wrap as ServerInterceptor;
}

/** What a wrapped call is made of: the call inside, and the methods that do something else than that one's. */
type CallWrapper = {
  readonly inner: ServerInterceptingCallInterface;
} & Partial<ServerInterceptingCallInterface>;

/**
 * A call that does what another one does, but for the methods given. grpc-js's own ServerInterceptingCall does not tell
 * when a message was sent, and does more for each call than the hottest one can pay for.
 */
export function wrapCall(wrapper: CallWrapper): ServerInterceptingCallInterface {
  // In one literal: a prototype that is set later makes an object slow.
  const wrapped = { __proto__: DELEGATION, ...wrapper };
  return wrapped as unknown as ServerInterceptingCallInterface;
}

const DELEGATION: ServerInterceptingCallInterface & ThisType<CallWrapper> = {
  start(listener) {
    this.inner.start(listener);
  },
  sendMetadata(metadata) {
    this.inner.sendMetadata(metadata);
  },
  sendMessage(message, callback) {
    this.inner.sendMessage(message, callback);
  },
  sendStatus(status) {
    this.inner.sendStatus(status);
  },
  startRead() {
    this.inner.startRead();
  },
  getPeer() {
    return this.inner.getPeer();
  },
  getDeadline() {
    return this.inner.getDeadline();
  },
  getHost() {
    return this.inner.getHost();
  },
  getAuthContext() {
    return this.inner.getAuthContext();
  },
  getConnectionInfo() {
    return this.inner.getConnectionInfo();
  },
  getMetricsRecorder() {
    return this.inner.getMetricsRecorder();
  },
};
