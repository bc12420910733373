import { SEND_TIMEOUT } from './channel.ts';

export type HttpAnswer = { readonly status: number; readonly body: string };

/** What a provider says to a POST; its body is read as far as it may matter. Redirects are answers like others. */
export async function httpPost(url: string, headers: Record<string, string>, body: string): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body,
    // Followed, a redirect could carry codes to whoever it names.
    redirect: 'manual',
    signal: AbortSignal.timeout(SEND_TIMEOUT),
  });
  let text = '';
  if (response.body) {
    const decoder = new TextDecoder();
    // Leaving the loop gives the connection up.
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MOST_OF_A_BODY) break;
    }
  }
  return { status: response.status, body: text };
}

const MOST_OF_A_BODY = 16_384;
