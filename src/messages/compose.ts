import type { ChallengeSecrets } from '../challenges/challenge-secrets.ts';
import type { ClaimedMessage } from '../db/message-functions.ts';
import type { OutgoingMessage } from './channel.ts';
import { linkWith } from './links.ts';
import type { RenderMessage } from './render.ts';

type Deps = {
  readonly secrets: Pick<ChallengeSecrets, 'code' | 'linkToken'>;
  readonly render: RenderMessage;
  /** undefined: there is no front end to lead to. */
  readonly linkBase: string | undefined;
};

type ComposedMessage = {
  readonly message: OutgoingMessage;
  /** What of it nobody else may see: its code or the token of its link. */
  readonly secret: string | null;
};

/** Puts the contents of a message together. What it carries follows from the id of its challenge. */
export function createCompose({ secrets, render, linkBase }: Deps) {
  return function compose(channel: string, claimed: ClaimedMessage): ComposedMessage {
    const { id, recipient, template, language, challenge, createdAt, expiresAt } = claimed;
    const code = challenge?.method === 'code' ? secrets.code(challenge.id) : null;
    const token = challenge?.method === 'link' ? secrets.linkToken(challenge.id, challenge.purpose) : null;
    if (token !== null && linkBase === undefined)
      throw new Error('LINK_BASE_URL is not set, so there is no link to send.');
    const link = challenge && token && linkBase ? linkWith(linkBase, challenge.purpose, token) : null;
    const rendered = render({ channel, recipient, template, language, createdAt, expiresAt, code, link });
    return { message: { ...rendered, id, channel, recipient, template, language, expiresAt }, secret: code ?? token };
  };
}

export type Compose = ReturnType<typeof createCompose>;
