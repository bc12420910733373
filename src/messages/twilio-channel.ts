import type { Channel, SendOutcome } from './channel.ts';
import { httpPost } from './http-post.ts';
import type { HttpAnswer } from './http-post.ts';

type Options = {
  readonly url: string;
  readonly accountSid: string;
  readonly authToken: string;
  /** A number, or a messaging service (MG...). */
  readonly from: string;
};

/** Twilio's errors about the recipient or the text, which another attempt would meet again. */
const FINAL_ERRORS = new Set([
  21211, // not a phone number
  21214, // a number that cannot be reached
  21217, // a phone number of the wrong form
  21408, // a country that the account may not send to
  21610, // the person does not want messages
  21612, // no way from this sender to that number
  21614, // not a mobile number
  21617, // too long
]);

/** Text messages through Twilio's Messages API. */
export function createTwilioChannel({ url, accountSid, authToken, from }: Options): Channel {
  const endpoint = `${url.replace(/\/+$/, '')}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  const sender = /^MG[0-9a-fA-F]{32}$/.test(from) ? { MessagingServiceSid: from } : { From: from };

  return {
    async send({ recipient, text }) {
      try {
        const form = new URLSearchParams({ To: recipient, ...sender, Body: text });
        return outcomeOf(await httpPost(endpoint, headers, form.toString()));
      } catch (error) {
        return { outcome: 'retry', error: `Twilio cannot be reached: ${(error as Error).message}` };
      }
    },
    close: () => undefined,
  };
}

function outcomeOf({ status, body }: HttpAnswer): SendOutcome {
  if (status >= 200 && status < 300) return { outcome: 'sent' };
  const { code, message } = readError(body);
  return {
    outcome: code !== null && FINAL_ERRORS.has(code) ? 'failed' : 'retry',
    error: `Twilio answered ${status}${code === null ? '' : `, error ${code}`}${message === null ? '' : `: ${message}`}`,
  };
}

function readError(body: string): { code: number | null; message: string | null } {
  try {
    const { code, message } = JSON.parse(body) as { code?: unknown; message?: unknown };
    return {
      code: typeof code === 'number' ? code : null,
      message: typeof message === 'string' ? message : null,
    };
  } catch {
    return { code: null, message: null };
  }
}
