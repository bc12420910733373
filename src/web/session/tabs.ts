/** What tabs tell each other. They share the cookie and the key; each has an access token of its own, which is never told. */
export type TabMessage = { readonly type: 'logged-in'; readonly userId: string } | { readonly type: 'logged-out' };

export type Tabs = {
  readonly tell: (message: TabMessage) => void;
  readonly listen: (listener: (message: TabMessage) => void) => void;
};

/** As much of a BroadcastChannel as is used: only pages of the same origin hear what is said there. */
type Channel = {
  postMessage(message: TabMessage): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
};

export function createTabs(channel: Channel): Tabs {
  return {
    tell: (message) => channel.postMessage(message),
    listen: (listener) => channel.addEventListener('message', ({ data }) => listener(data as TabMessage)),
  };
}
